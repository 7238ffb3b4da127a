package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/security/audit"
	"github.com/elderzan/elderzan/security/audit/audittest"
)

// filled returns a log of n entries.
func filled(t testing.TB, n int) (*audittest.Memory, *audit.Log) {
	t.Helper()
	m := &audittest.Memory{}
	l, err := audit.Open(t.Context(), m, audittest.Options(t))
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, l, n, audittest.Entry)
	return m, l
}

func appendTo(t testing.TB, l *audit.Log, n int, entry func(int) []byte) {
	t.Helper()
	var batch [][]byte
	for i := int(l.Size()); i < n; i++ {
		batch = append(batch, entry(i))
	}
	if _, err := l.Append(t.Context(), batch...); err != nil {
		t.Fatal(err)
	}
}

func report(t testing.TB, s audit.Storage, elsewhere ...[]byte) audit.Report {
	t.Helper()
	r, err := audit.Verify(t.Context(), s, audittest.Options(t), audit.VerifyOptions{Elsewhere: elsewhere})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// faults writes a report's faults as one text.
func faults(r audit.Report) string {
	var out []string
	for _, f := range r.Faults {
		name := map[error]string{
			audit.ErrAltered: "altered", audit.ErrMoved: "moved", audit.ErrMissing: "missing", audit.ErrTruncated: "truncated",
			audit.ErrRewritten: "rewritten", audit.ErrTile: "tile", audit.ErrUnsigned: "unsigned",
		}[f.Err]
		out = append(out, fmt.Sprintf("%s %d-%d", name, f.First, f.Last))
	}
	return strings.Join(out, ", ")
}

func entryAt(change map[int64][]byte) func(int64, []byte) []byte {
	return func(n int64, e []byte) []byte {
		if c, ok := change[n]; ok {
			return c
		}
		return e
	}
}

func tileAt(id audit.TileID, change func([]byte) []byte) func(audit.TileID, []byte) []byte {
	return func(got audit.TileID, data []byte) []byte {
		if got == id {
			return change(data)
		}
		return data
	}
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte { b[at] ^= 1; return b }
}

func gone([]byte) []byte { return nil }

// derived is a storage that keeps no tiles of level 0.
type derived struct{ audit.Storage }

func (d derived) Tile(ctx context.Context, id audit.TileID) ([]byte, error) {
	if id.Level == 0 {
		return audit.TileOf(ctx, d, id.Index)
	}
	return d.Storage.Tile(ctx, id)
}

// Without leaves of their own, what is wrong is told by 256 entries.
func TestVerifyDerived(t *testing.T) {
	m, _ := filled(t, 700)
	for name, tc := range map[string]struct {
		storage audittest.Tampered
		want    string
	}{
		"nothing":              {want: ""},
		"one altered":          {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{300: {}})}, want: "altered 256-511"},
		"two altered":          {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{3: {}, 300: {}})}, want: "altered 0-255, altered 256-511"},
		"two exchanged":        {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{5: audittest.Entry(300), 300: audittest.Entry(5)})}, want: "altered 0-255, altered 256-511"},
		"one removed":          {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{300: nil})}, want: "missing 300-300"},
		"last entry altered":   {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{699: {}})}, want: "altered 512-699"},
		"one of each":          {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{300: {}, 699: {}})}, want: "altered 0-699"},
		"the tile above":       {storage: audittest.Tampered{AlterTile: tileAt(audit.TileID{Level: 1}, flip(7))}, want: "tile 0-255"},
		"it and an entry":      {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{300: {}}), AlterTile: tileAt(audit.TileID{Level: 1}, flip(7))}, want: "altered 0-699"},
		"an entry, none above": {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{300: {}}), AlterTile: tileAt(audit.TileID{Level: 1}, gone)}, want: "altered 0-699"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.storage.Storage = m
			if got := faults(report(t, derived{&tc.storage})); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	l, err := audit.Open(t.Context(), derived{m}, audittest.Options(t))
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, l, 1100, audittest.Entry) // from what is there of the tree
	if got := faults(report(t, derived{m})); got != "" {
		t.Errorf("after more entries: %q", got)
	}
}

// TestVerify tampers with a log of 700 entries, which fill tiles 0 and 1 and a part of tile 2.
func TestVerify(t *testing.T) {
	m, _ := filled(t, 700)
	leaf := func(b []byte) []byte { // as somebody who alters entry 300 and its leaf would leave the tile
		other := audit.LeafForTest([]byte("another"))
		copy(b[(300-256)*audit.HashSize:], other[:])
		return b
	}
	for name, tc := range map[string]struct {
		storage audittest.Tampered
		want    string
	}{
		"nothing":              {want: ""},
		"first entry altered":  {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{0: []byte("x")})}, want: "altered 0-0"},
		"one altered":          {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{300: {}})}, want: "altered 300-300"},
		"two altered":          {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{3: {}, 300: {}})}, want: "altered 3-3, altered 300-300"},
		"last entry altered":   {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{699: {}})}, want: "altered 512-699"},
		"one removed":          {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{300: nil})}, want: "missing 300-300"},
		"two exchanged":        {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{5: audittest.Entry(300), 300: audittest.Entry(5)})}, want: "moved 5-5, moved 300-300"},
		"one doubled":          {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{5: audittest.Entry(4)})}, want: "altered 5-5"},
		"last one cut off":     {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{699: nil})}, want: "truncated 699-699"},
		"entry and leaf":       {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{300: []byte("another")}), AlterTile: tileAt(audit.TileID{Index: 1}, leaf)}, want: "altered 256-511"},
		"tile damaged":         {storage: audittest.Tampered{AlterTile: tileAt(audit.TileID{Index: 1}, flip(7))}, want: "tile 256-511"},
		"tile gone":            {storage: audittest.Tampered{AlterTile: tileAt(audit.TileID{Index: 1}, gone)}, want: "tile 256-511"},
		"upper tile damaged":   {storage: audittest.Tampered{AlterTile: tileAt(audit.TileID{Level: 1}, flip(7))}, want: "tile 0-255"},
		"upper tile gone":      {storage: audittest.Tampered{AlterTile: tileAt(audit.TileID{Level: 1}, gone)}, want: "tile 0-255"},
		"tile and other entry": {storage: audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{3: {}}), AlterTile: tileAt(audit.TileID{Index: 1}, flip(7))}, want: "altered 3-3, altered 256-256, altered 0-255"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.storage.Storage = m
			r := report(t, &tc.storage)
			if got := faults(r); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if (r.Err() == nil) != (tc.want == "") {
				t.Errorf("error %v", r.Err())
			}
		})
	}
}

// TestVerifyMany damages more than a report names.
func TestVerifyMany(t *testing.T) {
	m, _ := filled(t, 1024)
	shifted := &audittest.Tampered{Storage: m, AlterEntry: func(n int64, e []byte) []byte {
		switch {
		case n < 10:
			return e
		case n == 1023:
			return nil
		}
		return audittest.Entry(int(n) + 1) // number 10 is gone and the later ones moved up
	}}
	r := report(t, shifted)
	if len(r.Faults) != 100 || !errors.Is(r.Faults[0], audit.ErrTruncated) || !errors.Is(r.Faults[1], audit.ErrMoved) || r.Faults[1].First != 10 {
		t.Errorf("%d faults, first %v, %v", len(r.Faults), r.Faults[0], r.Faults[1])
	}
	all := report(t, &audittest.Tampered{Storage: m, AlterEntry: func(int64, []byte) []byte { return nil }})
	if got := faults(all); got != "truncated 0-1023" {
		t.Errorf("all entries gone: got %q", got)
	}
}

// TestRollback shows an older state of the log, which is whole by itself: only a checkpoint kept elsewhere tells.
func TestRollback(t *testing.T) {
	m, l := filled(t, 300)
	_, short := filled(t, 200)
	elsewhere := l.Newest().Note
	old := &audittest.Tampered{
		Storage:         m,
		AlterEntry:      func(n int64, e []byte) []byte { return map[bool][]byte{true: e, false: nil}[n < 200] },
		AlterCheckpoint: func([]byte) []byte { return short.Newest().Note },
	}
	if got := faults(report(t, old)); got != "" {
		t.Errorf("by itself: got %q", got)
	}
	if got := faults(report(t, old, elsewhere)); got != "truncated 200-299" {
		t.Errorf("with a checkpoint kept elsewhere: got %q", got)
	}
}

// TestRewrite writes another log with the right key.
func TestRewrite(t *testing.T) {
	_, l := filled(t, 300)
	other := &audittest.Memory{}
	rewritten, err := audit.Open(t.Context(), other, audittest.Options(t))
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, rewritten, 300, func(n int) []byte {
		if n == 17 {
			return []byte("nothing happened")
		}
		return audittest.Entry(n)
	})
	if got := faults(report(t, other)); got != "" {
		t.Errorf("by itself: got %q", got)
	}
	if got := faults(report(t, other, l.Newest().Note)); got != "rewritten 0-299" {
		t.Errorf("with a checkpoint kept elsewhere: got %q", got)
	}
	p, err := rewritten.ProveConsistency(t.Context(), 300, 300)
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, audit.VerifyConsistency(l.Newest(), rewritten.Newest(), p), audit.ErrRewritten)
}

// TestUnsigned puts an entry after the signed end, and one that was logged meanwhile.
func TestUnsigned(t *testing.T) {
	m, l := filled(t, 300)
	signed := l.Newest().Note
	opts := audittest.Options(t)
	if err := m.Commit(t.Context(), audit.Batch{First: 300, Entries: [][]byte{[]byte("x")}, Checkpoint: signed}); err != nil {
		t.Fatal(err)
	}
	if got := faults(report(t, m)); got != "unsigned 300-300" {
		t.Errorf("got %q", got)
	}
	_, err := audit.Open(t.Context(), m, opts)
	wantErr(t, err, audit.ErrUnsigned)

	m, l = filled(t, 300)
	r, err := audit.Verify(t.Context(), m, opts, audit.VerifyOptions{Progress: func(done, total int64) {
		if done == total {
			appendTo(t, l, 305, audittest.Entry)
		}
	}})
	if err != nil || r.Err() != nil || r.Entries != 300 {
		t.Errorf("appended meanwhile: %v, %v", err, r.Err())
	}
}

// TestCheckpoints tampers with the newest checkpoint.
func TestCheckpoints(t *testing.T) {
	m, l := filled(t, 10)
	good := l.Newest().Note
	otherSigner, otherKnown := audittest.Key(t, 2)
	opts := audittest.Options(t)
	alter := func(change func([]byte) []byte) *audittest.Tampered {
		return &audittest.Tampered{Storage: m, AlterCheckpoint: change}
	}
	open := func(s audit.Storage, o audit.Options) error {
		_, err := audit.Open(t.Context(), s, o)
		_, errVerify := audit.Verify(t.Context(), s, o, audit.VerifyOptions{})
		if !errors.Is(errVerify, audit.ErrCheckpoint) {
			t.Errorf("verify: got error %v", errVerify)
		}
		return err
	}
	t.Run("every byte", func(t *testing.T) {
		for at := range good {
			wantErr(t, open(alter(func(b []byte) []byte { return flip(at)(b) }), opts), audit.ErrCheckpoint)
		}
	})
	t.Run("cut", func(t *testing.T) {
		for n := range good {
			wantErr(t, open(alter(func([]byte) []byte { return good[:n] }), opts), audit.ErrCheckpoint)
		}
	})
	t.Run("too long", func(t *testing.T) {
		wantErr(t, open(alter(func(b []byte) []byte { return append(b, make([]byte, 1<<16)...) }), opts), audit.ErrCheckpoint)
	})
	t.Run("gone", func(t *testing.T) {
		wantErr(t, open(alter(gone), opts), audit.ErrCheckpoint)
	})
	t.Run("another key", func(t *testing.T) {
		wantErr(t, open(m, audit.Options{Origin: opts.Origin, Signer: otherSigner, Known: otherKnown}), audit.ErrCheckpoint)
	})
	t.Run("another log", func(t *testing.T) {
		o := opts
		o.Origin = "elderzan/audit/other"
		wantErr(t, open(m, o), audit.ErrCheckpoint)
	})
	t.Run("kept elsewhere", func(t *testing.T) {
		_, err := audit.Verify(t.Context(), m, opts, audit.VerifyOptions{Elsewhere: [][]byte{good, []byte("junk")}})
		wantErr(t, err, audit.ErrCheckpoint)
	})
}

// TestOpenRefuses opens logs whose end is not what was signed.
func TestOpenRefuses(t *testing.T) {
	m, _ := filled(t, 700)
	for name, tc := range map[string]struct {
		storage audittest.Tampered
		want    error
	}{
		"last entry altered": {audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{699: {}})}, audit.ErrAltered},
		"late entry removed": {audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{600: nil})}, audit.ErrMissing},
		"last one cut off":   {audittest.Tampered{AlterEntry: entryAt(map[int64][]byte{699: nil})}, audit.ErrTruncated},
		"upper tile damaged": {audittest.Tampered{AlterTile: tileAt(audit.TileID{Level: 1}, flip(7))}, audit.ErrAltered},
		"upper tile gone":    {audittest.Tampered{AlterTile: tileAt(audit.TileID{Level: 1}, gone)}, audit.ErrTile},
		"upper tile cut":     {audittest.Tampered{AlterTile: tileAt(audit.TileID{Level: 1}, func(b []byte) []byte { return b[:33] })}, audit.ErrTile},
	} {
		t.Run(name, func(t *testing.T) {
			tc.storage.Storage = m
			_, err := audit.Open(t.Context(), &tc.storage, audittest.Options(t))
			wantErr(t, err, tc.want)
			var f *audit.Fault
			if !errors.As(err, &f) || f.Error() == "" {
				t.Errorf("%v names no entries", err)
			}
		})
	}
	for _, o := range []audit.Options{{}, {Origin: "x"}, {Known: audittest.Options(t).Known}} {
		if _, err := audit.Open(t.Context(), m, o); err == nil {
			t.Errorf("opens with %+v", o)
		}
	}
}

// TestRebuild mends damaged tiles, and refuses where the entries are damaged.
func TestRebuild(t *testing.T) {
	m, _ := filled(t, 70000) // three levels
	opts := audittest.Options(t)
	signed, err := m.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	junk := make([]byte, 256*audit.HashSize)
	for _, id := range []audit.TileID{{Index: 7}, {Level: 1}, {Level: 2}} {
		if err := m.Commit(t.Context(), audit.Batch{First: 70000, Tiles: []audit.Tile{{TileID: id, Data: junk}}, Checkpoint: signed}); err != nil {
			t.Fatal(err)
		}
	}
	if got := report(t, m); len(got.Faults) < 2 || slices.ContainsFunc(got.Faults, func(f *audit.Fault) bool { return !errors.Is(f, audit.ErrTile) }) {
		t.Errorf("before: %v", got.Err())
	}
	if err := audit.Rebuild(t.Context(), m, opts); err != nil {
		t.Fatal(err)
	}
	if got := report(t, m); got.Err() != nil || got.Entries != 70000 {
		t.Errorf("after: %v", got.Err())
	}
	altered := &audittest.Tampered{Storage: m, AlterEntry: entryAt(map[int64][]byte{3: {}})}
	wantErr(t, audit.Rebuild(t.Context(), altered, opts), audit.ErrAltered)
	wantErr(t, audit.Rebuild(t.Context(), &audittest.Tampered{Storage: m, AlterCheckpoint: flip(0)}, opts), audit.ErrCheckpoint)
	if err := audit.Rebuild(t.Context(), &audittest.Memory{}, opts); err != nil {
		t.Errorf("an empty log: %v", err)
	}
}

var errDisk = errors.New("disk")

// failing is a Storage whose n-th call fails.
type failing struct {
	audit.Storage
	left int
}

func (f *failing) fail() error {
	f.left--
	if f.left < 0 {
		return errDisk
	}
	return nil
}

func (f *failing) Checkpoint(ctx context.Context) ([]byte, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return f.Storage.Checkpoint(ctx)
}

func (f *failing) Entries(ctx context.Context, first, end int64, fn func(int64, []byte) error) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Storage.Entries(ctx, first, end, fn)
}

func (f *failing) Tile(ctx context.Context, id audit.TileID) ([]byte, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return f.Storage.Tile(ctx, id)
}

func (f *failing) Commit(ctx context.Context, b audit.Batch) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Storage.Commit(ctx, b)
}

// TestStorageFails fails each call of the storage in turn: the error comes through, and is no finding.
func TestStorageFails(t *testing.T) {
	opts := audittest.Options(t)
	for name, run := range map[string]func(audit.Storage) error{
		"open": func(s audit.Storage) error { _, err := audit.Open(t.Context(), s, opts); return err },
		"verify": func(s audit.Storage) error {
			_, err := audit.Verify(t.Context(), s, opts, audit.VerifyOptions{})
			return err
		},
		"rebuild": func(s audit.Storage) error { return audit.Rebuild(t.Context(), s, opts) },
		"append and prove": func(s audit.Storage) error {
			l, err := audit.Open(t.Context(), s, opts)
			if err != nil {
				return err
			}
			n, err := l.Append(t.Context(), []byte("x"))
			if err != nil {
				return err
			}
			if _, err := l.ProveInclusion(t.Context(), 3, 0); err != nil {
				return err
			}
			_, err = l.ProveConsistency(t.Context(), 300, n)
			return err
		},
		"empty log": func(audit.Storage) error { return errDisk },
	} {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				m, _ := filled(t, 700)
				err := run(&failing{Storage: m, left: n})
				if err == nil {
					if n == 0 {
						t.Error("no call failed")
					}
					return
				}
				wantErr(t, err, errDisk)
				if got := faults(report(t, m)); got != "" {
					t.Errorf("call %d failed, and the log has %q", n, got)
				}
				if name == "empty log" {
					break
				}
			}
			for n := range 2 {
				_, err := audit.Open(t.Context(), &failing{Storage: &audittest.Memory{}, left: n}, opts)
				wantErr(t, err, errDisk)
				_, err = audit.Verify(t.Context(), &failing{Storage: &audittest.Memory{}, left: n}, opts, audit.VerifyOptions{})
				wantErr(t, err, errDisk)
			}
		})
	}
}

func TestVerifyStops(t *testing.T) {
	m, _ := filled(t, 700)
	ctx, cancel := context.WithCancel(t.Context())
	var seen []int64
	_, err := audit.Verify(ctx, m, audittest.Options(t), audit.VerifyOptions{Progress: func(done, total int64) {
		seen = append(seen, done, total)
		cancel()
	}})
	wantErr(t, err, context.Canceled)
	if !slices.Equal(seen, []int64{256, 700}) {
		t.Errorf("progress %v", seen)
	}
	wantErr(t, audit.Rebuild(ctx, m, audittest.Options(t)), context.Canceled)
}

// confused is a Storage that returns entries nobody asked for.
type confused struct{ audit.Storage }

func (c confused) Entries(_ context.Context, _, end int64, fn func(int64, []byte) error) error {
	return fn(end, nil)
}

func TestVerifyConfusedStorage(t *testing.T) {
	m, _ := filled(t, 10)
	if _, err := audit.Verify(t.Context(), confused{m}, audittest.Options(t), audit.VerifyOptions{}); err == nil {
		t.Error("no error")
	}
}

func TestFaultText(t *testing.T) {
	for _, c := range []struct {
		f    audit.Fault
		want string
	}{
		{audit.Fault{First: 3, Last: 3, Err: audit.ErrAltered}, "audit: an entry was altered: entry 3"},
		{audit.Fault{First: 3, Last: 9, Err: audit.ErrMissing}, "audit: an entry was removed: among entries 3 to 9"},
	} {
		if got := c.f.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if bytes.Contains([]byte(fmt.Sprintf("%v %+v %#v", audittest.Options(t).Signer, audittest.Options(t).Signer, audittest.Options(t).Signer)), []byte("key:")) {
		t.Error("a signer shows its key")
	}
}
