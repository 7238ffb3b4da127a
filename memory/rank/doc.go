// Package rank orders the memories that may answer a question. It implements memory.Ranker with pure functions: no
// clock, no state, no text or vector kept.
//
// Each candidate becomes a short list of features in about [0, 1]: how well its words and its neighbours' match, how
// near its vector is, whether the person asked about says it, whether its date is the date asked for, whether it is
// itself a question, and so on (features.go). A linear model weighs them, turns of conversations and other memories each by weights
// of their own. The weights are a reviewed file, weights.json, trained as a listwise softmax over questions with known answers; those no
// such data can teach (recency, importance, project, trust) are set by hand and small. Without vectors, or where the vectors are of
// a model that does not know the question's script, a second set of weights is used. Stages can be switched off (stage.go);
// MEASURED.md holds what each is worth. The texts of those candidates alone are read that may still come next (Ranker.Rank).
//
// What the text of a memory says can raise it only through words, vector, person and date, each of which is bounded.
// Trust never raises a memory; a text that is little but repetition falls; of an untrusted one each word counts once; and where an
// untrusted memory repeats a trusted one, the trusted one stands for both.
package rank
