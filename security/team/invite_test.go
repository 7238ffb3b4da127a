package team

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestInviteCode(t *testing.T) {
	c := newCrew(t)
	i, err := c.olga.Invite(InviteOptions{Role: Reader, Life: time.Minute, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	if want := clock().Truncate(time.Hour).Add(time.Hour); !i.Expires.Equal(want) {
		t.Errorf("expires %v, want %v", i.Expires, want)
	}
	code := i.Code()
	for name, text := range map[string]string{
		"as it is": code, "lower case": strings.ToLower(code), "without hyphens": strings.ReplaceAll(code, "-", ""),
		"with spaces":     " " + strings.ReplaceAll(code, "-", " ") + "\n",
		"with lookalikes": strings.NewReplacer("0", "o", "1", "l").Replace(code),
	} {
		got, err := ParseInvite(text)
		if err != nil || got != i {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	wrong := 0
	for at, ch := range code {
		if ch == '-' {
			continue
		}
		other := byte('2')
		if code[at] == '2' {
			other = '3'
		}
		if _, err := ParseInvite(code[:at] + string(other) + code[at+1:]); !errors.Is(err, ErrCode) {
			t.Errorf("character %d mistyped: got error %v", at, err)
		}
		wrong++
	}
	if wrong < 100 {
		t.Errorf("%d characters tried", wrong)
	}
	for name, text := range map[string]string{
		"nothing": "", "cut": code[:len(code)-5], "a letter that no code has": "U" + code[1:], "too long": strings.Repeat("0", 2000),
		"a fingerprint": c.olga.Chain().Fingerprint().String(),
	} {
		_, err := ParseInvite(text)
		if !errors.Is(err, ErrCode) {
			t.Errorf("%s: got error %v", name, err)
		}
		if err != nil && len(text) > 5 && strings.Contains(err.Error(), text[:5]) {
			t.Errorf("%s: the error repeats the code: %v", name, err)
		}
	}
	payload, err := decodeCode(codeInvite, code, inviteCodeBytes)
	if err != nil {
		t.Fatal(err)
	}
	payload[0] = 2
	_, err = ParseInvite(encodeCode(codeInvite, payload))
	wantErr(t, err, ErrVersion)
	payload[0], payload[inviteCodeBytes-inviteSecretBytes-1] = 1, 5
	_, err = ParseInvite(encodeCode(codeInvite, payload))
	wantErr(t, err, ErrFormat)
	for _, format := range []string{"%v", "%+v", "%#v", "%x", "%s"} {
		if s := fmt.Sprintf(format, i); strings.Contains(s, fmt.Sprintf("%x", i.secret)) || s != i.String() {
			t.Errorf("%s prints %s", format, s)
		}
	}
}

func TestInviteOptions(t *testing.T) {
	c := newCrew(t)
	for name, opts := range map[string]InviteOptions{"too long": {Life: MaxInviteLife + 1}, "negative": {Life: -1}, "no role": {Role: 9}} {
		if _, err := c.olga.Invite(opts); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if i, err := c.olga.Invite(InviteOptions{Now: clock}); err != nil || i.Role != Editor || i.Expires.Sub(clock()) < DefaultInviteLife {
		t.Errorf("by default: %v, %v, %v", i.Role, i.Expires, err)
	}
	_, err := c.ed.Invite(InviteOptions{})
	wantErr(t, err, ErrNotAllowed)
	stranger := NewRing(newDevice(t, "x"), c.olga.Chain())
	_, err = stranger.Invite(InviteOptions{})
	wantErr(t, err, ErrAuthor)
	_, err = stranger.Accept(JoinRequest{}, AcceptOptions{})
	wantErr(t, err, ErrAuthor)
}

// TestAccept lets the server, the newcomer and others do to a request what they can.
func TestAccept(t *testing.T) {
	c := newCrew(t)
	d := newDevice(t, "new")
	i, err := c.olga.Invite(InviteOptions{Role: Reader, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	good, err := d.Join(i, "New")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ParseJoinRequest(good.Encode())
	if err != nil || !reflect.DeepEqual(parsed, good) {
		t.Fatalf("request: %+v, %v", parsed, err)
	}
	own, err := c.olga.Invite(InviteOptions{Own: true, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	attacker := newDevice(t, "attacker")
	public := d.Public()
	fingerprint := public.Fingerprint().String()
	changed := func(change func(*JoinRequest)) JoinRequest {
		q, err := ParseJoinRequest(good.Encode())
		if err != nil {
			t.Fatal(err)
		}
		change(&q)
		return q
	}
	resigned := func(change func(*JoinRequest)) JoinRequest { // by somebody who has the code
		return changed(func(q *JoinRequest) {
			change(q)
			q.mac = q.sum(&i)
		})
	}
	for name, tc := range map[string]struct {
		q    JoinRequest
		opts AcceptOptions
		want error
	}{
		"good":                     {good, AcceptOptions{}, nil},
		"good, compared":           {good, AcceptOptions{Fingerprint: strings.ToLower(fingerprint)}, nil},
		"mistyped":                 {good, AcceptOptions{Fingerprint: fingerprint[1:]}, ErrCode},
		"another device":           {good, AcceptOptions{Fingerprint: c.olga.Chain().Fingerprint().String()}, ErrKeyChanged},
		"expired":                  {good, AcceptOptions{Now: func() time.Time { return i.Expires }}, ErrInviteExpired},
		"life made longer":         {changed(func(q *JoinRequest) { q.Expires = q.Expires.Add(time.Hour) }), AcceptOptions{}, ErrInvite},
		"another team":             {changed(func(q *JoinRequest) { q.Team[0] ^= 1 }), AcceptOptions{}, ErrTeam},
		"another genesis":          {changed(func(q *JoinRequest) { q.Genesis[0] ^= 1 }), AcceptOptions{}, ErrTeam},
		"another inviter":          {changed(func(q *JoinRequest) { q.Inviter[0] ^= 1 }), AcceptOptions{}, ErrInvite},
		"another nonce":            {changed(func(q *JoinRequest) { q.Nonce[0] ^= 1 }), AcceptOptions{}, ErrInvite},
		"another invite":           {changed(func(q *JoinRequest) { q.Invite[0] ^= 1 }), AcceptOptions{}, ErrInvite},
		"another name":             {changed(func(q *JoinRequest) { q.Member.Name = "X" }), AcceptOptions{}, ErrInvite},
		"more rights":              {changed(func(q *JoinRequest) { q.Role, q.Member.Role = Owner, Owner }), AcceptOptions{}, ErrInvite},
		"more rights, by its code": {resigned(func(q *JoinRequest) { q.Role, q.Member.Role = Owner, Owner }), AcceptOptions{}, ErrInvite},
		"another role for oneself": {resigned(func(q *JoinRequest) { q.Member.Role = Owner }), AcceptOptions{}, ErrInvite},
		"another's keys":           {changed(func(q *JoinRequest) { q.Device = attacker.Public() }), AcceptOptions{}, ErrInvite},
		"keys nobody holds":        {resigned(func(q *JoinRequest) { q.Device = attacker.Public() }), AcceptOptions{}, ErrSignature},
		"as the inviter's device":  {resigned(func(q *JoinRequest) { q.Role = 0 }), AcceptOptions{}, ErrInvite},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.opts.Now == nil {
				tc.opts.Now = clock
			}
			op, err := c.olga.Accept(tc.q, tc.opts)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Errorf("got error %v, want %v", err, tc.want)
			}
			if (op.Member.Name == "New") != (err == nil) {
				t.Errorf("got %+v", op)
			}
		})
	}
	t.Run("on another device", func(t *testing.T) {
		_, err := c.omar.Accept(good, AcceptOptions{Now: clock})
		wantErr(t, err, ErrInvite)
	})
	t.Run("own device for somebody else", func(t *testing.T) {
		q, err := attacker.request(own, Member{ID: uuid.UUID{1}, Name: "X", Role: Owner})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.olga.Accept(q, AcceptOptions{Now: clock})
		wantErr(t, err, ErrInvite)
	})
	t.Run("the wrong kind", func(t *testing.T) {
		_, err := d.Join(own, "X")
		wantErr(t, err, ErrInvite)
		_, err = d.JoinAs(i, c.olga.Chain())
		wantErr(t, err, ErrInvite)
		other := own
		other.Genesis[0] ^= 1
		_, err = d.JoinAs(other, c.olga.Chain())
		wantErr(t, err, ErrForked)
		other = own
		other.Inviter[0] ^= 1
		_, err = d.JoinAs(other, c.olga.Chain())
		wantErr(t, err, ErrDevice)
		_, err = d.Join(i, "")
		wantErr(t, err, ErrFormat)
		_, err = d.Join(i, strings.Repeat("x", 200))
		wantErr(t, err, ErrLimit)
	})
	t.Run("used twice", func(t *testing.T) {
		op, err := c.olga.Accept(good, AcceptOptions{Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		second, err := attacker.Join(i, "Second")
		if err != nil {
			t.Fatal(err)
		}
		race, err := c.olga.Accept(second, AcceptOptions{Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		c.propose(t, c.olga, op, ProposeOptions{})
		_, err = c.olga.Accept(second, AcceptOptions{Now: clock})
		wantErr(t, err, ErrInviteUsed)
		_, err = c.olga.Propose(race, ProposeOptions{})
		wantErr(t, err, ErrInviteUsed)
	})
}

func TestRequestRefuses(t *testing.T) {
	c := newCrew(t)
	i, err := c.olga.Invite(InviteOptions{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	q, err := newDevice(t, "new").Join(i, "New")
	if err != nil {
		t.Fatal(err)
	}
	good := q.Encode()
	for n := range good {
		if _, err := ParseJoinRequest(good[:n]); !errors.Is(err, ErrFormat) {
			t.Fatalf("%d bytes: got error %v", n, err)
		}
	}
	for name, b := range map[string][]byte{"more": append(bytes.Clone(good), 0), "too long": make([]byte, maxEntryBytes+1)} {
		if _, err := ParseJoinRequest(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	q.Member.Name = ""
	_, err = ParseJoinRequest(q.Encode())
	wantErr(t, err, ErrFormat)
}

func TestFingerprint(t *testing.T) {
	d := newDevice(t, "x")
	public := d.Public()
	f := public.Fingerprint()
	if s := f.String(); len(s) != 29 || strings.Count(s, "-") != 5 {
		t.Errorf("fingerprint %s", s)
	}
	if err := f.Matches(f.String()); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Public){
		"id":      func(p *Public) { p.ID[0] ^= 1 },
		"label":   func(p *Public) { p.Label += "x" },
		"signing": func(p *Public) { p.Signing[0] ^= 1 },
		"wrap":    func(p *Public) { p.Wrap[1].Key[0] ^= 1 },
		"suites":  func(p *Public) { p.Wrap = p.Wrap[1:] },
	} {
		other := d.Public()
		change(&other)
		if err := other.Fingerprint().Matches(f.String()); !errors.Is(err, ErrKeyChanged) {
			t.Errorf("%s: got error %v", name, err)
		}
		public = d.Public()
		if other.Equal(&public) {
			t.Errorf("%s: equal", name)
		}
	}
}
