package analysis

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestTerms(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"empty":                    {"", ""},
		"only signs":               {" -- … !? ", ""},
		"only stop words":          {"it is what it was", ""},
		"stems":                    {"The runners were running quickly", "runner run quick"},
		"irregular forms":          {"Children went and bought mice", "child go buy mous"},
		"same stem of all forms":   {"write wrote written writing", "write write write write"},
		"possessive":               {"Anna's birthday", "anna birthday"},
		"contractions":             {"can't won't doesn’t we're I'll", ""},
		"name with apostrophe":     {"O'Brien", "o brien obrien"},
		"camel case":               {"parseUserID", "pars user id parseuserid"},
		"acronym in camel case":    {"HTTPServer", "http server httpserver"},
		"snake case":               {"parse_user_id", "pars user id parseuserid"},
		"kebab case":               {"parse-user-id", "pars user id parseuserid"},
		"path":                     {"src/main/app_test.go", "src main app test go apptestgo srcmainapptestgo"},
		"qualified name":           {"std::vector", "std vector stdvector"},
		"address":                  {"ann@mail.example.com", "ann mail exampl com mailexamplecom annmailexamplecom"},
		"stop word in identifier":  {"to_string", "string tostr"},
		"version":                  {"v1.20.3 and 1.20.3", "1.20.3 1.20.3"},
		"decimal at the end":       {"It cost 3.50.", "cost 3.50"},
		"thousands":                {"1,000,000 users, 12,34", "1000000 user 12 34"},
		"date":                     {"2024-05-03", "2024 05 03 20240503"},
		"languages":                {"C++, C# and F#", "cpp csharp fsharp"},
		"end of sentence":          {"stop.Then go", "stop stopthen go"},
		"accents":                  {"Café Zürich naïve Łódź", "cafe zurich naiv lodz"},
		"compatibility forms":      {"ＡＢＣ１２３ ﬁle", "abc123 file"},
		"decomposed accents":       {"cafe\u0301", "cafe"},
		"zero-width characters":    {"pass\u200bword pass\u00adword", "password password"},
		"letters beyond accents":   {"Øresund straße Ærø œuvre đak ışık ŁÓDŹ", "oresund strass aero oeuvr dak isik lodz"},
		"Greek":                    {"Ὀδυσσεύς", "οδυσσευσ"},
		"Vietnamese":               {"Việt Nam", "viet nam"},
		"Hindi keeps its signs":    {"नमस्ते दुनिया", "नमस्ते दुनिया"},
		"Burmese":                  {"မြန်မာ", "မြန် န်မာ"},
		"Khmer":                    {"ខ្មែរ", "ខ្មែ មែរ"},
		"Tibetan":                  {"བོད", "བོད"},
		"Tai Le":                   {"ᥖᥭᥰ", "ᥖᥭ ᥭᥰ"},
		"typographic signs":        {"rock’n’roll re‐use a->b", "rock n roll rocknrol use reus b ab"},
		"URL":                      {"https://example.com/a_b", "https exampl com examplecom b ab httpsexamplecomab"},
		"number in a name":         {"v2 utf8 B18", "v2 utf8 b18"},
		"comma without a number":   {"a,bcd 1,23 1234,567", "bcd 1 23 1234 567"},
		"verbs in kana":            {"わかる わかった わかりました できる", "わか わか わか でき"},
		"compound verb":            {"取り扱った", "取り扱"},
		"unknown kana word":        {"ぬるぽガッ", "ぬる ガッ"},
		"half a pair of marks":     {"蚊゛", "蚊"},
		"Russian":                  {"Ёлка и Мир", "елка и мир"},
		"Arabic without vowels":    {"كِتَاب", "كتاب"},
		"invalid bytes":            {"good\xff\xfebad", "good bad"},
		"Chinese":                  {"我爱北京", "我 我爱 爱 爱北 北 北京 京"},
		"Korean":                   {"학교에서", "학교 교에 에서"},
		"Korean single":            {"책", "책"},
		"Thai with marks":          {"ที่นี่", "ที่นี่"},
		"Japanese":                 {"東京都の議事録を読んだ。", "東京 都 議事 録 読 京都 事録"},
		"Japanese adjective":       {"新しいサーバーは速かった", "新 サーバ 速"},
		"Japanese half width":      {"ﾃﾞｰﾀﾍﾞｰｽの移行", "データベース 移行"},
		"Japanese and English":     {"FAISSのインデックスを再構築する", "faiss インデックス 再 構築 再構"},
		"Japanese empty words":     {"これはそれのことである", ""},
		"kanji only":               {"会議", "会 会議 議"},
		"long vowel that may fail": {"サーバはサーバーである", "サーバ サーバ"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(Terms(tc.text), " "); got != tc.want {
				t.Errorf("Terms(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}

// What is searched for must all be among the terms of a text that holds it, whatever the analyser makes of the words
// around it.
func TestSearchFindsWholeWords(t *testing.T) {
	for text, wanted := range map[string][]string{
		"受付は東京オフィスの一階にあります。":   {"受付", "東京", "東京オフィス", "オフィス", "一階"},
		"定例会議は毎週火曜日の10時に変更した。": {"火曜日", "定例会議", "定例", "会議", "変更", "10時"},
		"鍵は管理人室の金庫に預けてある。":     {"鍵", "管理人室", "金庫", "預けて", "管理"},
		"本番環境用の暗号鍵を更新しました":     {"本番環境", "暗号鍵", "暗号", "更新"},
		"会議室 予約": {"会議室", "会議", "予約"},
		"窓口で受け付けたものを読み込んだ":         {"受け付けた", "読み込んだ", "窓口"},
		"我们周二在北京办公室开会":             {"北京", "办公室", "周二"},
		"서울 사무실은 화요일에 엽니다":         {"서울", "사무실", "화요일"},
		"The runners were running": {"runner", "the running"},
	} {
		terms := Terms(text)
		for _, w := range wanted {
			got := Search(w)
			if len(got) == 0 {
				t.Errorf("Search(%q) is empty", w)
			}
			for _, term := range got {
				if !slices.Contains(terms, term) {
					t.Errorf("Search(%q) = %q; %q has no %q but %q", w, got, text, term, terms)
				}
			}
		}
	}
	if got := Search("火曜日"); strings.Join(got, " ") != "火曜 曜日" {
		t.Errorf("Search(火曜日) = %q", got)
	}
}

// Every run of kanji of a text is found by itself: in kana context and without.
func TestSearchFindsEveryRunOfKanji(t *testing.T) {
	texts := []string{
		"新規顧客管理基盤は、来年度第一四半期に本番環境へ移行する予定です。",
		"担当者不在の場合は総務部の山田太郎課長代理に連絡すること",
		"障害発生時の一次対応手順書を社内文書管理場所に置いた",
	}
	for _, text := range texts {
		terms := Terms(text)
		runes := []rune(text)
		for i := range runes {
			for j := i + 2; j <= len(runes); j++ {
				part := string(runes[i:j])
				if classOf(runes[j-1]) != classHan || strings.ContainsFunc(part, func(r rune) bool { return classOf(r) != classHan }) {
					break
				}
				for _, term := range Search(part) {
					if !slices.Contains(terms, term) {
						t.Errorf("Search(%q) asks for %q, which %q does not give: %q", part, term, text, terms)
					}
				}
			}
		}
	}
}

func TestQuery(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"question":             {"What kind of tea did Anna mention?", "tea anna"},
		"each term once":       {"tea, Tea and TEAS", "tea"},
		"only question words":  {"Tell me, please", "tell pleas"},
		"nothing to look for":  {"What is it?", ""},
		"Chinese, pairs alone": {"北京大学", "北京 京大 大学"},
		"Japanese":             {"議事録はどこですか", "議事 録 事録"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(Query(tc.text), " "); got != tc.want {
				t.Errorf("Query(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}

// A question must meet the text that answers it, in whatever form each is written.
func TestQueryMeetsTerms(t *testing.T) {
	for name, tc := range map[string]struct{ query, text string }{
		"inflection":                    {"Who was writing the reports?", "Bob wrote a report"},
		"identifier in another style":   {"get_user_name", "we call getUserName twice"},
		"part of identifier":            {"what does crash test do", "see storage/put_crash_test.go"},
		"kanji question, kana document": {"移行手順", "データベースの移行の手順を書いた"},
		"kana question, kanji document": {"会議の資料", "会議資料確認済"},
		"kanji document, single kanji":  {"猫", "黒猫写真"},
		"verb forms":                    {"何を読みましたか", "本を読んでいる"},
		"accents":                       {"resume", "her résumé"},
		"Korean particle":               {"학교", "학교에서 만났다"},
	} {
		t.Run(name, func(t *testing.T) {
			terms := Terms(tc.text)
			if !slices.ContainsFunc(Query(tc.query), func(q string) bool { return slices.Contains(terms, q) }) {
				t.Errorf("Query(%q) = %q meets nothing of Terms(%q) = %q", tc.query, Query(tc.query), tc.text, terms)
			}
		})
	}
}

func TestWordsPlaces(t *testing.T) {
	for name, tc := range map[string]struct{ text, term, want string }{
		"plain":            {"The runners won", "runner", "runners"},
		"possessive":       {"from Anna's desk", "anna", "Anna's"},
		"full width":       {"前 ＡＢＣ end", "abc", "ＡＢＣ"},
		"ligature":         {"a ﬁle here", "file", "ﬁle"},
		"after a ligature": {"ﬁne ﬂow words", "word", "words"},
		"zero width":       {"my pass\u200bword now", "password", "pass\u200bword"},
		"part":             {"call parseUser now", "user", "User"},
		"half-width kana":  {"新しいｻｰﾊﾞｰの設定", "サーバ", "ｻｰﾊﾞｰ"},
		"decomposed":       {"x cafe\u0301 y", "cafe", "cafe\u0301"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, w := range Words(tc.text) {
				if w.Term == tc.term {
					if got := tc.text[w.Start:w.End]; got != tc.want {
						t.Errorf("place of %q in %q = %q, want %q", tc.term, tc.text, got, tc.want)
					}
					return
				}
			}
			t.Errorf("Words(%q) lacks %q: %v", tc.text, tc.term, Words(tc.text))
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	const text = "日本語の文章を読む and parseUserID in Zürich"
	want := strings.Join(Terms(text), " ")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if got := strings.Join(Terms(text), " "); got != want {
					t.Errorf("Terms = %q, want %q", got, want)
				}
			}
		})
	}
	wg.Wait()
}

func checkProperties(t *testing.T, text string) {
	t.Helper()
	words := Words(text)
	terms := Terms(text)
	if len(words) != len(terms) {
		t.Fatalf("%d words, %d terms", len(words), len(terms))
	}
	if limit := 4*len(text) + 4; len(terms) > limit {
		t.Fatalf("%d terms of %d bytes", len(terms), len(text))
	}
	for i, w := range words {
		if w.Term != terms[i] {
			t.Fatalf("word %d is %q, term %q", i, w.Term, terms[i])
		}
		if w.Term == "" || len(w.Term) > MaxTermBytes || !utf8.ValidString(w.Term) {
			t.Fatalf("term %q", w.Term)
		}
		if w.Start < 0 || w.Start >= w.End || w.End > len(text) {
			t.Fatalf("term %q at [%d, %d) of %d bytes", w.Term, w.Start, w.End, len(text))
		}
		if strings.ContainsFunc(w.Term, func(r rune) bool {
			return r != '.' && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
		}) {
			t.Fatalf("term %q holds a separator", w.Term)
		}
	}
	for _, q := range Query(text) {
		if q == "" {
			t.Fatal("empty term in a query")
		}
	}
}

func FuzzTerms(f *testing.F) {
	for _, s := range []string{"", "The cat's pyjamas", "parse_userID/x.y:z", "1,000.5.6", "東京都の議事録", "我爱北京", "학교",
		"ﾃﾞｰﾀ\u200b", "\xff\xfe", "a\u0301\u0302", "ที่นี่", "ﷺ", "が゙゙゙", "Ⅷ½①", "İstanbul", "ー", "々々"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return // linear in length: longer inputs show nothing new
		}
		checkProperties(t, text)
	})
}
