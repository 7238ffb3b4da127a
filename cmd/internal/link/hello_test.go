package link

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestHello(t *testing.T) {
	h := Hello{Build: "1.0.0+x", Epoch: "abcdefgh", PID: 5, Client: "c", CWD: "/a b/ü", Project: "p", Root: "/a b", Remote: "github.com/o/n"}
	got, err := DecodeHello(EncodeHello(h))
	h.Kind, h.Protocol = KindMCP, Protocol
	if err != nil || got != h {
		t.Errorf("round trip = %+v, %v; want %+v", got, err, h)
	}
	dirty := EncodeHello(Hello{Epoch: "abcdefgh", CWD: "/x\ny", Root: strings.Repeat("r", 5000), Client: "\xff", Project: "ok"})
	got, err = DecodeHello(dirty)
	if err != nil || got.CWD != "" || got.Root != "" || got.Client != "" || got.Project != "ok" {
		t.Errorf("texts that do not fit = %+v, %v", got, err)
	}
	for name, line := range map[string]string{
		"nothing":            ``,
		"not JSON":           `hello`,
		"array":              `[]`,
		"unknown kind":       `{"kind":"x","protocol":1,"epoch":"abcdefgh"}`,
		"no protocol":        `{"epoch":"abcdefgh"}`,
		"no epoch":           `{"protocol":1}`,
		"epoch with a slash": `{"protocol":1,"epoch":"abcdefg/"}`,
		"epoch too long":     `{"protocol":1,"epoch":"` + strings.Repeat("a", 65) + `"}`,
		"control character":  `{"protocol":1,"epoch":"abcdefgh","cwd":"/a\u001b[2J"}`,
		"text too long":      `{"protocol":1,"epoch":"abcdefgh","project":"` + strings.Repeat("a", 5000) + `"}`,
		"wrong type":         `{"protocol":"1"}`,
	} {
		if _, err := DecodeHello([]byte(line)); !errors.Is(err, ErrHello) {
			t.Errorf("%s: error %v, want ErrHello", name, err)
		}
	}
	if h, err := DecodeHello([]byte(`{"kind":"stop","protocol":9,"future":true}`)); err != nil || h.Kind != KindStop {
		t.Errorf("stop of the future = %+v, %v", h, err)
	}
}

func TestWelcome(t *testing.T) {
	w := Welcome{OK: true, Build: "b", PID: 1, Status: &Status{PID: 1, Ready: true}}
	got, err := DecodeWelcome(EncodeWelcome(w))
	if err != nil || !got.OK || got.Status == nil || !got.Status.Ready || got.Protocol != Protocol {
		t.Errorf("round trip = %+v, %v", got, err)
	}
	for _, line := range []string{``, `x`, `{}`, `[]`} {
		if _, err := DecodeWelcome([]byte(line)); err == nil {
			t.Errorf("DecodeWelcome(%q) took it", line)
		}
	}
}

func FuzzDecodeHello(f *testing.F) {
	f.Add([]byte(`{"protocol":1,"epoch":"abcdefgh","cwd":"/x"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		h, err := DecodeHello(line)
		if err != nil {
			return
		}
		protocol := h.Protocol
		again, err := DecodeHello(EncodeHello(h))
		again.Protocol = protocol
		if err != nil || again != h {
			t.Errorf("%+v became %+v, %v", h, again, err)
		}
	})
}

func TestNewer(t *testing.T) {
	ascending := []string{
		"0.0.0-dev", "0.9.0", "v1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0-beta", "1.0.0",
		"1.0.0+20260101T000000.000000000", "v1.0.0+20260101T000000.000000001", "1.0.1", "1.2.0", "1.10.0", "2",
		"2.0+20250101T000000.0", "10.0.0",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			want := i > j
			if strings.HasPrefix(strings.TrimPrefix(a, "v"), "1.0.0+") && b == "1.0.0" {
				want = false // without a stamp they cannot be compared
			}
			if got := Newer(a, b); got != want {
				t.Errorf("Newer(%s, %s) = %v, want %v", a, b, got, want)
			}
		}
	}
	for _, p := range [][2]string{{"", ""}, {"1.0.0", ""}, {"", "1.0.0"}} {
		if Newer(p[0], p[1]) {
			t.Errorf("Newer(%q, %q)", p[0], p[1])
		}
	}
}

func TestBuildID(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "exe")
	if err := os.WriteFile(exe, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	old := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	if err := os.Chtimes(exe, old, old); err != nil {
		t.Fatal(err)
	}
	if got := BuildID("1.2.3", exe); got != "1.2.3+20260102T030405.000000006" {
		t.Errorf("BuildID = %s", got)
	}
	if got := BuildID("", filepath.Join(t.TempDir(), "none")); got != "0.0.0-dev" {
		t.Errorf("BuildID without anything = %s", got)
	}
}
