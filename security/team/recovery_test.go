package team

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// TestRecovery loses every device of a team and reads its keys with the shares.
func TestRecovery(t *testing.T) {
	for _, tc := range []struct{ need, shares int }{{1, 1}, {1, 3}, {2, 3}, {3, 5}, {16, 16}} {
		t.Run(fmt.Sprintf("%d of %d", tc.need, tc.shares), func(t *testing.T) {
			s, olga := found(t, CreateOptions{})
			identity, shares, err := NewRecovery(tc.need, tc.shares)
			if err != nil {
				t.Fatal(err)
			}
			change := s.propose(t, olga, SetPolicy{Policy{MinSuite: SuiteHybrid, Recovery: identity}}, ProposeOptions{})
			if change.Epoch != 0 || len(change.Wraps) != 1 {
				t.Fatalf("epoch %d, %d wraps", change.Epoch, len(change.Wraps))
			}
			s.propose(t, olga, Rotate{}, ProposeOptions{})

			chain, err := Load(olga.Chain().Head(), s.entries)
			if err != nil {
				t.Fatal(err)
			}
			kept := chain.Policy().Recovery // as the chain has it
			var back []Share
			for _, share := range shares[tc.shares-tc.need:] {
				parsed, err := ParseShare(strings.ToLower(share.Code()))
				if err != nil {
					t.Fatal(err)
				}
				if err := kept.CheckShare(parsed); err != nil {
					t.Errorf("share %d: %v", parsed.Index, err)
				}
				back = append(back, parsed, parsed) // one of them twice
			}
			key, err := kept.Recover(back)
			if err != nil {
				t.Fatal(err)
			}
			var wraps []Wrap
			for _, w := range s.wraps {
				if w.Device == kept.ID {
					wraps = append(wraps, w)
				}
			}
			keys, err := key.Open(chain, wraps)
			if err != nil {
				t.Fatal(err)
			}
			for epoch := uint64(1); epoch <= 2; epoch++ {
				want, err := olga.Key(epoch)
				if err != nil || !keys[epoch].Equal(want) {
					t.Errorf("epoch %d: another key (%v)", epoch, err)
				}
			}
			if tc.need > 1 {
				_, err = kept.Recover(back[2:])
				wantErr(t, err, ErrShares)
			}
			_, err = kept.Recover(nil)
			wantErr(t, err, ErrShares)
			if s := fmt.Sprintf("%v %+v %#v", key, key, key); strings.Count(s, "recovery key") != 3 {
				t.Errorf("prints %s", s)
			}
		})
	}
}

func TestRecoveryAttacks(t *testing.T) {
	s, olga := found(t, CreateOptions{})
	identity, shares, err := NewRecovery(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	_, others, err := NewRecovery(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	s.propose(t, olga, SetPolicy{Policy{MinSuite: SuiteHybrid, Recovery: identity}}, ProposeOptions{})
	altered := func(change func(*Share)) Share {
		sh := shares[0]
		sh.value = security.NewSecret(append([]byte(nil), shares[0].value.Bytes()...))
		change(&sh)
		return sh
	}
	for name, sh := range map[string]Share{
		"another recovery's":         others[0],
		"another recovery's, named":  {Recovery: identity.ID, Index: 1, value: others[0].value},
		"altered":                    altered(func(s *Share) { s.value.Bytes()[3] ^= 1 }),
		"not reduced":                altered(func(s *Share) { s.value.Bytes()[31] |= 0x10 }),
		"short":                      altered(func(s *Share) { s.value = security.NewSecret([]byte{1}) }),
		"another number":             altered(func(s *Share) { s.Index = 2 }),
		"a number beyond the shares": altered(func(s *Share) { s.Index = 4 }),
	} {
		t.Run(name, func(t *testing.T) {
			wantErr(t, identity.CheckShare(sh), ErrShare)
			_, err := identity.Recover([]Share{shares[1], sh})
			wantErr(t, err, ErrShare)
		})
	}
	key, err := identity.Recover(shares[:2])
	if err != nil {
		t.Fatal(err)
	}
	t.Run("another's wrap", func(t *testing.T) {
		_, err := key.Open(olga.Chain(), s.wraps[:1])
		wantErr(t, err, ErrWrap)
	})
	t.Run("an identity with another key", func(t *testing.T) {
		wrong := *identity
		other, _, err := NewRecovery(2, 3)
		if err != nil {
			t.Fatal(err)
		}
		wrong.Key = other.Key
		_, err = wrong.Recover(shares[:2])
		wantErr(t, err, ErrShare)
		wrong.Commitments = [][]byte{{1}, {2}}
		wantErr(t, wrong.CheckShare(shares[0]), ErrFormat)
	})
	t.Run("replaced", func(t *testing.T) {
		raw := sign(olga.device, olga.Chain(), SetPolicy{Policy{MinSuite: SuiteHybrid}}, func(e *Entry) { e.Epoch, e.Commit = 0, Hash{} })
		_, err := olga.Chain().Extend([][]byte{raw})
		wantErr(t, err, ErrEpoch)
		change := s.propose(t, olga, SetPolicy{Policy{MinSuite: SuiteHybrid}}, ProposeOptions{})
		for _, w := range change.Wraps {
			if w.Device == identity.ID {
				t.Error("the new key was wrapped to the recovery recipient that was dropped")
			}
		}
		if change.Epoch != 2 {
			t.Errorf("epoch %d", change.Epoch)
		}
	})
}

func TestRecoveryRefuses(t *testing.T) {
	for _, c := range [][2]int{{0, 1}, {2, 1}, {1, 17}, {-1, 3}} {
		if _, _, err := NewRecovery(c[0], c[1]); !errors.Is(err, ErrLimit) {
			t.Errorf("%d of %d: got error %v", c[0], c[1], err)
		}
	}
	identity, shares, err := NewRecovery(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	good := identity.encode()
	if got, err := parseRecoveryIdentity(good); err != nil || !got.equal(identity) || got.equal(nil) {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range good {
		if _, err := parseRecoveryIdentity(good[:n]); !errors.Is(err, ErrFormat) {
			t.Fatalf("%d bytes: got error %v", n, err)
		}
	}
	changed := func(change func(*RecoveryIdentity)) []byte {
		r := *identity
		r.Commitments = append([][]byte(nil), identity.Commitments...)
		change(&r)
		return r.encode()
	}
	for name, tc := range map[string]struct {
		b    []byte
		want error
	}{
		"needs none":     {changed(func(r *RecoveryIdentity) { r.Need, r.Commitments = 0, nil }), ErrLimit},
		"no element":     {changed(func(r *RecoveryIdentity) { r.Commitments[0] = make([]byte, 32); r.Commitments[0][0] = 1 }), ErrFormat},
		"no key":         {changed(func(r *RecoveryIdentity) { r.Key.Key = r.Key.Key[1:] }), ErrFormat},
		"unknown suite":  {changed(func(r *RecoveryIdentity) { r.Key.Suite = 9 }), ErrSuite},
		"unwrappable":    {changed(func(r *RecoveryIdentity) { r.Key = WrapKey{SuiteX25519, make([]byte, 32)} }), ErrFormat},
		"too few shares": {changed(func(r *RecoveryIdentity) { r.Shares = 1 }), ErrLimit},
	} {
		if _, err := parseRecoveryIdentity(tc.b); !errors.Is(err, tc.want) {
			t.Errorf("%s: got error %v, want %v", name, err, tc.want)
		}
	}
	payload, err := decodeCode(codeShare, shares[0].Code(), shareBytes)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int]error{0: ErrVersion, 17: ErrFormat} {
		b := append([]byte(nil), payload...)
		b[at] = 99
		_, err := ParseShare(encodeCode(codeShare, b))
		wantErr(t, err, want)
	}
	_, err = ParseShare("junk")
	wantErr(t, err, ErrCode)
	value := shares[0].value.Bytes()
	s := fmt.Sprintf("%v %+v %s %x %d %#v", shares[0], shares[0], shares[0], shares[0], shares[0], shares[0])
	for _, form := range []string{"%x", "%d", "%v", "%#v"} {
		if strings.Contains(s, strings.Trim(fmt.Sprintf(form, value), "[]")) {
			t.Errorf("a share prints as %s", s)
		}
	}
	weak := &RecoveryIdentity{ID: uuid.UUID{1}, Key: WrapKey{Suite: SuiteX25519}}
	wantErr(t, checkPolicy(Policy{MinSuite: SuiteHybrid, Recovery: weak}), ErrDowngrade)
}
