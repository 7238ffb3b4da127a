package rank

import (
	"math"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// feature numbers what a candidate is judged by. Each is about in [0, 1].
type feature int

const (
	fLexical      feature = iota // BM25 with the neighbours' words, against the best
	fOwn                         // BM25 of its own words, against the best
	fCover                       // share of the question's words that it holds itself
	fNear                        // share of the question's words that it or its neighbours hold
	fPhrase                      // share of the question's pairs of words that it holds one behind the other
	fOwnBefore                   // fOwn of the memory before it in its conversation
	fOwnBehind                   // fOwn of the memory behind it
	fEpisode                     // fLexical of the three best of its episode
	fDense                       // cosine
	fDenseBefore                 // cosine of the memory before it in its conversation
	fDenseBehind                 // cosine of the memory behind it
	fNearDense                   // cosine of its neighbours
	fEpisodeDense                // cosine of the three best of its episode
	fMatch                       // its tokens are near the question's
	fMatchBest                   // fMatch against the best
	fMatchBefore                 // fMatch of the memory before it in its conversation
	fMatchBehind                 // fMatch of the memory behind it
	fSharp                       // some of them are very near
	fSharpNear                   // fSharp of the best of it and two neighbours on either side
	fSpeaker                     // said by a person whom the question names
	fPresent                     // the persons named speak in its episode
	fDate                        // from the time that the question speaks of
	fWhen                        // tells a time, and the question asks when
	fNote                        // is no turn
	fUnnamed                     // is no turn, and the question names nobody who speaks
	fLong                        // is longer than what its vector sees at once
	fLongCover                   // fCover of such a one
	fLongDense                   // fDense of such a one, which is the mean over its parts
	fLongMatch                   // fMatch of such a one, which is that of its best part
	fAsks                        // is itself a question
	fFirst                       // tells of the one who speaks
	fName                        // names something
	fNameAsked                   // names something, and the question asks for a name
	fCount                       // holds a number, and the question asks how many
	fQuote                       // quotes something
	fShort                       // has hardly any words
	fLength                      // logarithm of its words
	fProject                     // belongs to the caller's project
	fRecent                      // newer
	fLatest                      // newer, and the question asks for the newest state
	fImportance                  // as stated
	fPinned                      // pinned
	fUsed                        // came back before
	fUntrusted                   // from tools, imports or other people
	fRepeated                    // little but repetition
	numFeatures
)

var featureNames = [numFeatures]string{
	"lexical", "own", "cover", "near", "phrase", "own_before", "own_behind", "episode", "dense", "dense_before",
	"dense_behind", "near_dense", "episode_dense", "match", "match_best", "match_before", "match_behind", "sharp", "sharp_near", "speaker",
	"present", "date", "when", "note", "unnamed", "long", "long_cover", "long_dense", "long_match", "asks", "first_person", "name", "name_asked", "count", "quote", "short", "length",
	"project", "recent", "latest", "importance", "pinned", "used", "untrusted", "repeated",
}

// vector is a candidate's features.
type vector [numFeatures]float64

// shortWords is up to how many words a memory is hardly more than an interjection.
const shortWords = 8

// usualLength is the logarithm of a turn's usual length, 20 words. What tells turns apart is measured from the usual
// one, so that being a turn neither lifts nor lowers a memory beside notes.
const usualLength = 3

// longBytes is how long a memory is of which the embedder sees only parts at once.
const longBytes = 1000

// memoryHalf is the age at which fRecent has halved.
const memoryHalf = 45 * 24 * time.Hour

// described is candidates with their features.
type described struct {
	q   *question
	cs  []memory.Candidate
	off stageSet
	vs  []vector
	ts  []traits
	// texts are what was not read word by word yet: their features lack what that tells.
	texts []string
}

// describe turns candidates into features, but for what read adds. now may be zero; then nothing counts as recent.
// The stages in off are left out where that saves time.
func describe(q *question, rq *memory.RankQuery, cs []memory.Candidate, off stageSet) *described {
	vs, ts, texts := make([]vector, len(cs)), make([]traits, len(cs)), make([]string, len(cs))
	for i := range cs {
		ts[i], texts[i] = glance(cs[i].Memory)
	}
	s := stage(cs)
	words(vs, cs, q)
	if !off.has(StageNeighbours) {
		s.neighbours(vs)
	}
	if !off.has(StageEpisodes) {
		s.episodes(vs)
	}
	if !off.has(StageTokens) {
		tokens(vs, cs, q, &s)
	}
	people, anyone := make([]float64, len(cs)), false
	if !off.has(StagePeople) {
		people, anyone = s.people(cs, ts, q)
	}
	for i := range cs {
		v, t, m := &vs[i], &ts[i], cs[i].Memory
		v[fPresent] = people[i]
		v[fNote], v[fUnnamed] = flag(t.speaker == ""), flag(t.speaker == "" && !anyone)
		v[fSpeaker] = flag(q.names(t.speaker))
		for _, p := range q.times {
			v[fDate] = max(v[fDate], p.match(m.At()))
		}
		seen(v, t)
		known(v, &cs[i], q, rq)
	}
	return &described{q, cs, off, vs, ts, texts}
}

// sees says whether c has a vector that says something to this question.
func (q *question) sees(c *memory.Candidate) bool { return c.HasVector && !q.mute(c) }

// words sets the features of the two sources. Of a candidate without a vector that says something its neighbours take it to be
// as near as the middle of the others.
func words(vs []vector, cs []memory.Candidate, q *question) {
	var lexical, own, dense float64
	vectors := 0
	for i := range cs {
		lexical, own = max(lexical, cs[i].Lexical), max(own, cs[i].Own)
		if q.sees(&cs[i]) {
			dense += cs[i].Dense
			vectors++
		}
	}
	if vectors > 0 {
		dense /= float64(vectors)
	}
	for i := range cs {
		v, c := &vs[i], &cs[i]
		v[fLexical], v[fOwn], v[fCover], v[fNear] = share(c.Lexical, lexical), share(c.Own, own), c.Cover, c.Near
		v[fOwnBefore], v[fOwnBehind] = min(share(c.Before.Own, own), 1), min(share(c.Behind.Own, own), 1)
		v[fDenseBefore], v[fDenseBehind] = c.Before.Dense, c.Behind.Dense
		v[fDense] = dense
		if q.sees(c) {
			v[fDense] = c.Dense
		}
	}
}

// tells says whether c has tokens that say something to this question.
func (q *question) tells(c *memory.Candidate) bool { return c.HasTokens && !q.mute(c) }

// allTell says whether each of cs is judged by its tokens.
func (q *question) allTell(cs []memory.Candidate) bool {
	for i := range cs {
		if !q.sees(&cs[i]) || !q.tells(&cs[i]) {
			return false
		}
	}
	return true
}

// tokens sets what the comparison of tokens says of the candidates and of those beside them.
func tokens(vs []vector, cs []memory.Candidate, q *question, s *scene) {
	sharp, best := make([]float64, len(cs)), 0.0
	for p, i := range s.order {
		if c, v := &cs[i], &vs[i]; q.tells(c) {
			v[fMatch], v[fMatchBefore], v[fMatchBehind] = c.Match, c.Before.Match, c.Behind.Match
			v[fSharp], sharp[p] = c.Sharp, c.Sharp
			best = max(best, c.Match)
		}
	}
	for p, near := range s.best(sharp) {
		v := &vs[s.order[p]]
		v[fMatchBest], v[fSharpNear] = share(v[fMatch], best), near
	}
}

// neighbours sets what a candidate has from its neighbours.
func (s *scene) neighbours(vs []vector) {
	for p, near := range s.near(s.values(vs, fDense)) {
		vs[s.order[p]][fNearDense] = near
	}
}

// episodes sets what a candidate has from its episode.
func (s *scene) episodes(vs []vector) {
	lexical, dense := s.bestOf(s.values(vs, fLexical)), s.bestOf(s.values(vs, fDense))
	for p, i := range s.order {
		vs[i][fEpisode], vs[i][fEpisodeDense] = lexical[s.episode[p]], dense[s.episode[p]]
	}
}

// values returns a feature of each position.
func (s *scene) values(vs []vector, f feature) []float64 {
	out := make([]float64, len(vs))
	for p, i := range s.order {
		out[p] = vs[i][f]
	}
	return out
}

// seen sets what the text shows at a glance. What tells turns of a conversation apart says nothing about notes.
func seen(v *vector, t *traits) {
	v[fAsks] = flag(t.asks)
	switch {
	case t.speaker != "":
		v[fQuote] = flag(t.quote)
	case t.long:
		v[fLong], v[fLongCover], v[fLongDense], v[fLongMatch] = 1, v[fCover], v[fDense], v[fMatch]
	}
}

// asked is the question if a memory may hold phrases of it: without a word of it there are none.
func (d *described) asked(i int) *question {
	if d.cs[i].Cover == 0 || d.off.has(StagePhrases) {
		return nil
	}
	return d.q
}

// read reads the text of a candidate word by word, and sets what that tells.
func (d *described) read(i int) {
	v, t, q := &d.vs[i], &d.ts[i], d.q
	t.read(d.texts[i], d.asked(i))
	v[fWhen] = flag(q.when && (t.class&timeWord != 0 || t.digits))
	v[fCount] = flag(q.count && (t.class&countWord != 0 || t.digits))
	v[fNameAsked] = flag(q.entity && t.name)
	v[fPhrase], v[fRepeated] = t.phrases, flag(t.repeated)
	if t.speaker == "" {
		return
	}
	v[fFirst] = flag(t.class&firstWord != 0) - .5
	v[fName] = flag(t.name)
	v[fShort] = flag(t.words <= shortWords)
	v[fLength] = lengthOf(t.words)
}

func lengthOf(words int) float64 { return (math.Log1p(float64(words)) - usualLength) / 4 }

// most is what a candidate scores at the most, whatever reading it tells.
func (d *described) most(i int, m *model) float64 {
	v, t, q, weights := d.vs[i], &d.ts[i], d.q, m.of(&d.ts[i])
	between := func(f feature, low, high float64) {
		v[f] = low
		if weights[f] > 0 {
			v[f] = high
		}
	}
	between(fWhen, 0, flag(q.when))
	between(fCount, 0, flag(q.count))
	between(fNameAsked, 0, flag(q.entity))
	between(fPhrase, 0, flag(d.asked(i) != nil))
	between(fRepeated, 0, 1)
	if t.speaker != "" {
		between(fFirst, -.5, .5)
		between(fName, 0, 1)
		between(fShort, 0, 1)
		between(fLength, lengthOf(0), lengthOf(len(d.texts[i])/2+1)) // between two words there is something
	}
	return m.logit(&v, t)
}

// known sets what is known about a memory besides its text. What a person or an agent states lifts a memory; what
// comes from elsewhere cannot lift itself.
func known(v *vector, c *memory.Candidate, q *question, rq *memory.RankQuery) {
	m := c.Memory
	v[fProject] = flag(rq.Project != "" && m.Project == rq.Project)
	if age := rq.Now.Sub(m.At()); !rq.Now.IsZero() && age < 40*memoryHalf {
		v[fRecent] = math.Exp2(-max(age, 0).Hours() / memoryHalf.Hours())
	}
	if m.Trust == memory.TrustUntrusted {
		v[fUntrusted] = 1
		return
	}
	if q.latest {
		v[fLatest] = v[fRecent]
	}
	v[fImportance] = m.Standing(c.LastUsed, rq.Now)
	v[fPinned] = flag(m.Pinned)
	v[fUsed] = math.Min(1, math.Log1p(float64(c.Uses))/4)
}

func share(v, best float64) float64 {
	if best <= 0 {
		return 0
	}
	return v / best
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Features returns what a Ranker judges the candidates of set by, one row each, under the names that a weights file
// uses, and which of them are turns of a conversation: for training.
func Features(q memory.RankQuery, set memory.CandidateSet) (names []string, rows [][]float64, turns []bool) {
	question := readQuestion(q.Text, q.Now)
	d := describe(&question, &q, set.Candidates, nil)
	rows, turns = make([][]float64, len(d.vs)), make([]bool, len(d.vs))
	for i := range d.vs {
		d.read(i)
		rows[i], turns[i] = d.vs[i][:], d.ts[i].speaker != ""
	}
	return featureNames[:], rows, turns
}
