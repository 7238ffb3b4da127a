package matters_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/matters"
)

func TestMattersOfPersonsAreFound(t *testing.T) {
	for _, tc := range []struct{ rule, text string }{
		{"private-health", "I was diagnosed with type 2 diabetes last spring"},
		{"private-health", "He takes antidepressants"},
		{"private-health", "糖尿病の薬を飲んでいることは言わないでほしい"},
		{"private-health", "血液型はAB型です"},
		{"private-money", "My salary is 84,000 euros a year"},
		{"private-money", "My credit score is 612"},
		{"private-money", "salary: $92,000"},
		{"private-money", "私の年収は720万円です"},
		{"private-work", "Ben's performance review was poor, the performance review of Ben comes in May and he will be fired"},
		{"private-money", "Marjolein Abara is on 88,400 since spring"},
		{"private-money", "he asked for a raise to £62k"},
		{"private-money", "家賃は9万円"},
		{"private-work", "we're letting Conrad Oyelowo-Baker go on the 30th"},
		{"private-work", "Rina’s performance review was poor"},
		{"private-work", "she has a written warning from March"},
		{"private-law", "tell the lawyer that his H-1B expires in June"},
		{"private-family", "birth mother agreed to letters once a year"},
		{"private-home", "the spare key is in the grey meter box"},
		{"private-health", "Boris had surgery"},
		{"private-health", "Bed 6, MRSA positive, DNAR signed"},
		{"private-health", "判定：糖尿病・高血圧 要治療"},
		{"marked-confidential", "that was off the record"},
		{"marked-confidential", "夫には絶対に知らせないこと"},
		{"private-work", "彼は転職活動中だそうです"},
		{"private-family", "She is getting divorced"},
		{"private-family", "妻と別居している"},
		{"private-law", "I have a criminal record from 2009"},
		{"private-law", "弁護士によると和解になりそうだ"},
		{"private-belief", "I voted for the Greens"},
		{"private-belief", "宗教上の理由で土曜は働けない"},
		{"marked-confidential", "Confidential: revenue missed the plan"},
		{"marked-confidential", "この件は社外秘"},
		{"private-law", "Priya served two years for tax evasion"},
		{"private-law", "my brother was charged with assault"},
		{"private-law", "佐藤部長は横領で起訴された"},
		{"private-money", "we offered Mr. Alvarez 120k base"},
		{"private-money", "Kenji inherited 72k EUR"},
		{"private-money", "I owe €5,200 to my brother"},
		{"private-work", "severance for Kenji: 120k"},
		{"private-health", "Olga has lymphoma"},
		{"private-health", "田中さんは適応障害だ"},
	} {
		t.Run(tc.text, func(t *testing.T) {
			for _, m := range matters.Scan(tc.text) {
				if m.Start < 0 || m.End > len(tc.text) || m.Start >= m.End || m.Kind == "" {
					t.Fatalf("bad match %+v", m)
				}
				if m.Rule == tc.rule {
					return
				}
			}
			t.Errorf("%s is not found", tc.rule)
		})
	}
}

func TestTalkAboutSuchDataIsLetPass(t *testing.T) {
	for _, text := range []string{
		"", "The salary column is encrypted.", "Salaries are computed by the payroll service.", "Health data should be encrypted at rest.", "We store the diagnosis in a table of our database.",
		"The feature is disabled by default.", "A string is converted to bytes.", "The harassment policy applies to everyone.", "We offer two plans.", "confidential clients need a secret",
		"The service is on 8080 ports.", "The relay was four tenths off the record of 1998.", "Let Go handle it.", "we let the test go on", "We are hiring a nurse, 61,400 euros base salary, apply by June.",
		"開発者を募集します。年収600〜900万円、在宅可。", "病名や妊娠は記録せず私的な事情とする指針", "These are in surgery of the code",
		"給与計算モジュールを更新した。", "個人の健康情報は暗号化して保存すべきである。", "アレルギー項目を追加する画面です", "the gateway counselled nothing", "diabetes research is a field",
		"we are charged with the migration", "the outage is under investigation, we have logs", "I owe you a review", "my laptop makes 20 builds a day", "we offered two plans", "the class inherited three methods, my fault", "my conviction that tests help", "we paid for it",
	} {
		if ms := matters.Scan(text); len(ms) > 0 {
			t.Errorf("found %s in %q", ms[0].Rule, text)
		}
	}
}

func TestOnlyTheSentenceCounts(t *testing.T) {
	text := "The weather is fine. My salary is 84,000 euros. Nothing else."
	ms := matters.Scan(text)
	if len(ms) != 1 || text[ms[0].Start:ms[0].End] != "My salary is 84,000 euros" {
		t.Errorf("got %v", ms)
	}
}

func TestTooManyAreTooDense(t *testing.T) {
	ms := matters.Scan(strings.Repeat("cancer module ", 5000))
	if len(ms) != 1 || ms[0].Rule != match.Dense {
		t.Errorf("%d matches, want %s", len(ms), match.Dense)
	}
}

// FuzzScan checks that spans are valid and fall between characters of valid text.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "my salary", "社外秘", "\xff my debt \xff", "妻が妊娠。"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		var ms []match.Match
		bound.Within(t, bound.Limit, false, func() { ms = matters.Scan(text) })
		for _, m := range ms {
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End || m.Rule == "" || m.Kind == "" {
				t.Errorf("bad match %+v in %d bytes", m, len(text))
			}
		}
	})
}

// TestSentencesWithoutAnEnd are cut between characters, at a bound.
func TestSentencesWithoutAnEnd(t *testing.T) {
	for _, shift := range []string{"", "a", "ab"} {
		text := shift + strings.Repeat("あ", 200) + "彼は糖尿病で通院している" + strings.Repeat("い", 200)
		ms := matters.Scan(text)
		if len(ms) == 0 || !utf8.ValidString(text[ms[0].Start:ms[0].End]) {
			t.Errorf("found %v", ms)
		}
	}
	for _, text := range []string{"Rina’s divorce is final", "Boris had surgery", "Al is in surgery", "Émile had surgery"} {
		for _, m := range matters.Scan(text) {
			if m.End > len(text) || !utf8.ValidString(text[m.Start:m.End]) {
				t.Errorf("%q: match %+v", text, m)
			}
		}
	}
}
