package catalog

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// TestRefusedAmongOthers has requests of one batch refuse what they were asked, one before it changed anything and one after: what that
// one did is undone wherever it had an effect, the others are kept, and nobody's work is done twice.
func TestRefusedAmongOthers(t *testing.T) {
	t.Run("before it changed anything", func(t *testing.T) { refuseAmongOthers(t, -1) })
	t.Run("and after", func(t *testing.T) { refuseAmongOthers(t, 4) })
}

// refuseAmongOthers has request 2 refuse at once, and request late when it has made its change.
func refuseAmongOthers(t *testing.T, late int) {
	d := open(t, options(t))
	begun, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // keeps the writer busy until the others wait
		_ = d.Write(t.Context(), func(*Tx) error { close(begun); <-release; return nil })
	})
	<-begun
	refused := errors.New("refused")
	var done, undone [6]atomic.Int64
	results := make([]error, len(done))
	for i := range results {
		wg.Go(func() {
			results[i] = d.Write(t.Context(), func(tx *Tx) error {
				tx.After(func() { done[i].Add(1) })
				tx.OnUndo(func() { undone[i].Add(1) })
				if i == 2 {
					return refused
				}
				err := tx.SetMeta(fmt.Sprint("k", i), []byte("v"))
				if i == late {
					return errors.Join(err, refused)
				}
				return err
			})
		})
	}
	waitQueued(t, d, len(results))
	close(release)
	wg.Wait()
	for i, err := range results {
		v, merr := d.Meta(t.Context(), fmt.Sprint("k", i))
		if merr != nil {
			t.Fatal(merr)
		}
		refuse := i == 2 || i == late
		if errors.Is(err, refused) != refuse || !refuse && err != nil || (v == nil) != refuse || (done[i].Load() == 1) == refuse {
			t.Errorf("request %d: %v; value %q; done %d times", i, err, v, done[i].Load())
		}
		if refuse && undone[i].Load() == 0 {
			t.Errorf("request %d was not undone", i)
		}
	}
}

// TestIntegrityAfterMerges asks a connection that has looked at the full-text index before it was merged.
func TestIntegrityAfterMerges(t *testing.T) {
	o := options(t)
	o.Readers = 1
	d := open(t, o)
	for i := range 20 {
		insert(t, d, fmt.Sprint(i), &Words{Content: fmt.Sprintf("word%d and others", i)})
		if i%5 == 4 {
			if lines, err := d.Integrity(t.Context()); err != nil || len(lines) != 0 {
				t.Errorf("after %d: %v, %v", i, lines, err)
			}
			if err := d.Merge(t.Context()); err != nil {
				t.Fatal(err)
			}
			if lines, err := d.Integrity(t.Context()); err != nil || len(lines) != 0 {
				t.Errorf("after merging %d: %v, %v", i, lines, err)
			}
		}
	}
}
