package catalog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// TestChanges follows a database while writers go on and its log is folded in, begun anew and emptied, and wants every
// page that differs between two moments to be told of, and the changes to be known but where they cannot be.
func TestChanges(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	o := options(t)
	o.WALLimit = 256 << 10
	d := open(t, o)
	d.Track()
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var written atomic.Int64
	for w := range 2 {
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				text := fmt.Sprintf("text %d of writer %d", i, w)
				err := d.Write(ctx, func(tx *Tx) error { return tx.Insert(record(text), &Words{Content: text}) })
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
					return
				}
				written.Add(1)
			}
		})
	}
	var before []byte // of the moment that the changes count from
	var marks []uint64
	known, some := 0, false
	for round := range 60 {
		f, err := d.Freeze(t.Context(), func() error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		file, err := io.ReadAll(f.Database())
		if err != nil {
			t.Fatal(err)
		}
		c := f.Changes
		if c.Since != 0 {
			known++
			if want := marks[len(marks)-1]; c.Since != want {
				t.Fatalf("round %d: changes since %d; want %d", round, c.Since, want)
			}
			for at := 0; at+pageSize <= min(len(file), len(before)); at += pageSize {
				differs := !bytes.Equal(file[at:at+pageSize], before[at:at+pageSize])
				if differs && !c.Any(int64(at), int64(at+pageSize)) {
					t.Fatalf("round %d: page %d changed and is not told of", round, at/pageSize)
				}
				some = some || !c.Any(int64(at), int64(at+pageSize))
			}
		}
		if r.IntN(4) > 0 { // or else the copy went wrong
			d.Followed(c.Mark)
			before, marks = file, append(marks, c.Mark)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		switch r.IntN(6) {
		case 0:
			_, err = d.Truncate(t.Context())
		case 1:
			err = d.Checkpoint(t.Context())
		case 2: // one who copies without following
			var other *Frozen
			if other, err = d.Freeze(t.Context(), func() error { return nil }); err == nil {
				err = other.Close()
			}
		case 3: // one who gives up
			gone, end := context.WithCancel(t.Context())
			end()
			if _, err := d.Freeze(gone, func() error { return nil }); err == nil {
				t.Error("Freeze with an ended context went through")
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		for n := written.Load() + r.Int64N(40); written.Load() < n && !t.Failed(); {
			if err := d.Write(t.Context(), func(tx *Tx) error { return tx.SetMeta("x", []byte{byte(round)}) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	cancel()
	writers.Wait()
	if known < 40 || !some {
		t.Errorf("the changes were known %d times of 60, and some page unchanged: %v", known, some)
	}
}

// TestChangesLost wants every page to count as changed once the log is not what followed from what was seen.
func TestChangesLost(t *testing.T) {
	frame := func(salt [8]byte, pages ...uint32) []byte {
		b := append(make([]byte, 16), salt[:]...)
		b = append(b, make([]byte, walHeader-len(b))...)
		for _, p := range pages {
			f := binary.BigEndian.AppendUint32(nil, p)
			f = append(append(f, 0, 0, 0, 0), salt[:]...)
			b = append(append(b, f...), make([]byte, walFrame-len(f))...)
		}
		return b
	}
	first, second, third := [8]byte{0, 0, 0, 7, 1}, [8]byte{0, 0, 0, 8, 2}, [8]byte{0, 0, 0, 9, 3}
	for name, tc := range map[string]struct {
		log    []byte
		frames int64
		known  bool
	}{
		"goes on":                 {frame(first, 2, 3, 9), 3, true},
		"begun anew":              {frame(second, 4), 1, true},
		"begun anew twice":        {frame(third, 4), 1, false},
		"shorter":                 {frame(first, 2), 1, false},
		"cut off":                 {frame(first, 2, 3), 3, false},
		"a frame of an older log": {append(frame(second, 4), frame(first, 5)[walHeader:]...), 2, false},
		"gone":                    {nil, 3, false},
		"a frame without a page":  {frame(first, 2, 3, 0), 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/log"
			write := func(b []byte) {
				if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, b, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			d := &DB{track: tracker{path: path}}
			d.Track()
			write(frame(first, 2, 3))
			d.Followed(d.track.hold(2, 2).Mark)
			write(tc.log)
			c := d.track.hold(tc.frames, tc.frames)
			if (c.Since != 0) != tc.known {
				t.Fatalf("Since = %d; want known: %v", c.Since, tc.known)
			}
			if tc.known && (c.Any(0, pageSize) || !c.Any(8*pageSize, 9*pageSize) && !c.Any(3*pageSize, 4*pageSize)) {
				t.Error("other pages than the log names")
			}
			if !tc.known && !c.Any(0, pageSize) {
				t.Error("a page counts as unchanged")
			}
		})
	}
}
