package rank

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
)

// traitsOf reads a memory's text.
func traitsOf(m *memory.Memory, q *question) traits {
	t, text := glance(m)
	t.read(text, q)
	return t
}

func TestTraits(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want traits
	}{
		"note":               {"The gateway times out after 29 seconds", traits{words: 7, digits: true}},
		"turn":               {"zq1x [8 May, 2023] Anna: I went to Lyon last week", traits{speaker: "anna", words: 6, class: firstWord | timeWord, name: true}},
		"question":           {"Anna: Did you like it?", traits{speaker: "anna", words: 4, asks: true}},
		"question with show": {"Anna: Did you like it? [shares a photo of a dog]", traits{speaker: "anna", words: 10, asks: true}},
		"own name":           {"Anna: It is me, Anna", traits{speaker: "anna", words: 4, class: firstWord}},
		"contraction":        {"Bo: Well I’ve never seen it", traits{speaker: "bo", words: 5, class: firstWord | negationWord}},
		"quotes":             {`Bo: read "Dune" twice`, traits{speaker: "bo", words: 3, class: countWord, quote: true}},
		"name after a dot":   {"Deploy first. Then wait", traits{words: 4}},
		"Japanese":           {"田中：先週私は引っ越しました。", traits{speaker: "田中", words: 4, class: firstWord | timeWord}},
		"Japanese question":  {"いつ公開されますか。", traits{words: 3, asks: true}},
		"Japanese negation":  {"本番では使わない", traits{words: 2, class: negationWord}},
		"repetition":         {strings.Repeat("password database ", 10), traits{words: 20, repeated: true}},
		"empty":              {"", traits{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := memory.Memory{Content: tc.text}
			if got := traitsOf(&m, nil); got != tc.want {
				t.Errorf("traits = %+v; want %+v", got, tc.want)
			}
		})
	}
}

func TestQuestionCues(t *testing.T) {
	for text, want := range map[string]struct{ when, count, entity, latest bool }{
		"When did Ann move?":                   {when: true},
		"What date is the release?":            {when: true},
		"How long are keys kept?":              {when: true, count: true},
		"How many crates were there?":          {count: true},
		"Which port does staging use?":         {count: true},
		"Who owns the API layer?":              {entity: true},
		"Where does Klara live?":               {entity: true},
		"Which book did Mel recommend?":        {entity: true},
		"What is the current rate limit?":      {latest: true},
		"Is Airflow still running?":            {latest: true},
		"How do I rotate the key?":             {},
		"公開はいつですか":                             {when: true},
		"何件ありますか":                              {count: true},
		"担当は誰ですか":                              {entity: true},
		"現在の上限は":                               {latest: true},
		strings.Repeat("a", 5000) + " when is": {},
	} {
		q := readQuestion(text, time.Time{})
		if q.when != want.when || q.count != want.count || q.entity != want.entity || q.latest != want.latest {
			t.Errorf("%.60q: when %v count %v entity %v latest %v; want %+v", text, q.when, q.count, q.entity, q.latest, want)
		}
	}
}

func TestQuestionNames(t *testing.T) {
	q := readQuestion("What did Caroline's friend O’Brien tell 田中さん?", time.Time{})
	for speaker, want := range map[string]bool{"caroline": true, "caroline smith": true, "mel": false, "": false, "田中": true,
		"鈴木": false, "o’brien": true} {
		if q.names(speaker) != want {
			t.Errorf("names(%q) = %v; want %v", speaker, !want, want)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"Anna: I’ve 2 cats?", "\xff\xfe", "'’", "か。", "[a]", "日本語 text 12 \U0001F600"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := memory.Memory{Content: s}
		if got := traitsOf(&m, nil); got.words < 0 || got.words > len(s) {
			t.Fatalf("%d words in %d bytes", got.words, len(s))
		}
		p := fingerprintOf(&m)
		if len(p.pairs) > 0 && !p.same(&p) {
			t.Fatal("a text does not say what it says")
		}
		if c := clip(s); len(c) > maxScan || utf8.ValidString(s) && !utf8.ValidString(c) {
			t.Fatalf("clipped to %d bytes", len(c))
		}
		readQuestion(s, time.Time{})
	})
}
