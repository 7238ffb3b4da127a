package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/recalleval"
	"github.com/elderzan/elderzan/scope"
)

// things name what the made-up memories are about: a word that is in one memory of a project alone, and in its question.
var things = []string{"anchor", "barley", "candle", "donkey", "engine", "feather", "garden", "hammer"}

// projects are several, so that some can be left out.
var projects = []string{"atlas", "borealis", "cygnus"}

// kinds are the sets by name: a part of their memories' ids, and what their questions are counted under.
var kinds = map[string]struct{ ids, category string }{"talk": {"8000", "multi-hop"}, "note": {"9000", "notes"}, "text": {"a000", "documents"}}

// madeUp is a set of which each question is about one memory, and holds the one word that no other memory of any project has.
func madeUp(name string, of func(m *memory.Memory)) *recalleval.Set {
	set := &recalleval.Set{Name: name}
	for _, p := range projects {
		for i, thing := range things {
			own := name + thing + p
			m := memory.Memory{
				ID:      memory.ID(fmt.Sprintf("00000000-0000-7000-%s-%012x", kinds[name].ids, len(set.Memories))),
				Content: fmt.Sprintf("We put the %s beside the %s on day %d.", own, things[(i+3)%len(things)], i), Scope: scope.Project, Project: p,
				State: memory.Active, Version: 1, Trust: memory.TrustAgent, CreatedAt: time.UnixMilli(1_750_000_000_000 + int64(i)).UTC(),
			}
			m.UpdatedAt = m.CreatedAt
			of(&m)
			set.Questions = append(set.Questions, recalleval.Question{Text: "Where did we put the " + own + "?", Project: p, Category: kinds[name].category, Relevant: []int{len(set.Memories)}})
			set.Memories = append(set.Memories, m)
		}
	}
	return set
}

// small are corpora of which everything can be found. One question of dialogue in eight asks for what is nowhere.
func small() sets {
	talk := madeUp("talk", func(m *memory.Memory) {
		m.Content = "zq0000001x [1:00 pm on 1 May, 2023] Mia: " + m.Content
		m.Session = "one"
	})
	for q := 0; q < len(talk.Questions); q += len(things) {
		talk.Questions[q].Text = "xyzzyqwop" + projects[q/len(things)]
	}
	note := madeUp("note", func(m *memory.Memory) { m.Title = "On things" })
	text := madeUp("text", func(m *memory.Memory) { m.Content += strings.Repeat(" Nothing else happened in the yard.", 30) })
	of := func(a, b *recalleval.Set) *recalleval.Corpus {
		return recalleval.NewCorpus(recalleval.Join(a, b), inverted.Options{})
	}
	return sets{of(talk, note), of(note, talk), of(text, talk)}
}

// byWords embeds a text by its words: the same words the same vector, and a direction for each.
func byWords(_ context.Context, texts []string, add func([]float32, memory.Tokens)) error {
	for _, text := range texts {
		v, tokens, sum := make([]float32, memory.Dim), memory.Tokens{}, 0.
		for _, w := range analysis.Words(text) {
			n := 0
			for _, c := range []byte(w.Term) {
				n = n*31 + int(c)
			}
			v[uint(n)%memory.Dim]++
			row := make([]int8, memory.TokenDim)
			row[uint(n)%memory.TokenDim], row[uint(n/97)%memory.TokenDim] = 127, 90
			tokens.Rows, tokens.Spans = append(tokens.Rows, row...), append(tokens.Spans, [2]int{w.Start, w.End})
		}
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		for i := range v {
			v[i] /= float32(math.Sqrt(max(sum, 1)))
		}
		add(v, tokens)
	}
	return nil
}

// weights writes a file of weights and returns its path.
func weights(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const priors = `{"note": "by hand", "priors": {"pinned": 0.25}}`

func TestFit(t *testing.T) {
	all, path := small(), weights(t, priors)
	var out bytes.Buffer
	o := options{weights: path, cache: t.TempDir(), models: []string{"words", "hybrid", "tokens"}}
	if err := run(t.Context(), o, all, byWords, "words", &out); err != nil {
		t.Fatal(err)
	}
	// Of eight questions about dialogue one has no word that any memory holds.
	for _, want := range []string{
		"words   dialogue  within   R@5 0.875 R@10 0.875 MRR 0.875 | multi-hop 0.875\n",
		"words   dialogue  over all R@5 0.875 R@10 0.875 MRR 0.875 | multi-hop 0.875\n",
		"words   notes     within   R@5 1.000 R@10 1.000 MRR 1.000 | notes 1.000\n",
		"words   documents over all R@5 1.000 R@10 1.000 MRR 1.000 | documents 1.000\n",
		"hybrid  notes     over all R@5 1.000 R@10 1.000 MRR 1.000 | notes 1.000\n",
		"tokens  documents within   R@5 1.000 R@10 1.000 MRR 1.000 | documents 1.000\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed\n%s\nwant %q in it", &out, want)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f weightsFile
	if err := json.Unmarshal(raw, &f); err != nil || f.Note != "by hand" || f.Priors["pinned"] != .25 {
		t.Errorf("the file says %q and %v, %v; want note and priors kept", f.Note, f.Priors, err)
	}
	if f.Words.Turns["lexical"]+f.Words.Turns["cover"]+f.Words.Turns["own"] <= 0 {
		t.Errorf("words are worth %v; want them to speak for a memory", f.Words.Turns)
	}
	r, err := rank.New(rank.Options{Weights: raw})
	if err != nil {
		t.Fatalf("the file cannot be read: %v", err)
	}
	place := all.notes.Set.Places()
	for q, asked := range all.notes.Set.Questions {
		ranked := r.Rank(memory.RankQuery{Text: asked.Text, Now: now, Limit: 3}, all.notes.Candidates(q, true, candidates))
		if len(ranked) == 0 || place[ranked[0].Memory.ID] != asked.Relevant[0] {
			t.Errorf("%q finds %+v first", asked.Text, ranked)
		}
	}
}

// Fitting what tells long memories from others leaves all other weights as they are.
func TestFitLong(t *testing.T) {
	const before = `{"note": "", "priors": {}, "tokens": {"bias": 1, "turns": {"lexical": 2}, "notes": {"lexical": 3, "long": 9}},
		"hybrid": {"bias": 4, "turns": {"cover": 5}, "notes": {"lexical": 6, "long_cover": 9}}, "words": {"bias": 7, "turns": {"own": 8}, "notes": {"own": 9}}}`
	path := weights(t, before)
	var out bytes.Buffer
	if err := run(t.Context(), options{weights: path, cache: t.TempDir(), models: []string{"long"}}, small(), byWords, "words", &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"hybrid  documents without within   R@5 1.000 R@10 1.000", "hybrid  documents with    over all R@5 1.000 R@10 1.000",
		"tokens  documents without over all R@5 1.000 R@10 1.000", "tokens  documents with    within   R@5 1.000 R@10 1.000",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed\n%s\nwant %q in it", &out, want)
		}
	}
	f, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if f.Words.Bias != 7 || f.Words.Notes["own"] != 9 || f.Tokens.Bias != 1 || f.Tokens.Turns["lexical"] != 2 || f.Tokens.Notes["lexical"] != 3 ||
		f.Hybrid.Turns["cover"] != 5 || f.Hybrid.Notes["lexical"] != 6 {
		t.Errorf("the file has become %+v", f)
	}
	if f.Tokens.Notes["long"] == 9 || f.Hybrid.Notes["long_cover"] == 9 {
		t.Errorf("of long memories it still says %v and %v", f.Tokens.Notes, f.Hybrid.Notes)
	}
}

// The table names what is left out, line by line, and leaves the file alone.
func TestAblate(t *testing.T) {
	path := weights(t, priors)
	var out bytes.Buffer
	o := options{weights: path, cache: t.TempDir(), models: []string{"words"}, ablate: true, without: []string{"lexical", "dense"}}
	if err := run(t.Context(), o, small(), byWords, "words", &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var names []string
	for _, l := range lines[2:] {
		cells := strings.Split(l, "|")
		if len(cells) != len(strings.Split(lines[0], "|")) {
			t.Errorf("line %q; want as many cells as the head has", l)
			continue
		}
		names = append(names, strings.TrimSpace(cells[1]))
	}
	want := "nothing lexical dense words neighbours phrases vectors tokens people times shape tokens tokens and episodes"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("left out: %q; want %q", got, want)
	}
	// The questions of dialogue for what is nowhere get whatever is near; notes and documents are all found.
	if cells := strings.Split(lines[2], "|"); strings.TrimSpace(cells[6]) != "1.0000" || strings.TrimSpace(cells[9]) != "1.000" || strings.TrimSpace(cells[10]) != "1.000" {
		t.Errorf("without nothing: %q; want all notes and documents found", lines[2])
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != priors {
		t.Errorf("the file has become %q, %v", raw, err)
	}
}

// What cannot be read is told, and nothing is written.
func TestRunFails(t *testing.T) {
	failed := errors.New("no vectors today")
	failing := func(context.Context, []string, func([]float32, memory.Tokens)) error { return failed }
	models := []string{"long"}
	if err := run(t.Context(), options{weights: filepath.Join(t.TempDir(), "none.json"), models: models}, sets{}, byWords, "words", &bytes.Buffer{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the file: %v", err)
	}
	if err := run(t.Context(), options{weights: weights(t, "{"), models: models}, sets{}, byWords, "words", &bytes.Buffer{}); err == nil {
		t.Error("a file that is no JSON is taken")
	}
	path := weights(t, priors)
	if err := run(t.Context(), options{weights: path, cache: t.TempDir(), models: models}, small(), failing, "words", &bytes.Buffer{}); !errors.Is(err, failed) {
		t.Errorf("without an embedder: %v", err)
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != priors {
		t.Errorf("the file has become %q, %v", raw, err)
	}
	if err := run(t.Context(), options{cache: t.TempDir()}, small(), byWords, "words", &bytes.Buffer{}); err != nil {
		t.Errorf("without a file to write: %v", err)
	}
}

// What the environment lacks is named, and with it the variable to set.
func TestStart(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ELDERZAN_DATA_DIR", dir)
	t.Setenv("ELDERZAN_MODEL", "")
	wantError := func(when, want string) {
		t.Helper()
		if err := start(t.Context(), options{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q in it", when, err, want)
		}
	}
	wantError("without dialogues", "ELDERZAN_DATA_DIR")
	writeDialogues(t, dir, "[")
	wantError("with half of the dialogues", "locomo-dev.json")
	writeDialogues(t, dir, conversation)
	wantError("without a model", "ELDERZAN_MODEL")
	t.Setenv("ELDERZAN_MODEL", dir)
	if _, _, err := embedder(); err == nil {
		t.Error("an empty folder is taken for a model")
	}
}

func TestFlags(t *testing.T) {
	o, err := flags([]string{"-o", "w.json", "-models", "long,words", "-ablate", "-without", "dense,cover"})
	if err != nil || o.weights != "w.json" || !slices.Equal(o.models, []string{"long", "words"}) || !o.ablate || !slices.Equal(o.without, []string{"dense", "cover"}) {
		t.Errorf("flags = %+v, %v", o, err)
	}
	if o, err := flags(nil); err != nil || len(o.models) != 3 || len(o.without) != 0 || o.cache == "" {
		t.Errorf("without flags: %+v, %v", o, err)
	}
}

// conversation is one of a single turn, and a question.
const conversation = `[{"sample_id": "c1", "conversation": {"session_1_date_time": "1:56 pm on 8 May, 2023", "session_1": [
	{"dia_id": "D1:1", "speaker": "Mia", "text": "I saw a heron."}]}, "qa": [{"question": "What did Mia see?", "category": 4, "evidence": ["D1:1"]}]}]`

func writeDialogues(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "locomo-dev.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The corpora hold the dialogues of a file beside the notes and documents, each with its own questions.
func TestCorpora(t *testing.T) {
	all, err := corpora(writeDialogues(t, t.TempDir(), conversation))
	if err != nil {
		t.Fatal(err)
	}
	notes := len(all.notes.Set.Memories)
	if len(all.dialogue.Set.Questions) != 1 || len(all.dialogue.Set.Memories) != notes || len(all.notes.Set.Questions) < 200 || len(all.documents.Set.Questions) < 200 ||
		len(all.documents.Set.Memories) >= notes {
		t.Errorf("%d questions over %d, %d over %d, %d over %d memories", len(all.dialogue.Set.Questions), len(all.dialogue.Set.Memories),
			len(all.notes.Set.Questions), notes, len(all.documents.Set.Questions), len(all.documents.Set.Memories))
	}
	if _, err := corpora(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the file: %v", err)
	}
}

// The embedder that the environment names, where it names one, gives vectors and tokens.
func TestEmbedder(t *testing.T) {
	if os.Getenv("ELDERZAN_MODEL") == "" {
		t.Log("ELDERZAN_MODEL is not set: nothing to embed with")
		return
	}
	e, space, err := embedder()
	if err != nil || space == "" {
		t.Fatalf("space %q, %v", space, err)
	}
	n := 0
	err = e(t.Context(), []string{"a heron", "a mill"}, func(v []float32, tokens memory.Tokens) {
		if n++; len(v) != memory.Dim || len(tokens.Spans)*memory.TokenDim != len(tokens.Rows) || len(tokens.Rows) == 0 {
			t.Errorf("a vector of %d and tokens of %d numbers for %d parts", len(v), len(tokens.Rows), len(tokens.Spans))
		}
	})
	if err != nil || n != 2 {
		t.Errorf("%d of 2 texts, %v", n, err)
	}
}
