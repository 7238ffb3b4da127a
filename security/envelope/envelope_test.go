package envelope

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

func mustSeal(t testing.TB, e *Envelope, row uuid.UUID, seen State, c Content) ([]byte, State) {
	t.Helper()
	record, state, err := e.Seal(row, seen, c)
	if err != nil {
		t.Fatal(err)
	}
	return record, state
}

func TestRoundTrip(t *testing.T) {
	for name, c := range map[string]Content{
		"memory":            sample(1),
		"long text":         long(64 << 10),
		"nothing":           {},
		"tombstone":         {Deleted: true},
		"no embedding":      {Text: "kurz", Title: "ö", Tags: []string{""}},
		"Japanese":          {Text: strings.Repeat("東京のサーバー", 50), Tags: []string{"決定", "🗼"}},
		"embedding alone":   {Embedding: vector(3), Model: "m"},
		"binary metadata":   {Metadata: []byte{0, 255, 128}},
		"many tags":         {Tags: strings.Split(strings.Repeat("t ", maxTags-1)+"t", " ")},
		"sixteen-bit sizes": {Text: strings.Repeat("x", 70000), Metadata: bytes.Repeat([]byte("y"), 70000)},
	} {
		t.Run(name, func(t *testing.T) {
			roster, signer := newWorld()
			e := New(roster, signer, Options{Now: clock})
			record, state := mustSeal(t, e, number(7), State{}, c)
			got, err := e.Open(record, number(7), State{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Content, c) {
				t.Errorf("got %+v, want %+v", got.Content, c)
			}
			want := Header{Suite: 3, Scope: 3, Team: roster.team, Row: number(7), Version: 1, Epoch: 2, Author: signer.id, Time: clock().Truncate(3600e9)}
			if got.Header != want || got.State != state || got.Late {
				t.Errorf("got %+v, %+v, want %+v, %+v", got.Header, got.State, want, state)
			}
			if bytes.Contains(record, []byte("kurz")) || bytes.Contains(record, []byte("Frankfurt")) {
				t.Error("the record shows its text")
			}
		})
	}
}

// TestVersions follows a row over its versions and epochs.
func TestVersions(t *testing.T) {
	roster, signer := newWorld()
	roster.epoch = 1
	e := New(roster, signer, Options{})
	var seen State
	var records [][]byte
	var states []State
	for v := uint64(1); v <= 4; v++ {
		if v == 3 {
			roster.epoch = 2
		}
		record, next := mustSeal(t, e, number(7), seen, sample(v))
		got, err := e.Open(record, number(7), seen)
		if err != nil || got.State != next || got.Version != v || got.Prev != seen.Hash {
			t.Fatalf("version %d: %+v, %v", v, got.Header, err)
		}
		records, states, seen = append(records, record), append(states, next), next
	}
	// A client that was away sees the newest version alone, and one that opens it twice finds no fault.
	for _, seen := range []State{{}, states[0], states[3]} {
		if _, err := e.Open(records[3], number(7), seen); err != nil {
			t.Errorf("version 4 after %d: %v", seen.Version, err)
		}
	}
	_, err := e.Open(records[1], number(7), states[2])
	wantErr(t, err, ErrRollback)
}

// TestLayout takes a record apart by the package comment alone.
func TestLayout(t *testing.T) {
	roster, signer := newWorld()
	e := New(roster, signer, Options{Now: clock})
	first, seen := mustSeal(t, e, number(7), State{}, Content{Text: "one"})
	record, state := mustSeal(t, e, number(7), seen, Content{Text: "two"})

	var want []byte
	want = append(want, "EZRC"...)
	want = append(want, 1, 3, 3)
	team, row, author := number(100), number(7), number(1)
	want = append(append(want, team[:]...), row[:]...)
	want = binary.BigEndian.AppendUint64(want, 2)
	want = binary.BigEndian.AppendUint64(want, 2)
	want = append(want, author[:]...)
	firstText := sha256.Sum256(first[183 : len(first)-64])
	prev := sha256.Sum256(append(append(append([]byte("elderzan record hash v1\x00"), first[:183]...), firstText[:]...), first[len(first)-64:]...))
	want = append(want, prev[:]...)
	want = binary.BigEndian.AppendUint32(want, uint32(clock().Unix()/3600))
	if got := record[:107]; !bytes.Equal(got, want) {
		t.Fatalf("header\n got %x\nwant %x", got, want)
	}

	text := sha256.Sum256(record[183 : len(record)-64])
	signed := append(append([]byte("elderzan record signature v1\x00"), record[:183]...), text[:]...)
	if !ed25519.Verify(signer.key.Public().(ed25519.PublicKey), signed, record[len(record)-64:]) {
		t.Error("the signature is not over label, header and hash of the ciphertext")
	}

	var data []byte
	for _, f := range []string{
		"EZRC", "\x01", "\x03", string(team[:]), string(row[:]), "\x03", "\x00\x00\x00\x00\x00\x00\x00\x02", "\x00\x00\x00\x00\x00\x00\x00\x02",
		string(author[:]), string(prev[:]),
	} {
		data = append(binary.BigEndian.AppendUint32(data, uint32(len(f))), f...)
	}
	open := func(key, sealed []byte) []byte {
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := aead.Open(nil, make([]byte, 12), sealed, data)
		if err != nil {
			t.Fatal(err)
		}
		return plain
	}
	mac := hmac.New(sha256.New, roster.keys[2].Bytes())
	mac.Write(append([]byte("elderzan record key v1\x00"), record[107:131]...))
	plain := open(open(mac.Sum(nil), record[131:179]), record[183:len(record)-64])
	if len(plain) != 256 || plain[0] != 0 || string(plain[7:11]) != "\xa3two" || binary.BigEndian.Uint32(plain[1:]) != 13 {
		t.Errorf("plaintext %x", plain[:32])
	}
	if n := binary.BigEndian.Uint32(record[179:]); int(n) != len(plain)+16 || len(record) != Overhead+len(plain) {
		t.Errorf("length %d of %d bytes of plaintext in a record of %d", n, len(plain), len(record))
	}
	if state.Version != 2 || state.Epoch != 2 || state.Hash == prev {
		t.Errorf("state %+v", state)
	}
}

func TestSealRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		bend func(*fakeRoster)
		seen State
		c    Content
		want error
	}{
		"removed device":     {bend: func(r *fakeRoster) { r.writers = nil }, want: ErrAuthor},
		"lost right":         {bend: func(r *fakeRoster) { w := r.writers[number(1)]; w.to = 2; r.writers[number(1)] = w }, want: ErrAuthor},
		"no suite":           {bend: func(r *fakeRoster) { r.suites = nil }, want: ErrEpoch},
		"no key":             {bend: func(r *fakeRoster) { r.keys = nil }, want: ErrKey},
		"epoch goes back":    {seen: State{Version: 1, Epoch: 3, Hash: Hash{1}}, want: ErrHistory},
		"version, no hash":   {seen: State{Version: 1, Epoch: 1}, want: ErrHistory},
		"hash, no version":   {seen: State{Hash: Hash{1}}, want: ErrHistory},
		"last version":       {seen: State{Version: maxVersion, Hash: Hash{1}}, want: ErrHistory},
		"text too long":      {c: Content{Text: strings.Repeat("x", maxContent)}, want: ErrTooLarge},
		"tags too long":      {c: Content{Tags: []string{strings.Repeat("x", maxContent)}}, want: ErrTooLarge},
		"too many tags":      {c: Content{Tags: make([]string, maxTags+1)}, want: ErrTooLarge},
		"too many numbers":   {c: Content{Embedding: make([]float32, maxDims+1)}, want: ErrTooLarge},
		"text is not UTF-8":  {c: Content{Text: "\xff"}, want: ErrContent},
		"tag is not UTF-8":   {c: Content{Tags: []string{"\xff"}}, want: ErrContent},
		"model is not UTF-8": {c: Content{Model: "\xff"}, want: ErrContent},
	} {
		t.Run(name, func(t *testing.T) {
			roster, signer := newWorld()
			if tc.bend != nil {
				tc.bend(roster)
			}
			_, _, err := New(roster, signer, Options{}).Seal(number(7), tc.seen, tc.c)
			wantErr(t, err, tc.want)
		})
	}
	roster, _ := newWorld()
	_, _, err := New(roster, nil, Options{}).Seal(number(7), State{}, Content{})
	wantErr(t, err, ErrAuthor)
}

// TestRosterReasons checks that what the roster knows of a refusal reaches the caller.
func TestRosterReasons(t *testing.T) {
	for name, tc := range map[string]struct {
		bend func(*fakeRoster)
		want error
	}{
		"unknown epoch":  {func(r *fakeRoster) { delete(r.suites, 2) }, ErrEpoch},
		"unknown author": {func(r *fakeRoster) { r.writers = nil }, ErrAuthor},
		"no key":         {func(r *fakeRoster) { delete(r.keys, 2) }, ErrKey},
	} {
		t.Run(name, func(t *testing.T) {
			roster, signer := newWorld()
			e := New(roster, signer, Options{})
			record, _ := mustSeal(t, e, number(7), State{}, sample(1))
			tc.bend(roster)
			_, err := e.Open(record, number(7), State{})
			wantErr(t, err, tc.want)
			wantErr(t, err, errFake)
		})
	}
}

// TestNonces seals the same content many times: nothing that must be fresh may repeat.
func TestNonces(t *testing.T) {
	roster, signer := newWorld()
	e := New(roster, signer, Options{Now: clock})
	seen := map[string]bool{}
	for range 200 {
		record, _ := mustSeal(t, e, number(7), State{}, Content{Text: "the same"})
		for _, part := range [][]byte{record[offSalt:offKey], record[offKey:offLength], record[headerSize : headerSize+16]} {
			if seen[string(part)] {
				t.Fatalf("%x came twice", part)
			}
			seen[string(part)] = true
		}
	}
}

func TestConcurrent(t *testing.T) {
	roster, signer := newWorld()
	e := New(roster, signer, Options{})
	var wg sync.WaitGroup
	for g := range uint64(4) {
		wg.Go(func() {
			for i := range uint64(20) {
				c := sample(g*100 + i)
				record, _, err := e.Seal(number(byte(g)), State{}, c)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := e.Open(record, number(byte(g)), State{})
				if err != nil || got.Content.Text != c.Text {
					t.Errorf("got %q, %v", got.Content.Text, err)
				}
			}
		})
	}
	wg.Wait()
}
