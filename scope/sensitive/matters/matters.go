// Package matters finds what people keep to themselves though no number gives it away: their health, money, work,
// family, law and beliefs, and what is marked confidential. A word for such a matter counts where the sentence speaks of
// a person; talk about systems that handle such data is let pass.
package matters

import (
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// topic is one kind of matter.
type topic struct {
	rule, kind string
	plain      string // words that tell without a person, "|" between them
	about      string // words that need a person in their sentence
}

var topics = []topic{
	{"private-health", match.Health,
		"抗がん剤治療|放射線治療|透析を受け|人工透析|mrsa positive|dnar|do not resuscitate|hba1c|要治療|要精密検査|hiv positive|hiv-positive|hiv test|hiv陽性|hiv検査|陰性だっ|陽性だっ|antidepressant|chemotherapy|miscarriage|suicidal|self-harm|sexually transmitted|うつ病と診断|と診断された|と診断されて|アレルギーがあ|アレルギーなの|持病は|持病が|血液型は",
		"leukemia|leukaemia|lymphoma|crohn's|hiv|lupus|endometriosis|fibromyalgia|eating disorder|personality disorder|kidney failure|heart disease|heart condition|hypertension|cirrhosis|gout|coeliac disease|celiac disease|colitis|thyroid|anxiety|insomnia|narcolepsy|glaucoma|alcoholism|tested positive|tests positive|tested negative|diagnosed|diagnosis|therapist|therapy|psychiatrist|psychologist|counselling|counseling|pregnant|pregnancy|surgery|cancer|tumor|tumour|diabetes|diabetic|depression|depressed|anxiety disorder|panic attacks|adhd|autism|autistic|" +
			"hepatitis|tuberculosis|herpes|chlamydia|syphilis|malignant|benign tumour|biopsy|mammogram|ultrasound|blood test|test results came|fluoxetine|sertraline|prozac|xanax|methadone|metformin|migraine|arthritis|multiple sclerosis|parkinson|heart attack|seizure|anorexia|bulimia|ptsd|schizophrenia|nervous breakdown|relapse|hysterectomy|vasectomy|abortion|postpartum|menopause|std test|bipolar|lithium|dialysis|transplant|stroke|dementia|alzheimer|allergic|allergy|blood type|blood group|blood pressure|medication|prescription|insulin|asthma|epilepsy|rehab|addiction|alcoholic|sober since|disability pension|disability benefits|i am disabled|severely disabled|infertility|ivf|hospitalised|hospitalized|in hospital|sick leave|parental leave|medical leave|burnout|" +
			"乳がん|胃がん|肺がん|大腸がん|適応障害|白血病|脳腫瘍|リウマチ|心不全|腎不全|難病|クローン病|統合失調症|依存症|拒食症|不整脈|脳卒中|HIV|妊娠|うつ病|糖尿病|大腸炎|パニック障害|双極性障害|高血圧症|C型肝炎|B型肝炎|持病|喘息|アレルギー|通院|入院|手術|抗がん剤|治療|服薬|薬を飲|がんの|癌|発達障害|障害者手帳|休職|精神科|心療内科|カウンセリング|流産|不妊治療|血液型|病歴|診断|検査で|陽性|抑うつ|性病|性感染症|産婦人科|泌尿器科|双極性|パニック障害|自閉症|ADHD|てんかん|心筋梗塞|脳梗塞|肝炎|結核|高血圧|認知症|介護|産休|育休|不眠症|摂食障害"},
	{"private-money", match.Financial,
		"credit score|年収は|借金が|手取りは",
		"makes|i make|gets paid|get paid|is paid|paid|owe|owes|inherited|offered|salary|salaries|is on|my pay|pay raise|a raise to|a raise of|for a raise|paycheck|bonus|net worth|mortgage|in debt|my debt|bankrupt|bankruptcy|overdraft|owe the|owes the|loan of|my loan|rent is|behind on rent|behind on the rent|behind on|months behind|rent of|savings of|my savings|my inheritance|his inheritance|her inheritance|inherited from|alimony|earns|earn about|hourly rate|day rate|per hour|a year plus|base pay|base salary|base plus|signing bonus|equity grant|stock grant|compensation of|tax debt|credit card debt|lost his savings|lost her savings|income is|makes about|we offer him|we offer her|we offer them|we offer 1|asked for 1|base $|base €|offer for the new hire|" +
			"退職金|貸して|貸した|年収|月給|給料|給与|賞与|ボーナス|住宅ローン|ローン|家賃を|借金|貯金|滞納|破産|相続|慰謝料|養育費|家賃"},
	{"private-work", match.Personal,
		"lay off|layoffs planned|layoffs of|going to fire|about to fire|will be fired|does not know yet|doesn't know yet|written warning|final warning|verbal warning|pip from|on a pip|performance improvement plan|解雇を予定|リストラを予定",
		"laid off|layoff|layoffs|performance review|below expectations|warning letter|let him go|let her go|let them go|be let go|going to let|have to let|get fired|was fired|be fired|performance review of|poor performance|put on a plan|will be demoted|was demoted from|disciplinary|harassment by|harassment complaint|letting go|sexual harassment|looking for a new job|interviewing elsewhere|am quitting|is quitting|resign|resignation|whistleblow|severance|counter-offer|" +
			"人事評価|降格|解雇|クビ|退職する|退職予定|転職活動|転職を考え|懲戒|パワハラ|セクハラ|内定"},
	{"private-family", match.Personal, "離婚調停|birth mother|birth father|adoption file|placement address|生活保護受給|生活保護を|母子家庭|父子家庭|不登校気味|不登校で|避難先は|DV相談|DV被害",
		"divorce|divorced|divorcing|custody|affair|adopted as|domestic violence|abusive|break-up|broke up|cheating on|orphan|foster child|ex-wife|ex-husband|離婚|別居|不倫|親権|家庭内暴力|浮気|家庭の事情|別れた|失恋"},
	{"private-law", match.Personal, "criminal record|h-1b|h1b|'s a-number|his a-number|her a-number|my a-number|green card|work permit expires|residence permit expires|overstayed|前科|弁護士によると",
		"conviction|convictions|charged with|under investigation|served|indicted|pleaded guilty|lawsuit|arrested|convicted|probation|my lawyer|attorney says|sued|court date|restraining order|immigration status|prison|in jail|release date is|parole|since the trial|undocumented|asylum|visa expires|my visa|visa was|deported|執行猶予|起訴|訴えられ|書類送検|有罪|服役|保釈|裁判|訴訟|逮捕|弁護士|在留資格|在留期限|在留カード|示談|和解"},
	{"private-belief", match.Personal, "宗教上の理由",
		"muslim|jewish|catholic|buddhist|hindu|atheist|jehovah|ramadan|fasts|out at work|out to|trans|nonbinary|non-binary|communist|republican|conservative voter|trade union|gay|lesbian|bisexual|transgender|not out at|came out|closeted|my religion|converted to islam|converted to christianity|converted to judaism|converted to catholicism|i am muslim|i am jewish|i am christian|voted for|my party|union member|political views|sexual orientation|在日二世|在日三世|在日コリアン|帰化した|同性愛|ゲイ|レズビアン|トランスジェンダー|信仰|宗教|支持政党|投票した"},
	{"private-home", match.Personal, "house is empty|flat is empty|home is empty|house will be empty|flat will be empty|spare key is|spare key in|spare key under|key under the mat|key is under|home alone|合鍵は|合鍵を|鍵は植木鉢|留守にするので|家を空け", ""},
	{"marked-confidential", match.Personal,
		"confidential:|strictly confidential|in confidence|do not share:|don't tell anyone|do not tell anyone|keep this between us|keep that between us|do not tell the others|don't tell the others|do not tell|must not be told|must not know|must not learn|mustn't know|mustn't be told|must never know|don't tell him|don't tell her|not public:|under wraps|only hr knows|only hr and|keep it between us|between you and me|off the record|not public yet|under nda|under embargo|have not told anyone|does not want it known|doesn't want it known|for your eyes only|" +
			"社外秘|極秘|部外秘|マル秘|内緒|口外|他言無用|ここだけの話|誰にも言って|知らせないこと|知らせないで|絶対に知らせ|伝えないで|言わないで|打ち明け|秘密にして|オフレコ|公開しないこと",
		"secret affair|private matter|strictly private"},
}

// persons are words that make a sentence one about a person.
const persons = "'s|i|i'm|i've|i'd|my|me|mine|patient|patients|he|he's|she|she's|his|her|him|they|their|we|our|wife|husband|son|daughter|mother|father|mom|dad|brother|sister|partner|girlfriend|boyfriend|candidate|employee|colleague|boss|user told|people in|mr|mrs|ms|" +
	"病名:|病名：|病名は|既往歴:|既往歴：|既往歴は|持病|病歴:|病歴：|診断名:|診断名：|診断名は|私|僕|俺|彼|彼女|妻|夫|息子|娘|父|母|兄|弟|姉|妹|さん|くん|部長|課長|社長|先生|先輩|後輩|同僚|上司|部下|君|氏|自分|家族|人の|二人|返信|本人|円です|万円|ほしい|かもしれ|ています|なった|いる"

// systems are words that make a sentence one about software or policy.
const systems = "bands|handbook|documented|composition|module|table|column|field|service|endpoint|schema|database|api|page|portal|class|function|feature|app|system|encrypt|log files|log file|stored|must be|should be|never|always|verify|user data|policy|テーブル|カラム|モジュール|サービス|画面|保存|暗号化|機能|システム|項目|べき|リポジトリ|アプリ|募集|応募|求人|記録せず|必須|お手続き|いずれか|お持ち|問診票|指針|案内|API|入力|フィールド|データベース"

type word struct {
	topic int
	plain bool
}

type lexicon struct {
	set     *keyword.Set
	words   []word
	persons *keyword.Set
	systems *keyword.Set
}

var table = sync.OnceValue(func() *lexicon {
	l := &lexicon{persons: keyword.New(strings.Split(persons, "|")), systems: keyword.New(strings.Split(systems, "|"))}
	var all []string
	for i, t := range topics {
		for _, g := range []struct {
			list  string
			plain bool
		}{{t.plain, true}, {t.about, false}} {
			for _, w := range strings.Split(g.list, "|") {
				if w != "" {
					all = append(all, w)
					l.words = append(l.words, word{i, g.plain})
				}
			}
		}
	}
	l.set = keyword.New(all)
	return l
})

// Scan returns the matters that text speaks of. Its cost is linear: each word looks at its sentence, of bounded length.
func Scan(text string) []match.Match {
	l := table()
	var out []match.Match
	done := 0 // end of the last sentence that counted: one finding a sentence is enough
	budget := match.NewBudget(len(text))
	l.set.Each(text, func(h keyword.Hit) bool {
		if h.Start < done || !alone(text, h) || keyword.InsideKatakana(text, h) {
			return true
		}
		start, end := sentence(text, h)
		if !budget.Spend((end - start) / 4) {
			return false
		}
		w := l.words[h.Word]
		part := text[start:end]
		t := topics[w.topic]
		if !w.plain && (!says(l.persons, part) && !named(part) && !(t.kind == match.Financial && amount(part)) && !(t.kind == match.Health && l.several(part)) || says(l.systems, part)) {
			return true
		}
		if !meant(text, start, h.Start, h.End, end) {
			return true
		}
		if t.rule == "marked-confidential" && strings.HasSuffix(text[start:h.Start], "「") && strings.HasPrefix(text[h.End:end], "」") { // the name of a mark
			return true
		}
		if t.rule == "private-home" && keepers.Contains(part) {
			return true
		}
		if strings.EqualFold(text[h.Start:h.End], "is on") && !paid.MatchString(text[h.End:end]) {
			return true
		}
		if strings.EqualFold(text[h.Start:h.End], "off the record") && strings.HasPrefix(text[h.End:], " of") || w.plain && t.kind == match.Health && says(l.systems, part) && !says(l.persons, part) ||
			t.kind == match.Financial && offers.Contains(text[max(0, start-reach):min(len(text), end+reach)]) {
			return true
		}
		conf := 0.6
		if w.plain {
			conf = 0.7
		}
		out = append(out, match.Match{Rule: t.rule, Kind: t.kind, Start: start, End: end, Confidence: conf})
		done = end
		return true
	})
	if strings.Contains(text, " go") && strings.Contains(text, "let") && budget.Spend(len(text)) {
		if m := letGo.FindStringIndex(text); m != nil {
			out = append(out, match.Match{Rule: "private-work", Kind: match.Personal, Start: m[0], End: m[1], Confidence: 0.6})
		}
	}
	if budget.Spent() {
		out = append(out, match.TooDense(len(text)))
	}
	return out
}

// keepers are who keeps the spare keys of an office.
var keepers = keyword.New([]string{"総務", "受付", "管理会社", "鍵屋", "業者", "管理人", "管理室", "守衛", "申請", "reception", "front desk", "concierge", "office manager", "security desk", "facilities"})

// offers are words of advertisements for work, which tell everybody what it pays.
var offers = keyword.New([]string{"we are hiring", "we're hiring", "vacancy", "job ad", "apply by", "apply via", "applications to", "how to apply", "募集します", "募集中", "求人", "応募"})

// letGo is how someone is said to lose their work: "we're letting Conrad Oyelowo-Baker go".
var letGo = pattern.New(`\b(?:let|lets|letting) (?:\p{Lu}[\p{L}'-]+ ?){1,3}go\b`)

// paid is what someone is on: 143,500, £62k.
var paid = pattern.New(`^ (?:about |around |roughly |currently )?(?:[£$€¥] ?|EUR |USD |GBP )?(?:\d{2,3}[.,]\d{3}\b|\d{2,3} ?[kK]\b|\d{5,6}\b)`)

// verbs say something of a person whose name stands before them.
var verbs = keyword.NewList(`is was has had takes took got gets will earns makes made owes lives suffers needs served inherited pleaded tested told came went says said fasts drinks smokes and isn't wasn't hasn't`)

// named reports whether part says something of someone by name: "Boris had …", "Lena takes …", "Peter's …".
func named(part string) bool {
	for i := 0; i+2 < len(part); i++ {
		if part[i] < 'A' || part[i] > 'Z' || i > 0 && (letter(part[i-1]) || part[i-1] >= 0x80) {
			continue
		}
		j := i + 1
		for j < len(part) && part[j] >= 'a' && part[j] <= 'z' {
			j++
		}
		if j-i < 3 || j >= len(part) {
			continue
		}
		if part[j] == ':' && (strings.HasSuffix(part[:i], "for ") || strings.HasSuffix(part[:i], "of ")) { // severance for Kenji: …
			return true
		}
		if strings.HasPrefix(part[j:], "'s ") || strings.HasPrefix(part[j:], "’s ") {
			return true
		}
		k := j + 1
		for k < len(part) && (letter(part[k]) || part[k] == '\'') {
			k++
		}
		if part[j] == ' ' && verbs.Has(part[j+1:k]) && !common.Has(strings.ToLower(part[i:j])) {
			return true
		}
	}
	return false
}

// common are words at the start of a sentence that are no names.
var common = keyword.NewList(`the this that these those it what who when where which there here if as and but or so then now our your their his her its every each all some any no none one two nobody everyone everybody somebody someone nothing something health salary money cancer therapy
	surgery treatment diagnosis prescription depression insulin stroke bonus income rent mortgage divorce custody layoff layoffs resignation visa asylum probation
	monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december
	postgres postgresql mysql redis kafka docker kubernetes linux windows python java rust github gitlab nginx react node chrome firefox grafana jenkins terraform ansible`)

// amount reports whether part holds a sum of money, which is someone's even if the sentence does not say whose.
func amount(part string) bool {
	for i := 0; i+1 < len(part); i++ {
		for _, sign := range []string{"$", "€", "£", "¥", "￥", "EUR ", "USD ", "GBP "} {
			if strings.HasPrefix(part[i:], sign) && strings.ContainsAny(part[i+len(sign):min(len(part), i+len(sign)+2)], "0123456789") {
				return true
			}
		}
		if !digit(part[i]) {
			continue
		}
		for _, unit := range []string{"万", "円", " EUR", " USD", " GBP", " CHF", "€", " €", " euros", " dollars", " pounds", " yen"} {
			if strings.HasPrefix(part[i+1:], unit) {
				return true
			}
		}
	}
	return false
}

// several reports whether part speaks of health in two ways, as the record of a person does.
func (l *lexicon) several(part string) bool {
	first := -1
	found := false
	l.set.Each(part, func(h keyword.Hit) bool {
		w := l.words[h.Word]
		if topics[w.topic].kind == match.Health && alone(part, h) {
			found = first >= 0 && h.Start > first
			first = h.End
		}
		return !found
	})
	return found
}

// says reports whether part holds one of the words of s on its own.
func says(s *keyword.Set, part string) bool {
	found := false
	s.Each(part, func(h keyword.Hit) bool {
		found = alone(part, h)
		return !found
	})
	return found
}

// reach bounds a sentence, in bytes, on either side of the word that was found.
const reach = 240

// sentence returns the sentence around a hit.
func sentence(text string, h keyword.Hit) (start, end int) {
	start, end = max(0, h.Start-reach), min(len(text), h.End+reach)
	for start > 0 && text[start]&0xC0 == 0x80 {
		start--
	}
	for end < len(text) && text[end]&0xC0 == 0x80 {
		end++
	}
	for _, stop := range []string{"\n", ". ", "! ", "? ", "。"} {
		for before := text[start:h.Start]; ; {
			i := strings.LastIndex(before, stop)
			if i < 0 {
				break
			}
			if !title(before, i) { // Mr. Hale
				start += i + len(stop)
				break
			}
			before = before[:i]
		}
		for at := h.End; ; {
			i := strings.Index(text[at:end], stop)
			if i < 0 {
				break
			}
			if !title(text, at+i) {
				end = at + i
				break
			}
			at += i + len(stop)
		}
	}
	return start, end
}

// title reports whether the word that ends at end of text is the title of a person.
func title(text string, end int) bool {
	const longest = 4
	i := end
	for i > 0 && text[i-1] != ' ' && text[i-1] != '\n' {
		if i--; end-i > longest {
			return false
		}
	}
	return titles.Has(strings.ToLower(text[i:end]))
}

// titles stand before a name, with a point that ends no sentence.
var titles = keyword.NewList(`mr mrs ms dr prof hr fr st sr sra`)

// alone reports whether a Latin word stands on its own; other scripts need no border.
func alone(text string, h keyword.Hit) bool {
	return !(h.Start > 0 && letter(text[h.Start-1]) && letter(text[h.Start])) && !(h.End < len(text) && letter(text[h.End-1]) && letter(text[h.End]) && (text[h.End] != 's' || h.End-h.Start < 4))
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
