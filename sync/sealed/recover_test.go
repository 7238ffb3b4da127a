package sealed_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/elderzan/elderzan/security/team"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/sealed"
)

// TestRecover loses every device of a team, which wrote under several epochs, and reads it with shares on paper.
func TestRecover(t *testing.T) {
	w := newWorld(t)
	ring, err := w.a.team.Ring()
	if err != nil {
		t.Fatal(err)
	}
	fingerprint := ring.Chain().Fingerprint().String()
	if _, err := sealed.Recover(t.Context(), w.dir, fingerprint, nil); !errors.Is(err, sealed.ErrNoRecovery) {
		t.Errorf("without a recovery key: %v", err)
	}
	if err := w.a.team.DropRecovery(t.Context()); !errors.Is(err, sealed.ErrNoRecovery) {
		t.Errorf("drop without one: %v", err)
	}
	w.a.put("before the key")
	w.a.must(t)
	shares, err := w.a.team.SetRecovery(t.Context(), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.a.team.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.a.put("after a rotation")
	w.a.must(t)
	w.dir.Keys = append(w.dir.Keys, memsync.Wrap{Device: shares[0].Recovery, Epoch: 1, Body: []byte("rubbish")})

	read := func(shares []team.Share) []string {
		t.Helper()
		rec, err := sealed.Recover(t.Context(), w.dir, fingerprint, shares)
		if err != nil {
			t.Fatal(err)
		}
		if m := rec.Team.Missing(); len(m) != 0 {
			t.Errorf("epochs %v are missing", m)
		}
		page, err := w.remote.Pull(t.Context(), w.place, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range page.Records {
			m, deleted, err := memsync.Read(w.place, rec, r)
			if err != nil || deleted {
				t.Fatalf("%v, deleted %v", err, deleted)
			}
			out = append(out, m.Content)
		}
		slices.Sort(out)
		return out
	}
	if got := read(shares[1:]); !slices.Equal(got, []string{"after a rotation", "before the key"}) {
		t.Errorf("recovered %q", got)
	}
	for name, tc := range map[string]struct {
		fingerprint string
		shares      []team.Share
		want        error
	}{
		"one share twice": {fingerprint, []team.Share{shares[0], shares[0]}, team.ErrShares},
		"mistyped":        {fingerprint[1:], shares, team.ErrCode},
		"another team":    {fingerprintOf(t, newWorld(t)), shares, team.ErrKeyChanged},
	} {
		if _, err := sealed.Recover(t.Context(), w.dir, tc.fingerprint, tc.shares); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	// Ended, it reads nothing that is written from then on; another key's shares are none of the new one.
	if err := w.a.team.DropRecovery(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Recover(t.Context(), w.dir, fingerprint, shares); !errors.Is(err, sealed.ErrNoRecovery) {
		t.Errorf("ended: %v", err)
	}
	if _, err := w.a.team.SetRecovery(t.Context(), 1, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Recover(t.Context(), w.dir, fingerprint, shares); !errors.Is(err, team.ErrShare) {
		t.Errorf("shares of the former key: %v", err)
	}
}

func fingerprintOf(t *testing.T, w *world) string {
	t.Helper()
	r, err := w.a.team.Ring()
	if err != nil {
		t.Fatal(err)
	}
	return r.Chain().Fingerprint().String()
}
