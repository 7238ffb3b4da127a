package vector

import "math"

// Stats says what an index is made of at the moment.
type Stats struct {
	Kind    Kind
	Rows    int
	Bytes   int64 // memory of rows, lists, rotation and tables
	Lists   int   // inverted lists
	Fresh   int   // rows that are in no list yet
	Stale   int   // entries of lists that stand for no row any more
	Working bool  // something is rebuilt in the background
	Err     error // why the last rebuild came to nothing
}

// Stats returns what the index is made of; zero but for Kind after Close.
func (x *Index) Stats() Stats {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := Stats{Kind: x.kind(), Rows: x.len()}
	if x.body == nil {
		return s
	}
	s.Bytes = x.body.rows.bytes() + 8*int64(cap(x.body.ids)) + x.body.table.bytes()
	if x.body.kind != Flat {
		s.Bytes += 4 * int64(x.dim) * int64(x.dim)
	}
	if x.ivf != nil {
		s.Bytes += x.ivf.bytes()
		s.Lists, s.Fresh, s.Stale = x.ivf.lists(), len(x.ivf.fresh), x.ivf.stale(len(x.body.ids))
	}
	x.keeper.mu.Lock()
	defer x.keeper.mu.Unlock()
	s.Working, s.Err = x.keeper.running, x.keeper.err
	return s
}

// Matches reports whether what the index holds of id is made of vec: the same components, or the code that vec has but
// for rounding. It returns ErrNotFound, ErrClosed or an error wrapping ErrVector.
func (x *Index) Matches(id int64, vec []float32) (bool, error) {
	if err := x.checkVector(vec); err != nil {
		return false, err
	}
	held, err := x.reconstruct(id)
	if err != nil {
		return false, err
	}
	if held != nil {
		for i, c := range held {
			if c != vec[i] {
				return false, nil
			}
		}
		return true, nil
	}
	return x.codeMatches(id, vec)
}

// codeMatches lets a component's code differ by one: another processor may round another way.
func (x *Index) codeMatches(id int64, vec []float32) (same bool, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.body == nil {
		return false, ErrClosed
	}
	q, ok := x.body.rows.(*quantised)
	row, there := x.body.table.get(id)
	if !ok || !there {
		return false, ErrNotFound
	}
	err = x.call(func() error {
		codes, scale, err := q.codes(row, 1)
		if err != nil {
			return err
		}
		b, err := q.encode(vec)
		if err != nil {
			return err
		}
		same = math.Abs(float64(scale[0]/b.scale[0]-1)) < 1e-3 && near(codes, b.codes, q.codec.bits)
		return nil
	})
	return same, err
}

// near reports whether codes are the same but for one step in one of a hundred components.
func near(a, b []byte, bits int) bool {
	off := 0
	for i := range a {
		for shift := 0; shift < 8; shift += bits {
			mask := byte(1<<bits - 1)
			d := int(a[i]>>shift&mask) - int(b[i]>>shift&mask)
			if d < -1 || d > 1 {
				return false
			}
			if d != 0 {
				off++
			}
		}
	}
	return off <= 1+len(a)*8/bits/100
}
