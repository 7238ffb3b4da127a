// Command train fits the weights of memory/rank and measures them: leave one conversation out on LoCoMo's dialogues,
// with the agents' notes taking part so that what serves dialogue does not hurt them. It prints the figures and writes
// the weights file for review.
//
//	go run ./memory/storage/internal/recalleval/train -o memory/rank/weights.json
//	go run ./memory/storage/internal/recalleval/train -ablate -o memory/rank/weights.json
//
// The second prints what is found without each stage of the ranking, and what a stage costs.
//
// The model's folder comes from $ELDERZAN_MODEL, the dialogues from $ELDERZAN_DATA_DIR or ../shared/data.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	embedding "github.com/elderzan/elderzan/embed"
	"github.com/elderzan/elderzan/embed/lexical"
	"github.com/elderzan/elderzan/embed/minilm"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/analysis"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/recalleval"
)

// now is when the questions are asked: long after all memories, so that nothing is recent.
var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// candidates is how many each source proposes, as in the server.
const candidates = 100

// notesWeight is how much a question about notes counts beside one about dialogue.
const notesWeight = 1

func main() {
	out := flag.String("o", "", "weights file to write; its priors are kept")
	cache := flag.String("cache", filepath.Join(os.TempDir(), "elderzan-recalleval"), "folder for vectors")
	which := flag.String("models", "words,hybrid,tokens", "weights to fit; the others of the file stay")
	table := flag.Bool("ablate", false, "print what is found without each stage, and what it costs; the weights file is only read")
	flag.Parse()
	if err := run(context.Background(), *out, *cache, strings.Split(*which, ","), *table); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, cache string, which []string, table bool) error {
	dialogue, notes, err := corpora()
	if err != nil {
		return err
	}
	e, space, err := embedder()
	if err != nil {
		return err
	}
	file, err := readFile(out)
	if err != nil {
		return err
	}
	if slices.Contains(which, "words") && !table {
		file.Words = fit("words", dialogue, notes, file.Priors)
	}
	for _, c := range []*recalleval.Corpus{dialogue, notes} {
		if _, err := c.Embed(ctx, e, space, cache); err != nil {
			return err
		}
	}
	if table {
		return ablate(dialogue, notes, file.Priors)
	}
	if slices.Contains(which, "hybrid") {
		file.Hybrid = fit("hybrid", dialogue, notes, file.Priors)
	}
	if slices.Contains(which, "tokens") {
		file.Tokens = fit("tokens", dialogue, notes, file.Priors)
	}
	if out == "" {
		return nil
	}
	return writeFile(out, file)
}

// corpora are the questions about dialogue and those about notes, each over a store that holds both.
func corpora() (dialogue, notes *recalleval.Corpus, err error) {
	path, ok := recalleval.DataFile("locomo-dev.json")
	if !ok {
		return nil, nil, fmt.Errorf("no %s; set ELDERZAN_DATA_DIR", path)
	}
	set, err := recalleval.LoadLoCoMo(path)
	if err != nil {
		return nil, nil, err
	}
	own, err := ownSets()
	if err != nil {
		return nil, nil, err
	}
	return recalleval.NewCorpus(recalleval.Join(set, own), inverted.Options{}), recalleval.NewCorpus(recalleval.Join(own, set), inverted.Options{}), nil
}

// ownSets are the notes and questions in all languages, and look-ups of the English ones by their rarest words.
func ownSets() (*recalleval.Set, error) {
	english, err := recalleval.LoadNotes()
	if err != nil {
		return nil, err
	}
	english.AddKeywords()
	sets := []*recalleval.Set{english}
	for _, l := range recalleval.Languages {
		s, err := recalleval.LoadLanguage(l)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	return recalleval.Merge("notes", sets...), nil
}

// embedder returns the built-in embedder and the space of its vectors.
func embedder() (e recalleval.Embedder, space string, err error) {
	dir := os.Getenv("ELDERZAN_MODEL")
	if dir == "" {
		return nil, "", errors.New("no model; set ELDERZAN_MODEL, for example by `eval \"$(make -s env)\"`")
	}
	model, err := minilm.Open(dir, minilm.Options{Threads: runtime.GOMAXPROCS(0)})
	if err != nil {
		return nil, "", err
	}
	words, err := lexical.New(lexical.Options{Terms: analysis.Terms, TermsVersion: analysis.Version})
	if err != nil {
		return nil, "", err
	}
	j, err := embedding.NewJoint(model, words, embedding.JointOptions{})
	if err != nil {
		return nil, "", err
	}
	return func(ctx context.Context, texts []string, add func([]float32, memory.Tokens)) error {
		rows, err := j.EmbedTokens(ctx, texts)
		for _, r := range rows {
			add(r.Vector, memory.Tokens(r.Tokens))
		}
		return err
	}, j.Space(), nil
}

// weightsFile is the form of memory/rank's weights.
type weightsFile struct {
	Note   string             `json:"note"`
	Priors map[string]float64 `json:"priors"`
	Tokens model              `json:"tokens"`
	Hybrid model              `json:"hybrid"`
	Words  model              `json:"words"`
}

type model struct {
	Bias  float64            `json:"bias"`
	Turns map[string]float64 `json:"turns"`
	Notes map[string]float64 `json:"notes"`
}

func readFile(path string) (f weightsFile, err error) {
	if path == "" {
		return f, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(raw, &f)
}

func writeFile(path string, f weightsFile) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(f); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// Features that take no part where there are no vectors, and where there are no tokens.
var (
	vectorFeatures = []string{"dense", "dense_before", "dense_behind", "near_dense", "episode_dense"}
	tokenFeatures  = []string{"match", "match_best", "match_before", "match_behind", "sharp", "sharp_near"}
)

// noteFeatures are what memories that are no turns are judged by. Notes do not lend words to each other, have no speaker,
// and what tells turns apart says nothing about them.
var noteFeatures = []string{"lexical", "cover", "phrase", "dense", "match", "sharp", "present", "date", "when", "note", "unnamed", "asks",
	"name_asked", "count"}

// positiveFeatures are those that say that a memory matches.
var positiveFeatures = []string{"lexical", "cover", "near", "phrase", "dense", "match", "sharp", "sharp_near"}

// noteFolds is into how many parts the projects of notes are split for leaving out.
const noteFolds = 4

// columns are the features that the weights of that name are found for.
func columns(names []string, priors map[string]float64, of string) recalleval.Columns {
	use := recalleval.Columns{Turns: make([]bool, len(names)), Notes: make([]bool, len(names)), Positive: make([]bool, len(names))}
	for i, n := range names {
		use.Positive[i] = slices.Contains(positiveFeatures, n)
		_, prior := priors[n]
		if prior || of == "words" && slices.Contains(vectorFeatures, n) || of != "tokens" && slices.Contains(tokenFeatures, n) {
			continue
		}
		use.Turns[i] = n != "note" && n != "unnamed"
		use.Notes[i] = slices.Contains(noteFeatures, n)
	}
	return use
}

// fit prints the figures of left-out conversations and projects, and returns the weights learned from all.
func fit(name string, dialogue, notes *recalleval.Corpus, priors map[string]float64) model {
	workers := runtime.GOMAXPROCS(0)
	names, dg := dialogue.Groups(now, candidates, 1, workers)
	_, ng := notes.Groups(now, candidates, notesWeight, workers)
	if name != "words" {
		ng = hybridOnly(ng)
	}
	use := columns(names, priors, name)
	o := recalleval.FitOptions{Workers: workers}
	by := recalleval.CrossFit(dg, ng, 0, use, o)
	within, pooled := recalleval.Measure(dg, func(p string) *recalleval.Weights { return by[p] })
	fmt.Printf("%-7s dialogue within  %s\n%-7s dialogue over all %s\n", name, &within, name, &pooled)
	by2 := recalleval.CrossFit(ng, dg, noteFolds, use, o)
	within, pooled = recalleval.Measure(ng, func(p string) *recalleval.Weights { return by2[p] })
	fmt.Printf("%-7s notes    within  %s\n%-7s notes    over all %s\n", name, &within, name, &pooled)
	all := by[""]
	return model{Bias: bias(dg, all), Turns: named(names, all.Turns), Notes: named(names, all.Notes)}
}

// named gives the weights that matter their features' names.
func named(names []string, weights []float64) map[string]float64 {
	out := map[string]float64{}
	for i, n := range names {
		if math.Abs(weights[i]) >= .005 {
			out[n] = math.Round(weights[i]*1000) / 1000
		}
	}
	return out
}

// bias makes the best candidate of a middling question score 0.8.
func bias(groups []recalleval.Group, w *recalleval.Weights) float64 {
	var tops []float64
	for i := range groups {
		best := math.Inf(-1)
		for k := range groups[i].Rows {
			best = max(best, w.Score(&groups[i], k))
		}
		tops = append(tops, best)
	}
	slices.Sort(tops)
	return math.Round((math.Log(4)-tops[len(tops)/2])*1000) / 1000
}
