package security

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const hush = "correct horse battery staple"

type holder struct {
	Name   string
	Shown  Secret
	hidden Secret
	ptr    *Secret
}

func newHolder() holder {
	s := NewSecret([]byte(hush))
	return holder{Name: "db", Shown: s, hidden: s, ptr: &s}
}

// wantHidden fails if out gives the secret away as text, hexadecimal or a list of bytes.
func wantHidden(t *testing.T, how, out string) {
	t.Helper()
	for _, leak := range []string{hush, "correct", fmt.Sprintf("%x", hush), fmt.Sprintf("%X", hush), "99 111 114", "0x63, 0x6f", "Y29ycmVjd"} {
		if strings.Contains(out, leak) {
			t.Errorf("%s shows %q of the secret: %s", how, leak, out)
		}
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	h := newHolder()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%c", "%20v", "%T"} {
		wantHidden(t, verb, fmt.Sprintf(verb, h.Shown))
		wantHidden(t, verb+" of a struct", fmt.Sprintf(verb, h))
		wantHidden(t, verb+" of a pointer", fmt.Sprintf(verb, &h))
		wantHidden(t, verb+" of a list", fmt.Sprintf(verb, []Secret{h.Shown}))
		wantHidden(t, verb+" of a map", fmt.Sprintf(verb, map[string]Secret{"k": h.hidden}))
	}
	if got := fmt.Sprint(h.Shown); got != "[secret]" {
		t.Errorf("fmt.Sprint = %q, want [secret]", got)
	}
	if got := h.Shown.String() + h.Shown.GoString(); got != "[secret][secret]" {
		t.Errorf("String and GoString = %q", got)
	}
	wantHidden(t, "an error", fmt.Errorf("open %v: %v", h, h.ptr).Error())
}

func TestSecretIsNeverLogged(t *testing.T) {
	h := newHolder()
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			slog.New(handler(&b)).Info("opened", "key", h.Shown, "holder", h, "list", []Secret{h.Shown})
			wantHidden(t, name, b.String())
			if !strings.Contains(b.String(), "[secret]") {
				t.Errorf("log line has no placeholder: %s", b.String())
			}
		})
	}
}

func TestSecretIsNeverEncoded(t *testing.T) {
	h := newHolder()
	asJSON, err := json.Marshal(struct {
		S Secret
		P *Secret
		M map[string]Secret
	}{h.Shown, h.ptr, map[string]Secret{"k": h.Shown}})
	if err != nil {
		t.Fatalf("json.Marshal: %v", err)
	}
	wantHidden(t, "json", string(asJSON))
	if want := `{"S":"[secret]","P":"[secret]","M":{"k":"[secret]"}}`; string(asJSON) != want {
		t.Errorf("json = %s, want %s", asJSON, want)
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(struct{ S Secret }{h.Shown}); err != nil {
		t.Fatalf("gob.Encode: %v", err)
	}
	wantHidden(t, "gob", b.String())
	text, err := h.Shown.MarshalText()
	if err != nil || string(text) != "[secret]" {
		t.Errorf("MarshalText = %q, %v", text, err)
	}
}

func TestSecretCannotBeDecoded(t *testing.T) {
	var s Secret
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(NewSecret([]byte(hush))); err != nil {
		t.Fatalf("gob.Encode: %v", err)
	}
	for name, err := range map[string]error{
		"json": json.Unmarshal([]byte(`"[secret]"`), &s),
		"gob":  gob.NewDecoder(&b).Decode(&s),
		"text": s.UnmarshalText([]byte("x")),
	} {
		if !errors.Is(err, ErrSecretEncoded) {
			t.Errorf("%s: got %v, want ErrSecretEncoded", name, err)
		}
	}
}

func TestSecretEqualCloneWipe(t *testing.T) {
	a, b, c := NewSecret([]byte(hush)), NewSecret([]byte(hush)), NewSecret([]byte("other"))
	if !a.Equal(b) || a.Equal(c) || a.Equal(Secret{}) || !(Secret{}).Equal(NewSecret(nil)) {
		t.Error("Equal does not compare the bytes")
	}
	raw := a.Bytes()
	clone, shared := a.Clone(), a
	a.Wipe()
	if !a.IsZero() || !shared.IsZero() || a.Bytes() != nil {
		t.Error("Wipe left a copy of the Secret filled")
	}
	if !bytes.Equal(raw, make([]byte, len(hush))) {
		t.Errorf("Wipe left %q in memory", raw)
	}
	if string(clone.Bytes()) != hush || clone.Len() != len(hush) {
		t.Error("Clone shares the bytes of the original")
	}
	a.Wipe()
	Secret{}.Wipe()
}

func TestRandomSecret(t *testing.T) {
	a, b := RandomSecret(32), RandomSecret(32)
	if a.Len() != 32 || a.Equal(b) {
		t.Errorf("RandomSecret(32) gave %d bytes, repeated: %t", a.Len(), a.Equal(b))
	}
}

func TestKeyID(t *testing.T) {
	a, b := KeyIDOf(NewSecret([]byte("one"))), KeyIDOf(NewSecret([]byte("two")))
	if a == b || a.IsZero() || !(KeyID{}).IsZero() {
		t.Errorf("ids %s and %s do not tell keys apart", a, b)
	}
	text, err := json.Marshal(map[string]KeyID{"id": a})
	if err != nil {
		t.Fatalf("json.Marshal: %v", err)
	}
	var back map[string]KeyID
	if err := json.Unmarshal(text, &back); err != nil || back["id"] != a {
		t.Errorf("round trip of %s = %v, %v", text, back, err)
	}
	for _, bad := range []string{"", "12", a.String() + "00", strings.Repeat("g", 16)} {
		if _, err := ParseKeyID(bad); !errors.Is(err, ErrKeyID) {
			t.Errorf("ParseKeyID(%q) = %v, want ErrKeyID", bad, err)
		}
		if err := new(KeyID).UnmarshalText([]byte(bad)); !errors.Is(err, ErrKeyID) {
			t.Errorf("UnmarshalText(%q) = %v, want ErrKeyID", bad, err)
		}
	}
}
