package sync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Options tunes an Engine; the zero value of all but Device works.
type Options struct {
	Device   string           // names this device in stamps; required
	Batch    int              // records a message; 0 means 200
	Patience time.Duration    // how long a change waits for its embedding; 0 means 5 s, negative not at all
	Hold     func() bool      // while it says so, a change waits for its embedding however long that takes; nil means never
	Logger   *slog.Logger     // nil means silence
	Now      func() time.Time // nil means time.Now
}

func (o Options) withDefaults() Options {
	if o.Batch <= 0 {
		o.Batch = 200
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	if o.Hold == nil {
		o.Hold = func() bool { return false }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Engine exchanges the memories of one Place. Its methods must not be called at the same time.
type Engine struct {
	place  Place
	local  Local
	remote Remote
	sealer Sealer
	opts   Options
}

// NewEngine joins the parts.
func NewEngine(p Place, l Local, r Remote, s Sealer, o Options) *Engine {
	return &Engine{place: p, local: l, remote: r, sealer: s, opts: o.withDefaults()}
}

// Report says what a round did.
type Report struct {
	Pushed    int  // versions the cloud took
	Pulled    int  // rows delivered and used
	Conflicts int  // texts put aside
	Held      int  // rows delivered and not used
	Refused   int  // versions the cloud did not let this device write
	Waiting   int  // changes that wait for their embedding
	Resealed  int  // rows that went over to the current epoch
	More      bool // rows of older epochs are left
	BytesOut  int64
	BytesIn   int64
}

// Add adds o to r.
func (r *Report) Add(o Report) {
	r.Pushed, r.Pulled, r.Conflicts, r.Held = r.Pushed+o.Pushed, r.Pulled+o.Pulled, r.Conflicts+o.Conflicts, r.Held+o.Held
	r.Resealed, r.More = r.Resealed+o.Resealed, o.More
	r.Refused, r.Waiting, r.BytesOut, r.BytesIn = r.Refused+o.Refused, r.Waiting+o.Waiting, r.BytesOut+o.BytesOut, r.BytesIn+o.BytesIn
}

// maxTurns bounds how often a round pulls and pushes again because others wrote at the same time; the next round goes on.
const maxTurns = 8

// Round pulls what others wrote and pushes what changed here, until both sides agree. What a failed round did stays
// done.
func (e *Engine) Round(ctx context.Context) (Report, error) {
	var rep Report
	if err := e.pull(ctx, &rep); err != nil {
		return rep, err
	}
	if err := e.retryHeld(ctx, &rep); err != nil {
		return rep, err
	}
	for range maxTurns {
		again, err := e.push(ctx, &rep)
		if err != nil || !again {
			return rep, err
		}
	}
	return rep, nil
}

func (e *Engine) pull(ctx context.Context, rep *Report) error {
	for {
		cursor, err := e.local.Cursor(ctx, e.place)
		if err != nil {
			return fmt.Errorf("sync: read the cursor: %w", err)
		}
		page, err := e.remote.Pull(ctx, e.place, cursor, e.opts.Batch)
		if err != nil {
			return fmt.Errorf("sync: pull: %w", err)
		}
		if len(page.Records) > 0 || page.Cursor != cursor {
			if err := e.receive(ctx, page.Records, page.Cursor, rep); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
	}
}

// retryHeld asks again for rows that could not be used: a key or an entry of the membership chain may have come.
func (e *Engine) retryHeld(ctx context.Context, rep *Report) error {
	ids, err := e.local.Held(ctx, e.place, e.opts.Batch)
	if err != nil || len(ids) == 0 {
		return err
	}
	return e.fetch(ctx, ids, rep)
}

func (e *Engine) fetch(ctx context.Context, ids []memory.ID, rep *Report) error {
	records, err := e.remote.Fetch(ctx, e.place, ids)
	if err != nil {
		return fmt.Errorf("sync: fetch: %w", err)
	}
	return e.receive(ctx, records, "", rep)
}

// receive merges records into the data folder, with the cursor in the same transaction.
func (e *Engine) receive(ctx context.Context, records []Record, cursor string, rep *Report) error {
	ids := make([]memory.ID, len(records))
	for i, r := range records {
		ids[i] = r.ID
	}
	for {
		rows, err := e.local.Rows(ctx, e.place, ids)
		if err != nil {
			return fmt.Errorf("sync: read rows: %w", err)
		}
		b, one := Batch{Cursor: cursor}, Report{}
		for _, r := range records {
			one.BytesIn += int64(len(r.Body))
			if it, ok := e.incoming(r, rows[r.ID], &one); ok {
				b.Items = append(b.Items, it)
			}
		}
		switch err := e.local.Write(ctx, e.place, b); {
		case errors.Is(err, ErrRaced):
			if err := ctx.Err(); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("sync: store what was pulled: %w", err)
		}
		rep.Add(one)
		return nil
	}
}

// incoming decides what becomes of a record that the cloud delivered; ok is false when nothing does.
func (e *Engine) incoming(r Record, row Row, rep *Report) (Item, bool) {
	it := Item{ID: r.ID, State: row.State, Base: row.Base, Pending: row.Pending, Others: row.Others, WantVersion: row.LocalVersion, WantSeq: row.Seq}
	doc, next, err := e.open(r, row.State)
	if err != nil {
		rep.Held++
		it.Held = err.Error()
		if it.Held == row.Held {
			return it, false
		}
		if !errors.Is(err, ErrHold) {
			e.opts.Logger.Error("a record from the cloud was refused", "id", r.ID, "version", r.Version, "error", err)
			it.Audit = append(it.Audit, e.audit("sync-refused", r.ID, err.Error()))
		}
		return it, true
	}
	if next == row.State {
		return it, row.Held != ""
	}
	base, done := row.Base, int64(0)
	if p := row.Pending; p != nil {
		if next == p.State || p.Doc.Stamp <= doc.Seen[e.opts.Device] {
			base, done = p.Doc, p.Seq
		}
		it.Pending = nil
	}
	stored := doc
	stored.Vector = nil
	it.State, it.Base, it.Others, it.Done = next, &stored, doc.Others, done
	if row.Seq > done {
		e.meet(&it, base, &doc, row, rep)
		return it, true
	}
	if !row.Elsewhere && (row.Local == nil || !same(row.Local, &doc)) && (row.Local != nil || !doc.Deleted) {
		it.Apply = &doc
		it.Audit = append(it.Audit, e.applied(r.ID, &doc))
	}
	rep.Pulled++
	return it, true
}

// meet merges a change made here with one made elsewhere.
func (e *Engine) meet(it *Item, base, remote *Doc, row Row, rep *Report) {
	local := row.Change.doc
	local.Others = row.Others
	after := Stamp(0)
	if base != nil {
		after = base.Stamp
	}
	local.Stamp = stampOf(row.Change.at, after)
	m := merge(base, &local, remote, e.opts.Device, e.opts.Now())
	it.Others = m.doc.Others
	rep.Pulled++
	switch {
	case m.keep:
		it.Apply, it.Keep, it.Done = &m.doc, true, row.Seq
		it.Audit = append(it.Audit, e.audit("sync-kept", it.ID, "deleted in the cloud while it was changed here; the text stays on this machine"))
	case same(&m.doc, remote):
		it.Done = row.Seq
		if !row.Elsewhere {
			it.Apply = &m.doc
		}
	case !m.doc.Deleted:
		it.Apply = &m.doc
	}
	if m.conflict {
		rep.Conflicts++
		it.Audit = append(it.Audit, e.audit("sync-conflict", it.ID, "the text was changed here and by "+remote.Device+"; both are kept: elderzan conflicts show "+string(it.ID)))
	} else if it.Apply != nil && !m.keep {
		it.Audit = append(it.Audit, e.applied(it.ID, remote))
	}
}

func (e *Engine) open(r Record, seen State) (Doc, State, error) {
	p, next, err := e.sealer.Open(r.ID, r.Body, seen)
	if err != nil {
		return Doc{}, State{}, err
	}
	d, err := p.doc()
	if err != nil {
		return Doc{}, State{}, err
	}
	if !d.Deleted {
		if _, err := d.Memory(e.place, r.ID, ""); err != nil {
			return Doc{}, State{}, err
		}
	}
	return d, next, nil
}

// push seals what changed and offers it; again says that others wrote the same rows meanwhile and there is more to do.
// While the cloud takes a batch, the next one is sealed.
func (e *Engine) push(ctx context.Context, rep *Report) (again bool, err error) {
	ahead := 0 // sealed while the last batch was offered
	for {
		sealed := ahead
		if ahead == 0 {
			if sealed, err = e.sealChanges(ctx, rep); err != nil {
				return false, err
			}
		}
		ids, err := e.local.Sealed(ctx, e.place, e.opts.Batch)
		if err != nil {
			return false, fmt.Errorf("sync: read what was sealed: %w", err)
		}
		if len(ids) == 0 {
			if ahead = 0; sealed >= e.opts.Batch {
				continue // there was nothing to tell of any of them
			}
			return again, nil
		}
		var next []change
		if sealed >= e.opts.Batch {
			if next, err = e.changes(ctx, rep); err != nil {
				return false, err
			}
		}
		ahead = len(next)
		stale, err := e.offer(ctx, ids, next, rep)
		if err != nil {
			return false, err
		}
		if len(stale) > 0 {
			if err := e.fetch(ctx, stale, rep); err != nil {
				return false, err
			}
			if len(stale) == len(ids) {
				return true, nil
			}
			again = true
		}
		if sealed == 0 && len(ids) < e.opts.Batch {
			return again, nil
		}
	}
}

// change is a row that is to be sealed.
type change struct {
	id  memory.ID
	row Row
}

// changes reads the next batch of what changed and is ready to be sealed.
func (e *Engine) changes(ctx context.Context, rep *Report) ([]change, error) {
	ids, err := e.local.Changed(ctx, e.place, e.opts.Batch)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	rows, err := e.local.Rows(ctx, e.place, ids)
	if err != nil {
		return nil, fmt.Errorf("sync: read rows: %w", err)
	}
	var ready []change
	rep.Waiting = 0
	hold := e.opts.Hold()
	for _, id := range ids {
		row := rows[id]
		switch {
		case row.Seq == 0 || row.Pending != nil:
		case hold && row.Change.unseen:
			rep.Waiting++
		case row.Change.waiting && e.opts.Now().Sub(row.Change.at) < e.opts.Patience:
			rep.Waiting++
		default:
			ready = append(ready, change{id, row})
		}
	}
	return ready, nil
}

// seal seals changes, on all cores. A goroutine for each core takes one after the other: a goroutine for each change
// would have to grow its stack each time.
func (e *Engine) seal(cs []change) ([]Item, error) {
	items := make([]Item, len(cs))
	var g errgroup.Group
	var taken atomic.Int64
	for range min(runtime.GOMAXPROCS(0), len(cs)) {
		g.Go(func() (err error) {
			for i := taken.Add(1) - 1; i < int64(len(cs)); i = taken.Add(1) - 1 {
				if items[i], err = e.outgoing(cs[i].id, cs[i].row); err != nil {
					return fmt.Errorf("sync: seal %s: %w", cs[i].id, err)
				}
			}
			return nil
		})
	}
	return items, g.Wait()
}

// sealChanges seals a batch of changes and keeps the records before anybody sees them.
func (e *Engine) sealChanges(ctx context.Context, rep *Report) (int, error) {
	ready, err := e.changes(ctx, rep)
	if err != nil || len(ready) == 0 {
		return 0, err
	}
	items, err := e.seal(ready)
	if err != nil {
		return 0, err
	}
	if err := e.local.Write(ctx, e.place, Batch{Items: items}); err != nil {
		return 0, fmt.Errorf("sync: store what was sealed: %w", err)
	}
	rep.Refused += refusals(items)
	return len(items), nil
}

// refusals counts the changes that will never be sealed.
func refusals(items []Item) int {
	n := 0
	for i := range items {
		n += len(items[i].Audit)
	}
	return n
}

// outgoing seals the change of a row, or settles it where there is nothing to tell.
func (e *Engine) outgoing(id memory.ID, row Row) (Item, error) {
	it := Item{ID: id, State: row.State, Base: row.Base, Others: row.Others, Held: row.Held}
	doc := row.Change.doc
	doc.Others = row.Others
	known := row.Base
	if known == nil {
		known = &Doc{Deleted: true}
	}
	if doc.Deleted && known.Deleted || !doc.Deleted && row.State.Version > 0 && same(&doc, known) {
		it.Done = row.Seq
		return it, nil
	}
	doc.Device, doc.Stamp = e.opts.Device, stampOf(row.Change.at, known.Stamp)
	doc.Seen = maps.Clone(known.Seen)
	if doc.Seen == nil {
		doc.Seen = map[string]Stamp{}
	}
	doc.Seen[e.opts.Device] = max(doc.Stamp, doc.Seen[e.opts.Device]+1)
	doc.Stamp = doc.Seen[e.opts.Device]
	p, err := doc.payload()
	if err != nil {
		return it, err
	}
	record, next, err := e.sealer.Seal(id, row.State, p)
	if errors.Is(err, ErrRefused) {
		it.Done = row.Seq
		it.Audit = append(it.Audit, e.audit("sync-refused", id, err.Error()+"; the change stays here"))
		return it, nil
	}
	if err != nil {
		return it, err
	}
	doc.Vector = nil
	it.Pending = &Pending{Record: record, State: next, Doc: &doc, Seq: row.Seq}
	return it, nil
}

// offer pushes sealed records, seals next meanwhile, and notes the fate of those together with the records of these; it
// returns the rows of which the cloud has another version.
func (e *Engine) offer(ctx context.Context, ids []memory.ID, next []change, rep *Report) (stale []memory.ID, err error) {
	rows, err := e.local.Rows(ctx, e.place, ids)
	if err != nil {
		return nil, fmt.Errorf("sync: read rows: %w", err)
	}
	var records []Record
	var bytes int64
	for _, id := range ids {
		if p := rows[id].Pending; p != nil {
			records = append(records, Record{ID: id, Version: p.State.Version, Body: p.Record})
			bytes += int64(len(p.Record))
		}
	}
	var ahead []Item
	var sealing errgroup.Group
	sealing.Go(func() (err error) {
		ahead, err = e.seal(next)
		return err
	})
	outcomes, err := e.remote.Push(ctx, e.place, records)
	if serr := sealing.Wait(); err == nil && serr != nil {
		err = serr // what the cloud took is found out again
	}
	if err != nil {
		return nil, fmt.Errorf("sync: push: %w", err)
	}
	if len(outcomes) != len(records) {
		return nil, fmt.Errorf("sync: push: %d answers to %d records", len(outcomes), len(records))
	}
	rep.BytesOut += bytes
	b := Batch{Items: ahead}
	for i, r := range records {
		row := rows[r.ID]
		it := Item{ID: r.ID, State: row.State, Base: row.Base, Others: row.Others, Held: row.Held}
		switch outcomes[i] {
		case Accepted:
			it.State, it.Base, it.Done = row.Pending.State, row.Pending.Doc, row.Pending.Seq
			it.Audit = append(it.Audit, e.audit("sync-push", r.ID, fmt.Sprintf("version %d", r.Version)))
			rep.Pushed++
		case Refused:
			it.Done = row.Pending.Seq
			it.Audit = append(it.Audit, e.audit("sync-refused", r.ID, "the cloud does not let this device write the row; the change stays here"))
			rep.Refused++
		default:
			stale = append(stale, r.ID)
			continue
		}
		b.Items = append(b.Items, it)
	}
	if len(b.Items) == 0 {
		return stale, nil
	}
	if err := e.local.Write(ctx, e.place, b); err != nil {
		return nil, fmt.Errorf("sync: note what the cloud took: %w", err)
	}
	rep.Refused += refusals(ahead)
	return stale, nil
}

func (e *Engine) audit(action string, id memory.ID, reason string) memory.Audit {
	return memory.Audit{At: e.opts.Now().UTC(), Action: action, Subject: id, User: "sync", Client: "sync", To: e.place.Scope(), Reason: reason}
}

// applied is the entry of a change that came from the cloud.
func (e *Engine) applied(id memory.ID, d *Doc) memory.Audit {
	what := "changed"
	if d.Deleted {
		what = "deleted"
	}
	a := e.audit("sync-pull", id, what+" by device "+d.Device)
	if d.Deleted {
		a.From, a.To = e.place.Scope(), scope.Scope(0)
	}
	return a
}
