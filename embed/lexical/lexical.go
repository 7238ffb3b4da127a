// Package lexical makes vectors out of the terms of a text by signed feature hashing: texts that share words lie
// close, with no model to load. It stands beside a sentence encoder, which knows meanings but blurs names, numbers
// and identifiers; it is also an embedder of its own where no model is at hand.
package lexical

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Dim is the number of dimensions of a vector.
const Dim = 384

// version is part of Space and changes with anything that moves vectors.
const version = 1

// Weights of the features of a term, before the term's own weight. The parts of a word make "Postgres" and
// "PostgreSQL", or a misspelling, meet; they must not outweigh the word.
const (
	partLength = 4    // characters of a part
	partShare  = 0.35 // length of the vector of a word's parts, with its word's as the unit
	maxParts   = 16   // parts of one word that count
)

// Options configure an Embedder. Terms is required.
type Options struct {
	Terms        func(text string) []string // splits a text; must be safe for concurrent use
	TermsVersion int                        // names the rules of Terms: part of Space; 0 means 1
}

// Embedder hashes terms to vectors. It is safe for concurrent use.
type Embedder struct {
	terms func(string) []string
	space string
}

// New returns an Embedder. It fails when o.Terms is missing.
func New(o Options) (*Embedder, error) {
	if o.Terms == nil {
		return nil, errors.New("lexical: Options.Terms is missing")
	}
	return &Embedder{
		terms: o.Terms,
		space: "lexical/" + strconv.Itoa(version) + "." + strconv.Itoa(max(o.TermsVersion, 1)),
	}, nil
}

// Dim returns the dimensions of a vector: 384.
func (e *Embedder) Dim() int { return Dim }

// Space returns the name of the vectors' space.
func (e *Embedder) Space() string { return e.space }

// Embed returns the unit vector of each text, in order. A text without terms gets the same vector as every other such
// text, which is all but orthogonal to those with terms.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		vectors[i] = vector(e.terms(text))
	}
	return vectors, nil
}

// vector sums the features of the distinct terms, each weighted by 1 + ln(times it occurs).
func vector(terms []string) []float32 {
	counts := make(map[string]int, len(terms))
	order := make([]string, 0, len(terms)) // sums depend on their order in the last digits
	for _, t := range terms {
		if counts[t] == 0 {
			order = append(order, t)
		}
		counts[t]++
	}
	if len(order) == 0 {
		order = append(order, "") // never a term
		counts[""] = 1
	}
	v := make([]float32, Dim)
	for _, t := range order {
		addTerm(v, t, 1+math.Log(float64(counts[t])))
	}
	if !normalise(v) { // features that cancel to nothing
		clear(v)
		addTerm(v, "", 1)
		normalise(v)
	}
	return v
}

// addTerm adds the features of one term. Each feature touches two dimensions, so that a single collision neither
// makes two words the same nor wipes one out.
func addTerm(v []float32, term string, weight float64) {
	addFeature(v, hash('w', term), weight)
	parts := partsOf(term)
	if len(parts) == 0 {
		return
	}
	share := weight * partShare / math.Sqrt(float64(len(parts)))
	for _, p := range parts {
		addFeature(v, hash('p', p), share)
	}
}

func addFeature(v []float32, h uint64, weight float64) {
	for range 2 {
		i := h >> 1 % Dim
		if h&1 == 0 {
			v[i] += float32(weight)
		} else {
			v[i] -= float32(weight)
		}
		h = mix(h + 0x9E3779B97F4A7C15)
	}
}

// partsOf returns the overlapping parts of a word of more than partLength characters, its ends marked. Numbers have
// none: 2023 is no misspelling of 2024.
func partsOf(term string) []string {
	if utf8.RuneCountInString(term) <= partLength || strings.ContainsAny(term, "0123456789") {
		return nil
	}
	runes := []rune("^" + term + "$")
	var parts []string
	for i := 0; i+partLength <= len(runes) && len(parts) < maxParts; i++ {
		parts = append(parts, string(runes[i:i+partLength]))
	}
	return parts
}

// hash is FNV-1a over the kind and the feature, mixed so that every bit depends on all of them.
func hash(kind byte, s string) uint64 {
	const prime = 0x100000001B3
	h := (uint64(0xCBF29CE484222325) ^ uint64(kind)) * prime
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * prime
	}
	return mix(h)
}

// mix is the finaliser of SplitMix64.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
	h = (h ^ h>>27) * 0x94D049BB133111EB
	return h ^ h>>31
}

// normalise scales v to length one and reports whether it has a length.
func normalise(v []float32) bool {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum < 1e-12 {
		return false
	}
	inverse := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= inverse
	}
	return true
}
