package team

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security"
)

var update = flag.Bool("update", false, "write the golden files of the current format version")

// The golden files hold what format version 1 looks like. What has no randomness in it must come out the same to the
// byte; what has, must open for ever.

func goldenPath(name string) string { return filepath.Join("testdata", "v1", name) }

// golden returns the lines of a golden file. With -update it writes fresh there first, unless that is nil.
func golden(t testing.TB, name string, fresh [][]byte) [][]byte {
	t.Helper()
	if *update && fresh != nil {
		var b strings.Builder
		for _, line := range fresh {
			b.WriteString(hex.EncodeToString(line) + "\n")
		}
		if err := os.MkdirAll(filepath.Dir(goldenPath(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenPath(name), []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(goldenPath(name))
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for line := range strings.Lines(string(text)) {
		b, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, b)
	}
	return out
}

// wantGolden compares what must not differ by a byte.
func wantGolden(t *testing.T, name string, got ...[]byte) {
	t.Helper()
	want := golden(t, name, got)
	if len(got) != len(want) {
		t.Fatalf("%s: %d lines, want %d", name, len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("%s, line %d\n got %x\nwant %x", name, i+1, got[i], want[i])
		}
	}
}

// seeded makes a device of which every key follows from n.
func seeded(t testing.TB, n byte, label string) *Device {
	t.Helper()
	f := newFields(magicDevice).id(id(n)).str(label).bytes(bytes.Repeat([]byte{n}, 32)).num(2)
	scalar := bytes.Repeat([]byte{n + 1}, 32)
	scalar[0], scalar[31] = scalar[0]&248, scalar[31]&127|64 // as X25519 wants it
	f.num(uint64(SuiteX25519)).bytes(scalar)
	f.num(uint64(SuiteHybrid)).bytes(bytes.Repeat([]byte{n + 2}, 32))
	d, err := ParseDevice(security.NewSecret(f.b))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func id(n byte) uuid.UUID { return uuid.UUID{6: 0x70, 8: 0x80, 15: n} }

// goldenDevice reads a device from a golden file. That of the RSA device is made once: a key is not made from a seed.
func goldenDevice(t testing.TB, name string) *Device {
	t.Helper()
	d, err := ParseDevice(security.NewSecret(golden(t, "device-"+name+".hex", nil)[0]))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestGoldenDevice(t *testing.T) {
	d := seeded(t, 10, "olga's laptop")
	wantGolden(t, "device-laptop.hex", d.Encode().Bytes())
	wantGolden(t, "public-laptop.hex", d.public.encode())
	wantGolden(t, "fingerprint.hex", []byte(d.public.Fingerprint().String()))
	if _, err := os.Stat(goldenPath("device-rsa.hex")); *update && os.IsNotExist(err) {
		r, err := NewDevice(DeviceOptions{Label: "a smart card", Suites: []Suite{SuiteRSA}})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "device-rsa.hex", [][]byte{r.Encode().Bytes()})
	}
	for _, name := range []string{"laptop", "rsa"} {
		d := goldenDevice(t, name)
		wantGolden(t, "device-"+name+".hex", d.Encode().Bytes())
		if again, err := parsePublic(d.public.encode()); err != nil || !again.Equal(&d.public) {
			t.Errorf("%s: public half: %v", name, err)
		}
	}
}

// goldenTeam is the team of the golden files.
type goldenTeam struct {
	olga, card *Device
	entries    [][]byte
	chain      *Chain
}

func (g *goldenTeam) key(epoch uint64) security.Secret {
	return security.NewSecret(bytes.Repeat([]byte{byte(epoch)}, epochKeyBytes))
}

func (g *goldenTeam) add(t *testing.T, op Op) {
	t.Helper()
	e := Entry{Team: id(1), Author: g.olga.ID(), Time: clock(), Op: op}
	next := uint64(1)
	if g.chain != nil {
		head := g.chain.Head()
		e.Seq, e.Prev, next = head.Seq+1, head.Hash, g.chain.Epoch()+1
	}
	if g.chain == nil || g.chain.state.opens(op) {
		e.Epoch, e.Commit = next, commitment(id(1), next, g.key(next))
	}
	e.Signature = g.olga.Sign(e.signed().b)
	g.entries = append(g.entries, e.Encode())
	var err error
	if g.chain, err = extend(nil, g.entries); err != nil {
		t.Fatal(err)
	}
}

func (g *goldenTeam) invite(role Role) Invite {
	i := Invite{Team: id(1), Genesis: g.chain.Genesis(), Inviter: g.olga.ID(), Nonce: [8]byte{1, 2, 3}, Expires: clock().Truncate(3600e9), Role: role}
	i.secret = g.olga.inviteSecret(&i)
	return i
}

// TestGoldenTeam makes one entry of each kind, and what goes with them.
func TestGoldenTeam(t *testing.T) {
	g := &goldenTeam{olga: seeded(t, 10, "olga's laptop"), card: goldenDevice(t, "rsa")}
	var fresh [][]byte
	if *update {
		identity, shares, err := NewRecovery(2, 3)
		if err != nil {
			t.Fatal(err)
		}
		fresh = [][]byte{identity.encode()}
		for _, s := range shares {
			fresh = append(fresh, []byte(s.Code()))
		}
	}
	recovery := golden(t, "recovery.hex", fresh)
	identity, err := parseRecoveryIdentity(recovery[0])
	if err != nil {
		t.Fatal(err)
	}
	g.add(t, Genesis{Founder: Member{ID: id(2), Name: "Olga", Role: Owner}, Device: g.olga.Public(), Policy: Policy{MinSuite: SuiteRSA, Recovery: identity}})
	invite := g.invite(Reader)
	wantGolden(t, "invite.hex", []byte(invite.Code()))
	q, err := g.card.request(invite, Member{ID: id(3), Name: "Rita", Role: Reader})
	if err != nil {
		t.Fatal(err)
	}
	wantGolden(t, "request.hex", q.Encode())
	g.add(t, Add{Member: q.Member, Device: q.Device, Invite: q.Invite, Proof: q.Proof})
	g.add(t, SetRole{Member: id(3), Role: Editor})
	g.add(t, Rotate{})
	g.add(t, SetPolicy{Policy{MinSuite: SuiteRSA, Recovery: identity}})
	g.add(t, Remove{Member: id(3)})
	wantGolden(t, "chain.hex", g.entries...)
	head := g.chain.Head()
	wantGolden(t, "head.hex", head.Encode())

	loaded, err := Load(head, golden(t, "chain.hex", nil))
	if err != nil || loaded.Epoch() != 3 || len(loaded.Members()) != 1 {
		t.Fatalf("load: %v", err)
	}
	if again, err := ParseHead(golden(t, "head.hex", nil)[0]); err != nil || again != head {
		t.Errorf("head: %v, %v", again, err)
	}
	code := string(golden(t, "invite.hex", nil)[0])
	if again, err := ParseInvite(code); err != nil || again != invite {
		t.Errorf("invite: %v, %v", again, err)
	}
	g.checkWraps(t, identity, recovery[1:])
}

// checkWraps opens the wraps of the golden files, one of each suite and those of the recovery recipient.
func (g *goldenTeam) checkWraps(t *testing.T, identity *RecoveryIdentity, codes [][]byte) {
	t.Helper()
	var fresh [][]byte
	if *update {
		for epoch := uint64(1); epoch <= 3; epoch++ {
			for _, to := range []recipient{
				{id(3), g.card.ID(), g.card.public.Wrap[0]}, {id(2), g.olga.ID(), g.olga.public.Wrap[0]}, {id(2), g.olga.ID(), g.olga.public.Wrap[1]},
				{uuid.Nil, identity.ID, identity.Key},
			} {
				w, err := to.wrap(id(1), epoch, g.key(epoch))
				if err != nil {
					t.Fatal(err)
				}
				fresh = append(fresh, w.Encode())
			}
		}
	}
	var shares []Share
	for _, code := range codes[1:] {
		s, err := ParseShare(string(code))
		if err != nil {
			t.Fatal(err)
		}
		shares = append(shares, s)
	}
	key, err := identity.Recover(shares)
	if err != nil {
		t.Fatal(err)
	}
	opened := map[Suite]int{}
	for _, raw := range golden(t, "wraps.hex", fresh) {
		w, err := ParseWrap(raw)
		if err != nil || !bytes.Equal(w.Encode(), raw) {
			t.Fatalf("wrap %x: %v", raw, err)
		}
		var got security.Secret
		if w.Member == uuid.Nil {
			var keys map[uint64]security.Secret
			keys, err = key.Open(g.chain, []Wrap{w})
			got = keys[w.Epoch]
		} else {
			r := NewRing(map[uuid.UUID]*Device{g.olga.ID(): g.olga, g.card.ID(): g.card}[w.Device], g.chain)
			if err = r.Learn(w); err == nil {
				got, err = r.Key(w.Epoch)
			}
		}
		if err != nil || !got.Equal(g.key(w.Epoch)) {
			t.Errorf("%v wrap of epoch %d: %v", w.Suite, w.Epoch, err)
		}
		opened[w.Suite]++
	}
	if opened[SuiteRSA] != 3 || opened[SuiteX25519] != 3 || opened[SuiteHybrid] != 6 {
		t.Errorf("opened %v", opened)
	}
}
