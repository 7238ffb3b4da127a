package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/elderzan/elderzan/scope"
)

// Dim is the length of every vector in the store.
const Dim = 768

// TokenDim is how many numbers the direction of a token has.
const TokenDim = 64

// Tokens is what the tokens of a text mean in it. Zero where the embedder does not tell.
type Tokens struct {
	Rows  []int8   // of each token TokenDim whole numbers that point in its direction, the largest of them ±127
	Spans [][2]int // the part of the text that each stands for: text[span[0]:span[1]], in bytes
}

// Embedding is what an Embedder makes of a text.
type Embedding struct {
	Vector []float32 // unit length, Dim long
	Tokens Tokens
}

// Writer changes the record. Every method is one durable transaction: when it returns nil, the change survives
// power loss; when it returns an error, nothing of it is there. Safe for concurrent use.
type Writer interface {
	// Put stores a new memory, its audit entry, its embedding job and, for a cloud scope, its outbox event.
	// A memory with the same text in the same project is not stored twice: Stored.DuplicateOf names it.
	Put(ctx context.Context, p Put) (Stored, error)
	// Change reads the memory id inside the writer's transaction, lets edit change it, and stores what edit left
	// with a version one higher, with the audit entry that edit returns. An error of edit undoes all and is
	// returned as it is. A repeated requestKey returns the memory as it stands without calling edit.
	Change(ctx context.Context, id ID, requestKey string, edit Edit) (Memory, error)
	// Purge removes the memories from every engine for good. One that is not there is an error, unless it was purged under
	// the same requestKey.
	Purge(ctx context.Context, ids []ID, requestKey string, audit Audit) error
	// Note appends an audit entry that belongs to no change, such as a denied access.
	Note(ctx context.Context, audit Audit) error
}

// Edit changes m in place and says what to write into the audit log.
type Edit func(m *Memory) (Audit, error)

// Put is a new memory on its way into the store.
type Put struct {
	Memory     Memory
	Supersede  ID     // memory that the new one replaces, in the same transaction; "" for none
	RequestKey string // see Caller.RequestKey
	Audit      Audit
}

// Stored answers a Put.
type Stored struct {
	ID          ID // the new memory's id, or the existing one's when DuplicateOf is set
	DuplicateOf ID // set when an active memory with the same text and project was there already
	Memory      Memory
}

// Audit is one entry of the audit log: what was done to what by whom and why, never the text.
type Audit struct {
	At      time.Time
	Action  string // "remember", "share", "override", "denied" …
	Subject ID
	User    string
	Client  string
	Session string
	From    scope.Scope // scope before; 0 when that does not apply
	To      scope.Scope // scope after
	Rules   []string    // ids of the rules behind the decision
	Reason  string      // in words, without the text
}

// Filter narrows recall and search. Zero fields do not narrow. A filter never hides a memory that matches it.
type Filter struct {
	IDs      []ID
	Scopes   []scope.Scope
	Projects []string // any of them; "" stands for memories without a project
	Kinds    []string
	Tags     []string // all of them
	Sessions []string
	States   []State   // none means Active alone
	Since    time.Time // by Memory.At, inclusive
	Until    time.Time // by Memory.At, exclusive
}

// Mode trades time for completeness.
type Mode string

// The modes of recall.
const (
	Fast     Mode = "fast"     // approximate, newest and hottest first: ≤ 10 ms
	Balanced Mode = "balanced" // wider probes and exact re-ranking: ≤ 50 ms
	Accurate Mode = "accurate" // exact over everything, archive included: ≤ 200 ms
)

// CandidateQuery asks the store for the memories worth ranking.
type CandidateQuery struct {
	Text    string               // "" for vectors alone
	Vectors map[string][]float32 // query vector by embedding space; unit length, Dim long
	Tokens  map[string]Tokens    // of Text, by embedding space, where its embedder tells of them
	Filter  Filter
	Mode    Mode
	Limit   int // how many of each source

	// Promise says how much each of some memories is worth by what the sources say, before any is read, to a caller who wants
	// the best Want of them. Fast mode reads but a few more than that, those that promise most. nil means that the caller looks
	// at all; then fast mode may leave out those that words and vector together speak for least.
	Promise func([]Prospect) []float64
	Want    int
}

// Prospect is what is known of a memory that was not read: a Candidate without Memory and its uses.
type Prospect struct {
	Candidate
	Turn bool // of a conversation
}

// Candidate is a memory that may answer a query, with what the sources say of it.
type Candidate struct {
	Memory  *Memory // may be shared with others: nobody writes to it
	Lexical float64 // BM25 with the neighbours' words; 0 when no word matches
	Own     float64 // BM25 of the memory's own words alone
	Cover   float64 // share of the question's words, by rarity, that are the memory's own, in [0, 1]
	Near    float64 // as Cover, with what is borrowed from the neighbours
	Dense   float64 // cosine in [-1, 1] between query and memory; meaningful when HasVector
	Space   string  // embedding space of Dense
	// HasVector is false while the memory waits for its embedding.
	HasVector bool
	// Match says how near the memory's tokens come to each of the question's: the mean cosine of the nearest, by the rarity of
	// the question's words; Sharp the mean of its cubes. In [0, 1]; meaningful when HasTokens.
	Match, Sharp float64
	HasTokens    bool
	Before       Neighbour // what stands before it in its conversation
	Behind       Neighbour // what stands behind it
	Uses         int       // how often recall returned it
	LastUsed     time.Time // zero for never
}

// Neighbour is what the sources say of the memory next to a candidate in its conversation; zero where there is none, or
// none that the filter lets through.
type Neighbour struct {
	Own   float64 // BM25 of its own words
	Dense float64 // cosine between query and its vector; 0 without one
	Match float64 // see Candidate; 0 where its tokens were not compared, as only those of candidates are
}

// CandidateSet answers a CandidateQuery.
type CandidateSet struct {
	Candidates []Candidate // in no particular order, each memory once
	Pending    int         // memories under the filter without a vector
	Exact      bool        // whether the vector search was exact
}

// Finder reads. Safe for concurrent use with itself and a Writer; a write that was acknowledged is found.
type Finder interface {
	// Get returns the memories in the order of ids; absent ones make it fail with a *NotFoundError naming them all.
	Get(ctx context.Context, ids []ID) ([]Memory, error)
	// Candidates gathers what may answer the query.
	Candidates(ctx context.Context, q CandidateQuery) (CandidateSet, error)
	// Search lists exact, filtered matches page by page.
	Search(ctx context.Context, q SearchQuery) (Page, error)
	// Twin returns the active memory that a Put of m would find to hold the same text in the same project.
	Twin(ctx context.Context, m Memory) (id ID, ok bool, err error)
}

// Reporter counts.
type Reporter interface {
	// Stats counts what is stored.
	Stats(ctx context.Context) (Stats, error)
	// Spaces returns how many vectors each embedding space holds in the index, from memory, at no cost. The
	// caller owns the map; it is empty for a store without vectors.
	Spaces() map[string]int
}

// UseCounter keeps how often a memory came back.
type UseCounter interface {
	// CountUse notes that recall returned the memories at that time. It only touches memory; the counts reach
	// the record with a later commit, and those of the last seconds may be lost in a crash.
	CountUse(ids []ID, at time.Time)
}

// Store is all that Service needs of the storage; *storage.Store is one.
type Store interface {
	Writer
	Finder
	Reporter
	UseCounter
}

// Sort orders a search.
type Sort string

// The orders of a search.
const (
	SortRelevance Sort = "relevance" // best match first; with no text, as SortNewest
	SortNewest    Sort = "newest"
	SortOldest    Sort = "oldest"
	SortUpdated   Sort = "updated"
)

// SearchQuery asks for one page of exact, filtered matches.
type SearchQuery struct {
	Text   string // words that must all occur; "" for the filter alone
	Filter Filter
	Sort   Sort   // "" means SortRelevance with a text, SortNewest without
	Cursor string // NextCursor of the page before; "" for the first
	Limit  int
}

// Page is one page of a search.
type Page struct {
	Memories   []Memory
	Total      int    // matches in all pages
	NextCursor string // "" on the last page
}

// Stats counts what is stored.
type Stats struct {
	ByScope        map[scope.Scope]int // active memories
	ByState        map[State]int
	Pending        int    // embedding jobs waiting
	Vectors        int    // vectors in the index
	IndexKind      string // "flat" …
	OutboxPending  int    // events not yet pushed
	Bytes          int64  // on disk
	SchemaVersion  int
	OpenFindings   int // findings of the newest check
	LastCheckedAt  time.Time
	RecoveredTx    int // transactions rolled forward or back at the last open
	RecoveredSince time.Time
	Renewal        Renewal
}

// Renewal says how far the store has come with what it does in the background after an upgrade or a rotation of the keys.
type Renewal struct {
	Part  string `json:"part"` // "terms", "archive", "memories", "values", "indexes"; "" when nothing is left to do
	Done  int    `json:"done"`
	Total int    `json:"total"`
	Err   string `json:"error,omitempty"` // why it stopped; it goes on at the next start
}

// String puts it into words for a person; "" when nothing is left to do.
func (r Renewal) String() string {
	what, ok := map[string]string{"terms": "analysing anew", "memories": "sealing anew: memories", "values": "sealing anew: values", "indexes": "sealing anew: indexes",
		"archive": "moving what is archived"}[r.Part]
	if !ok {
		return ""
	}
	if r.Total > 0 {
		what += fmt.Sprintf(", %d of %d memories", r.Done, r.Total)
	}
	if r.Err != "" {
		what += "; stopped: " + r.Err
	}
	return what
}

// Job is a memory that waits for its embedding.
type Job struct {
	ID        ID
	Text      string
	LocalOnly bool   // no remote provider may see Text
	Version   int    // of the memory when the job was read; a vector for an older version is dropped
	Space     string // generation wanted; "" for whatever is current
}

// Vector is an embedding on its way into the store.
type Vector struct {
	ID      ID
	Version int
	Space   string
	Values  []float32 // unit length, Dim long
	Tokens  []int8    // see Tokens.Rows; empty where the embedder does not tell
}

// Indexes feeds the embedding worker.
type Indexes interface {
	// Jobs returns up to n waiting jobs, oldest first, without removing them.
	Jobs(ctx context.Context, n int) ([]Job, error)
	// PutVectors stores the vectors in every engine and removes their jobs, as one transaction.
	PutVectors(ctx context.Context, vs []Vector) error
	// FailJobs counts an attempt against the jobs and delays them until after.
	FailJobs(ctx context.Context, ids []ID, after time.Time) error
}

// Embedder turns texts into vectors. The remote provider behind it, if there is one, only ever sees texts with
// localOnly false. Safe for concurrent use.
type Embedder interface {
	// Documents embeds texts in order; localOnly keeps them all with the embedded model. space names the
	// generation that was used.
	Documents(ctx context.Context, texts []string, localOnly bool) (rows []Embedding, space string, err error)
	// Query embeds a question in every space that may hold answers; with localOnly only in the embedded model's.
	// degraded says that a space could not be asked.
	Query(ctx context.Context, text string, localOnly bool) (rows map[string]Embedding, degraded bool, err error)
}

// Step is told that a step of a call begins, by a name that is the same for all calls; it returns a context for what belongs
// to the step, and a func that is told of its end. It must not block. A nil Step is told nothing, at no cost.
type Step func(ctx context.Context, name string) (context.Context, func(error))

// Begin tells s, if there is one.
func (s Step) Begin(ctx context.Context, name string) (context.Context, func(error)) {
	if s == nil {
		return ctx, untold
	}
	return s(ctx, name)
}

func untold(error) {}

// Classifier decides a scope; *scope.Classifier is one.
type Classifier interface {
	Classify(ctx context.Context, in scope.Input) (scope.Decision, error)
}

// Authorizer says whether a caller may do something. It returns an error wrapping ErrDenied otherwise.
type Authorizer interface {
	Authorize(ctx context.Context, c Caller, action string, m *Memory) error
}

// RankQuery is what a Ranker may know of a question beyond the candidates.
type RankQuery struct {
	Text    string
	Project string // the caller's project
	Now     time.Time
	Limit   int
	Explain bool
	Apart   bool // near-duplicates stay apart
	Loose   bool // what says something else of the same is not brought together
}

// Ranked is a candidate with its final score.
type Ranked struct {
	Candidate
	Score  float64  // in [0, 1], a half where it is as likely as not that this was asked for
	Why    []string // what spoke for it, when RankQuery.Explain is set
	Merged []ID     // near-duplicates that it stands for
	// Differs are others of the result that speak of the same in mostly the same words, but with another number or in
	// another sense: what was true at one time, or a contradiction.
	Differs []ID
}

// Ranker orders candidates, best first, merges near-duplicates, and returns at most q.Limit. It is a pure function.
type Ranker interface {
	Rank(q RankQuery, set CandidateSet) []Ranked
}

// Prospector is a Ranker that also tells what memories promise before they are read; the larger the number, the more.
type Prospector interface {
	Promise(q RankQuery, ps []Prospect) []float64
}
