package knowledge

import "sync"

var load = sync.OnceValue(table)

// class is one type with the words that speak for it, by weight: 2 tells it, 1 speaks for it, 0.5 hints at it.
type class struct {
	name   string
	words  map[float64]string
	starts string  // openings, which tell more than the same word inside
	start  float64 // their weight
}

var classes = []class{
	{BestPractice, map[float64]string{
		3:   `すべき|べきである|べきではない|べき。|望ましい|推奨する|方がよい|方が良い|方が安全|ほうがよい|してはいけない|避けるべき|it is better to|it's better to`,
		2:   `best practice|rule of thumb|anti-pattern|antipattern|ベストプラクティス|アンチパターン|定石|原則として`,
		1:   ` always | never |should be |should not | should | prefer | avoid | instead of |recommended|good idea to|bad idea to|do not | don't | rather than |make sure | ensure |must be |must not |推奨|避ける|避けた方|しないこと|すること。|付けること|必ず|なるべく`,
		0.5: ` use | keep | validate | because | so that | safer | safely |leads to|prevents| helps |reduces|を使う|を防ぐ|安全`,
	}, `always |never |prefer |avoid |use |do not |don't |keep |validate |write |test |make |name |wrap |return |close |check |set |store |hash |rotate |limit |pin |escape |log |treat |design |favor |favour |handle |verify |encrypt |cache |measure |profile |document |automate |separate |batch |index |sanitize |parameterize |release |lock |retry |rate limit |index |batch |pin |run containers|prefer |normalize |normalise |isolate |inject |mock |minimize |minimise |maximize |split |merge |review |monitor |back up |compress |paginate |throttle |quote |free |reuse |assert |fail |stop |start |treat |assume |expect |choose |pick |put |move |leave |trust |restrict |scope |deny |allow |require |define |declare |annotate |comment |format |lint `, 1.4},
	{Decision, map[float64]string{
		2:   `we decided|decided to|decision:|we chose|was chosen|chose to|we agreed|agreed to|agreed on|we will use|we're going with|went with|we settled on|adr-|adr |decision record|決定した|に決めた|決めました|採用した|採用する|採用を決|見送|ことにした|ことにする|方針とする|方針に決|選定した|選んだ|決定事項|合意した`,
		1:   ` decided | decision | chosen | rejected | trade-off | tradeoff |over redis|in favor of|in favour of|opted for|we picked|picked |決定|方針|採択|却下`,
		0.5: ` because | since | rationale |理由`,
	}, `decision|decided|we decided|adr|決定`, 1},
	{Convention, map[float64]string{
		2:   `naming convention|coding standard|code style|style guide|convention:|by convention|conventional commits|commit messages|branch names|コーディング規約|命名規則|規約|慣習|ルールとして|コミットメッセージ`,
		1:   ` convention| we name | we use | we write | we always | we never | named after | are named |prefix| suffix|indent|tabs |snake_case|camelcase|kebab-case|pull requests|squash|formatted with|lint|スネークケース|キャメルケース|インデント|命名|書式|統一`,
		0.5: ` must | always | style |必ず|ルール`,
	}, `convention|naming|style|規約`, 1},
	{HowTo, map[float64]string{
		2:   `how to |to set up|step 1|steps:|first, |follow these steps|手順|のやり方|の方法|するには|方法は|セットアップ方法`,
		1:   ` run | then | install |execute|to run|to build|to deploy|to reset|to create|to restore|to enable|to debug|to find|you can |command|実行する|実行し|インストール|まず|次に|その後|コマンド`,
		0.5: ` with | after that | open | click |$ |` + "`" + `|クリック|開く`,
	}, `how to|to |run |手順`, 1},
	{Preference, map[float64]string{
		2:   `i prefer|prefers|my favorite|my favourite|i like|i dislike|i hate|i love|likes to|i'd rather|i want you to|please always|user prefers|the user likes|user wants|好き|嫌い|好む|好み|苦手|してほしい|してください|がいい。|派です|派だ`,
		1:   ` prefer | preference| favorite | favourite | call me | i want |i usually|i always|i never|answer in|reply in|respond in|希望|欲しい|ほしい|でお願い`,
		0.5: ` my | i |私は|僕は|自分は`,
	}, `i prefer|user prefers|please|i like|私は`, 0.7},
	{Event, map[float64]string{
		2:   `happened|outage|incident|was released|released on|went live|shipped on|was deployed|meeting on|met with|deadline|is scheduled|scheduled for|launch on|リリースした|リリースしました|リリース予定|障害が|障害発生|会議|打ち合わせ|締め切り|締切|予定|開催`,
		1:   ` yesterday| today| tomorrow| last week| last month| next week| next month| on monday| on tuesday| on wednesday| on thursday| on friday| deployed | released | shipped | launched | migrated | merged | joined | started | finished | at 1| completed |昨日|今日|明日|先週|来週|今週|先月|来月|月曜|火曜|水曜|木曜|金曜|完了した|開始した|移行した|終わった|参加した`,
		0.5: `january|february| march |april | may |june|july|august|september|october|november|december| 2024| 2025| 2026|月`,
	}, `yesterday|today|on |incident|昨日|今日`, 0.7},
	{Lesson, map[float64]string{
		2:   `root cause|lesson learned|lessons learned|turned out|the cause was|the fix was|fixed by|was caused by|caused by|the problem was|workaround|gotcha|pitfall|原因は|が原因|対処法|回避策|教訓|ハマった|落とし穴|判明した|解決した`,
		1:   ` fails when| fails if| fails with| breaks when| crash| error | bug | because of | leak | deadlock |race condition|silently|unexpected| surprising|エラー|バグ|不具合|失敗する|落ちる|直った|注意`,
		0.5: ` fix | fixed | when | unless |修正`,
	}, `lesson|gotcha|root cause|原因`, 1},
	{Task, map[float64]string{
		2:   `todo|to-do|action item|follow up|follow-up|needs to be done|remember to|don't forget|やること|タスク|忘れずに|する必要がある|しなければ|対応が必要|未対応`,
		1:   ` need to | needs to | have to |must still|remaining|next step|pending|still open|必要がある|残っている|次は`,
		0.5: ` plan | later |後で|今後`,
	}, `todo|remember to|follow up|next:`, 1},
	{Reference, map[float64]string{
		3:   `stands for|is defined as|default port|既定のポート|defaults to|とは、|の略`,
		2:   `documentation is|docs are at|see https|is documented|reference:|cheat sheet|is defined|refers to|specification|rfc |とは|を参照|ドキュメントは|仕様|公式`,
		1:   ` means | is a | are a | is an | is the | default is| defaults to| returns | supports | limit is| maximum | minimum |status code|syntax|http 4|http 5|によると|意味する|返す|既定|デフォルト|上限|対応している|である`,
		0.5: ` in go| in python| in java| in rust| in sql| in git| in linux| in http| in postgres|postgresql|sqlite|kubernetes|docker|javascript|typescript`,
	}, `http|rfc|https`, 0.5},
	{Person, map[float64]string{
		2:   ` works at | is a developer|is an engineer|is the manager|is our |is responsible for|is in charge|reports to| lives in | is the owner of|joined the|は担当|が担当|担当者|担当です|の上司|は開発者|エンジニアです|のリーダー|所属`,
		1:   `-san | manager | engineer | lead | owner | expert | colleague|contact |timezone|time zone| speaks | born | married | knows |さんは|さんが|部長|課長|氏は|メンバー|リーダー|得意|詳しい`,
		0.5: ` he | she | his | her | mr | ms |彼`,
	}, `alice|bob|mr|ms`, 0.4},
	{ProjectFact, map[float64]string{
		2:   `the service runs|is deployed|deployed on|runs on|lives in the|is stored in|listens on|is written in|the repo |repository is|our api|our database|our frontend|our backend|the staging|the production|ci runs|で動いている|で動作|にデプロイ|構成は|リポジトリ|で書かれ|本番環境|開発環境|ステージング|ポートは`,
		1:   ` service | module | endpoint | database | schema | table | port | branch | cluster | bucket | pipeline | depends on | version | config| src/| internal/| cmd/| package | handler | queue | cron |サービス|モジュール|エンドポイント|データベース|テーブル|ポート|ブランチ|パイプライン|依存|設定`,
		0.5: ` our | we | uses | using | the |使用|利用|使っている`,
	}, `the service|our |this repo|this project|the api|the database|このリポジトリ|このプロジェクト|本番`, 0.8},
}
