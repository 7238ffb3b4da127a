// Package vector finds the nearest of many unit vectors with FAISS. An Index maps ids of the caller's choosing,
// dense row numbers of the catalogue, to vectors, and answers the k nearest to a query, among all or among a
// selection. It knows nothing of memories.
//
// The vectors of a Flat index are held once, as float32, and searched exactly: a selection never hides a match. An
// Index is derived data: it can be built anew from the vectors' bytes, and a sealed snapshot (WriteSnapshot) only
// saves that time.
//
// # FAISS
//
// Indexes are made, filled and freed through go-faiss. What it does not offer (search with SearchParameters,
// changing rows in place) is in a small C++ shim of ours that takes the same FAISS index. go-faiss keeps the C
// pointer of an index in an unexported field and has no accessor; handle reads that field by reflection, which needs
// no unsafe conversion, and New fails with a clear error should the field ever have another form. Exceptions of C++
// become errors.
//
// FAISS numbers rows by position, and the Index keeps the ids. Removing a row moves the last one into its place, so
// that it costs one vector's copy where FAISS's own IDMap2 would copy half the index.
//
// # Threads
//
// Every call into FAISS runs on one of the few goroutines of a Pool, each locked to its operating-system thread:
// libgomp keeps a team of threads for every thread that calls it, and go-faiss asks for the text of an error in
// a second call, which must come from the same thread. A long search is cut into blocks of rows that the pool's
// goroutines share, so that OpenMP has nothing to do: its teams would spin for milliseconds after each search
// unless OMP_WAIT_POLICY were set before the process starts, as libgomp reads it when it is loaded.
package vector
