// Package catalog keeps the record: one SQLite database, encrypted in SQLCipher 4 format, that is right when the
// other engines disagree with it. It knows rows, blobs and search terms; what a sealed blob holds it cannot know.
//
// # Writing
//
// Every change goes through DB.Write, which is a group commit: one goroutine owns the only writing connection, takes
// all requests that wait, runs them in one transaction, and commits them together with synchronous=FULL. The commit is
// the acknowledgement. A request that fails is undone alone; where it had changed something, the batch runs once more
// for that, each request under a savepoint. When the engine gives up the whole transaction (disk full, input or output
// error), each request is tried again in a transaction of its own, so that every caller learns what became of its own
// request. Functions passed to Tx.After run after the commit, in the order of the commits, and before Write returns.
//
// # Reading
//
// Reads use a few connections of their own, and see every write that was acknowledged before they began.
//
// # Confidentiality
//
// The data source name holds the key. It exists in this package alone and for the moment of a connect; no error
// and no log line carries it. Sealed records never reach the tables fts and tags.
package catalog
