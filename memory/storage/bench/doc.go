// Package bench fills a store with made-up memories and measures how it answers, at several sizes on the way. The
// program's command bench runs it.
//
// The memories are made so that what costs time in a real store costs time here. Vectors lie in clusters of very
// unequal size, and within one where a few of some hundred directions lead; words follow Zipf's law over a large
// vocabulary, so that every question holds some that are in a large part of all memories; memories of a cluster share
// words; half of them are turns of conversations, which lend their words to their neighbours. Everything follows from
// a seed and a memory's number, so that nothing has to be kept to ask about it later.
package bench
