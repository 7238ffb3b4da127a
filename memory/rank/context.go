package rank

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// episodeGap is the silence that ends an episode.
const episodeGap = time.Hour

// reach is how many neighbours on either side lend what they score.
const reach = 4

// Shares of the neighbours before and behind, nearest first; as in the index, an answer follows what it answers.
var (
	before = [reach]float64{.8, .4, .2, .1}
	behind = [reach]float64{.4, .2, .1, .1}
)

// scene is the order in which candidates stand in their conversations.
type scene struct {
	order    []int // indexes of candidates by project, session and time
	position []int // of each candidate in order
	episode  []int // number of each position's episode
	count    int   // episodes
}

// stage puts candidates into scenes: an episode is a run of one project and session without a long silence.
func stage(cs []memory.Candidate) scene {
	s := scene{order: make([]int, len(cs)), position: make([]int, len(cs)), episode: make([]int, len(cs))}
	at := make([]time.Time, len(cs))
	for i := range cs {
		s.order[i] = i
		at[i] = cs[i].Memory.At()
	}
	slices.SortFunc(s.order, func(i, j int) int {
		a, b := cs[i].Memory, cs[j].Memory
		return cmp.Or(strings.Compare(a.Project, b.Project), strings.Compare(a.Session, b.Session), at[i].Compare(at[j]),
			strings.Compare(string(a.ID), string(b.ID)))
	})
	for p, i := range s.order {
		s.position[i] = p
		if p > 0 {
			j := s.order[p-1]
			a, b := cs[j].Memory, cs[i].Memory
			if a.Project != b.Project || a.Session != b.Session || at[i].Sub(at[j]) > episodeGap {
				s.count++
			}
		}
		s.episode[p] = s.count
	}
	s.count++
	return s
}

// near adds up what the neighbours of each position score, by their shares; values are by position.
func (s *scene) near(values []float64) []float64 {
	out := make([]float64, len(values))
	for p := range values {
		for k := 1; k <= reach; k++ {
			if q := p - k; q >= 0 && s.episode[q] == s.episode[p] {
				out[p] += before[k-1] * values[q]
			}
			if q := p + k; q < len(values) && s.episode[q] == s.episode[p] {
				out[p] += behind[k-1] * values[q]
			}
		}
	}
	return out
}

// beside is how far best looks.
const beside = 2

// best returns the largest value of each position and its neighbours.
func (s *scene) best(values []float64) []float64 {
	out := make([]float64, len(values))
	for p := range values {
		for q := max(0, p-beside); q <= min(p+beside, len(values)-1); q++ {
			if s.episode[q] == s.episode[p] {
				out[p] = max(out[p], values[q])
			}
		}
	}
	return out
}

// bestOf returns, for each episode, the mean of its three best values; missing ones count as 0.
func (s *scene) bestOf(values []float64) []float64 {
	top := make([][3]float64, s.count)
	for p, v := range values {
		t := &top[s.episode[p]]
		switch {
		case v > t[0]:
			t[0], t[1], t[2] = v, t[0], t[1]
		case v > t[1]:
			t[1], t[2] = v, t[1]
		case v > t[2]:
			t[2] = v
		}
	}
	out := make([]float64, s.count)
	for e, t := range top {
		out[e] = (t[0] + t[1] + t[2]) / 3
	}
	return out
}

// people returns, for each candidate, which share of the persons named it is about: of a turn, those who speak in its
// episode; of a note, those whom it mentions. Persons are known from the turns among the candidates; anyone says
// whether one is named.
func (s *scene) people(cs []memory.Candidate, ts []traits, q *question) (shares []float64, anyone bool) {
	out := make([]float64, len(cs))
	named := map[string]bool{}
	for i := range ts {
		if sp := ts[i].speaker; sp != "" && !named[sp] && q.names(sp) {
			named[sp] = true
		}
	}
	if len(named) == 0 {
		return out, false
	}
	type seen struct {
		episode int
		name    string
	}
	met, share := map[seen]bool{}, make([]float64, s.count)
	for p, i := range s.order {
		k := seen{s.episode[p], ts[i].speaker}
		if named[k.name] && !met[k] {
			met[k] = true
			share[k.episode] += 1 / float64(len(named))
		}
	}
	for i := range cs {
		if ts[i].speaker != "" {
			out[i] = share[s.episode[s.position[i]]]
			continue
		}
		text := strings.ToLower(clip(cs[i].Memory.Content))
		for name := range named {
			if strings.Contains(text, name) {
				out[i] += 1 / float64(len(named))
			}
		}
	}
	return out, true
}
