package rank

import (
	"testing"
	"time"
)

func TestPeriods(t *testing.T) {
	now := time.Date(2025, 6, 11, 15, 30, 0, 0, time.UTC) // a Wednesday
	for text, want := range map[string]struct {
		from, to string // "" for none
		yearly   bool
	}{
		"What did Ann do on 8 May, 2023?":               {"2023-05-08", "2023-05-09", false},
		"What did Ann do on the 8th of May 2023?":       {"2023-05-08", "2023-05-09", false},
		"What happened on May 8, 2023?":                 {"2023-05-08", "2023-05-09", false},
		"What happened on May 8th?":                     {"2000-05-08", "2000-05-09", true},
		"What was deployed on 2025-03-04?":              {"2025-03-04", "2025-03-05", false},
		"What was deployed in 2025/03?":                 {"2025-03-01", "2025-04-01", false},
		"What did Mel read in August 2022?":             {"2022-08-01", "2022-09-01", false},
		"What did Mel read in August?":                  {"2000-08-01", "2000-09-01", true},
		"What did Mel read last August?":                {"2024-08-01", "2024-09-01", false},
		"What did Mel read last May?":                   {"2025-05-01", "2025-06-01", false},
		"What is planned this July?":                    {"2025-07-01", "2025-08-01", false},
		"What is planned next May?":                     {"2026-05-01", "2026-06-01", false},
		"What is planned next July?":                    {"2025-07-01", "2025-08-01", false},
		"What did he do in May?":                        {"2000-05-01", "2000-06-01", true},
		"May I log the IBAN?":                           {"", "", false},
		"Which files may be in march order?":            {"", "", false},
		"Where did she travel in 2021?":                 {"2021-01-01", "2022-01-01", false},
		"What broke yesterday?":                         {"2025-06-10", "2025-06-11", false},
		"What broke the day before yesterday?":          {"2025-06-09", "2025-06-10", false},
		"What did we say today?":                        {"2025-06-11", "2025-06-12", false},
		"What broke last week?":                         {"2025-06-02", "2025-06-09", false},
		"What broke this week?":                         {"2025-06-09", "2025-06-16", false},
		"What did we decide last month?":                {"2025-05-01", "2025-06-01", false},
		"What did we decide last year?":                 {"2024-01-01", "2025-01-01", false},
		"What is due next week?":                        {"2025-06-16", "2025-06-23", false},
		"What did we do three weeks ago?":               {"2025-05-19", "2025-05-26", false},
		"What did we do a couple of days ago?":          {"2025-06-09", "2025-06-10", false},
		"What did we do 14 months ago?":                 {"2024-04-01", "2024-05-01", false},
		"2023年5月8日に何がありましたか":                            {"2023-05-08", "2023-05-09", false},
		"5月8日に何がありましたか":                                 {"2000-05-08", "2000-05-09", true},
		"2022年8月に読んだ本は":                                 {"2022-08-01", "2022-09-01", false},
		"8月に読んだ本は":                                      {"2000-08-01", "2000-09-01", true},
		"2021年の旅行先は":                                    {"2021-01-01", "2022-01-01", false},
		"昨日の障害は":                                        {"2025-06-10", "2025-06-11", false},
		"先週の決定事項は":                                      {"2025-06-02", "2025-06-09", false},
		"先々週の決定事項は":                                     {"2025-05-26", "2025-06-02", false},
		"先月の請求額は":                                       {"2025-05-01", "2025-06-01", false},
		"去年の目標は":                                        {"2024-01-01", "2025-01-01", false},
		"3日前の変更は":                                       {"2025-06-08", "2025-06-09", false},
		"2か月前の変更は":                                      {"2025-04-01", "2025-05-01", false},
		"2週間前の変更は":                                      {"2025-05-26", "2025-06-02", false},
		"What is the port of the staging database?":     {"", "", false},
		"What changed in version 2025.13.99?":           {"2025-01-01", "2026-01-01", false},
		"Which of the 20 questions were about Marching": {"", "", false},
	} {
		t.Run(text, func(t *testing.T) {
			got := periods(text, now)
			if want.from == "" {
				if len(got) != 0 {
					t.Fatalf("got %v; want none", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("got %v; want one", got)
			}
			from, to := got[0].from.Format(time.DateOnly), got[0].to.Format(time.DateOnly)
			if from != want.from || to != want.to || got[0].yearly != want.yearly {
				t.Errorf("got [%s, %s) yearly %v; want [%s, %s) yearly %v", from, to, got[0].yearly, want.from, want.to, want.yearly)
			}
		})
	}
	if got := periods("yesterday", time.Time{}); got != nil {
		t.Errorf("without a clock: %v; want none", got)
	}
}

func TestPeriodMatch(t *testing.T) {
	now := time.Date(2025, 6, 11, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		question string
		at       string
		want     float64
	}{
		"the day":             {"on 8 May 2023", "2023-05-08", 1},
		"told the day after":  {"on 8 May 2023", "2023-05-09", 1},
		"told a week later":   {"on 8 May 2023", "2023-05-15", .7},
		"told a month later":  {"on 8 May 2023", "2023-05-30", .3},
		"planned before":      {"on 8 May 2023", "2023-05-04", .4},
		"planned long before": {"on 8 May 2023", "2023-04-12", .15},
		"another year":        {"on 8 May 2023", "2022-05-08", 0},
		"any year":            {"on 8 May", "2022-05-08", 1},
		"over new year":       {"on 31 December", "2023-01-01", 1},
		"the month":           {"in May 2023", "2023-05-20", .8},
		"the month after":     {"in May 2023", "2023-06-20", .4},
		"the month before":    {"in May 2023", "2023-04-20", .15},
		"the year":            {"in 2023", "2023-11-20", .2},
		"not the year":        {"in 2023", "2024-11-20", 0},
		"last week":           {"what happened last week", "2025-06-04", 1},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := time.Parse(time.DateOnly, tc.at)
			if err != nil {
				t.Fatal(err)
			}
			ps := periods(tc.question, now)
			if len(ps) != 1 {
				t.Fatalf("periods = %v; want one", ps)
			}
			if got := ps[0].match(at); got != tc.want {
				t.Errorf("match = %v; want %v", got, tc.want)
			}
			if got := ps[0].match(time.Time{}); got != 0 {
				t.Errorf("no time matches by %v", got)
			}
		})
	}
}

func FuzzPeriods(f *testing.F) {
	for _, s := range []string{"on 31 Feb 2023", "99 months ago", "2023-99-99", "0月0日", "last mar", "5月"} {
		f.Add(s)
	}
	now := time.Date(2025, 6, 11, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range periods(s, now) {
			if !p.from.Before(p.to) {
				t.Fatalf("empty period %v", p)
			}
			if m := p.match(p.from); m <= 0 || m > 1 {
				t.Fatalf("the beginning of %v matches by %v", p, m)
			}
		}
	})
}
