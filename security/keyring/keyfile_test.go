package keyring

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/elderzan/elderzan/security"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestKeyFileRoundTrip(t *testing.T) {
	key := security.RandomSecret(MasterKeySize)
	got, err := parseKeyFile(formatKeyFile(key))
	if err != nil || !got.Equal(key) {
		t.Errorf("parse of what was formatted: %v", err)
	}
}

func TestParseKeyFileErrors(t *testing.T) {
	good := string(formatKeyFile(security.NewSecret(bytes.Repeat([]byte{0xab}, MasterKeySize))))
	for name, in := range map[string]string{
		"empty":           "",
		"another header":  strings.Replace(good, "key 1", "key 2", 1),
		"a byte more":     good + "\n",
		"a byte less":     good[:len(good)-1],
		"no key line":     strings.Replace(good, "\nkey ", "\nkez ", 1),
		"no hexadecimal":  strings.Replace(good, "abab", "xyzw", 1),
		"upper case":      strings.Replace(good, "abab", "ABAB", 1),
		"key changed":     strings.Replace(good, "abab", "abac", 1),
		"Windows newline": strings.Replace(good[:len(good)-1], "\n", "\r\n", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if key, err := parseKeyFile([]byte(in)); !errors.Is(err, errKeyFile) || !key.IsZero() {
				t.Errorf("got %v, want errKeyFile and no key", err)
			}
		})
	}
}

func TestFileSource(t *testing.T) {
	dir := t.TempDir()
	s := NewFileSource(dir)
	if _, err := s.Load(t.Context()); !errors.Is(err, ErrMissing) {
		t.Errorf("Load of nothing: got %v, want ErrMissing", err)
	}
	wrapped := filepath.Join(filepath.Dir(s.String()), WrappedFileName)
	if err := os.WriteFile(wrapped, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context()); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "set kms_url") {
		t.Errorf("Load where the key is wrapped: got %v, want ErrMissing and what to set", err)
	}
	if err := os.Remove(wrapped); err != nil {
		t.Fatal(err)
	}
	a, b := security.RandomSecret(MasterKeySize), security.RandomSecret(MasterKeySize)
	if err := s.Create(t.Context(), a); err != nil {
		t.Fatalf("Create: %v", err)
	}
	if err := s.Create(t.Context(), b); !errors.Is(err, ErrExists) {
		t.Errorf("second Create: got %v, want ErrExists", err)
	}
	if got, err := s.Load(t.Context()); err != nil || !got.Equal(a) {
		t.Errorf("Load after a refused Create: %v", err)
	}
	if err := s.Replace(t.Context(), b); err != nil {
		t.Fatalf("Replace: %v", err)
	}
	if got, err := s.Load(t.Context()); err != nil || !got.Equal(b) {
		t.Errorf("Load after Replace: %v", err)
	}
	if err := s.Replace(t.Context(), security.RandomSecret(5)); err == nil {
		t.Error("a short key was kept")
	}
	if s.String() != filepath.Join(dir, "master.key") {
		t.Errorf("String = %s", s)
	}
	if err := NewFileSource(filepath.Join(dir, "none")).Create(t.Context(), a); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Create in no folder: got %v, want os.ErrNotExist", err)
	}
	if err := NewFileSource("bad[").Create(t.Context(), a); err == nil {
		t.Error("Create in a folder that does not exist gave no error")
	}
}

func TestUnreadableKeyFile(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, KeyFileName)
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	_, err := NewFileSource(dir).Load(t.Context())
	if err == nil || errors.Is(err, ErrMissing) || errors.Is(err, ErrCorrupt) {
		t.Errorf("a file that cannot be opened: got %v, want the system's error", err)
	}
	folder := t.TempDir()
	if err := os.Mkdir(checkPath(folder), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: folder, Create: true}); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("Open with a folder for a table: got %v, want EISDIR", err)
	}
	if err := os.Symlink(loop, checkPath(dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: dir, Create: true}); err == nil || errors.Is(err, ErrMissing) {
		t.Errorf("Open: got %v, want the system's error", err)
	}
}

// Processes that start at once on an empty folder end up with one key.
func TestConcurrentCreation(t *testing.T) {
	dir := t.TempDir()
	ids := make([]security.KeyID, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			k, err := Open(t.Context(), Options{Dir: dir, Create: true})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			defer k.Close()
			ids[i] = k.ID()
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("keys %v, want one", ids)
			break
		}
	}
}

// A failing step leaves no key behind, and nothing in the way of the next try.
func TestFailingSteps(t *testing.T) {
	errDisk := errors.New("disk on fire")
	key := security.RandomSecret(MasterKeySize)
	for _, step := range []string{stepTemp, stepWrite, stepSync, stepPlace} {
		t.Run(step, func(t *testing.T) {
			dir := t.TempDir()
			s := NewFileSource(dir)
			s.fail = func(at string) error {
				if at == step {
					return errDisk
				}
				return nil
			}
			if err := s.Create(t.Context(), key); !errors.Is(err, errDisk) {
				t.Errorf("Create: got %v", err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Errorf("%v, %v are left", left, err)
			}
			s.fail = nil
			if err := s.Create(t.Context(), key); err != nil {
				t.Errorf("Create after the failure: %v", err)
			}
		})
	}
	s := NewFileSource(t.TempDir())
	s.fail = func(at string) error {
		if at == stepFolder {
			return errDisk
		}
		return nil
	}
	if err := s.Create(t.Context(), key); !errors.Is(err, errDisk) {
		t.Errorf("Create with a folder that cannot be synced: got %v", err)
	}
	if got, err := s.Load(t.Context()); err != nil || !got.Equal(key) {
		t.Errorf("the key is in place all the same: %v", err)
	}
}

const crashEnv = "ELDERZAN_KEYRING_TEST_CRASH"

// TestCrashChild is what TestCrashAtEveryStep runs in a process of its own: it kills itself at a step.
func TestCrashChild(t *testing.T) {
	call, rest, ok := strings.Cut(os.Getenv(crashEnv), ":")
	if !ok {
		return
	}
	step, dir, _ := strings.Cut(rest, ":")
	s := NewFileSource(dir)
	s.fail = func(at string) error {
		if at == step {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
	key := security.NewSecret(bytes.Repeat([]byte{2}, MasterKeySize))
	if call == "create" {
		t.Fatal(s.Create(t.Context(), key))
	}
	t.Fatal(s.Replace(t.Context(), key))
}

// Killed at whatever step, the process leaves the old state or the new one, and the next start goes through.
func TestCrashAtEveryStep(t *testing.T) {
	for _, call := range []string{"create", "replace"} {
		for _, step := range []string{stepTemp, stepWrite, stepSync, stepPlace, stepFolder} {
			t.Run(call+" at "+step, func(t *testing.T) {
				dir := t.TempDir()
				old := security.NewSecret(bytes.Repeat([]byte{1}, MasterKeySize))
				s := NewFileSource(dir)
				if call == "replace" {
					if err := s.Create(t.Context(), old); err != nil {
						t.Fatal(err)
					}
				}
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashChild$")
				cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%s:%s", crashEnv, call, step, dir))
				out, err := cmd.CombinedOutput()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
					t.Fatalf("the child was not killed: %v\n%s", err, out)
				}
				got, err := s.Load(t.Context())
				done := step == stepFolder
				switch {
				case done && (err != nil || got.Bytes()[0] != 2):
					t.Errorf("Load: %v; want the new key", err)
				case !done && call == "create" && !errors.Is(err, ErrMissing):
					t.Errorf("Load: %v; want ErrMissing", err)
				case !done && call == "replace" && (err != nil || !got.Equal(old)):
					t.Errorf("Load: %v; want the old key", err)
				}
				k := open(t, Options{Dir: dir, Create: true})
				if err := k.Rotate(t.Context()); err != nil {
					t.Fatalf("Rotate: %v", err)
				}
				if left, err := filepath.Glob(filepath.Join(dir, "*"+tempInfix+"*")); err != nil || len(left) != 0 {
					t.Errorf("%v, %v are left", left, err)
				}
			})
		}
	}
}

// FuzzParseKeyFile checks that only what formatKeyFile writes is read.
func FuzzParseKeyFile(f *testing.F) {
	f.Add(formatKeyFile(security.NewSecret(bytes.Repeat([]byte{7}, MasterKeySize))))
	f.Add([]byte(keyFileHeader))
	f.Fuzz(func(t *testing.T, in []byte) {
		key, err := parseKeyFile(in)
		if err == nil && !bytes.Equal(formatKeyFile(key), in) {
			t.Errorf("%q was read as a key file", in)
		}
	})
}

// FuzzDecodeCheckTable checks that what is read is well formed and reads the same after it is written again.
func FuzzDecodeCheckTable(f *testing.F) {
	e := newCheckEntry(1, security.NewSecret(bytes.Repeat([]byte{7}, MasterKeySize)))
	for _, table := range []checkTable{{Format: checkFormat, Keys: []checkEntry{e}}, {Format: 2}, {Format: 1}} {
		f.Add(table.encode())
	}
	f.Add([]byte(`{"format":1,"keys":[],"sum":""}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		table, err := decodeCheckTable(in)
		if err != nil {
			return
		}
		again, err := decodeCheckTable(table.encode())
		if err != nil || len(again.Keys) != len(table.Keys) || len(table.Keys) == 0 {
			t.Errorf("%s reads as %+v, then %v", in, table, err)
		}
	})
}

func TestDecodeCheckTableErrors(t *testing.T) {
	e := newCheckEntry(1, security.RandomSecret(MasterKeySize))
	second, zero, short := e, e, e
	second.Generation, zero.Generation, short.Check = 2, 0, "12"
	good := checkTable{Format: 1, Keys: []checkEntry{e, second}}.encode()
	if _, err := decodeCheckTable(good); err != nil {
		t.Fatalf("the good table: %v", err)
	}
	for name, tc := range map[string]struct {
		in   []byte
		want string
	}{
		"no JSON":          {[]byte("{"), "not valid JSON"},
		"newer format":     {checkTable{Format: 3, Keys: []checkEntry{e}}.encode(), "newer than this build"},
		"older format":     {checkTable{Format: 0, Keys: []checkEntry{e}}.encode(), "lists no keys"},
		"no keys":          {checkTable{Format: 1}.encode(), "lists no keys"},
		"unknown field":    {bytes.Replace(good, []byte(`"keys"`), []byte(`"extra":1,"keys"`), 1), "other fields"},
		"changed":          {bytes.Replace(good, []byte(`"generation": 2`), []byte(`"generation": 3`), 1), "checksum"},
		"generation zero":  {checkTable{Format: 1, Keys: []checkEntry{zero}}.encode(), "out of order"},
		"out of order":     {checkTable{Format: 1, Keys: []checkEntry{second, e}}.encode(), "out of order"},
		"generation twice": {checkTable{Format: 1, Keys: []checkEntry{e, e}}.encode(), "out of order"},
		"short check":      {checkTable{Format: 1, Keys: []checkEntry{short}}.encode(), "no key-check value"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decodeCheckTable(tc.in); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
