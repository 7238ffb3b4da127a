package sensitive_test

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive"
	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
)

func detect(t *testing.T, d *sensitive.Detector, in scope.Input) []scope.Finding {
	t.Helper()
	found, err := d.Detect(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryPartOfAnInputIsScanned(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	const secret = "the db password is Gravel!6172"
	for name, tc := range map[string]struct {
		in   scope.Input
		want scope.Field
	}{
		"content":          {scope.Input{Content: secret}, scope.FieldContent},
		"title":            {scope.Input{Title: secret}, scope.FieldTitle},
		"tag":              {scope.Input{Tags: []string{"ok", "pw:hunter2"}}, scope.FieldTag},
		"metadata":         {scope.Input{Metadata: map[string]any{"note": secret}}, "metadata.note"},
		"metadata by key":  {scope.Input{Metadata: map[string]any{"db_password": "velvet9"}}, "metadata.db_password"},
		"metadata, nested": {scope.Input{Metadata: map[string]any{"db": map[string]any{"password": "velvet9"}}}, "metadata.db"},
		"metadata, a list": {scope.Input{Metadata: map[string]any{"lines": []any{"x", secret}}}, "metadata.lines"},
		"metadata, not JSON": {scope.Input{Metadata: map[string]any{"bad": func() {}, "z": secret}},
			"metadata.z"},
	} {
		t.Run(name, func(t *testing.T) {
			found := detect(t, d, tc.in)
			if len(found) == 0 || found[0].Field != tc.want {
				t.Errorf("found %v, want one in %s", found, tc.want)
			}
		})
	}
}

func TestFindingsComeInOrder(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	found := detect(t, d, scope.Input{Title: "pw: heron9x", Content: "SSN 536-22-8741 and password: heron9x", Tags: []string{"pin: 4827"}, Metadata: map[string]any{"b": "pw: heron9x", "a": "pw: heron9x"}})
	var fields []scope.Field
	for i, f := range found {
		fields = append(fields, f.Field)
		if i > 0 && found[i-1].Field == f.Field && found[i-1].Start > f.Start {
			t.Errorf("findings of %s are out of order", f.Field)
		}
	}
	if want := []scope.Field{"content", "title", "tag", "metadata.a", "metadata.b"}; !slices.Equal(slices.Compact(fields), want) {
		t.Errorf("fields %v, want %v", fields, want)
	}
}

func TestDisguisesAreSeenThrough(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	for name, text := range map[string]string{
		"full width":       "ＰＡＳＳＷＯＲＤ＝ｈｕｎｔｅｒ２９",
		"zero width":       "pass\u200bword is hun\u200dter29",
		"look-alikes":      "the pаsswоrd is hunter29",
		"entities":         "&lt;password&gt;hunter29&lt;/password&gt;",
		"JSON in JSON":     `{"body": "{\"password\": \"hunter29\"}"}`,
		"escaped lines":    `user: app\npassword: hunter29\n`,
		"base64":           "config: " + base64.StdEncoding.EncodeToString([]byte("db_password=hunter29;host=db")),
		"base64 twice":     base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte("db_password=hunter29;host=db")))),
		"percent":          "https://h/?q=password%3Dhunter29%26x%3D1",
		"soft hyphens":     "pass\u00adword: hunter29",
		"direction marks":  "\u202epassword: hunter29\u202c",
		"typographic":      "the password is “hunter29”",
		"non-breaking":     "password\u00a0is\u00a0hunter29",
		"combining marks":  "password: hunter29\u0301",
		"control in a cue": "pass\x00word: hunter29",
	} {
		t.Run(name, func(t *testing.T) {
			found := detect(t, d, scope.Input{Content: text})
			if len(found) == 0 {
				t.Fatal("nothing found")
			}
			for _, f := range found {
				if f.Start < 0 || f.End > len(text) || f.Start >= f.End {
					t.Errorf("span %d–%d of %d", f.Start, f.End, len(text))
				}
			}
		})
	}
}

func TestPreviewHoldsNothingOfTheSecret(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	for _, secret := range []string{"Gravel!6172", "hunter2", "4111 1111 1111 1111", "jane.q.public@fastmail.net"} {
		for _, f := range detect(t, d, scope.Input{Content: "the password is " + secret}) {
			if strings.Contains(f.Preview, secret) || strings.Contains(f.Preview, secret[:4]) {
				t.Errorf("the preview of %s gives the secret away", f.Rule)
			}
		}
	}
}

func TestMinConfidence(t *testing.T) {
	in := scope.Input{Content: "The wifi password is sunshine."}
	if len(detect(t, sensitive.New(sensitive.Options{}), in)) == 0 {
		t.Error("nothing found at the default")
	}
	if found := detect(t, sensitive.New(sensitive.Options{MinConfidence: 0.8}), in); len(found) > 0 {
		t.Errorf("found %v at 0.8", found)
	}
}

func TestPolicy(t *testing.T) {
	key := []byte("0123456789abcdef")
	p, err := scope.NewPolicy(scope.PolicyOptions{
		Cues:     []string{"motto"},
		Patterns: []scope.PolicyRule{{Name: "badge", Kind: "personal", Pattern: `\bBADGE-\d{4}\b`}},
		Allow:    []string{scope.AllowDigest(key, "Gravel!6172")}, AllowKey: key,
	})
	if err != nil {
		t.Fatal(err)
	}
	d := sensitive.New(sensitive.Options{Policy: func(in scope.Input) *scope.Policy {
		if in.Project == "apollo" {
			return p
		}
		return nil
	}})
	for name, tc := range map[string]struct {
		project, text string
		want          bool
	}{
		"own cue":                 {"apollo", "the motto is swordfish", true},
		"own pattern":             {"apollo", "ask BADGE-1234 at the desk", true},
		"own value is allowed":    {"apollo", "the db password is Gravel!6172", false},
		"other values are not":    {"apollo", "the db password is Gravel!6173", true},
		"other project, cue":      {"gemini", "the motto is swordfish", false},
		"other project, pattern":  {"gemini", "ask BADGE-1234 at the desk", false},
		"other project, no allow": {"gemini", "the db password is Gravel!6172", true},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time the project's words are at hand
				if found := detect(t, d, scope.Input{Content: tc.text, Project: tc.project}); (len(found) > 0) != tc.want {
					t.Errorf("found %v, want any: %v", found, tc.want)
				}
			}
		})
	}
}

// TestWhatAnyoneMaySee: layers that go by looks are not believed about it, a vendor's format is.
func TestWhatAnyoneMaySee(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	for text, want := range map[string]bool{
		"token step: uses: actions/create-github-app-token@9f8e7d6c5b4a39281706f5e4d3c2b1a0d41f8ab0": false,
		"token: 9f8e7d6c5b4a39281706f5e4d3c2b1a0d41f8ab0":                                            true,
		"secure: \"ghp_" + "aL1dvnyzv0ZzyA0xIfl4c7xUq8Wm5R2b9KtY\"":                                  true,
	} {
		found, err := d.Detect(t.Context(), scope.Input{Content: text})
		if err != nil || len(found) > 0 != want {
			t.Errorf("%q: %v, %v, want found %t", text, found, err, want)
		}
	}
}

func TestContextEndsTheScan(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, text := range []string{"", "password: hunter2"} {
		if _, err := d.Detect(ctx, scope.Input{Content: text, Title: "x"}); !errors.Is(err, context.Canceled) {
			t.Errorf("%q: %v, want context.Canceled", text, err)
		}
	}
}

func TestLoad(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	for range 2 {
		if err := d.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	d := sensitive.New(sensitive.Options{})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for _, text := range []string{"password: hunter29", "パスワードはhunter29です", "SSN 536-22-8741"} {
				if found, err := d.Detect(t.Context(), scope.Input{Content: text}); err != nil || len(found) == 0 {
					t.Errorf("%v, %v", found, err)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzDetect checks on any text that nothing breaks, that spans are valid and in order, that previews hold none of the
// secret, and that the time is bounded.
func FuzzDetect(f *testing.F) {
	for _, s := range []string{"", "password is hunter2", "パスワードは「山」", "cGFzc3dvcmQ9aHVudGVyMjI7", "%70%61%73%73=x1", "\xff&#x41;\\u0041", "4111 1111 1111 1111", "eyJ.eyJ.", "-----BEGIN PRIVATE KEY-----\nAAAA"} {
		f.Add(s)
	}
	d := sensitive.New(sensitive.Options{})
	if _, err := d.Detect(context.Background(), scope.Input{Content: "load the rules"}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		var found []scope.Finding
		bound.Within(t, bound.Limit, raceEnabled, func() {
			var err error
			if found, err = d.Detect(t.Context(), scope.Input{Content: text}); err != nil {
				t.Fatal(err)
			}
		})
		for i, x := range found {
			if x.Start < 0 || x.End > len(text) || x.Start >= x.End || i > 0 && found[i-1].Start > x.Start {
				t.Fatalf("bad span in %+v", x)
			}
			if secret := text[x.Start:x.End]; len(secret) >= 6 && !strings.Contains("credential, up to characters personal financial health key about or more", secret) && strings.Contains(x.Preview, secret) {
				t.Errorf("the preview of %s holds the secret", x.Rule)
			}
		}
	})
}
