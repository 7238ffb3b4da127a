package rank

import (
	"fmt"
	"slices"
)

// Stage is a part of the ranking that can be switched off.
type Stage string

// The stages. What is known about a memory besides its text (importance, use, trust …) is none: it is always on.
const (
	StageWords      Stage = "words"      // words of the question in the memory, with what it borrows
	StageNeighbours Stage = "neighbours" // what stands before and behind it in its conversation
	StagePhrases    Stage = "phrases"    // words of the question one behind the other
	StageVectors    Stage = "vectors"    // nearness in meaning, its own and its neighbours'
	StageTokens     Stage = "tokens"     // nearness in meaning of single words
	StageEpisodes   Stage = "episodes"   // the conversation that it comes from, where there are no tokens
	StagePeople     Stage = "people"     // persons named
	StageTimes      Stage = "times"      // dates and words of time
	StageShape      Stage = "shape"      // what the text shows at a glance: questions, names, numbers, length
)

var stageFeatures = map[Stage][]feature{
	StageWords:      {fLexical, fOwn, fCover, fLongCover},
	StageNeighbours: {fNear, fOwnBefore, fOwnBehind, fDenseBefore, fDenseBehind, fNearDense, fMatchBefore, fMatchBehind},
	StagePhrases:    {fPhrase},
	StageVectors:    {fDense, fDenseBefore, fDenseBehind, fNearDense, fEpisodeDense, fLongDense},
	StageTokens:     {fMatch, fLongMatch, fMatchBest, fMatchBefore, fMatchBehind, fSharp, fSharpNear},
	StageEpisodes:   {fEpisode, fEpisodeDense},
	StagePeople:     {fSpeaker, fPresent, fUnnamed},
	StageTimes:      {fDate, fWhen},
	StageShape:      {fAsks, fFirst, fName, fNameAsked, fCount, fQuote, fShort, fLength},
}

// Stages returns all stages, in the order in which the package's comment tells of them.
func Stages() []Stage {
	return []Stage{StageWords, StageNeighbours, StagePhrases, StageVectors, StageTokens, StageEpisodes, StagePeople, StageTimes, StageShape}
}

// Features returns the names of the features that go with the stage.
func (s Stage) Features() []string {
	var out []string
	for _, f := range stageFeatures[s] {
		out = append(out, featureNames[f])
	}
	return out
}

// switchOff takes the weight of all features of the stages.
func (m *models) switchOff(stages []Stage) error {
	for _, s := range stages {
		fs, ok := stageFeatures[s]
		if !ok {
			return fmt.Errorf("rank: no stage %q; there are %q", s, Stages())
		}
		for _, v := range []*vector{&m.tokens.turns, &m.tokens.notes, &m.hybrid.turns, &m.hybrid.notes, &m.words.turns, &m.words.notes} {
			for _, f := range fs {
				v[f] = 0
			}
		}
	}
	return nil
}

// stageSet are stages that take no part.
type stageSet []Stage

func (s stageSet) has(stage Stage) bool { return slices.Contains(s, stage) }
