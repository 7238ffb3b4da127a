package sync

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
)

// Errors that the parts of an Engine tell each other.
var (
	// ErrRaced reports that a memory changed between reading and writing: read again.
	ErrRaced = errors.New("sync: the memory was changed meanwhile")
	// ErrContent reports a record that opens to something that is no memory.
	ErrContent = errors.New("sync: the record holds no memory")
	// ErrHold reports a record that cannot be opened now and may be later, such as one whose key is not here yet.
	ErrHold = errors.New("sync: the record cannot be opened yet")
	// ErrOffline reports that the cloud cannot be reached.
	ErrOffline = errors.New("sync: the cloud cannot be reached")
	// ErrTaken reports that another entry stands in a team's chain at that place: read it and propose again.
	ErrTaken = errors.New("sync: another change of the team came first")
	// ErrRefused reports a cloud that answers and does not let this device in.
	ErrRefused = errors.New("sync: the cloud refuses this device")
)

// State is the newest version of a row that the cloud acknowledged or delivered; zero for none. Hash binds the
// versions before.
type State struct {
	Version uint64
	Epoch   uint64
	Hash    [32]byte
}

// Row is what a data folder knows of a memory in a Place.
type Row struct {
	State   State
	Base    *Doc      // as of State, without vector; nil when State is zero
	Pending *Pending  // sealed and perhaps pushed, fate unknown; nil for none
	Others  []Version // texts that wait for a decision
	Held    string    // why the newest record was not used; "" for none

	Local        *Doc // as the memory stands here; nil where it is not, or not any more, in the Place
	LocalVersion int  // Memory.Version, whatever place it is in; 0 for none
	Elsewhere    bool // the memory is here in another place: the cloud's version does not touch it
	Seq          int64
	Change       Change // what waits to be pushed, when Seq is not 0
}

// Pending is a sealed record.
type Pending struct {
	Record []byte
	State  State // once the cloud has it
	Doc    *Doc  // what is in it, without vector
	Seq    int64 // of the events it covers
}

// Item is what Batch does to one row. What is zero is cleared.
type Item struct {
	ID      memory.ID
	State   State
	Base    *Doc
	Pending *Pending
	Others  []Version
	Held    string
	Done    int64 // events of the memory up to this one are synced
	// Apply is what the memory becomes; nil leaves it. It counts only if the memory still has version WantVersion and
	// its newest waiting event is WantSeq; otherwise the batch fails with ErrRaced.
	Apply       *Doc
	Keep        bool // Apply is a deletion, and the memory stays here as PROJECT
	WantVersion int
	WantSeq     int64
	Audit       []memory.Audit
}

// Batch is one durable transaction of a Local.
type Batch struct {
	Items  []Item
	Cursor string // "" leaves it
	Audit  []memory.Audit
}

// Local is the data folder. Safe for concurrent use.
type Local interface {
	// Changed lists up to n memories of p that changed and have no sealed record yet, oldest change first.
	Changed(ctx context.Context, p Place, n int) ([]memory.ID, error)
	// Sealed lists up to n memories of p whose sealed record has no known fate.
	Sealed(ctx context.Context, p Place, n int) ([]memory.ID, error)
	// Held lists up to n memories of p whose newest record was not used.
	Held(ctx context.Context, p Place, n int) ([]memory.ID, error)
	// Older lists up to n memories of p, by id from the one behind after on, whose newest version is of an epoch before
	// the given one, and that wait for nothing.
	Older(ctx context.Context, p Place, epoch uint64, after memory.ID, n int) ([]memory.ID, error)
	// Rows returns what is known of ids, an empty Row for one that is not known at all.
	Rows(ctx context.Context, p Place, ids []memory.ID) (map[memory.ID]Row, error)
	// Write makes b durable, all of it or nothing.
	Write(ctx context.Context, p Place, b Batch) error
	// Cursor returns how far p was pulled; "" for not at all.
	Cursor(ctx context.Context, p Place) (string, error)
}

// Record is one sealed version of a row as the cloud keeps it.
type Record struct {
	ID      memory.ID
	Version uint64
	Body    []byte
}

// Outcome says what the cloud did with a record.
type Outcome int

// The outcomes of a push.
const (
	Accepted Outcome = iota + 1 // it is the row's newest version, now or from an earlier push of the same bytes
	Stale                       // the row has another version
	Refused                     // this device may not write the row
)

// Page is what a pull returns.
type Page struct {
	Records []Record
	Cursor  string // where the next one begins
	More    bool
}

// Remote is the cloud. Its errors wrap ErrOffline or ErrRefused where they are one. Safe for concurrent use.
type Remote interface {
	// Push offers records, each row once, and returns one outcome for each.
	Push(ctx context.Context, p Place, records []Record) ([]Outcome, error)
	// Pull returns the rows that changed after cursor, each once. No row that is committed later is passed over.
	Pull(ctx context.Context, p Place, cursor string, limit int) (Page, error)
	// Fetch returns the newest version of rows, as far as they exist.
	Fetch(ctx context.Context, p Place, ids []memory.ID) ([]Record, error)
	// Watch calls changed whenever a row of p may have changed, until ctx is done or the connection is lost.
	Watch(ctx context.Context, changed func()) error
}

// Sealer seals and opens the records of one Place. Safe for concurrent use.
type Sealer interface {
	// Seal makes the version that follows seen. An error wrapping ErrRefused says that this change will never be sealed.
	Seal(id memory.ID, seen State, p Payload) (record []byte, next State, err error)
	// Open returns what is in record. An error wrapping ErrHold asks to try again later; any other says that the
	// record is not what it should be, in words for people.
	Open(id memory.ID, record []byte, seen State) (Payload, State, error)
}

// Wrap is a key wrapped to a device, as the cloud carries it without looking into it.
type Wrap struct {
	Device uuid.UUID
	Epoch  uint64
	Body   []byte
}

// Join is a device's wish to be taken into a team.
type Join struct {
	Login   string
	Request []byte
}
