package analysis

// baseOfVerb returns the base form of an irregular verb's past or participle, and "" for any other word.
func baseOfVerb(word string) string {
	switch word {
	case "went", "gone", "goes":
		return "go"
	case "came":
		return "come"
	case "became":
		return "become"
	case "bought":
		return "buy"
	case "brought":
		return "bring"
	case "thought":
		return "think"
	case "taught":
		return "teach"
	case "caught":
		return "catch"
	case "fought":
		return "fight"
	case "sought":
		return "seek"
	case "said":
		return "say"
	case "paid":
		return "pay"
	case "laid":
		return "lay"
	case "made":
		return "make"
	case "took", "taken":
		return "take"
	case "mistook", "mistaken":
		return "mistake"
	case "got", "gotten":
		return "get"
	case "forgot", "forgotten":
		return "forget"
	case "gave", "given":
		return "give"
	case "forgave", "forgiven":
		return "forgive"
	case "saw", "seen":
		return "see"
	case "began", "begun":
		return "begin"
	case "ran":
		return "run"
	case "swam", "swum":
		return "swim"
	case "sang", "sung":
		return "sing"
	case "drank", "drunk":
		return "drink"
	case "rang", "rung":
		return "ring"
	case "shrank", "shrunk":
		return "shrink"
	case "found":
		return "find"
	case "held":
		return "hold"
	case "told":
		return "tell"
	case "sold":
		return "sell"
	case "kept":
		return "keep"
	case "slept":
		return "sleep"
	case "felt":
		return "feel"
	case "left":
		return "leave"
	case "met":
		return "meet"
	case "led":
		return "lead"
	case "fed":
		return "feed"
	case "fled":
		return "flee"
	}
	return baseOfStrongVerb(word)
}

func baseOfStrongVerb(word string) string {
	switch word {
	case "stood":
		return "stand"
	case "understood":
		return "understand"
	case "wrote", "written":
		return "write"
	case "rewrote", "rewritten":
		return "rewrite"
	case "overwrote", "overwritten":
		return "overwrite"
	case "drove", "driven":
		return "drive"
	case "rode", "ridden":
		return "ride"
	case "risen":
		return "rise"
	case "chose", "chosen":
		return "choose"
	case "spoke", "spoken":
		return "speak"
	case "broke", "broken":
		return "break"
	case "woke", "woken":
		return "wake"
	case "stole", "stolen":
		return "steal"
	case "froze", "frozen":
		return "freeze"
	case "wore", "worn":
		return "wear"
	case "tore", "torn":
		return "tear"
	case "grew", "grown":
		return "grow"
	case "knew", "known":
		return "know"
	case "threw", "thrown":
		return "throw"
	case "blew", "blown":
		return "blow"
	case "flew", "flown":
		return "fly"
	case "drew", "drawn":
		return "draw"
	case "withdrew", "withdrawn":
		return "withdraw"
	case "shown":
		return "show"
	case "ate", "eaten":
		return "eat"
	case "fell", "fallen":
		return "fall"
	case "hid", "hidden":
		return "hide"
	case "bitten":
		return "bite"
	case "lost":
		return "lose"
	case "won":
		return "win"
	case "built":
		return "build"
	case "rebuilt":
		return "rebuild"
	case "sent":
		return "send"
	case "spent":
		return "spend"
	case "lent":
		return "lend"
	case "bent":
		return "bend"
	case "sat":
		return "sit"
	case "heard":
		return "hear"
	case "meant":
		return "mean"
	case "dealt":
		return "deal"
	case "learnt":
		return "learn"
	case "dreamt":
		return "dream"
	case "burnt":
		return "burn"
	case "hung":
		return "hang"
	case "stuck":
		return "stick"
	case "struck":
		return "strike"
	case "swung":
		return "swing"
	case "shot":
		return "shoot"
	case "shone":
		return "shine"
	case "lit":
		return "light"
	case "slid":
		return "slide"
	case "proven":
		return "prove"
	}
	return ""
}
