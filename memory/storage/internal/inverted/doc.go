// Package inverted is the full-text and attribute index over all live memories, held in RAM.
//
// It answers three questions of the store: which memories a filter lets through (Select), which of those a question's
// words point to (Search and Score, BM25 with the words of neighbouring turns), and which hold every one of some
// words (MatchAll, for sealed memories that no full-text table of the database may see).
//
// The index is derived data. The store fills it on open from a sealed snapshot (View, Read) and what changed since, or
// from the term lists that it keeps beside each memory, and keeps it current with Put, SetState and Remove. Losing it
// costs the time to read those lists, never a memory.
//
// How far a search goes is its Effort: beyond a number of postings, words are not walked through any more but looked up
// for the memories that rarer ones propose.
//
// Of many documents frequent words are walked through in windows, all words of a question in one before the next (see
// windows.go); how rare they are is then taken from a sample.
//
// # Documents, rows and terms
//
// The store names a memory by its row, a small dense integer that never changes. Terms are opaque strings: whoever
// analyses text (stop words, stems, scripts without spaces) does so for memories and questions alike. Attributes
// (project, session, kind, tags) are kept as postings too, in a name space no term can reach.
//
// # Neighbours' words
//
// The answer to a question is often said in the turn after the one that holds the question's words. So the turns of
// one conversation, that is, of one project and session in the order of Doc.At, lend their body terms to each other,
// with less weight the further apart they stand; the bond breaks at a silence longer than Options.Gap. Only
// documents marked Doc.Turn lend and borrow at full strength; others do so by Options.NoteBond. Which turn may lend is
// decided by what says who may see a memory (scope and state in the filter), not by what is asked for (project,
// kind, tags, time): a turn outside the selection lends its words to one inside, a forgotten one or one of a scope
// that was not asked for does not.
//
// # Concurrency
//
// An Index is safe for concurrent use by any number of readers and writers. Writers are short (a Put of a turn takes
// some microseconds). Of many documents, dead ones are dropped by Compact, beside an index that goes on.
package inverted
