package team

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

// decoders are all decoders of bytes that others may have written, each with a function that encodes again.
var decoders = map[string]func(b []byte) (again []byte, err error){
	"entry": func(b []byte) ([]byte, error) {
		e, err := ParseEntry(b)
		if err != nil {
			return nil, err
		}
		return e.Encode(), nil
	},
	"wrap":    func(b []byte) ([]byte, error) { w, err := ParseWrap(b); return w.Encode(), err },
	"request": func(b []byte) ([]byte, error) { q, err := ParseJoinRequest(b); return q.Encode(), err },
	"public":  func(b []byte) ([]byte, error) { p, err := parsePublic(b); return p.encode(), err },
	"head":    func(b []byte) ([]byte, error) { h, err := ParseHead(b); return h.Encode(), err },
	"device": func(b []byte) ([]byte, error) {
		d, err := ParseDevice(security.NewSecret(bytes.Clone(b)))
		if err != nil {
			return nil, err
		}
		return d.Encode().Bytes(), nil
	},
	"recovery": func(b []byte) ([]byte, error) {
		r, err := parseRecoveryIdentity(b)
		if err != nil {
			return nil, err
		}
		return r.encode(), nil
	},
}

// corpus returns good encodings by decoder.
func corpus(t testing.TB) map[string][][]byte {
	t.Helper()
	out := map[string][][]byte{}
	for name, files := range map[string][]string{
		"entry": {"chain.hex"}, "wrap": {"wraps.hex"}, "request": {"request.hex"}, "public": {"public-laptop.hex"}, "head": {"head.hex"},
		"device": {"device-laptop.hex", "device-rsa.hex"},
	} {
		for _, file := range files {
			out[name] = append(out[name], golden(t, file, nil)...)
		}
	}
	out["recovery"] = golden(t, "recovery.hex", nil)[:1]
	return out
}

// TestCanonical cuts, lengthens and alters good encodings: what still decodes encodes to the same bytes.
func TestCanonical(t *testing.T) {
	for name, goods := range corpus(t) {
		decode := decoders[name]
		t.Run(name, func(t *testing.T) {
			for _, good := range goods {
				if again, err := decode(good); err != nil || !bytes.Equal(again, good) {
					t.Fatalf("a good one: %v", err)
				}
				step := 1 + len(good)/300
				for n := 0; n < len(good); n += step {
					if _, err := decode(good[:n]); !errors.Is(err, ErrFormat) {
						t.Fatalf("the first %d of %d bytes: got error %v", n, len(good), err)
					}
					bad := bytes.Clone(good)
					bad[n] ^= 0x41
					if again, err := decode(bad); err == nil && !bytes.Equal(again, bad) {
						t.Fatalf("byte %d altered: it decodes, and encodes to something else", n)
					}
				}
				if _, err := decode(append(bytes.Clone(good), 0)); !errors.Is(err, ErrFormat) {
					t.Errorf("a byte more: got error %v", err)
				}
				newer := bytes.Clone(good)
				at := lengthSize + int(binary.BigEndian.Uint32(good)) + lengthSize + 7
				newer[at] = 2
				if _, err := decode(newer); !errors.Is(err, ErrVersion) {
					t.Errorf("version 2: got error %v", err)
				}
			}
		})
	}
}

// TestBoundedAllocation gives the decoders lengths that lie.
func TestBoundedAllocation(t *testing.T) {
	for name, goods := range corpus(t) {
		decode := decoders[name]
		t.Run(name, func(t *testing.T) {
			good := goods[0]
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			tries := 0
			for at := 0; at+4 <= len(good); at += 1 + len(good)/200 {
				bad := bytes.Clone(good)
				binary.BigEndian.PutUint32(bad[at:], 0xfffffff0)
				_, _ = decode(bad)
				tries++
			}
			runtime.ReadMemStats(&after)
			if perTry := (after.TotalAlloc - before.TotalAlloc) / uint64(tries); perTry > 1<<20 {
				t.Errorf("%d bytes a try", perTry)
			}
		})
	}
}

func TestParseEntryRefuses(t *testing.T) {
	_, err := ParseEntry(make([]byte, maxEntryBytes+1))
	wantErr(t, err, ErrFormat)
	e := Entry{Team: id(1), Author: id(2), Time: clock(), Op: Rotate{}, Signature: make([]byte, 64)}
	raw := e.Encode()
	at := bytes.Index(raw, []byte{0, 0, 0, 0, 0, 0, 0, byte(KindRotate)}) + 7
	raw[at] = 99
	_, err = ParseEntry(raw)
	wantErr(t, err, ErrFormat)
	if err == nil || !strings.Contains(err.Error(), "kind 99") {
		t.Errorf("unknown kind: %v", err)
	}
	e.Time = clock().AddDate(9000, 0, 0)
	_, err = ParseEntry(e.Encode())
	wantErr(t, err, ErrFormat)
	for k := KindGenesis; k <= KindPolicy; k++ {
		if k.String() == "" || strings.HasPrefix(k.String(), "kind") {
			t.Errorf("kind %d is called %q", k, k)
		}
	}
}

// TestPublicRefuses makes public halves that nobody should wrap to.
func TestPublicRefuses(t *testing.T) {
	d := newDevice(t, "x")
	rsaKey := goldenDevice(t, "rsa").public.Wrap[0]
	small, err := x509.ParsePKCS1PublicKey(rsaKey.Key)
	if err != nil {
		t.Fatal(err)
	}
	even := *small
	even.N = new(big.Int).Add(small.N, big.NewInt(1))
	odd := *small
	odd.E = 3
	short := *small
	short.N = new(big.Int).Rsh(small.N, 1024)
	order := make([]byte, 32) // a point of order 1: every key agrees on the same secret with it
	for name, tc := range map[string]struct {
		change func(*Public)
		want   error
	}{
		"no id":           {func(p *Public) { p.ID = uuid.Nil }, ErrFormat},
		"no keys":         {func(p *Public) { p.Wrap = nil }, ErrFormat},
		"keys twice":      {func(p *Public) { p.Wrap = append(p.Wrap, p.Wrap[1]) }, ErrFormat},
		"keys unordered":  {func(p *Public) { p.Wrap[0], p.Wrap[1] = p.Wrap[1], p.Wrap[0] }, ErrFormat},
		"unknown suite":   {func(p *Public) { p.Wrap[1].Suite = 4 }, ErrSuite},
		"suite 0":         {func(p *Public) { p.Wrap[0].Suite = 0 }, ErrFormat},
		"short key":       {func(p *Public) { p.Wrap[0].Key = p.Wrap[0].Key[1:] }, ErrFormat},
		"low order":       {func(p *Public) { p.Wrap[0].Key = order }, ErrFormat},
		"hybrid, half":    {func(p *Public) { copy(p.Wrap[1].Key[len(p.Wrap[1].Key)-32:], order) }, ErrFormat},
		"hybrid, mod":     {func(p *Public) { p.Wrap[1].Key[0], p.Wrap[1].Key[1] = 0xff, 0xff }, ErrFormat},
		"RSA, no key":     {func(p *Public) { p.Wrap = []WrapKey{{SuiteRSA, []byte{1}}} }, ErrFormat},
		"RSA, 2048 bits":  {func(p *Public) { p.Wrap = []WrapKey{{SuiteRSA, x509.MarshalPKCS1PublicKey(&short)}} }, ErrFormat},
		"RSA, exponent 3": {func(p *Public) { p.Wrap = []WrapKey{{SuiteRSA, x509.MarshalPKCS1PublicKey(&odd)}} }, ErrFormat},
		"RSA, even":       {func(p *Public) { p.Wrap = []WrapKey{{SuiteRSA, x509.MarshalPKCS1PublicKey(&even)}} }, ErrFormat},
		"RSA, more after": {func(p *Public) { p.Wrap = []WrapKey{{SuiteRSA, append(bytes.Clone(rsaKey.Key), 0)}} }, ErrFormat},
		"label":           {func(p *Public) { p.Label = "a\x00b" }, ErrFormat},
	} {
		p := d.Public()
		tc.change(&p)
		if _, err := parsePublic(p.encode()); !errors.Is(err, tc.want) {
			t.Errorf("%s: got error %v, want %v", name, err, tc.want)
		}
	}
}

func TestDeviceRefuses(t *testing.T) {
	for name, opts := range map[string]DeviceOptions{
		"unknown suite": {Suites: []Suite{4}}, "RSA of 2048 bits": {Suites: []Suite{SuiteRSA}, RSABits: 2048},
	} {
		if _, err := NewDevice(opts); !errors.Is(err, ErrSuite) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if _, err := NewDevice(DeviceOptions{Suites: []Suite{}}); !errors.Is(err, ErrFormat) {
		t.Errorf("no suite: got error %v", err)
	}
	build := func(n uint64, keys ...any) security.Secret {
		f := newFields(magicDevice).id(id(1)).str("x").bytes(make([]byte, 32)).num(n)
		for i := 0; i < len(keys); i += 2 {
			f.num(uint64(keys[i].(Suite))).bytes(keys[i+1].([]byte))
		}
		return security.NewSecret(f.b)
	}
	key := bytes.Repeat([]byte{1}, 32)
	for name, tc := range map[string]struct {
		s    security.Secret
		want error
	}{
		"nothing":      {security.Secret{}, ErrFormat},
		"no keys":      {build(0), ErrFormat},
		"twice":        {build(2, SuiteHybrid, key, SuiteHybrid, key), ErrFormat},
		"unknown":      {build(1, Suite(4), key), ErrSuite},
		"short":        {build(1, SuiteHybrid, key[1:]), ErrFormat},
		"short X25519": {build(1, SuiteX25519, key[1:]), ErrFormat},
		"no RSA key":   {build(1, SuiteRSA, key), ErrFormat},
		"too many":     {build(9), ErrFormat},
	} {
		if _, err := ParseDevice(tc.s); !errors.Is(err, tc.want) {
			t.Errorf("%s: got error %v, want %v", name, err, tc.want)
		}
	}
}

// TestDeviceHidesKeys prints a device in every way.
func TestDeviceHidesKeys(t *testing.T) {
	d := newDevice(t, "x")
	again, err := ParseDevice(d.Encode())
	if err != nil || !again.public.Equal(&d.public) || !reflect.DeepEqual(again.signing, d.signing) {
		t.Fatalf("a device read back: %v", err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		if got := fmt.Sprintf(format, d); got != "device "+d.ID().String() {
			t.Errorf("%s prints %q", format, got)
		}
	}
	public := d.Public()
	public.Signing[0] ^= 1
	public.Wrap[0].Key[0] ^= 1
	if !again.public.Equal(&d.public) {
		t.Error("the caller of Public changed the device")
	}
}

func TestRoles(t *testing.T) {
	for _, r := range []Role{Owner, Editor, Reader, Auditor} {
		if got, err := ParseRole(r.String()); err != nil || got != r {
			t.Errorf("%v: got %v, %v", r, got, err)
		}
	}
	for _, name := range []string{"", "Owner", "role 1"} {
		_, err := ParseRole(name)
		wantErr(t, err, ErrFormat)
	}
	if Role(9).String() != "role 9" || Role(0).Valid() {
		t.Error("unknown roles")
	}
}

// TestGenesisRules breaks the rules of the first entry.
func TestGenesisRules(t *testing.T) {
	d, other := newDevice(t, "x"), newDevice(t, "y")
	good := Genesis{Founder: Member{ID: id(2), Name: "Olga", Role: Owner}, Device: d.Public(), Policy: Policy{MinSuite: SuiteHybrid}}
	for name, tc := range map[string]struct {
		change func(*Entry, *Genesis)
		want   error
	}{
		"nothing":        {func(*Entry, *Genesis) {}, nil},
		"no owner":       {func(_ *Entry, g *Genesis) { g.Founder.Role = Editor }, ErrFormat},
		"no name":        {func(_ *Entry, g *Genesis) { g.Founder.Name = "" }, ErrFormat},
		"another author": {func(e *Entry, _ *Genesis) { e.Author = id(9) }, ErrFormat},
		"epoch 2":        {func(e *Entry, _ *Genesis) { e.Epoch = 2 }, ErrFormat},
		"no key":         {func(e *Entry, _ *Genesis) { e.Commit = Hash{} }, ErrFormat},
		"a past":         {func(e *Entry, _ *Genesis) { e.Prev = Hash{1} }, ErrGap},
		"later":          {func(e *Entry, _ *Genesis) { e.Seq = 1 }, ErrGap},
		"another's key":  {func(_ *Entry, g *Genesis) { g.Device = other.Public(); g.Device.ID = d.ID() }, ErrSignature},
		"unknown suite":  {func(_ *Entry, g *Genesis) { g.Policy.MinSuite = 4 }, ErrSuite},
		"too strong":     {func(_ *Entry, g *Genesis) { g.Device.Wrap = g.Device.Wrap[:1] }, ErrSuiteMissing},
	} {
		e := Entry{Team: id(1), Author: d.ID(), Time: clock(), Epoch: 1, Commit: Hash{1}}
		g := good
		g.Device = good.Device.clone()
		tc.change(&e, &g)
		e.Op = g
		e.Signature = d.Sign(e.signed().b)
		_, err := extend(nil, [][]byte{e.Encode()})
		if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
			t.Errorf("%s: got error %v, want %v", name, err, tc.want)
		}
	}
	e := Entry{Team: id(1), Author: d.ID(), Time: clock(), Op: Rotate{}, Epoch: 1, Commit: Hash{1}}
	e.Signature = d.Sign(e.signed().b)
	_, err := extend(nil, [][]byte{e.Encode()})
	wantErr(t, err, ErrGap)
}

// FuzzDecoders: whatever decodes, encodes to the same bytes, and nothing panics.
func FuzzDecoders(f *testing.F) {
	for _, goods := range corpus(f) {
		for _, good := range goods {
			f.Add(good)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, decode := range decoders {
			if again, err := decode(b); err == nil && !bytes.Equal(again, b) {
				t.Errorf("%s: %x encodes to %x", name, b, again)
			}
		}
	})
}

// FuzzCodes: codes of one kind are no codes of another, and what decodes encodes to a code for the same.
func FuzzCodes(f *testing.F) {
	f.Add(string(golden(f, "invite.hex", nil)[0]))
	f.Add(string(golden(f, "recovery.hex", nil)[1]))
	f.Add(string(golden(f, "fingerprint.hex", nil)[0]))
	f.Fuzz(func(t *testing.T, code string) {
		i, errInvite := ParseInvite(code)
		s, errShare := ParseShare(code)
		if errInvite == nil && errShare == nil {
			t.Errorf("%q is an invite and a share", code)
		}
		if errInvite == nil {
			if again, err := ParseInvite(i.Code()); err != nil || again != i {
				t.Errorf("invite %q: %v", code, err)
			}
		}
		if errShare == nil {
			if again, err := ParseShare(s.Code()); err != nil || again.Index != s.Index || !again.value.Equal(s.value) {
				t.Errorf("share %q: %v", code, err)
			}
		}
		_ = Fingerprint{}.Matches(code)
	})
}

// FuzzChain: no chain passes with an entry that is not one of the golden chain's, in its place.
func FuzzChain(f *testing.F) {
	good := golden(f, "chain.hex", nil)
	head, err := ParseHead(golden(f, "head.hex", nil)[0])
	if err != nil {
		f.Fatal(err)
	}
	for i, e := range good {
		f.Add(byte(i), e)
	}
	f.Fuzz(func(t *testing.T, at byte, entry []byte) {
		n := int(at) % len(good)
		chain := append([][]byte(nil), good...)
		chain[n] = entry
		if _, err := Load(head, chain); err == nil && !bytes.Equal(entry, good[n]) {
			t.Errorf("a chain with a forged entry %d passes", n)
		}
	})
}
