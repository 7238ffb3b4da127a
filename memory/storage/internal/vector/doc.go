// Package vector finds the nearest of many unit vectors with FAISS. An Index maps ids of the caller's choosing,
// dense row numbers of the catalogue, to vectors, and answers the k nearest to a query, among all or among a
// selection. It knows nothing of memories.
//
// An Index is derived data: it can be built anew from the vectors' bytes, and a sealed snapshot (WriteSnapshot) only
// saves that time.
//
// # Kinds
//
// A few thousand vectors are held as float32 (Flat). From there on an index holds codes, and reads full vectors from the
// caller (Options.Source) for the few rows that may belong into an answer:
//
//	kind    from      memory a vector, 768 dimensions    a search looks at
//	Flat    0         3,072 + 12 bytes                   every vector
//	SQ8     12,000      772 + 12                         every code
//	SQ4     16,000      388 + 12                         every code
//	IVFPQ  160,000      388 + 12 + 80                    accurate: every code; otherwise: 320 or 768 of 4,096 lists
//
// and 2.4 MB for a rotation, 15.7 MB for the lists' centroids. Limits moves the limits. Going back happens below three
// quarters of a limit, so that an index that hovers about one is not rebuilt time and again. HNSW is left out: its links
// take as much as the codes, a selection ruins what it finds, and it cannot forget a vector. A GPU is not used.
//
// The limits come from TestScale (synthetic vectors of 768 dimensions, k = 10, two threads of an AMD EPYC at 2.6 GHz; full
// vectors from memory, where RocksDB would take 10 µs for each that is read):
//
//	vectors    kind   memory    p50 ms  fast / balanced / accurate    full vectors    reading all codes
//	   12,000  SQ8     11.8 MB  0.9     / 1.0           / 0.6          26 to 26         0.4 ms
//	  100,000  SQ4     42.9 MB  2.1     / 2.5           / 3.1          26 to 111        0.7 ms
//	1,000,000  IVFPQ  489.6 MB  3.6     / 6.9           / 12.4         26 to 167       11.0 ms
//
// The 95th percentiles of the million are 4.6, 7.7 and 20 ms; fast finds .968 and balanced .998 of the nearest, accurate
// all. Flat takes 8 ms for 100,000 in 307 MB: SQ8 begins where Flat would pass 40 MB, SQ4 where the half of the bytes read saves
// more than the full vectors cost that an exact answer reads more of (of 47,000, a look at SQ8 takes 2.4 ms of processor time and
// 16 full vectors, at SQ4 1.9 and 42, and 1.7 for 2.4 in fast mode), and IVFPQ where a look at every code begins to be what a fast
// answer takes. There an answer over all codes takes 3 ms, and there are vectors
// enough, 39 a list, to train 4,096 lists. A million are trained and entered in three minutes on one thread, with answers
// delayed by no more than 46 ms meanwhile, and open from a snapshot of 484 MB in 2.1 s.
//
// # Exactness
//
// In Accurate mode the answer is exact for every kind. Vectors are rotated at random and coded on a fixed grid by FAISS's
// scalar quantiser. A code comes with a scale that makes its estimate of a similarity unbiased, and the index knows how
// far an estimate can be wrong: see margin. Rows whose estimate is too low by more than that are out, the others are ranked
// by their full vectors. The k best estimates are read first: the k-th similarity then known is a bound twice as narrow as
// the k-th estimate, and each row is held against it with a margin of its own, as its code tells how far it lies from its
// vector. For SQ8 the bound is certain. For SQ4 it holds unless a random rotation has a chance of less than 3e-18 for each
// vector of the answer, whatever the vectors are. Balanced and Fast take smaller margins, look at fewer full vectors, and
// with IVFPQ at fewer lists.
//
// A selection never hides a match in Accurate mode. In the others, selections of less than an eighth of the rows are
// searched without lists, and the number of lists grows as the selected share falls.
//
// # Changes
//
// A change shows in every answer given after it. Rows of codes are added, overwritten and removed in place, by moving the
// last into the gap. Inverted lists only grow: rows put since they were built are fresh, looked at one by one and entered
// into the lists by the thousand; entries of rows that changed or went are stale and dropped when met, and when they are
// a quarter of the lists these are built anew. After growing fourfold they are trained anew.
//
// Going to another kind and building lists happen on a goroutine of their own with a thread of low priority, beside the
// index that goes on answering, with a log of what changes meanwhile; the exchange takes a few milliseconds. A snapshot
// written meanwhile is of the old kind, and so is what a crash leaves. Lists are trained on codes and need no full
// vector; other conversions read the full vectors from the Source.
//
// # FAISS
//
// Flat indexes are made, filled and freed through go-faiss. What it does not offer (search with SearchParameters,
// changing rows in place, scalar quantisers, clustering and product quantisers from codes) is in small C++ shims of ours over
// FAISS's classes. go-faiss keeps the C pointer of an index in an unexported field and has no accessor; handle reads that field
// by reflection, which needs no unsafe conversion, and New fails with a clear error should the field ever have another
// form. Exceptions of C++ become errors.
//
// The scan over codes is ours: FAISS decodes each component to a float where a query packed to bytes can be multiplied
// with the codes as they are. So are the inverted lists (panes.h): a list's codes lie across, 64 entries beside one another, so
// that one instruction looks up a byte of each in a table of bytes (AVX-512 VBMI), or a few do (AVX2), where FAISS's
// IndexIVFPQ fetches floats one by one. Snapshots hold lists entry by entry, whatever reads them. Looking into 320 of 4,096
// lists of 244 takes .28 of the time that FAISS takes, choosing the lists included, and 768 .29; .56 and .51 with AVX2, and as
// long without either (BenchmarkLists).
//
// # Threads
//
// A Pool bounds how many calls into FAISS run at once. Each runs on the goroutine that makes it, which keeps its operating-system
// thread meanwhile, or on the background's: the thread is told to start no others (libgomp keeps that, and a team, by thread), and go-faiss
// asks for the text of an error in a second call, which must come from the same thread. A long search is cut into blocks of rows that
// as many goroutines share, so that OpenMP has nothing to do: its teams would spin for milliseconds after each search
// unless OMP_WAIT_POLICY were set before the process starts, as libgomp reads it when it is loaded.
package vector
