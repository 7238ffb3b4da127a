package sensitive_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive"
)

// sample texts of about a kibibyte each: what memories look like.
var samples = map[string]string{
	"prose": strings.Repeat("We decided to keep the queue in PostgreSQL since March 2025, because one store less is one pager less. ", 10),
	"talk":  strings.Repeat("The token for the API is read from the vault and the password is never logged, as the policy of 2024 asks. ", 10),
	"code": strings.Repeat("func (s *Server) handle(w http.ResponseWriter, r *http.Request) {\n\ttoken := r.Header.Get(\"Authorization\")\n\tif token == \"\" {\n"+
		"\t\thttp.Error(w, \"unauthorized\", 401)\n\t\treturn\n\t}\n\ts.mu.Lock()\n}\n", 5),
	"settings": strings.Repeat("db:\n  host: db.internal\n  port: 5432\n  user: app\n  password: ${DB_PASSWORD}\nlog_level: info\nretries: 3\ntimeout_ms: 2500\n", 9),
	"japanese": strings.Repeat("パスワードは環境変数から読み込み、ログには出力しない。2025年3月からキューはPostgreSQLに置く方針とした。", 8),
	"numbers":  strings.Repeat("2025-03-04 12:44:01 10.0.3.7 GET /v1/items/48812 200 1532 0.0031 4539123-00 req 9f1c\n", 12),
	"turns":    strings.Join(turns, "\n"),
	"secret":   strings.Repeat("The build runs nightly at two o'clock and uploads its logs to the bucket of the team. ", 11) + "The db password is Gravel!6172.",
}

func BenchmarkDetect(b *testing.B) {
	d := sensitive.New(sensitive.Options{})
	for name, text := range samples {
		b.Run(fmt.Sprintf("%s/%dB", name, len(text)), func(b *testing.B) {
			in := scope.Input{Content: text}
			if _, err := d.Detect(b.Context(), in); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Detect(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// turns are what is said in conversations, the most frequent kind of memory.
var turns = []string{
	"Hana: Good morning! Did you sleep well after the long drive?",
	"Jonas: I finally finished the bookshelf that I told you about, and it even stands straight. The kids have already filled the two lowest rows with stones and shells from the beach, so the novels have to wait.",
	"[9:14 am on 3 March, 2024] Hana: We moved the dentist to Thursday at half past three, because the school play is on Wednesday and we must not be late again.",
	"The user prefers short answers, writes Go and TypeScript, and wants tests before refactoring.",
	"週末は家族で山に登りました。頂上でおにぎりを食べて、帰りに温泉に寄りました。",
	"来週の打ち合わせは火曜日の午後に変更になったので、資料は月曜日までに送ってください。",
}

// BenchmarkTurn measures a turn of a conversation, once after the other and with other work between two of them, as in a server:
// the tables of the detector must then be fetched anew.
func BenchmarkTurn(b *testing.B) {
	d := sensitive.New(sensitive.Options{})
	other := make([]byte, 4<<20)
	for name, work := range map[string]func(){"warm": func() {}, "cold": func() {
		for i := 0; i < len(other); i += 64 {
			other[i]++
		}
	}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var spent time.Duration
			for i := range b.N + len(turns) {
				work()
				start := time.Now()
				if _, err := d.Detect(b.Context(), scope.Input{Content: turns[i%len(turns)]}); err != nil {
					b.Fatal(err)
				}
				if i >= len(turns) { // the first ones load the rules
					spent += time.Since(start)
				}
			}
			b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "ns/turn")
		})
	}
}

func BenchmarkHostile(b *testing.B) {
	d := sensitive.New(sensitive.Options{})
	texts := hostile()
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			in := scope.Input{Content: texts[name]}
			if _, err := d.Detect(b.Context(), in); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(texts[name])))
			for b.Loop() {
				if _, err := d.Detect(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestHostileTextIsBounded holds the cost of the worst texts down. It measures the processor time of this process, since
// tests share the machine, and asks for four times the goal of 50 ms; the figures are logged.
func TestHostileTextIsBounded(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector slows everything down; checked: no race, no panic, not the time")
	}
	d := sensitive.New(sensitive.Options{})
	if _, err := d.Detect(t.Context(), scope.Input{Content: "load the rules: token = a1b2c3d4e5f6g7"}); err != nil {
		t.Fatal(err)
	}
	rounds := 3
	if raceEnabled {
		rounds = 1
	}
	texts := hostile()
	names := make([]string, 0, len(texts))
	for n := range texts {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, name := range names {
		best := time.Hour
		for range rounds {
			start := processorTime(t)
			if _, err := d.Detect(t.Context(), scope.Input{Content: texts[name]}); err != nil {
				t.Fatal(err)
			}
			best = min(best, processorTime(t)-start)
		}
		t.Logf("%7.1f ms: %s", float64(best.Microseconds())/1000, name)
		if best > 200*time.Millisecond && !raceEnabled {
			t.Errorf("%s: %v for 64 KiB, want at most 200 ms (goal 50 ms)", name, best)
		}
	}
}

// TestUsualTextIsFast holds the whole detection of a kibibyte to four times the goal of 1 ms of processor time.
func TestUsualTextIsFast(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	for name, text := range samples {
		in := scope.Input{Content: text}
		if _, err := d.Detect(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		const rounds = 50
		start := processorTime(t)
		for range rounds {
			if _, err := d.Detect(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		each := (processorTime(t) - start) / rounds
		t.Logf("%7.3f ms for %d bytes: %s", float64(each.Microseconds())/1000, len(text), name)
		if each > 4*time.Millisecond && !raceEnabled {
			t.Errorf("%s: %v, want at most 4 ms (goal 1 ms)", name, each)
		}
	}
}

// processorTime is what this process has used so far.
func processorTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
