package backup

import (
	"encoding/json"
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
)

func sample() *manifest {
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	return &manifest{
		Format: manifestFormat, ID: newBackupID(at), Time: at, Build: "v1", Engines: map[string]string{"sqlite": "3"}, Schema: 2,
		Memories: 3, Vectors: 2, AuditHead: 9, Stored: 70000,
		Files: []manifestFile{
			{Name: "catalog.db", Size: 70000, Chunk: pageChunk, Hashes: make([]byte, 2*hashSize)},
			{Name: "kv/CURRENT", Size: 16, Chunk: fileChunk, Hashes: make([]byte, hashSize)},
			{Name: "kv/000001.log", Chunk: fileChunk},
		},
		Purged: purges{"01930000-0000-7000-8000-000000000001": {ID: "01930000-0000-7000-8000-000000000001", At: at, Seq: 4}}.encode(),
	}
}

func TestManifest(t *testing.T) {
	m := sample()
	b, err := encodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeManifest(b)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("decode = %+v, %v; want %+v", got, err, m)
	}
	if p := got.purges(); len(p) != 1 || p[0].Seq != 4 || !p[0].At.Equal(m.Time) {
		t.Errorf("purges = %+v", p)
	}
	for name, change := range map[string]func(*manifest){
		"format 0":           func(m *manifest) { m.Format = 0 },
		"id":                 func(m *manifest) { m.ID = "../x" },
		"no files":           func(m *manifest) { m.Files = nil },
		"negative count":     func(m *manifest) { m.Memories = -1 },
		"purged":             func(m *manifest) { m.Purged = m.Purged[1:] },
		"file twice":         func(m *manifest) { m.Files = append(m.Files, m.Files[0]) },
		"absolute name":      func(m *manifest) { m.Files[0].Name = "/etc/passwd" },
		"name leads out":     func(m *manifest) { m.Files[0].Name = "../catalog.db" },
		"name within":        func(m *manifest) { m.Files[0].Name = "kv/../../x" },
		"parent":             func(m *manifest) { m.Files[0].Name = ".." },
		"folder itself":      func(m *manifest) { m.Files[0].Name = "." },
		"no name":            func(m *manifest) { m.Files[0].Name = "" },
		"too few chunks":     func(m *manifest) { m.Files[0].Hashes = m.Files[0].Hashes[:hashSize] },
		"half a hash":        func(m *manifest) { m.Files[0].Hashes = m.Files[0].Hashes[1:] },
		"chunk of no length": func(m *manifest) { m.Files[0].Chunk = 0 },
		"huge chunk":         func(m *manifest) { m.Files[0].Chunk = 1 << 30 },
		"negative size":      func(m *manifest) { m.Files[0].Size = -1 },
	} {
		m := sample()
		change(m)
		b, err := encodeManifest(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeManifest(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: decode = %v; want ErrFormat", name, err)
		}
	}
	for text, want := range map[string]error{"": ErrFormat, "{": ErrFormat, `{"format":1,"x":2}`: ErrFormat, `{"format":2}`: ErrNewer} {
		if _, err := decodeManifest([]byte(text)); !errors.Is(err, want) {
			t.Errorf("decode %q = %v; want %v", text, err, want)
		}
	}
}

func FuzzManifest(f *testing.F) {
	b, err := encodeManifest(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest(b)
		if err != nil {
			return
		}
		m.purges()
		for i := range m.Files {
			file := &m.Files[i]
			var sum int64
			for n := range file.count() {
				if l := file.length(n); l <= 0 || l > maxChunk {
					t.Fatalf("chunk %d of %s has length %d", n, file.Name, l)
				}
				sum += int64(file.length(n))
				file.hash(n)
			}
			if sum != file.Size || strings.HasPrefix(file.Name, "/") || slices.Contains(strings.Split(file.Name, "/"), "..") {
				t.Fatalf("%q of %d bytes has chunks of %d", file.Name, file.Size, sum)
			}
		}
		again, err := encodeManifest(m)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodeManifest(again); err != nil || len(back.Files) != len(m.Files) {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
	})
}

func FuzzJournals(f *testing.F) {
	f.Add([]byte(`{"aside":"damaged-1","moves":["kv"],"names":["kv"]}`))
	f.Add([]byte(`{"format":1,"id":"ab","key":"AAAA"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if j, err := decodeSwap(b); err == nil {
			for _, name := range append(append([]string{}, j.Names...), j.Moves...) {
				if !slices.Contains(storage.DataFiles(), name) {
					t.Fatalf("%q is taken for a file of the store", name)
				}
			}
			if strings.ContainsAny(j.Aside, "/") || j.Aside == ".." || j.Aside == "" {
				t.Fatalf("aside %q", j.Aside)
			}
		}
		if h, err := decodeHeader(b); err == nil && (h.Format != repositoryFormat || h.ID == "") {
			t.Fatalf("header %+v", h)
		}
	})
}

func TestKeep(t *testing.T) {
	var all []*manifest
	at := time.Date(2026, 6, 30, 18, 0, 0, 0, time.UTC)
	for i := range 4 * 400 { // four a day
		b := at.Add(-time.Duration(i) * 6 * time.Hour)
		all = append(all, &manifest{ID: b.Format("2006-01-02T15"), Time: b})
	}
	slices.Reverse(all)
	for name, tc := range map[string]struct {
		keep Keep
		want []string
	}{
		"last":    {Keep{Last: 3}, []string{"2026-06-30T18", "2026-06-30T12", "2026-06-30T06"}},
		"daily":   {Keep{Daily: 2}, []string{"2026-06-30T18", "2026-06-29T18"}},
		"weekly":  {Keep{Weekly: 3}, []string{"2026-06-30T18", "2026-06-28T18", "2026-06-21T18"}},
		"monthly": {Keep{Monthly: 3}, []string{"2026-06-30T18", "2026-05-31T18", "2026-04-30T18"}},
		"joined":  {Keep{Last: 1, Daily: 1, Weekly: 2, Monthly: 2}, []string{"2026-06-30T18", "2026-06-28T18", "2026-05-31T18"}},
		"more than there are": {Keep{Monthly: 99}, []string{
			"2026-06-30T18", "2026-05-31T18", "2026-04-30T18", "2026-03-31T18", "2026-02-28T18", "2026-01-31T18", "2025-12-31T18",
			"2025-11-30T18", "2025-10-31T18", "2025-09-30T18", "2025-08-31T18", "2025-07-31T18", "2025-06-30T18", "2025-05-31T18",
		}},
	} {
		got := tc.keep.choose(all)
		for _, id := range tc.want {
			if !got[id] {
				t.Errorf("%s: %s is not kept", name, id)
			}
		}
		if len(got) != len(tc.want) {
			t.Errorf("%s: %d are kept; want %d", name, len(got), len(tc.want))
		}
	}
}

func TestPurgesSince(t *testing.T) {
	m := sample()
	ps := purges{}
	id := func(n byte) memory.ID { return memory.ID("01930000-0000-7000-8000-00000000000" + string('0'+n)) }
	ps.add([]storage.Purge{
		{ID: id(1), At: m.Time.Add(-time.Hour), Seq: 5},
		{ID: id(2), At: m.Time.Add(time.Hour), Seq: 12},
		{ID: id(3), At: m.Time.Add(-time.Hour), Seq: 12}, // a clock set back
		{ID: id(4), At: m.Time.Add(time.Hour), Seq: 3},   // a store restored from before
		{ID: "no id", At: m.Time},
	})
	ps.add([]storage.Purge{{ID: id(1), At: m.Time.Add(-2 * time.Hour), Seq: 2}})
	if got, want := ps.since(m), []memory.ID{id(2), id(3), id(4), "no id"}; !slices.Equal(got, want) {
		t.Errorf("since = %v; want %v", got, want)
	}
	if n := len(ps.encode()); n != 4*purgeSize {
		t.Errorf("encoded in %d bytes; want 4 entries", n)
	}
}

func TestSteps(t *testing.T) {
	seen := map[Step]bool{}
	for _, s := range Steps() {
		if s.String() == "" || seen[s] {
			t.Errorf("step %q stands twice or has no name", s)
		}
		seen[s] = true
	}
}

func TestHeaderIsJSON(t *testing.T) {
	b, err := json.Marshal(header{Format: repositoryFormat, ID: "x", Key: []byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	if h, err := decodeHeader(b); err != nil || h.ID != "x" {
		t.Errorf("decodeHeader = %+v, %v", h, err)
	}
}

func TestFileErrors(t *testing.T) {
	for errno, want := range map[syscall.Errno]error{
		syscall.ENOSPC: memory.ErrFull, syscall.EDQUOT: memory.ErrFull, syscall.EFBIG: memory.ErrFull,
		syscall.EACCES: memory.ErrReadOnly, syscall.EROFS: memory.ErrReadOnly, syscall.EIO: syscall.EIO,
	} {
		err := fileError("write", "/backups/chunks/ab", &fs.PathError{Op: "write", Path: "/backups/chunks/ab", Err: errno})
		if !errors.Is(err, want) || !strings.Contains(err.Error(), "/backups/chunks/ab") {
			t.Errorf("%v becomes %v; want %v and the file", errno, err, want)
		}
		if again := fileError("restore", "x", err); !errors.Is(want, syscall.EIO) && again.Error() != err.Error() {
			t.Errorf("%v is wrapped twice: %v", errno, again)
		}
	}
	if err := fileError("write", "x", nil); err != nil {
		t.Errorf("no error becomes %v", err)
	}
}
