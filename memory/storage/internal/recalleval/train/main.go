// Command train fits the weights of memory/rank and measures them: leave one conversation out on LoCoMo's dialogues,
// with the agents' notes taking part so that what serves dialogue does not hurt them. It prints the figures and writes
// the weights file for review.
//
//	go run ./memory/storage/internal/recalleval/train -o memory/rank/weights.json
//	go run ./memory/storage/internal/recalleval/train -models long -o memory/rank/weights.json
//	go run ./memory/storage/internal/recalleval/train -ablate -o memory/rank/weights.json
//
// The second fits what tells long memories from others and leaves the rest. The third prints what is found without each stage of the ranking, and what a stage costs.
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
	"io"
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
	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/storage/internal/inverted"
	"github.com/elderzan/elderzan/memory/storage/internal/recalleval"
)

// now is when the questions are asked: long after all memories, so that nothing is recent.
var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// candidates is how many each source proposes, as in the server.
const candidates = 100

// notesWeight is how much a question about notes counts beside one about dialogue.
const notesWeight = 1

// windows is how many parts of a long text are embedded, as in the program.
const windows = 8

func main() {
	o, err := flags(os.Args[1:])
	if err == nil {
		err = start(context.Background(), o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

// flags reads the arguments.
func flags(args []string) (o options, err error) {
	f := flag.NewFlagSet("train", flag.ContinueOnError)
	f.StringVar(&o.weights, "o", "", "weights file to write; its priors are kept")
	f.StringVar(&o.cache, "cache", filepath.Join(os.TempDir(), "elderzan-recalleval"), "folder for vectors")
	which := f.String("models", "words,hybrid,tokens", "weights to fit, or long for those of long memories alone; the others of the file stay")
	f.BoolVar(&o.ablate, "ablate", false, "print what is found without each stage, and what it costs; the weights file is only read")
	single := f.String("without", "", "features to leave out one by one as well, with -ablate")
	err = f.Parse(args)
	o.models, o.without = strings.Split(*which, ","), strings.FieldsFunc(*single, func(r rune) bool { return r == ',' })
	return o, err
}

// options are the flags.
type options struct {
	weights string // file; "" means that none is read or written
	cache   string
	models  []string
	ablate  bool
	without []string
}

// start runs with the dialogues and the embedder that the environment names.
func start(ctx context.Context, o options, w io.Writer) error {
	dialogues, ok := recalleval.DataFile("locomo-dev.json")
	if !ok {
		return fmt.Errorf("no %s; set ELDERZAN_DATA_DIR", dialogues)
	}
	all, err := corpora(dialogues)
	if err != nil {
		return err
	}
	e, space, err := embedder()
	if err != nil {
		return err
	}
	return run(ctx, o, all, e, space, w)
}

// run does what o says, prints to w, and writes the weights file last.
func run(ctx context.Context, o options, all sets, e recalleval.Embedder, space string, w io.Writer) error {
	file, err := readFile(o.weights)
	if err != nil {
		return err
	}
	if slices.Contains(o.models, "words") && !o.ablate {
		file.Words = fit(w, "words", all, file.Priors)
	}
	for _, c := range []*recalleval.Corpus{all.dialogue, all.notes, all.documents} {
		if _, err := c.Embed(ctx, e, space, o.cache); err != nil {
			return err
		}
	}
	if slices.Contains(o.models, "long") {
		all.refine(w, &file)
	}
	if o.ablate {
		return ablate(w, all, file.Priors, o.without)
	}
	if slices.Contains(o.models, "hybrid") {
		file.Hybrid = fit(w, "hybrid", all, file.Priors)
	}
	if slices.Contains(o.models, "tokens") {
		file.Tokens = fit(w, "tokens", all, file.Priors)
	}
	if o.weights == "" {
		return nil
	}
	return writeFile(o.weights, file)
}

// sets are the questions about dialogue, about notes, and about documents that notes are parts of, each over a store that holds
// dialogue as well.
type sets struct{ dialogue, notes, documents *recalleval.Corpus }

// corpora reads the dialogues of a file, and what is measured beside them.
func corpora(dialogues string) (all sets, err error) {
	set, err := recalleval.LoadLoCoMo(dialogues)
	if err != nil {
		return all, err
	}
	own, err := ownSets()
	if err != nil {
		return all, err
	}
	documents, err := recalleval.LoadDocuments()
	if err != nil {
		return all, err
	}
	corpus := func(a, b *recalleval.Set) *recalleval.Corpus {
		return recalleval.NewCorpus(recalleval.Join(a, b), inverted.Options{})
	}
	return sets{corpus(set, own), corpus(own, set), corpus(documents, set)}, nil
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
	model, err := minilm.Open(dir, minilm.Options{Threads: runtime.GOMAXPROCS(0), Windows: windows})
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

// Features that take no part where there are no vectors, where there are no tokens, and where there are: beside tokens these bring
// nothing, and lower notes.
var (
	vectorFeatures = []string{"dense", "dense_before", "dense_behind", "near_dense", "episode_dense", "long_dense"}
	tokenFeatures  = []string{"match", "match_best", "match_before", "match_behind", "sharp", "sharp_near", "long_match"}
	idleFeatures   = append(rank.StageEpisodes.Features(), "near", "name")
)

// noteFeatures are what memories that are no turns are judged by. Notes do not lend words to each other, have no speaker,
// and what tells turns apart says nothing about them.
var noteFeatures = []string{"lexical", "cover", "phrase", "dense", "match", "sharp", "present", "date", "when", "note", "unnamed", "asks",
	"name_asked", "count", "long", "long_cover", "long_dense", "long_match"}

// positiveFeatures are those that say that a memory matches.
var positiveFeatures = []string{"lexical", "cover", "near", "phrase", "dense", "match", "sharp", "sharp_near", "long_cover"}

// noteFolds is into how many parts the projects of notes are split for leaving out.
const noteFolds = 4

// columns are the features that the weights of that name are found for.
func columns(names []string, priors map[string]float64, of string) recalleval.Columns {
	use := recalleval.Columns{Turns: make([]bool, len(names)), Notes: make([]bool, len(names)), Positive: make([]bool, len(names))}
	for i, n := range names {
		use.Positive[i] = slices.Contains(positiveFeatures, n)
		_, prior := priors[n]
		if prior || of == "words" && (slices.Contains(vectorFeatures, n) || strings.HasPrefix(n, "long")) || of != "tokens" && slices.Contains(tokenFeatures, n) ||
			of == "tokens" && slices.Contains(idleFeatures, n) {
			continue
		}
		use.Turns[i] = n != "note" && n != "unnamed" && !strings.HasPrefix(n, "long")
		use.Notes[i] = slices.Contains(noteFeatures, n)
	}
	return use
}

// groups are the questions' candidates, described.
type groups struct {
	names                      []string
	dialogue, notes, documents []recalleval.Group
}

// describe leaves out the questions that vectors say nothing of, unless words alone are to decide.
func (s sets) describe(vectors bool) (g groups) {
	workers := runtime.GOMAXPROCS(0)
	g.names, g.dialogue = s.dialogue.Groups(now, candidates, 1, workers)
	_, g.notes = s.notes.Groups(now, candidates, notesWeight, workers)
	_, g.documents = s.documents.Groups(now, candidates, 1, workers)
	if vectors {
		g.notes, g.documents = hybridOnly(g.notes), hybridOnly(g.documents)
	}
	return g
}

// found is what is found by weights that did not learn from it: within the conversation or project, and over all.
type found struct {
	dialogue, notes, documents [2]recalleval.Tally
	weights                    *recalleval.Weights // learned from all
}

// leftOut fits for each conversation and part of the projects without it, and asks about it. What tells long memories from others
// is fitted to documents behind that, so that they change nothing else.
func (g *groups) leftOut(use recalleval.Columns) (f found) {
	o := recalleval.FitOptions{Workers: runtime.GOMAXPROCS(0)}
	use, long := g.apart(use)
	by := recalleval.CrossFit(g.dialogue, g.notes, 0, use, o)
	f.weights = recalleval.Refine(g.documents, by, long, o)[""]
	measure := func(of []recalleval.Group, by map[string]*recalleval.Weights) (t [2]recalleval.Tally) {
		t[0], t[1] = recalleval.Measure(of, func(p string) *recalleval.Weights { return by[p] })
		return t
	}
	f.dialogue = measure(g.dialogue, by)
	by = recalleval.CrossFit(g.notes, g.dialogue, noteFolds, use, o)
	f.notes = measure(g.notes, by)
	f.documents = measure(g.documents, recalleval.Refine(g.documents, by, long, o))
	return f
}

// apart splits the columns in those of all memories and those of long ones.
func (g *groups) apart(use recalleval.Columns) (all, long recalleval.Columns) {
	all, long = use, use
	all.Notes, long.Notes, long.Turns = slices.Clone(use.Notes), slices.Clone(use.Notes), make([]bool, len(use.Turns))
	for i, n := range g.names {
		is := strings.HasPrefix(n, "long")
		all.Notes[i], long.Notes[i] = use.Notes[i] && !is, use.Notes[i] && is
	}
	return all, long
}

// fit prints to w the figures of left-out conversations and projects, and returns the weights learned from all.
func fit(w io.Writer, name string, all sets, priors map[string]float64) model {
	g := all.describe(name != "words")
	f := g.leftOut(columns(g.names, priors, name))
	for _, of := range []struct {
		what  string
		tally [2]recalleval.Tally
	}{{"dialogue", f.dialogue}, {"notes", f.notes}, {"documents", f.documents}} {
		fmt.Fprintf(w, "%-7s %-9s within   %s\n%-7s %-9s over all %s\n", name, of.what, &of.tally[0], name, of.what, &of.tally[1])
	}
	return model{Bias: bias(g.dialogue, f.weights), Turns: named(g.names, f.weights.Turns), Notes: named(g.names, f.weights.Notes)}
}

// refine fits what tells long memories from others anew, to all documents, and prints to out what that finds in projects that were left
// out and without it. The other weights stay.
func (s sets) refine(out io.Writer, file *weightsFile) {
	workers := runtime.GOMAXPROCS(0)
	names, asked := s.documents.Groups(now, candidates, 1, workers)
	g, asked := groups{names: names}, hybridOnly(asked)
	for _, m := range []struct {
		name string
		of   *model
	}{{"hybrid", &file.Hybrid}, {"tokens", &file.Tokens}} { // words alone find less with them
		_, long := g.apart(columns(names, file.Priors, m.name))
		base := recalleval.Weights{Turns: make([]float64, len(names)), Notes: make([]float64, len(names))}
		for i, n := range names {
			base.Turns[i] = m.of.Turns[n]
			if !long.Notes[i] {
				base.Notes[i] = m.of.Notes[n]
			}
		}
		by := recalleval.Refine(asked, map[string]*recalleval.Weights{"": &base}, long, recalleval.FitOptions{})
		for _, w := range []struct {
			what string
			of   func(string) *recalleval.Weights
		}{{"without", func(string) *recalleval.Weights { return &base }}, {"with", func(p string) *recalleval.Weights { return by[p] }}} {
			within, pooled := recalleval.Measure(asked, w.of)
			fmt.Fprintf(out, "%-7s documents %-7s within   %s\n%-7s documents %-7s over all %s\n", m.name, w.what, &within, m.name, w.what, &pooled)
		}
		m.of.Notes = named(names, by[""].Notes)
	}
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
