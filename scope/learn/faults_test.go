package learn_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/learn"
)

// inTheWay puts a folder where the store wants to write a file.
func inTheWay(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, n := range names {
		if err := os.RemoveAll(filepath.Join(dir, n)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, n, "x"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// files of a store, by what they hold.
func files(t *testing.T, dir string) (key, corrections, model, live string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		switch n := e.Name(); {
		case strings.Contains(n, "0001"):
			model = n
		case info.Size() == 32:
			key = n
		case info.Size() < 16:
			live = n
		default:
			corrections = n
		}
	}
	return key, corrections, model, live
}

// trained makes a store that has a live model, from which copied takes copies: training takes its time.
func trained(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := learn.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	teach(t, s, 200, 0)
	if _, err := s.Train(now, harmless); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Deploy(1, harmless); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copied(t *testing.T, from string) (*learn.Store, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	s, err := learn.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// TestFilesThatCannotBe: each file of the store that is in the way, damaged or gone gives an error, and nothing speaks that should not.
func TestFilesThatCannotBe(t *testing.T) {
	broken, template := errors.New("the check broke"), trained(t)
	for name, use := range map[string]func(t *testing.T, s *learn.Store, dir string) error{
		"a folder for the folder": func(t *testing.T, _ *learn.Store, dir string) error {
			key, _, _, _ := files(t, dir)
			_, err := learn.Open(filepath.Join(dir, key))
			return err
		},
		"a key cut short": func(t *testing.T, _ *learn.Store, dir string) error {
			key, _, _, _ := files(t, dir)
			if err := os.WriteFile(filepath.Join(dir, key), []byte("short"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := learn.Open(dir)
			return err
		},
		"no place for the key": func(t *testing.T, _ *learn.Store, dir string) error {
			key, _, _, _ := files(t, dir)
			fresh := t.TempDir()
			inTheWay(t, fresh, key+".new")
			_, err := learn.Open(fresh)
			return err
		},
		"no place for corrections": func(t *testing.T, s *learn.Store, dir string) error {
			_, corrections, _, _ := files(t, dir)
			inTheWay(t, dir, corrections)
			return s.Correct(scope.Input{Content: "x"}, scope.Decision{}, true)
		},
		"corrections that cannot be read": func(t *testing.T, s *learn.Store, dir string) error {
			_, corrections, _, _ := files(t, dir)
			inTheWay(t, dir, corrections)
			_, err := s.Train(now, harmless)
			return err
		},
		"a check that breaks in training": func(_ *testing.T, s *learn.Store, _ string) error {
			_, err := s.Train(now, func(*learn.Model) (int, float64, error) { return 0, 0, broken })
			return err
		},
		"a check that breaks before going live": func(_ *testing.T, s *learn.Store, _ string) error {
			_, err := s.Deploy(1, func(*learn.Model) (int, float64, error) { return 0, 0, broken })
			return err
		},
		"a damaged model, training": func(t *testing.T, s *learn.Store, dir string) error {
			damage(t, dir)
			_, err := s.Train(now, harmless)
			return err
		},
		"a damaged model, listed": func(t *testing.T, s *learn.Store, dir string) error {
			damage(t, dir)
			_, err := s.Versions()
			return err
		},
		"a damaged model, the newest": func(t *testing.T, s *learn.Store, dir string) error {
			damage(t, dir)
			_, err := s.Deploy(0, harmless)
			return err
		},
		"a damaged model, at the start": func(t *testing.T, _ *learn.Store, dir string) error {
			damage(t, dir)
			_, err := learn.Open(dir)
			return err
		},
		"a model of another version": func(t *testing.T, s *learn.Store, dir string) error {
			_, _, model, _ := files(t, dir)
			if err := os.WriteFile(filepath.Join(dir, model), []byte(`{"number":1,"model":{"weights":[1]}}`), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := s.Deploy(1, harmless)
			return err
		},
		"no place for the next model": func(t *testing.T, s *learn.Store, dir string) error {
			_, _, model, _ := files(t, dir)
			inTheWay(t, dir, strings.Replace(model, "0001", "0002", 1)+".new")
			_, err := s.Train(now, harmless)
			return err
		},
		"no place for what is live": func(t *testing.T, s *learn.Store, dir string) error {
			_, _, _, live := files(t, dir)
			inTheWay(t, dir, live+".new")
			_, err := s.Deploy(1, harmless)
			return err
		},
		"the model before is gone": func(t *testing.T, s *learn.Store, dir string) error {
			if _, err := s.Train(now, harmless); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Deploy(2, harmless); err != nil {
				t.Fatal(err)
			}
			_, _, model, _ := files(t, dir)
			if err := os.Remove(filepath.Join(dir, model)); err != nil {
				t.Fatal(err)
			}
			_, err := s.Rollback()
			return err
		},
		"the folder is gone, listed": func(t *testing.T, s *learn.Store, dir string) error {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			_, err := s.Versions()
			return err
		},
		"the folder is gone, the newest": func(t *testing.T, s *learn.Store, dir string) error {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			_, err := s.Deploy(0, harmless)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := copied(t, template)
			if err := use(t, s, dir); err == nil {
				t.Error("no error")
			}
		})
	}
}

// damage writes what is no model over the first one.
func damage(t *testing.T, dir string) {
	t.Helper()
	_, _, model, _ := files(t, dir)
	if err := os.WriteFile(filepath.Join(dir, model), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFeaturesTellTexts: what the detectors said and what a text is made of can be seen in its features.
func TestFeaturesTellTexts(t *testing.T) {
	key := []byte("0123456789abcdef")
	plain := learn.Extract(key, scope.Input{Content: "a plain text"}, scope.Decision{})
	for name, tc := range map[string]struct {
		in scope.Input
		d  scope.Decision
	}{
		"a finding":        {scope.Input{Content: "a plain text"}, scope.Decision{Findings: []scope.Finding{{Kind: "health", Confidence: 0.6}}}},
		"about a person":   {scope.Input{Content: "a plain text"}, scope.Decision{Knowledge: scope.Guess{Name: "person"}}},
		"a preference":     {scope.Input{Content: "a plain text"}, scope.Decision{Knowledge: scope.Guess{Name: "preference"}}},
		"a reference":      {scope.Input{Content: "a plain text"}, scope.Decision{Knowledge: scope.Guess{Name: "reference"}}},
		"signs, no words":  {scope.Input{Content: "== :: //"}, scope.Decision{}},
		"Japanese":         {scope.Input{Content: "秘密の話 12 3"}, scope.Decision{}},
		"a very long text": {scope.Input{Content: strings.Repeat("word ", 40000)}, scope.Decision{}},
	} {
		t.Run(name, func(t *testing.T) {
			f := learn.Extract(key, tc.in, tc.d)
			if len(f) != learn.Dims {
				t.Fatalf("%d features, want %d", len(f), learn.Dims)
			}
			same := true
			for i := range f {
				same = same && f[i] == plain[i]
			}
			if same {
				t.Error("the features are those of a plain text")
			}
		})
	}
	if p := (&learn.Model{Weights: []float64{1}}).Probability(plain); p != 0 {
		t.Errorf("a model of another version says %v, want 0", p)
	}
}

// TestDamagedKey cuts the key off: the store begins anew, says so, and keeps what was there.
func TestDamagedKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "learn")
	for _, aside := range []string{dir + ".damaged", dir + ".damaged-2"} {
		s, err := learn.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		teach(t, s, 4, 0)
		key, corrections, _, _ := files(t, dir)
		if err := os.Truncate(filepath.Join(dir, key), 10); err != nil {
			t.Fatal(err)
		}
		s, err = learn.Open(dir)
		if s == nil || err == nil || !strings.Contains(err.Error(), aside) {
			t.Fatalf("Open: %v, %v; want a store and where the old one is", s, err)
		}
		if _, err := os.Stat(filepath.Join(aside, corrections)); err != nil {
			t.Errorf("the corrections are not kept: %v", err)
		}
		if _, err := learn.Open(dir); err != nil {
			t.Errorf("Open again: %v", err)
		}
	}
}
