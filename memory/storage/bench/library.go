package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// Space is the embedding space of the vectors.
const Space = "bench"

const (
	vocabulary = 200_000
	directions = 400
	sessionLen = 20 // memories a session
	ownWords   = 7  // of a cluster, in a text
	topicWords = 60 // that a cluster has
)

// library makes memories, vectors and questions from their numbers. It is immutable.
type library struct {
	seed     uint64
	centres  [][]float32
	atoms    [][]float32
	noise    []float32
	clusters []float64 // weights, added up
	zipf     []float64 // of the words, added up
	begin    time.Time
}

func newLibrary(seed uint64, clusters int) *library {
	r := rand.New(rand.NewPCG(seed, 77))
	l := &library{seed: seed, begin: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
	for range clusters {
		l.centres = append(l.centres, randomUnit(r))
	}
	for range directions {
		l.atoms = append(l.atoms, randomUnit(r))
	}
	l.noise = make([]float32, 1<<16+memory.Dim)
	for i := range l.noise {
		l.noise[i] = float32(r.NormFloat64() / math.Sqrt(memory.Dim))
	}
	l.clusters, l.zipf = harmonic(clusters, 0), harmonic(vocabulary, 2)
	return l
}

// harmonic adds up the weights 1/(i+1+shift).
func harmonic(n int, shift float64) []float64 {
	out := make([]float64, n)
	sum := 0.0
	for i := range out {
		sum += 1 / (float64(i) + 1 + shift)
		out[i] = sum
	}
	return out
}

func draw(r *rand.Rand, weights []float64) int {
	i, _ := slices.BinarySearch(weights, r.Float64()*weights[len(weights)-1])
	return min(i, len(weights)-1)
}

func randomUnit(r *rand.Rand) []float32 {
	v := make([]float32, memory.Dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return unit(v)
}

func unit(v []float32) []float32 {
	var sum float64
	for _, c := range v {
		sum += float64(c) * float64(c)
	}
	s := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= s
	}
	return v
}

// of returns the source of everything random about memory n.
func (l *library) of(n int, what uint64) *rand.Rand {
	return rand.New(rand.NewPCG(l.seed^uint64(n)<<8, what))
}

func (l *library) cluster(n int) int { return draw(l.of(n, 1), l.clusters) }

// vector is about half the centre of the memory's cluster, a third some directions, and noise.
func (l *library) vector(n int) []float32 {
	return l.mix(l.of(n, 2), l.centres[l.cluster(n)], 0.5, 0.35, 0.15)
}

// ask is a vector near that of memory n, as a question is near what it asks for.
func (l *library) ask(n int, what uint64) []float32 {
	return l.mix(l.of(n, what), l.vector(n), 0.55, 0.3, 0.15)
}

func (l *library) mix(r *rand.Rand, base []float32, baseShare, atomShare, noiseShare float64) []float32 {
	v := make([]float32, memory.Dim)
	noise := l.noise[r.IntN(1<<16):]
	a, b := float32(math.Sqrt(baseShare)), float32(math.Sqrt(noiseShare))
	for i := range v {
		v[i] = a*base[i] + b*noise[i]
	}
	for range 6 {
		w := float32(math.Sqrt(atomShare/6) * (0.5 + r.Float64()))
		for i, x := range l.atoms[r.IntN(directions)] {
			v[i] += w * x
		}
	}
	return unit(v)
}

// word spells the i-th most frequent word; short words are frequent.
func word(i int) string {
	const first, second = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	for i += 5; ; {
		b.WriteByte(first[i%len(first)])
		i /= len(first)
		b.WriteByte(second[i%len(second)])
		i /= len(second)
		if i == 0 {
			break
		}
	}
	b.WriteByte('x') // no stemmer takes it for an ending
	return b.String()
}

// topic is a word of cluster c.
func topic(c int, r *rand.Rand) string {
	return word((c*topicWords+r.IntN(topicWords))%(vocabulary-300) + 300)
}

// words are those of memory n, in order.
func (l *library) words(n int) []string {
	r, c := l.of(n, 3), l.cluster(n)
	out := make([]string, 0, 24)
	for range 9 + r.IntN(8) {
		out = append(out, word(draw(r, l.zipf)))
	}
	for range ownWords {
		out = append(out, topic(c, r))
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (l *library) memory(n int) memory.Memory {
	session := n / sessionLen
	text := strings.Join(l.words(n), " ") + fmt.Sprintf(" item%d", n)
	if session%2 == 0 {
		text = []string{"Ada", "Grace", "Alan", "Edsger"}[(session+n)%2+session/2%2*2] + ": " + text
	}
	at := l.begin.Add(time.Duration(session)*3*time.Hour + time.Duration(n%sessionLen)*time.Minute)
	m := memory.Memory{
		ID: memory.NewID(), Content: text, Kind: "note", Scope: scope.Project, Project: fmt.Sprint("project-", l.cluster(n)%50),
		Session: fmt.Sprint("session-", session), Author: "ada", Client: "bench", Trust: memory.TrustAgent, State: memory.Active,
		Version: 1, Confidence: .8, CreatedAt: at, UpdatedAt: at, Tags: []string{fmt.Sprint("topic-", l.cluster(n)%200)},
	}
	if n%50 == 7 { // some are PRIVATE and so in an index of their own
		m.Scope = scope.Private
	}
	return m
}

func (l *library) bulk(n int) storage.Bulk {
	return storage.Bulk{Memory: l.memory(n), Vectors: []memory.Vector{{Space: Space, Version: 1, Values: l.vector(n)}}}
}

// question asks for memory n: some of its words, frequent ones among them, and some that are not its own.
func (l *library) question(n int, what uint64) string {
	r := l.of(n, what)
	own := l.words(n)
	out := []string{word(r.IntN(20)), word(draw(r, l.zipf))}
	for _, i := range r.Perm(len(own))[:min(5, len(own))] {
		out = append(out, own[i])
	}
	return "what about " + strings.Join(out, " ")
}
