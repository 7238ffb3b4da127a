package rank

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/memory"
)

// Options tunes a Ranker; its zero value works.
type Options struct {
	Weights []byte  // a weights file; nil means the one built in
	Off     []Stage // what takes no part; nil means that all do
}

// Ranker orders candidates. It holds no state: it is safe for concurrent use, and the same input gives the same order.
type Ranker struct {
	models models
	off    stageSet
}

var _ memory.Ranker = (*Ranker)(nil)

// New returns a Ranker. It fails only for a weights file that it cannot read.
func New(o Options) (*Ranker, error) {
	if o.Weights == nil {
		o.Weights = reviewedWeights
	}
	m, err := readWeights(o.Weights)
	if err != nil {
		return nil, err
	}
	if err := m.switchOff(o.Off); err != nil {
		return nil, err
	}
	return &Ranker{models: m, off: o.Off}, nil
}

// judged is a candidate on its way to a place.
type judged struct {
	index int
	logit float64
}

// evenOdds is ln 10. The models learn from questions with about a hundred candidates of which one is right, so that by
// themselves they call hardly any likely, while some ten are rivals in earnest; readers want to know how far one stands out.
const evenOdds = 2.3

// Rank returns at most q.Limit candidates of set, best first, each group of near-duplicates once. One that says
// something else of the same than one before it comes right behind that. Scores lie in (0, 1), a half being where a
// candidate is as likely right as not among equals. Ties go to the newer memory. The result shares memories' slices with set.
func (r *Ranker) Rank(q memory.RankQuery, set memory.CandidateSet) []memory.Ranked {
	cs := set.Candidates
	if len(cs) == 0 || q.Limit <= 0 {
		return nil
	}
	question := readQuestion(q.Text, q.Now)
	off := r.off
	if question.allTell(cs) {
		off = append(slices.Clip(off), StageEpisodes) // beside tokens it takes no part
	}
	d := describe(&question, &q, cs, off)
	// One whose vector is still to come is judged by its words: those of a store that was just filled would be behind any
	// that has a vector, however far away.
	model := func(i int) *model {
		switch c := &cs[i]; {
		case question.sees(c) && question.tells(c):
			return &r.models.tokens
		case question.sees(c):
			return &r.models.hybrid
		}
		return &r.models.words
	}
	out := make([]memory.Ranked, 0, min(q.Limit, len(cs)))
	groups := merge(d.ordered(model), cs, q.Limit, q.Apart)
	if !q.Loose {
		groups = oppose(groups, cs)
	}
	for _, g := range groups {
		ranked := memory.Ranked{Candidate: cs[g.shown], Score: squeeze(g.logit + evenOdds), Merged: g.merged, Differs: g.differs}
		if q.Explain {
			ranked.Why = explain(model(g.shown), &d.vs[g.shown], &d.ts[g.shown], &ranked)
		}
		out = append(out, ranked)
	}
	return out
}

// ordered yields the candidates best first. It reads the texts of those alone that may come next: reading changes a score within bounds,
// and what lies lower by more needs none. Who asks for a few reads a few (the threshold algorithm of Fagin, Lotem and Naor, 2003).
func (d *described) ordered(model func(int) *model) iter.Seq[judged] {
	first := func(a, b judged) int {
		x, y := d.cs[a.index].Memory, d.cs[b.index].Memory
		return cmp.Or(cmp.Compare(b.logit, a.logit), y.At().Compare(x.At()), strings.Compare(string(y.ID), string(x.ID)))
	}
	return func(yield func(judged) bool) {
		unread, read := make([]judged, len(d.cs)), make([]judged, 0, len(d.cs)) // by what they score at the most, by what they score
		for i := range unread {
			unread[i] = judged{i, d.most(i, model(i))}
		}
		slices.SortFunc(unread, first)
		for {
			for len(unread) > 0 && (len(read) == 0 || unread[0].logit >= read[0].logit) {
				i := unread[0].index
				unread = unread[1:]
				d.read(i)
				j := judged{i, model(i).logit(&d.vs[i], &d.ts[i])}
				at, _ := slices.BinarySearchFunc(read, j, first)
				read = slices.Insert(read, at, j)
			}
			if len(read) == 0 || !yield(read[0]) {
				return
			}
			read = read[1:]
		}
	}
}

// phrases says what a feature means to someone who reads why a memory came back.
var phrases = map[feature]string{
	fLexical:      "its words and its neighbours' match",
	fOwn:          "holds words of the question",
	fCover:        "holds most of the question's words",
	fLongCover:    "holds most of the question's words",
	fLongDense:    "is near in meaning",
	fLongMatch:    "a part of it means what the question asks for",
	fNear:         "it and its neighbours hold most of the question's words",
	fPhrase:       "holds words of the question one behind the other",
	fOwnBefore:    "follows what holds words of the question",
	fOwnBehind:    "is followed by what holds words of the question",
	fDenseBefore:  "follows what is near in meaning",
	fDenseBehind:  "is followed by what is near in meaning",
	fEpisode:      "comes from a conversation about this",
	fDense:        "is near in meaning",
	fNearDense:    "stands beside what is near in meaning",
	fEpisodeDense: "comes from a conversation near in meaning",
	fMatch:        "its words mean what the question's mean",
	fMatchBest:    "its words come nearest to what the question's mean",
	fMatchBefore:  "follows words that mean what the question's mean",
	fMatchBehind:  "is followed by words that mean what the question's mean",
	fSharp:        "some of its words mean what the question asks for",
	fSharpNear:    "stands beside words that mean what the question asks for",
	fSpeaker:      "said by the person asked about",
	fPresent:      "from a conversation with the person asked about",
	fDate:         "from the time asked about",
	fWhen:         "tells when",
	fNameAsked:    "gives a name",
	fCount:        "gives a number",
	fProject:      "belongs to this project",
	fRecent:       "is recent",
	fLatest:       "is the newer state",
	fImportance:   "is marked important",
	fPinned:       "is pinned",
	fUsed:         "was useful before",
}

// maxReasons bounds how many reasons explain gives.
const maxReasons = 5

// explain lists what spoke for a memory, the strongest first, and what should be known about it.
func explain(m *model, v *vector, t *traits, r *memory.Ranked) []string {
	type reason struct {
		text   string
		weight float64
	}
	var rs []reason
	weights := m.of(t)
	for f, text := range phrases {
		if w := weights[f] * v[f]; w > 0.05 {
			rs = append(rs, reason{text, w})
		}
	}
	slices.SortFunc(rs, func(a, b reason) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), strings.Compare(a.text, b.text))
	})
	var out []string
	for _, x := range rs[:min(len(rs), maxReasons)] {
		out = append(out, x.text)
	}
	if n := len(r.Merged); n > 0 {
		out = append(out, fmt.Sprintf("stands for %d that say the same", n))
	}
	if len(r.Differs) > 0 {
		out = append(out, "another result says something else of the same: compare the dates")
	}
	if !r.HasVector {
		out = append(out, "is not embedded yet: found by words")
	}
	if v[fUntrusted] > 0 {
		out = append(out, "comes from an untrusted source")
	}
	if t.repeated {
		out = append(out, "repeats itself, which lowers it")
	}
	return out
}
