package audit_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/audit"
	"github.com/elderzan/elderzan/security/audit/audittest"
)

var update = flag.Bool("update", false, "write the golden files")

// TestPrepare puts the log into somebody else's transaction.
func TestPrepare(t *testing.T) {
	m, l := filled(t, 255)
	one, err := l.Prepare([][]byte{[]byte("given up"), []byte("too")})
	if err != nil || l.Size() != 255 {
		t.Fatalf("size %d, %v", l.Size(), err)
	}
	two, err := l.Prepare([][]byte{audittest.Entry(255), audittest.Entry(256)})
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, l.Advance(one), audit.ErrConflict)
	if err := m.Commit(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	if err := l.Advance(two); err != nil || l.Size() != 257 {
		t.Fatalf("size %d, %v", l.Size(), err)
	}
	wantErr(t, l.Advance(two), audit.ErrConflict)
	wantErr(t, l.Advance(audit.Batch{}), audit.ErrConflict)
	if got := faults(report(t, m, l.Newest().Note)); got != "" {
		t.Errorf("got %q", got)
	}
	again, err := audit.Open(t.Context(), m, audittest.Options(t))
	if err != nil || again.Newest().Root != l.Newest().Root {
		t.Errorf("opened again: %v", err)
	}
}

func TestAppendRefuses(t *testing.T) {
	m, l := filled(t, 3)
	_, err := l.Append(t.Context(), make([]byte, audit.MaxEntry+1))
	wantErr(t, err, audit.ErrEntry)
	if n, err := l.Append(t.Context()); n != 3 || err != nil {
		t.Errorf("nothing appended: %d, %v", n, err)
	}
	opts := audittest.Options(t)
	opts.Signer = nil
	reader, err := audit.Open(t.Context(), m, opts)
	if err != nil || reader.Size() != 3 {
		t.Fatalf("without a signer: %v", err)
	}
	_, err = reader.Append(t.Context(), []byte("x"))
	wantErr(t, err, audit.ErrReadOnly)
	for _, c := range []struct{ n, size int64 }{{-1, 0}, {3, 0}, {0, 4}, {2, 2}} {
		_, err := l.ProveInclusion(t.Context(), c.n, c.size)
		wantErr(t, err, audit.ErrProof)
	}
	for _, c := range []struct{ old, size int64 }{{0, 0}, {4, 0}, {2, 1}, {1, 4}} {
		_, err := l.ProveConsistency(t.Context(), c.old, c.size)
		wantErr(t, err, audit.ErrProof)
	}
}

// TestKeyRotation goes on under another key; checkpoints of the old one still count.
func TestKeyRotation(t *testing.T) {
	m, l := filled(t, 5)
	old := l.Newest().Note
	signer, vkey, err := audit.NewSigner(audittest.Origin, security.NewSecret(bytes.Repeat([]byte{2}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	_, oldKey, err := audit.NewSigner(audittest.Origin, security.NewSecret(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	known, err := audit.Verifiers(vkey, oldKey)
	if err != nil {
		t.Fatal(err)
	}
	opts := audit.Options{Origin: audittest.Origin, Signer: signer, Known: known}
	l, err = audit.Open(t.Context(), m, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), []byte("rotated")); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Open(t.Context(), m, audittest.Options(t)); err == nil {
		t.Error("the old key alone opens what the new one signed")
	}
	r, err := audit.Verify(t.Context(), m, opts, audit.VerifyOptions{Elsewhere: [][]byte{old}})
	if err != nil || r.Err() != nil {
		t.Errorf("%v, %v", err, r.Err())
	}
}

func TestKeysRefused(t *testing.T) {
	seed := security.NewSecret(make([]byte, 32))
	for name, tc := range map[string]struct {
		origin string
		seed   security.Secret
	}{
		"short seed": {"log", security.NewSecret(make([]byte, 31))}, "no name": {"", seed}, "space": {"a b", seed}, "plus": {"a+b", seed},
	} {
		if _, _, err := audit.NewSigner(tc.origin, tc.seed); err == nil {
			t.Errorf("%s: a signer", name)
		}
	}
	if _, err := audit.Verifiers(); err == nil {
		t.Error("no keys: verifiers")
	}
	_, err := audit.Verifiers("junk")
	wantErr(t, err, audit.ErrCheckpoint)
}

// failingSigner cannot sign.
type failingSigner struct{ note.Signer }

func (failingSigner) Sign([]byte) ([]byte, error) { return nil, errDisk }

func TestSigningFails(t *testing.T) {
	opts := audittest.Options(t)
	opts.Signer = failingSigner{opts.Signer}
	m := &audittest.Memory{}
	l, err := audit.Open(t.Context(), m, opts)
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Append(t.Context(), []byte("x"))
	wantErr(t, err, errDisk)
	if l.Size() != 0 {
		t.Errorf("size %d", l.Size())
	}
}

func TestConsistencyRefuses(t *testing.T) {
	_, l := filled(t, 10)
	_, short := filled(t, 5)
	p, err := l.ProveConsistency(t.Context(), 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	older, newer := short.Newest(), l.Newest()
	if err := audit.VerifyConsistency(older, newer, p); err != nil {
		t.Errorf("a good proof: %v", err)
	}
	if err := audit.VerifyConsistency(audit.Checkpoint{Origin: audittest.Origin}, newer, nil); err != nil {
		t.Errorf("from nothing: %v", err)
	}
	wantErr(t, audit.VerifyConsistency(newer, older, p), audit.ErrRewritten)
	wantErr(t, audit.VerifyConsistency(older, newer, nil), audit.ErrRewritten)
	other := older
	other.Origin = "x"
	wantErr(t, audit.VerifyConsistency(other, newer, p), audit.ErrRewritten)
	for i := range p {
		bad := append(audit.Proof(nil), p...)
		bad[i][0] ^= 1
		wantErr(t, audit.VerifyConsistency(older, newer, bad), audit.ErrRewritten)
	}
	wantErr(t, audit.VerifyInclusion(newer, 10, nil, nil), audit.ErrProof)
	encoded := p.Encode()
	if got, err := audit.ParseProof(encoded); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("proof %v, %v", got, err)
	}
	for _, b := range [][]byte{encoded[1:], make([]byte, 129*audit.HashSize)} {
		_, err := audit.ParseProof(b)
		wantErr(t, err, audit.ErrProof)
	}
}

func sampleEntry() audit.Entry {
	return audit.Entry{
		At: time.Date(2026, 3, 4, 5, 6, 7, 89000, time.UTC), Action: "share", Subject: "0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10",
		User: "olga", Client: "cli", Session: "s1", From: 2, To: 3, Rules: []string{"aws-key", "メール"}, Reason: "confirmed",
	}
}

func TestEntry(t *testing.T) {
	for name, e := range map[string]audit.Entry{"full": sampleEntry(), "empty": {At: time.Unix(0, 0).UTC()}, "before 1970": {At: time.Unix(-5, 0).UTC()}} {
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := audit.ParseEntry(b); err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		for n := range b {
			_, err := audit.ParseEntry(b[:n])
			wantErr(t, err, audit.ErrEntry)
		}
		_, err = audit.ParseEntry(append(b, 0))
		wantErr(t, err, audit.ErrEntry)
		b[0] = 9
		_, err = audit.ParseEntry(b)
		wantErr(t, err, audit.ErrEntry)
	}
	for name, e := range map[string]audit.Entry{
		"long text":  {Reason: strings.Repeat("x", 5000)},
		"not UTF-8":  {User: "\xff"},
		"many rules": {Rules: make([]string, 257)},
		"too large":  {Rules: strings.Split(strings.Repeat(strings.Repeat("x", 1000)+" ", 100), " ")},
		"far future": {At: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := e.Encode(); err == nil {
			t.Errorf("%s: it encodes", name)
		}
	}
}

// TestGolden pins the formats that are kept: an entry, a checkpoint, a proof.
func TestGolden(t *testing.T) {
	e := sampleEntry()
	encoded, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	_, l := filled(t, 300)
	p, err := l.ProveInclusion(t.Context(), 17, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"entry.hex": hex.EncodeToString(encoded) + "\n", "checkpoint.txt": string(l.Newest().Note), "proof.hex": hex.EncodeToString(p.Encode()) + "\n",
	} {
		path := filepath.Join("testdata", "v1", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || got != string(want) {
			t.Errorf("%s: got %s, want %s (%v)", name, got, want, err)
		}
	}
}

// TestCheckpointExtensions reads a checkpoint with lines that a later version may add.
func TestCheckpointExtensions(t *testing.T) {
	opts := audittest.Options(t)
	for text, ok := range map[string]bool{
		audittest.Origin + "\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nmore\n": true,
		audittest.Origin + "\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n":       true,
		audittest.Origin + "\n03\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n":      false,
		audittest.Origin + "\n-3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n":      false,
		audittest.Origin + "\n3\nnothash\n":                                            false,
		audittest.Origin + "\n3\n":                                                     false,
		"\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n":                          false,
	} {
		signed, err := note.Sign(&note.Note{Text: text}, opts.Signer)
		if err != nil {
			t.Fatal(err)
		}
		c, err := audit.ParseCheckpoint(signed, opts.Origin, opts.Known)
		if (err == nil) != ok || ok && (c.Size != 3 || !bytes.Equal(c.Note, signed)) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

// FuzzParseEntry: whatever parses, encodes to the same bytes.
func FuzzParseEntry(f *testing.F) {
	e := sampleEntry()
	b, err := e.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := audit.ParseEntry(b)
		if err != nil {
			return
		}
		if again, err := e.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x parses, and encodes to %x (%v)", b, again, err)
		}
	})
}

// FuzzParseCheckpoint: nothing passes but what was signed.
func FuzzParseCheckpoint(f *testing.F) {
	_, l := filled(f, 3)
	good := l.Newest()
	opts := audittest.Options(f)
	f.Add(good.Note)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := audit.ParseCheckpoint(b, opts.Origin, opts.Known)
		if err == nil && (c.Size != good.Size || c.Root != good.Root) {
			t.Errorf("a forged checkpoint passes: %q", b)
		}
	})
}

// FuzzVerifyProof: no proof shows what is not so.
func FuzzVerifyProof(f *testing.F) {
	_, l := filled(f, 300)
	c := l.Newest()
	p, err := l.ProveInclusion(f.Context(), 17, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Encode(), int64(17), audittest.Entry(17))
	f.Fuzz(func(t *testing.T, b []byte, n int64, entry []byte) {
		p, err := audit.ParseProof(b)
		if err != nil {
			return
		}
		if audit.VerifyInclusion(c, n, entry, p) == nil && !bytes.Equal(entry, audittest.Entry(int(n))) {
			t.Errorf("proves entry %d to be %q", n, entry)
		}
		other := audit.Checkpoint{Origin: c.Origin, Size: n}
		if n > 0 && n < c.Size && audit.VerifyConsistency(other, c, p) == nil {
			t.Errorf("proves a log of %d entries with a root of zeros", n)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 50} {
		b.Run(map[int]string{1: "one", 50: "fifty"}[size], func(b *testing.B) {
			_, l := filled(b, 1)
			e := sampleEntry()
			encoded, err := e.Encode()
			if err != nil {
				b.Fatal(err)
			}
			batch := make([][]byte, size)
			for i := range batch {
				batch[i] = encoded
			}
			for b.Loop() {
				if _, err := l.Append(b.Context(), batch...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/entry")
		})
	}
}

func BenchmarkProveInclusion(b *testing.B) {
	_, l := filled(b, 100000)
	n := int64(0)
	for b.Loop() {
		n = (n + 7919) % 100000
		if _, err := l.ProveInclusion(b.Context(), n, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyInclusion(b *testing.B) {
	_, l := filled(b, 100000)
	p, err := l.ProveInclusion(b.Context(), 17, 0)
	if err != nil {
		b.Fatal(err)
	}
	c := l.Newest()
	for b.Loop() {
		if err := audit.VerifyInclusion(c, 17, audittest.Entry(17), p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	m, _ := filled(b, 100000)
	for b.Loop() {
		if r := report(b, m); r.Err() != nil {
			b.Fatal(r.Err())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100000), "ns/entry")
}

func BenchmarkOpen(b *testing.B) {
	m, _ := filled(b, 100000)
	for b.Loop() {
		if _, err := audit.Open(b.Context(), m, audittest.Options(b)); err != nil {
			b.Fatal(err)
		}
	}
}
