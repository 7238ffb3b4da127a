package inverted

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security"
)

func sealerOf(t testing.TB) *security.Sealer {
	t.Helper()
	s, err := security.NewSealer(security.ClassPrivate, 1, map[uint32]security.Secret{1: security.RandomSecret(32)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// same compares what two indexes answer.
func same(t *testing.T, a, b *Index) {
	t.Helper()
	if a.Len() != b.Len() {
		t.Errorf("%d documents; want %d", b.Len(), a.Len())
	}
	for _, f := range []memory.Filter{{}, {Kinds: []string{""}}, {States: []memory.State{memory.Archived}}, {Sessions: []string{"7", "9"}}} {
		x, y := a.Select(f), b.Select(f)
		if x.Len() != y.Len() || !reflect.DeepEqual(x.Bits(), y.Bits()) {
			t.Errorf("%+v selects %d; want %d", f, y.Len(), x.Len())
		}
		terms := Words([]string{"rare5", "rare41", "common2", "common4"})
		if got, want := b.Search(terms, y, 50), a.Search(terms, x, 50); !close2(got, want) {
			t.Errorf("%+v finds %v; want %v", f, got, want)
		}
	}
}

// close2 lets the order of additions make a difference.
func close2(a, b []Hit) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if d := a[i].Score - b[i].Score; d > 1e-3 || d < -1e-3 {
			return false
		}
	}
	return true
}

// churn changes, replaces and removes some of what notes made.
func churn(x *Index, r *rand.Rand, n int) {
	for range n {
		row := int64(r.IntN(6200))
		switch r.IntN(3) {
		case 0:
			x.Remove(row)
		case 1:
			x.SetState(row, []memory.State{memory.Active, memory.Archived}[r.IntN(2)], row)
		default:
			d := Doc{Row: row, Body: []string{"rare41", "common2", "new"}, Session: "7", State: memory.Active, Scope: 2, At: row * 999, Turn: true}
			x.Put(d)
		}
	}
}

// A snapshot holds what the index held when it was begun, and goes on from there as the index does.
func TestSnapshot(t *testing.T) {
	x, sealer, r := notes(6000), sealerOf(t), rand.New(rand.NewPCG(3, 4))
	churn(x, r, 900)
	v := x.View(Mark{Seq: 5, Row: 6})
	other := notes(6000)
	churn(other, rand.New(rand.NewPCG(3, 4)), 900) // the same as x
	churn(x, r, 900)                               // after the view: not in it
	var b bytes.Buffer
	if err := v.Write(&b, sealer); err != nil {
		t.Fatal(err)
	}
	whole := bytes.Clone(b.Bytes())
	m, err := ReadMark(&b)
	if err != nil || m != v.Mark {
		t.Fatalf("ReadMark = %+v, %v", m, err)
	}
	y := New(Options{})
	if err := y.Read(&b, m, sealer); err != nil {
		t.Fatal(err)
	}
	same(t, other, y)
	churn(other, rand.New(rand.NewPCG(8, 8)), 2000)
	churn(y, rand.New(rand.NewPCG(8, 8)), 2000)
	same(t, other, y)
	for _, at := range []int{8, 20, 30, len(whole) / 2, len(whole) - 1} {
		bad := bytes.Clone(whole)
		bad[at] ^= 4
		in := bytes.NewReader(bad)
		if m, err := ReadMark(in); err == nil {
			if err := New(Options{}).Read(in, m, sealer); err == nil {
				t.Errorf("a flipped bit in byte %d of %d is not noticed", at, len(bad))
			}
		}
	}
	in := bytes.NewReader(whole)
	m, _ = ReadMark(in)
	if err := New(Options{Title: 3}).Read(in, m, sealer); !errors.Is(err, ErrSnapshot) {
		t.Errorf("a snapshot by other rules: %v", err)
	}
}

// Compacting beside changes loses none of them.
func TestCompactBeside(t *testing.T) {
	x, same2 := notes(6000), notes(6000)
	x.opt.Untidy = func() {}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 5 {
			x.Compact()
		}
	}()
	churn(x, rand.New(rand.NewPCG(1, 1)), 4000)
	<-done
	churn(same2, rand.New(rand.NewPCG(1, 1)), 4000)
	same(t, same2, x)
	x.Compact()
	if st := x.Stats(); st.Dead != 0 {
		t.Errorf("%d dead documents are left", st.Dead)
	}
	same(t, same2, x)
}

func FuzzRead(f *testing.F) {
	o := Options{}.withDefaults()
	var b bytes.Buffer
	f.Add(o.fingerprint())
	f.Add(b.Bytes())
	f.Fuzz(func(_ *testing.T, raw []byte) {
		s, err := o.read(bytes.NewReader(append(o.fingerprint(), raw...)), uint8(len(raw)%4))
		if err == nil && s == nil {
			panic("neither a state nor an error")
		}
	})
}

// formerStream is what write writes, with columns as they were until version 2.
func formerStream(t *testing.T, s *state) []byte {
	t.Helper()
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	s.write(w)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	all := out.Bytes()
	tail := len(all) - groupLen*len(s.groups)
	head := tail - columnLen*len(s.cols)
	b := slices.Clone(all[:head])
	for i := range s.cols {
		c := &s.cols[i]
		for _, at := range []int64{c.at.milli(), 77, c.updated.milli()} {
			b = binary.LittleEndian.AppendUint64(b, uint64(at))
		}
		for _, v := range []uint32{c.prev, c.next, c.row, c.group, math.Float32bits(float32(c.length)), math.Float32bits(c.mass)} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		b = append(b, c.bond, c.attr)
	}
	return append(b, all[tail:]...)
}

// Snapshots of former versions are read: of 1, whose stream was not packed, and of 2, whose columns were longer.
func TestFormerSnapshots(t *testing.T) {
	x, sealer := notes(6000), sealerOf(t)
	files := map[string]*bytes.Buffer{"1": {}, "2": {}, "3": {}}
	for version, b := range map[uint8]*bytes.Buffer{1: files["1"], 2: files["2"]} {
		m := Mark{Seq: 5, Row: 6000, version: version}
		b.Write(m.header())
		stream := security.NewStreamWriter(b, sealer, m.header())
		var w io.Writer = stream
		packed, err := zstd.NewWriter(stream, zstd.WithWindowSize(snapWindow))
		if err != nil {
			t.Fatal(err)
		}
		if version == 2 {
			w = packed
		}
		_, err = w.Write(formerStream(t, x.View(m).s))
		if version == 2 {
			err = errors.Join(err, packed.Close())
		}
		if err = errors.Join(err, stream.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.View(Mark{Seq: 5, Row: 6000}).Write(files["3"], sealer); err != nil {
		t.Fatal(err)
	}
	if was, is := files["1"].Len(), files["3"].Len(); is > was/2 {
		t.Errorf("%d bytes, and %d in version 1", is, was)
	}
	for version, b := range files {
		m, err := ReadMark(b)
		if err != nil || m.Seq != 5 || m.Row != 6000 {
			t.Fatalf("%s: ReadMark = %+v, %v", version, m, err)
		}
		y := New(Options{})
		if err := y.Read(b, m, sealer); err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		same(t, x, y)
	}
}

func TestMoment(t *testing.T) {
	for _, at := range []int64{0, 1, -1, 1_800_000_000_123, -62_135_596_800_000, farthest, -farthest} {
		if got := momentOf(at).milli(); got != at {
			t.Errorf("%d comes back as %d", at, got)
		}
	}
	for at, want := range map[int64]int64{math.MaxInt64: farthest, math.MinInt64: -farthest, farthest + 1: farthest} {
		if got := momentOf(at).milli(); got != want {
			t.Errorf("%d comes back as %d; want %d", at, got, want)
		}
	}
}
