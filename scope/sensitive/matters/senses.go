package matters

import (
	"strings"
	"sync"

	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

// sense tells the words of a matter from the same words said of things: a stroke of the pen, surgery on a script.
type sense struct {
	words string           // of the topics, "|" between them
	only  *pattern.Pattern // what stands around a word must match it; nil means anything
	not   *pattern.Pattern // and must not match this; nil means nothing
}

// How far, in bytes, what stands around a word is looked at.
const (
	senseBack  = 40
	senseAhead = 64
)

// trade are things of the trade that words of health and law are said of.
const trade = `(?:build|builds|code|codebase|script|scripts|repo|repository|database|schema|branch|module|config|pipeline|cluster|server|servers|network|leak|leaks|outage|incident|bug|bugs|crash|crashes|issue|issues|problem|lock|deadlock|failure|failures|installation|error|errors|fault|pool|queue|cache|latency|regression|test|tests|query|queries|monolith|service|packet|disk|cable|engine|printer|router|driver|kernel|history)`

// sum is an amount of money, crime what people are tried for.
const (
	sum   = `(?:[£$€¥￥] ?\d|(?:EUR|USD|GBP|CHF) \d|\d[\d.,]* ?(?:k\b|grand\b|million|euros?\b|dollars?\b|pounds\b|yen\b|EUR\b|USD\b|GBP\b|CHF\b|€))`
	crime = `(?:fraud|theft|assault|embezzle\w*|tax evasion|drunk driving|dui|dwi|drunk|stealing|robbery|burglary|murder|manslaughter|possession|drug|drugs|dealing|bribery|perjury|stalking|harassment|forgery|arson|battery|vandalism|money laundering|insider trading|shoplifting|rape|abuse|tax fraud|violence)`
)

var senses = []sense{
	{"makes|i make|gets paid|get paid|is paid|paid", pattern.New(`(?i)\b(?:makes?|paid) (?:about |around |roughly |only |just )?` + sum + `[^.;\n]{0,16}?(?:a|per|an|every) (?:year|month|week|hour|day|annum)\b`), pattern.New(`(?i)\bpaid[^.;]{0,40}\b(?:for|to) (?:the )?(?:aws|gcp|azure|hosting|server|licen|saas|tool|vendor|subscription)`)},
	{"owe|owes", pattern.New(`(?i)\bowes? (?:[\w']+ ){0,4}?` + sum), nil},
	{"inherited from", nil, pattern.New(`(?i)inherited from (?:(?:the|its|a|an|their|this) )?(?:(?:parent|base|super|root|outer|\w+'s) )?(?:class|key|token|role|group|policy|type|struct|trait|interface|config|configuration|template|project|namespace|environment|process|shell|scope|account|org|organi[sz]ation|folder|module|object|node|element|style|object|resource|directory|team)\b`)},
	{"undocumented", pattern.New(`(?i)(?:\b(?:i am|i'm|he is|he's|she is|she's|they are|they're|is|are|was|were|being) undocumented(?:[.,;]|$| and| since| in| here)|undocumented (?:immigrant|worker|migrant|people|person|family|student|parent|status|husband|wife|cousin|uncle|aunt|brother|sister|mother|father|mom|dad|employee|nanny|cook|resident))`), nil},
	{"inherited|offered", pattern.New(`(?i)\b(?:inherited|offered) (?:[\w.']+ ){0,4}?` + sum), nil},
	{"conviction|convictions", pattern.New(`(?i)\b(?:a|two|three|previous|prior|earlier|spent|old) convictions?\b|convictions? for ` + crime), pattern.New(`(?i)conviction that`)},
	{"charged with", pattern.New(`(?i)charged with (?:\w+ )?` + crime + `\b`), nil},
	{"under investigation", pattern.New(`(?i)under investigation (?:for (?:\w+ )?` + crime + `\b|by the (?:police|prosecut|tax|fbi|irs))`), nil},
	{"served", pattern.New(`(?i)served (?:time\b|\w+ (?:years?|months?) (?:for|in prison|in jail|behind))`), nil},
	{"anxiety", pattern.New(`(?i)\b(?:has|have|with|from|for|severe|his|her) (?:\w+ )?anxiety\b|anxiety (?:disorder|attack|med)`), nil},
	{"貸して|貸した", pattern.New(`\d ?(?:万|円|ドル)[^。\n]{0,6}貸し`), nil},
	{"out to", pattern.New(`(?i)(?:\b(?:am|is|are|was|be|been|being|came|come|coming|not|publicly|fully)|'m|'s|'re) (?:not |only |already )?out to (?:(?:my|his|her|their|our|the|any|some|all) )?(?:\w+ )?(?:parents|family|mother|father|mum|mom|dad|boss|manager|team|colleagues|coworkers|friends|friend|everyone|everybody|anyone|nobody|brother|sister|wife|husband|grandparents|church|classmates|work|me|us)\b`), nil},
	{"key is under", pattern.New(`(?i)key is under (?:the|a|my|our|your|his|her|their|that|this|one of|some)\b`), pattern.New(`(?i)(?:api|private|public|signing|secret|access|host|primary|ssh|encryption|master) key is under`)},
	{"stroke", pattern.New(`(?i)\b(?:(?:had|has|have|having|suffered|suffers|suffering|after|since|from|survived|of) (?:(?:a|an|another|his|her|my|the|two|three) )?(?:\w+ )?stroke\b|(?:my|his|her|'s) (?:\w+ )?stroke\b|stroke (?:patient|survivor|unit|ward))`), pattern.New(`(?i)\b(?:key|brush|pen|svg|css|back|breast|two|four)[- ]stroke|stroke(?:[- ](?:of|width|color|colour|style|dash|engine|path|order|is|line)\b)`)},
	{"lithium", nil, pattern.New(`(?i)lithium[- ](?:batter|ion|cell|polymer|iron|pack|grease)`)},
	{"trans", pattern.New(`(?i)\btrans (?:woman|women|man|men|person|people|girl|boy|guy|youth|kid|son|daughter|and|colleague|employee|student|friend)\b|\b(?:is|am|are|as|being|was|openly)(?: not)? trans\b(?:[^-\w]|$)|'[ms] trans\b(?:[^-\w]|$)`), nil},
	{"bonus", nil, pattern.New(`(?i)\bbonus(?:[ -](?:question|point|points|level|track|round|feature|task|tip|content|chapter|exercise|material|item|card|if|that)\b| ?:)|\b(?:as|added) (?:a |an )?(?:\w+ )?bonus\b|\bbonus,`)},
	{"behind on", pattern.New(`(?i)behind on (?:(?:the|my|his|her|our|their|all|two|three|several|some) )?(?:\w+ )?(?:rent|mortgage|payments?|bills?|support|alimony|loans?|taxes|tax|tuition|instal\w+|fees|dues|school|rates|premiums)`), nil},
	{"owe the|owes the", pattern.New(`(?i)owes? the (?:\w+ )?(?:bank|tax|taxman|landlord|finanzamt|irs|hmrc|hospital|clinic|state|court|credit|lender|university|ex)|owes? the [^.]{0,30}\d`), nil},
	{"relapse", nil, pattern.New(`(?i)relapse of (?:the|this|our) `)},
	{"republican", pattern.New(`(?i)\b(?:a|is|am|are|registered|votes?|voted|lifelong|as) republican\b|republican (?:voter|party|candidate|donor|member)`), nil},
	{"probation", nil, pattern.New(`(?i)probation period for|probation for (?:new )?(?:dependenc|packag|modul|feature)`)},
	{"let him go|let her go|let them go", nil, pattern.New(`(?i)let (?:him|her|them) go (?:first|through|home|ahead|to|back|early|over|into|next|in|out|with|second|last|up|down|by|and)\b`)},
	{"surgery", nil, pattern.New(`(?i)surgery (?:on|in|to) (?:(?:the|our|my|this|that|some|his|her|their) )?(?:\w+ )?` + trade + `\b|\bshotgun surgery`)},
	{"diagnosis|diagnosed", nil, pattern.New(`(?i)\b(?:diagnosis|diagnosed) ?(?::|(?:of |as )?(?:(?:the|our|my|this|that|a|an|his|her|their) )?(?:\w+ ){0,2}` + trade + `\b)`)},
	{"custody", nil, pattern.New(`(?i)chain[- ]of[- ]custody|custody (?:chain|log|record|service|wallet|provider|account)|self[- ]custody|custody of (?:the )?(?:keys?|tokens?|coins?|wallet|repo|server|evidence)`)},
	{"prescription", nil, pattern.New(`(?i)prescription for (?:this|the|our|a|success|better|any) `)},
	{"診断", nil, pattern.New(`(?:問題|エラー|障害|不具合|原因|接続|ネットワーク|システム|パフォーマンス|性能|コード|コンパイラー?|ログ|バグ|自己|通信|クラッシュ|サーバー?|ディスク|ビルド|メモリ|ハードウェア|デバイス)(?:など|等)?(?:の|を|が)?[^。、\n]{0,6}?診断|診断(?:メッセージ|ツール|ログ|情報|コマンド|モード|出力|コード|機能|データ|ルール|プログラム|API)`)},
	{"陽性", nil, pattern.New(`偽陽性[^。\n]{0,16}?(?:無効|抑制|抑え|警告|検出|検知|無視|除外|コメント)|(?:警告|リンター?|lint|静的解析|スキャナー?|スキャン|検知|検出|ルール|アラート|フィルター?|コンパイラー?)[^。\n]{0,16}?偽陽性`)},
	{"broke up", nil, pattern.New(`(?i)broke up (?:the|a|an|my|our|this|that|its|into|large|long|big|all) `)},
	{"asylum", pattern.New(`(?i)(?:seek\w*|sought|appl\w+|claim\w*|granted|refused|denied|for|political) (?:for )?asylum|asylum (?:seeker|application|claim|status|case|hearing|request|interview|decision)`), nil},
	{"prison", pattern.New(`(?i)\b(?:in|from|to|of|out of|left) prison\b|prison (?:sentence|term|time|record|release|visit)|\bprison (?:for|since|until)`), nil},
	{"depression", nil, pattern.New(`(?i)depression of (?:the|a) (?:key|button|pedal|lever|switch)|great depression`)},
	{"voted for", nil, pattern.New(`(?i)voted for (?:option|plan|variant|version|proposal|tabs|spaces|design|(?:the|a|this|that|our) (?:\w+ )?(?:option|logo|name|design|proposal|plan|date|venue|colou?r|theme|motion|change|feature|idea|solution|second|first|first one|rewrite|layout|release|budget|restaurant|slot)|[A-Z0-9]\b)`)},
	{"cancer|tumor|tumour|diabetes|diabetic|dementia|depression|tuberculosis|alzheimer|parkinson|stroke", nil, pattern.New(`(?i)\b(?:cancer|tumou?r|diabetes|diabetic|dementia|depression|tuberculosis|alzheimer|parkinson|stroke)(?:'s)?[- ](?:\w+ )?(?:cells?|datasets?|data|data set|predict\w+|detection|detector|classif\w+|models?|segmentation|benchmark|paper|images?|screening tool|risk score|study|cohort|imaging)\b`)},
	{"mortgage|my loan|loan of", nil, pattern.New(`(?i)\b(?:mortgage|loan)[- ](?:calculators?|module|component|widget|simulator|example|engine|form|dataset)`)},
	{"earns", pattern.New(`(?i)earns[^.;]{0,40}(?:\d|more|less|well|nothing|little|money|half|twice|double|peanuts)`), nil},
	{"court date", nil, pattern.New(`(?i)court date (?:picker|field|column|component)`)},
	{"allergic|allergy", nil, pattern.New(`(?i)allerg(?:ic|y) to (?:yaml|xml|json|java|javascript|php|perl|meetings|spaces|tabs|excel|jira|emails?|work|regex\w*|change|deadlines|monday\w*)\b`)},
}

// sensesBy holds, for each word that has one, its senses.
var sensesBy = sync.OnceValue(func() map[string][]*sense {
	m := make(map[string][]*sense)
	for i := range senses {
		for _, w := range strings.Split(senses[i].words, "|") {
			m[w] = append(m[w], &senses[i])
		}
	}
	return m
})

// meant reports whether the word between start and end of text, a word of a topic, is said in the sense of the topic, as far as its
// sentence, from open to shut, tells.
func meant(text string, open, start, end, shut int) bool {
	around := text[max(open, start-senseBack):min(shut, end+senseAhead)]
	for _, s := range sensesBy()[strings.ToLower(text[start:end])] {
		if s.only != nil && !s.only.MatchString(around) || s.not != nil && s.not.MatchString(around) {
			return false
		}
	}
	return true
}
