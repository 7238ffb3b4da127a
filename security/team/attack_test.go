package team

import (
	"bytes"
	"crypto/hpke"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// TestChainAttacks lets the server do to the chain what it can.
func TestChainAttacks(t *testing.T) {
	c := newCrew(t)
	c.propose(t, c.olga, Rotate{}, ProposeOptions{})
	c.propose(t, c.olga, Remove{Member: member(t, c.ed)}, ProposeOptions{})
	head := c.olga.Chain().Head()
	n := len(c.entries)
	load := func(entries [][]byte) error { _, err := Load(head, entries); return err }

	if err := load(c.entries); err != nil {
		t.Fatal(err)
	}
	t.Run("nothing", func(t *testing.T) {
		wantErr(t, load(nil), ErrGap)
		_, err := Load(Head{}, c.entries)
		wantErr(t, err, ErrAnchor)
	})
	t.Run("cut off", func(t *testing.T) {
		for k := 1; k < n; k++ {
			wantErr(t, load(c.entries[:k]), ErrTruncated)
		}
	})
	t.Run("one dropped", func(t *testing.T) {
		for k := range n - 1 {
			wantErr(t, load(slices.Delete(slices.Clone(c.entries), k, k+1)), ErrGap)
		}
	})
	t.Run("two exchanged", func(t *testing.T) {
		for k := 1; k < n; k++ {
			other := slices.Clone(c.entries)
			other[k-1], other[k] = other[k], other[k-1]
			wantErr(t, load(other), ErrGap)
		}
	})
	t.Run("each byte altered", func(t *testing.T) {
		for k, raw := range c.entries {
			for at := 0; at < len(raw); at += 1 + len(raw)/150 {
				forged := slices.Clone(c.entries)
				forged[k] = bytes.Clone(raw)
				forged[k][at] ^= 1
				if load(forged) == nil {
					t.Fatalf("entry %d with byte %d altered passes", k, at)
				}
			}
		}
	})
	t.Run("another team under the same id", func(t *testing.T) {
		s, _ := found(t, CreateOptions{Team: c.olga.Team(), Policy: Policy{MinSuite: SuiteX25519}})
		_, err := Load(Head{Team: head.Team, Hash: c.olga.Chain().Genesis()}, s.entries)
		wantErr(t, err, ErrForked)
	})
	t.Run("another team", func(t *testing.T) {
		s, _ := found(t, CreateOptions{})
		wantErr(t, load(s.entries), ErrTeam)
		mixed := append(slices.Clone(c.entries), s.entries[0])
		wantErr(t, load(mixed), ErrTeam)
	})
	t.Run("forked", func(t *testing.T) {
		old, err := Load(Head{Team: head.Team, Hash: c.olga.Chain().Genesis()}, c.entries[:n-2])
		if err != nil {
			t.Fatal(err)
		}
		fork := append(slices.Clone(c.entries[:n-2]), sign(c.olga.device, old, Rotate{}, nil))
		other, err := Load(old.Head(), fork)
		if err != nil {
			t.Fatal(err)
		}
		wantErr(t, c.olga.Chain().Includes(other.Head()), ErrForked)
		_, err = c.olga.Chain().Extend(fork)
		wantErr(t, err, ErrForked)
		_, err = other.Extend(c.entries[n-1:])
		wantErr(t, err, ErrForked)
		wantErr(t, other.Includes(head), ErrTruncated)
	})
	t.Run("by a removed member", func(t *testing.T) {
		_, err := c.olga.Chain().Extend([][]byte{sign(c.ed.device, c.olga.Chain(), Rotate{}, nil)})
		wantErr(t, err, ErrAuthor)
	})
	t.Run("a changed key in the directory", func(t *testing.T) {
		known := c.rita.device.Public()
		if err := c.olga.Chain().CheckDevice(known); err != nil {
			t.Error(err)
		}
		swapped := newDevice(t, "x").Public()
		swapped.ID = known.ID
		wantErr(t, c.olga.Chain().CheckDevice(swapped), ErrKeyChanged)
		wantErr(t, c.olga.Chain().CheckDevice(newDevice(t, "x").Public()), ErrDevice)
	})
}

// independentInfo writes the wrap context as the format says, without the package's own code.
func independentInfo(suite uint64, team uuid.UUID, epoch uint64, member, device uuid.UUID) []byte {
	var b []byte
	field := func(p []byte) { b = append(binary.BigEndian.AppendUint32(b, uint32(len(p))), p...) }
	number := func(v uint64) { field(binary.BigEndian.AppendUint64(nil, v)) }
	field([]byte("elderzan team wrap context"))
	number(1)
	number(suite)
	field(team[:])
	number(epoch)
	field(member[:])
	field(device[:])
	return b
}

// TestWrapAttacks lets the server do to wrapped keys what it can.
func TestWrapAttacks(t *testing.T) {
	c := newCrew(t)
	c.propose(t, c.olga, SetPolicy{Policy{MinSuite: SuiteHybrid}}, ProposeOptions{}) // opens 2
	c.propose(t, c.olga, Remove{Member: member(t, c.ed)}, ProposeOptions{})          // opens 3
	c.sync(t, c.rita)
	chain, rita := c.olga.Chain(), c.rita.device
	id := member(t, c.rita)
	fresh := func() *Ring { return NewRing(rita, chain) }
	wrapOf := func(device uuid.UUID, epoch uint64) Wrap {
		for _, w := range c.wraps {
			if w.Device == device && w.Epoch == epoch {
				w.Sealed = bytes.Clone(w.Sealed)
				return w
			}
		}
		t.Fatalf("no wrap of epoch %d for %s", epoch, device)
		return Wrap{}
	}
	good := wrapOf(rita.ID(), 3)
	if err := fresh().Learn(good); err != nil {
		t.Fatal(err)
	}
	changed := func(change func(*Wrap)) Wrap {
		w := good
		w.Sealed = bytes.Clone(good.Sealed)
		change(&w)
		return w
	}
	// seal wraps a key of the server's choice, which needs nothing but the device's public key.
	seal := func(suite Suite, epoch uint64, key []byte) Wrap {
		info := independentInfo(uint64(suite), chain.Team(), epoch, id, rita.ID())
		kem := hpke.MLKEM768X25519()
		if suite == SuiteX25519 {
			kem = SuiteX25519.kem()
		}
		for _, k := range rita.public.Wrap {
			if k.Suite != suite {
				continue
			}
			public, err := kem.NewPublicKey(k.Key)
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := hpke.Seal(public, hpke.HKDFSHA256(), hpke.AES256GCM(), info, key)
			if err != nil {
				t.Fatal(err)
			}
			return Wrap{Suite: suite, Team: chain.Team(), Epoch: epoch, Member: id, Device: rita.ID(), Sealed: sealed}
		}
		t.Fatalf("no %v key", suite)
		return Wrap{}
	}
	key3, err := c.olga.Key(3)
	if err != nil {
		t.Fatal(err)
	}
	key1, err := c.olga.Key(1)
	if err != nil {
		t.Fatal(err)
	}
	// The device has no RSA key: give it one, so that nothing but the rule stands between it and the weaker suite.
	for name, tc := range map[string]struct {
		wrap Wrap
		want error
	}{
		"the right key, from anybody":      {seal(SuiteHybrid, 3, key3.Bytes()), nil},
		"epoch 1 under its weaker suite":   {seal(SuiteX25519, 1, key1.Bytes()), nil},
		"a key of the server's":            {seal(SuiteHybrid, 3, make([]byte, 32)), ErrEpochKey},
		"the key of another epoch":         {seal(SuiteHybrid, 3, key1.Bytes()), ErrEpochKey},
		"a short key":                      {seal(SuiteHybrid, 3, key3.Bytes()[:31]), ErrUnwrap},
		"the right key, weaker suite":      {seal(SuiteX25519, 3, key3.Bytes()), ErrDowngrade},
		"the suite's number lowered":       {changed(func(w *Wrap) { w.Suite = SuiteX25519 }), ErrDowngrade},
		"an unknown suite":                 {changed(func(w *Wrap) { w.Suite = 4 }), ErrSuite},
		"no suite":                         {changed(func(w *Wrap) { w.Suite = 0 }), ErrSuite},
		"another team":                     {changed(func(w *Wrap) { w.Team[0] ^= 1 }), ErrTeam},
		"another epoch":                    {changed(func(w *Wrap) { w.Epoch = 2 }), ErrUnwrap},
		"an epoch that is not there":       {changed(func(w *Wrap) { w.Epoch = 4 }), ErrEpoch},
		"epoch 0":                          {changed(func(w *Wrap) { w.Epoch = 0 }), ErrEpoch},
		"another member":                   {changed(func(w *Wrap) { w.Member[0] ^= 1 }), ErrWrap},
		"another device":                   {changed(func(w *Wrap) { w.Device[0] ^= 1 }), ErrWrap},
		"a removed member's wrap":          {wrapOf(c.ed.Device(), 2), ErrWrap},
		"a removed member's wrap, renamed": {changed(func(w *Wrap) { w.Sealed = wrapOf(c.ed.Device(), 2).Sealed; w.Epoch = 2 }), ErrUnwrap},
		"another's wrap, renamed":          {changed(func(w *Wrap) { w.Sealed = wrapOf(c.olga.Device(), 3).Sealed }), ErrUnwrap},
		"an older wrap, renamed":           {changed(func(w *Wrap) { w.Sealed = wrapOf(rita.ID(), 2).Sealed }), ErrUnwrap},
		"nothing sealed":                   {changed(func(w *Wrap) { w.Sealed = nil }), ErrUnwrap},
		"cut":                              {changed(func(w *Wrap) { w.Sealed = w.Sealed[:len(w.Sealed)-1] }), ErrUnwrap},
	} {
		t.Run(name, func(t *testing.T) {
			r := fresh()
			err := r.Learn(tc.wrap)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Errorf("got error %v, want %v", err, tc.want)
			}
			if _, have := r.Key(tc.wrap.Epoch); tc.want != nil && have == nil {
				t.Error("a key was taken")
			}
		})
	}
	t.Run("each byte altered", func(t *testing.T) {
		for at := 0; at < len(good.Sealed); at += 7 {
			wantErr(t, fresh().Learn(changed(func(w *Wrap) { w.Sealed[at] ^= 1 })), ErrUnwrap)
		}
	})
	t.Run("a suite without a key", func(t *testing.T) {
		s, olga := found(t, CreateOptions{Policy: Policy{MinSuite: SuiteRSA}})
		w := s.wraps[0]
		w.Suite = SuiteRSA
		wantErr(t, NewRing(olga.device, olga.Chain()).Learn(w), ErrSuiteMissing)
	})
	t.Run("the removed member", func(t *testing.T) {
		r := NewRing(c.ed.device, chain)
		for _, w := range c.wraps {
			if w.Epoch == 3 {
				wantErr(t, r.Learn(w), ErrWrap)
			}
		}
		if err := r.Learn(wrapOf(c.ed.Device(), 2)); err != nil {
			t.Errorf("what was read stays read: %v", err)
		}
	})
	t.Run("twice", func(t *testing.T) {
		r := fresh()
		for range 2 {
			if err := r.Learn(good); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := r.Key(3); err != nil || !got.Equal(key3) {
			t.Errorf("the key is gone: %v", err)
		}
	})
}

// TestRecipients checks that keys go to those alone whom the signed chain names.
func TestRecipients(t *testing.T) {
	c := newCrew(t)
	change := c.propose(t, c.olga, Remove{Member: member(t, c.ed)}, ProposeOptions{})
	want := map[uuid.UUID]bool{c.olga.Device(): true, c.omar.Device(): true, c.rita.Device(): true}
	for _, w := range change.Wraps {
		if !want[w.Device] || w.Epoch != change.Epoch {
			t.Errorf("a key of epoch %d for device %s", w.Epoch, w.Device)
		}
		delete(want, w.Device)
	}
	if len(want) != 0 {
		t.Errorf("no key for %v", want)
	}
	_, err := c.olga.Grant(c.aude.Device())
	wantErr(t, err, ErrNotAllowed)
	_, err = c.olga.Grant(uuid.UUID{1})
	wantErr(t, err, ErrDevice)
}

// TestApply hands changes to rings that they do not fit.
func TestApply(t *testing.T) {
	c := newCrew(t)
	change, err := c.olga.Propose(Rotate{}, ProposeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.omar.Propose(Rotate{}, ProposeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c.olga.Epoch() != 1 {
		t.Error("proposing changed the ring")
	}
	wrong := change
	wrong.Key = security.RandomSecret(32)
	wantErr(t, NewRing(c.olga.device, c.olga.Chain()).Apply(wrong), ErrEpochKey)
	wrong.Epoch = 9
	wantErr(t, NewRing(c.olga.device, c.olga.Chain()).Apply(wrong), ErrEpoch)
	wrong = change
	wrong.Entry = wrong.Entry[1:]
	wantErr(t, c.olga.Apply(wrong), ErrFormat)
	// Omar's entry took the place: Olga's is refused, and proposed again on top of it.
	c.accept(t, c.omar, other)
	c.sync(t, c.olga)
	wantErr(t, c.olga.Apply(change), ErrForked)
	again := c.propose(t, c.olga, Rotate{}, ProposeOptions{})
	if again.Epoch != 3 {
		t.Errorf("epoch %d, want 3", again.Epoch)
	}
}

func TestSuites(t *testing.T) {
	golden := goldenDevice(t, "rsa")
	for _, tc := range []struct {
		suite  Suite
		device *Device
	}{{SuiteRSA, golden}, {SuiteX25519, newDevice(t, "x", SuiteX25519)}, {SuiteHybrid, newDevice(t, "h", SuiteHybrid)}} {
		t.Run(tc.suite.String(), func(t *testing.T) {
			s, olga := found(t, CreateOptions{Policy: Policy{MinSuite: SuiteRSA}})
			r := s.admitDevice(t, olga, tc.device, "New", Editor, ProposeOptions{})
			wantMissing(t, "newcomer", r)
			for _, w := range s.wraps {
				if w.Device == r.Device() && w.Suite != tc.suite {
					t.Errorf("wrapped under %v", w.Suite)
				}
			}
			want := map[bool]error{true: nil, false: ErrSuiteMissing}[tc.suite == SuiteHybrid]
			_, err := olga.Propose(SetPolicy{Policy{MinSuite: SuiteHybrid}}, ProposeOptions{})
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("raising the minimum: got error %v, want %v", err, want)
			}
		})
	}
	if Suite(9).String() != "suite 9" || Suite(0).Known() || !SuiteRSA.Known() {
		t.Error("suites by name")
	}
}

// TestRSALabel opens a key of suite 1 by OAEP with the context as label, without the package's own code.
func TestRSALabel(t *testing.T) {
	d := goldenDevice(t, "rsa")
	s, olga := found(t, CreateOptions{Policy: Policy{MinSuite: SuiteRSA}})
	r := s.admitDevice(t, olga, d, "New", Editor, ProposeOptions{})
	private, err := x509.ParsePKCS1PrivateKey(d.wrap[SuiteRSA].encode())
	if err != nil {
		t.Fatal(err)
	}
	w := s.wraps[len(s.wraps)-1]
	info := independentInfo(1, olga.Team(), 1, member(t, r), d.ID())
	got, err := rsa.DecryptOAEP(sha256.New(), nil, private, w.Sealed, info)
	key, errKey := olga.Key(1)
	if err != nil || errKey != nil || !bytes.Equal(got, key.Bytes()) {
		t.Errorf("got error %v, %v, or another key", err, errKey)
	}
}

// TestConcurrent uses a ring from many goroutines while it grows.
func TestConcurrent(t *testing.T) {
	c := newCrew(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				_, _, _ = c.rita.Writer(1, c.olga.Device())
				_, _ = c.rita.Key(c.rita.Epoch())
				_ = c.rita.Missing()
				_, _ = c.rita.Suite(1)
				_ = c.rita.Sign([]byte("x"))
			}
		})
	}
	for range 5 {
		c.propose(t, c.olga, Rotate{}, ProposeOptions{})
		c.sync(t, c.rita)
	}
	wg.Wait()
	wantMissing(t, "reader", c.rita)
}
