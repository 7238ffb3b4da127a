package inverted

import (
	"bufio"
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

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
		s, err := o.read(bytes.NewReader(append(o.fingerprint(), raw...)))
		if err == nil && s == nil {
			panic("neither a state nor an error")
		}
	})
}

// A snapshot of version 1, whose stream was not packed, is read; one of this version takes half as much.
func TestSnapshotOfVersion1(t *testing.T) {
	x, sealer := notes(6000), sealerOf(t)
	m := Mark{Seq: 5, Row: 6000, former: true}
	var former, now bytes.Buffer
	former.Write(m.header())
	stream := security.NewStreamWriter(&former, sealer, m.header())
	w := bufio.NewWriter(stream)
	x.View(m).s.write(w)
	if err := errors.Join(w.Flush(), stream.Close(), x.View(Mark{Seq: 5, Row: 6000}).Write(&now, sealer)); err != nil {
		t.Fatal(err)
	}
	if former.Len() < x.Stats().SnapshotBytes || now.Len() > former.Len()/2 {
		t.Errorf("%d bytes, and %d in version 1; want %d before they are packed", now.Len(), former.Len(), x.Stats().SnapshotBytes)
	}
	for name, b := range map[string]*bytes.Buffer{"version 1": &former, "this version": &now} {
		m, err := ReadMark(b)
		if err != nil || m.Seq != 5 || m.Row != 6000 {
			t.Fatalf("%s: ReadMark = %+v, %v", name, m, err)
		}
		y := New(Options{})
		if err := y.Read(b, m, sealer); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, x, y)
	}
}
