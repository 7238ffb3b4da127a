// Package recalleval measures recall: it loads sets of memories and questions whose answers are known, runs questions
// through the index and a ranker as the store does, and counts how much of the evidence comes back.
//
// The sets are LoCoMo's long dialogues, read from a folder outside the repository and never copied into it, and the
// notes, decisions and documents of agents under testdata. A stage of ranking that helps one must not hurt the other.
package recalleval
