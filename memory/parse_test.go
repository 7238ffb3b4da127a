package memory

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParseSpan(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "12h": 12 * time.Hour, "30d": 30 * day, "2w": 14 * day, "1d12h": 36 * time.Hour, "45s": 45 * time.Second,
		"0s": 0, "5200w": 5200 * 7 * day, "36500d": 36500 * day,
	} {
		if got, err := ParseSpan("expires_in", text); err != nil || got != want {
			t.Errorf("ParseSpan(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "1", "1x", "-1d", "1.5h", " 1d", "1d ", "1d,2h", "１d", "36501d", "999999w", "36500d1s", "1000000s", "1D"} {
		_, err := ParseSpan("expires_in", text)
		var in *InputError
		if !errors.As(err, &in) || in.Field != "expires_in" || text != "" && len(text) > 2 && strings.Contains(err.Error(), text) {
			t.Errorf("ParseSpan(%q) = %v; want an InputError that does not quote it", text, err)
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	for _, s := range []string{"1d12h", "999999w", "", "1m1m1m", "36500d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseSpan("f", text)
		if err != nil {
			var in *InputError
			if !errors.As(err, &in) || got != 0 {
				t.Fatalf("ParseSpan(%q) = %v, %v", text, got, err)
			}
			return
		}
		if got < 0 || got > 100*365*24*time.Hour {
			t.Fatalf("ParseSpan(%q) = %v", text, got)
		}
		twice, err := ParseSpan("f", text+text)
		if err == nil && twice != 2*got {
			t.Fatalf("ParseSpan(%q twice) = %v; want %v", text, twice, 2*got)
		}
	})
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"":                          {},
		"2026-03-01":                time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		"2026-03":                   time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		"2026":                      time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		"2026-03-01T10:11:12Z":      time.Date(2026, 3, 1, 10, 11, 12, 0, time.UTC),
		"2026-03-01T10:11:12+09:00": time.Date(2026, 3, 1, 1, 11, 12, 0, time.UTC),
		"2026-03-01T10:11:12.5Z":    time.Date(2026, 3, 1, 10, 11, 12, 5e8, time.UTC),
		"2026-03-01T10:11:12":       time.Date(2026, 3, 1, 10, 11, 12, 0, time.UTC),
		"2026-03-01 10:11:12":       time.Date(2026, 3, 1, 10, 11, 12, 0, time.UTC),
		"2026-03-01 10:11":          time.Date(2026, 3, 1, 10, 11, 0, 0, time.UTC),
	} {
		if got, err := ParseTime("since", text); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("ParseTime(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "2026-13-01", "2026-02-30", "01.03.2026", "2026-03-01T10:11", " 2026", "10:11"} {
		_, err := ParseTime("since", text)
		var in *InputError
		if !errors.As(err, &in) || in.Field != "since" {
			t.Errorf("ParseTime(%q) = %v; want an InputError", text, err)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-03-01", "2026-03-01T10:11:12+09:00", "", "2026", "0000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTime("f", text)
		if err != nil {
			return
		}
		again, err := ParseTime("f", got.Format(time.RFC3339Nano))
		if got.Year() <= 9999 && got.Year() >= 0 && (err != nil || !again.Equal(got)) {
			t.Fatalf("ParseTime(%q) = %v, which reads back as %v, %v", text, got, again, err)
		}
	})
}

func TestParseID(t *testing.T) {
	id := NewID()
	for _, text := range []string{string(id), " " + strings.ToUpper(string(id)) + "\n"} {
		if got, err := ParseID(text); err != nil || got != id {
			t.Errorf("ParseID(%q) = %q, %v; want %q", text, got, err, id)
		}
	}
	for _, text := range []string{"", "x", string(id[1:]), "{" + string(id) + "}", "urn:uuid:" + string(id), strings.ReplaceAll(string(id), "-", "")} {
		if _, err := ParseID(text); err == nil {
			t.Errorf("ParseID(%q) succeeds", text)
		}
	}
	if next := NewID(); next <= id {
		t.Errorf("ids are not in the order of their making: %q, %q", id, next)
	}
}

func FuzzClip(f *testing.F) {
	f.Add("one two three", 7)
	f.Add("日本語", 4)
	f.Add("\xff\xfe", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 0 {
			n = 0
		}
		got := clip(text, n)
		begin := strings.TrimSuffix(got, "…")
		if n < len(text) && len(begin) > n || !strings.HasPrefix(text, begin) || utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("clip(%q, %d) = %q", text, n, got)
		}
	})
}

func TestErrorsSpeak(t *testing.T) {
	for want, err := range map[string]error{
		"content is empty":                          &InputError{Field: "content", Problem: "is empty"},
		"content is empty; write it":                &InputError{Field: "content", Problem: "is empty", Hint: "write it"},
		"no memory has the id [a]":                  &NotFoundError{IDs: []ID{"a"}},
		"this needs confirmation ([r]); say so":     &ConfirmError{What: "this", Why: []string{"r"}, How: "say so"},
		"faiss is damaged: broken; run `elderzan":   &CorruptError{Engine: "faiss", Err: errors.New("broken")},
		"faiss disagrees about a: broken; run `eld": &CorruptError{Engine: "faiss", ID: "a", Err: errors.New("broken")},
	} {
		if got := err.Error(); !strings.HasPrefix(got, want) {
			t.Errorf("error = %q; want %q…", got, want)
		}
	}
	if cause := errors.New("x"); !errors.Is(&CorruptError{Err: cause}, cause) {
		t.Error("a CorruptError hides its cause")
	}
	if !errors.Is(&NotFoundError{}, ErrNotFound) || errors.Is(&NotFoundError{}, ErrDenied) || !errors.Is(&ConfirmError{}, ErrConfirm) || errors.Is(&ConfirmError{}, ErrDenied) {
		t.Error("errors do not match their sentinels")
	}
}

func TestClip(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		n    int
		want string
	}{
		"fits":               {"one two", 7, "one two"},
		"at a blank":         {"one two three", 9, "one two…"},
		"a blank too early":  {"a " + strings.Repeat("x", 20), 10, "a " + strings.Repeat("x", 8) + "…"},
		"inside a character": {"日本", 4, "日…"},
		"no character fits":  {"日本", 2, ""},
		"nothing":            {"x", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := clip(tc.text, tc.n); got != tc.want {
				t.Errorf("clip(%q, %d) = %q; want %q", tc.text, tc.n, got, tc.want)
			}
		})
	}
}
