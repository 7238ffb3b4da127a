package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory/storage"
)

// filled returns a folder that holds memories of every scope and is not served, and what it holds.
func filled(t *testing.T, env ...string) (*folder, map[string]map[string]any) {
	t.Helper()
	f := newFolder(t, env...)
	c := f.serve()
	c.initialize()
	for _, args := range []map[string]any{
		{"content": "The office has a green door.", "wait": true},
		{"content": "The staging database password is wombat-Kettle-77."},
		{"content": "Write commit messages in the imperative.", "scope": "GLOBAL"},
		{"content": "The platform team owns the build.", "scope": "SHARED", "wait": true},
	} {
		c.ok(nil, "remember", args)
	}
	c.close()
	all := f.export()
	f.ok("stop")
	return f, all
}

// copyOf returns a folder with the content of another, which must not be served.
func copyOf(t testing.TB, from *folder) *folder {
	t.Helper()
	f := newFolder(t, from.env...)
	f.copyFrom(from)
	return f
}

// copyFrom puts the content of another folder, which must not be served, in the place of what the folder holds.
func (f *folder) copyFrom(from *folder) {
	f.t.Helper()
	f.remove("")
	err := filepath.WalkDir(from.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := f.path(strings.TrimPrefix(path, from.dir))
		if e.IsDir() {
			return os.Mkdir(to, 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o600)
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// edit changes a file of the folder.
func (f *folder) edit(name string, change func([]byte) []byte) {
	f.t.Helper()
	b, err := os.ReadFile(f.path(name))
	if err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), change(b), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// remove deletes a file or folder of the folder.
func (f *folder) remove(name string) {
	f.t.Helper()
	if err := os.RemoveAll(f.path(name)); err != nil {
		f.t.Fatal(err)
	}
}

// TestDamage damages a folder in one way each. Every command refuses with what is wrong and what to do next, status
// says the same, nothing is written over; and with the damage undone everything is there.
func TestDamage(t *testing.T) {
	t.Parallel()
	good, before := filled(t)
	for name, tc := range map[string]struct {
		damage func(f *folder)
		want   []string // in every error
		repair []string // in the error of doctor --repair; nil where that mends it
	}{
		"key file corrupt": {
			func(f *folder) { f.edit("master.key", func(b []byte) []byte { b[30] ^= 1; return b }) },
			[]string{"key file is damaged", "master.key", "restore it from a backup"}, []string{"restore it from a backup"},
		},
		"key file missing": {
			func(f *folder) { f.remove("master.key") },
			[]string{"master key is missing", "master.key", "restore it from a backup"}, []string{"restore it from a backup"},
		},
		"key of another folder": {
			func(f *folder) {
				other := newFolder(f.t)
				other.ok("--in-process", "status")
				b, err := os.ReadFile(other.path("master.key"))
				if err != nil {
					f.t.Fatal(err)
				}
				f.edit("master.key", func([]byte) []byte { return b })
			},
			[]string{"master key is not the one of this data folder", "put back the master key"}, []string{"put back the master key"},
		},
		"key file open to others": {
			func(f *folder) {
				if err := os.Chmod(f.path("master.key"), 0o644); err != nil {
					f.t.Fatal(err)
				}
			},
			[]string{"open to other users", "run: chmod 600 "}, []string{"run: chmod 600 "},
		},
		"key table missing": {
			func(f *folder) { f.remove("keys.json") },
			[]string{"keys.json is missing", "elderzan doctor --repair"}, nil,
		},
		"SQLite cut off": {
			func(f *folder) {
				f.edit("catalog.db", func(b []byte) []byte { return b[:len(b)/2/4096*4096+100] })
			},
			[]string{"sqlite is damaged", "elderzan doctor --repair"}, []string{"sqlite is damaged", "elderzan restore --replace", "elderzan doctor --repair --salvage"},
		},
		"SQLite first page": {
			func(f *folder) {
				f.edit("catalog.db", func(b []byte) []byte { copy(b[1000:], bytes.Repeat([]byte{0xaa}, 64)); return b })
			},
			[]string{"sqlite is damaged", "elderzan doctor --repair"}, nil,
		},
		"RocksDB missing": {
			func(f *folder) { f.remove("kv") },
			[]string{"rocksdb is damaged", "elderzan doctor --repair"}, nil,
		},
		"RocksDB corrupt": {
			func(f *folder) {
				f.edit(filepath.Join("kv", "CURRENT"), func([]byte) []byte { return []byte("nonsense") })
			},
			[]string{"rocksdb is damaged", "elderzan doctor --repair"}, nil,
		},
		"RocksDB blocks": {
			func(f *folder) {
				f.ok("flags", "set", "recall.merge-duplicates", "off") // read while the store is opened
				f.ok("stop")
				f.ok("status") // what is in the log gets into table files
				f.ok("stop")
				names, err := filepath.Glob(f.path("kv/*.sst"))
				if err != nil || len(names) == 0 {
					f.t.Fatalf("table files: %v, %v", names, err)
				}
				for _, name := range names {
					f.edit(filepath.Join("kv", filepath.Base(name)), func(b []byte) []byte { b[5] ^= 1; return b })
				}
			},
			[]string{"rocksdb is damaged", "elderzan doctor --repair"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := copyOf(t, good)
			tc.damage(f)
			wantRefusal(t, f, tc.want)
			if o := f.run("", "doctor", "--repair"); tc.repair == nil {
				if o.code != 0 {
					t.Errorf("doctor --repair: %s%s", o.out, o.err)
				}
				wantUnchanged(t, f, before)
			} else if o.code == 0 || !containsAll(o.err, tc.repair) {
				t.Errorf("doctor --repair: exit %d, %q; want an error with %q", o.code, o.err, tc.repair)
			}
			f.ok("stop")
			f.copyFrom(good)
			wantUnchanged(t, f, before)
			if o := f.run("", "doctor"); o.code != 0 {
				t.Errorf("doctor, with the damage undone: %s%s", o.out, o.err)
			}
		})
	}
}

// TestSalvage cuts a database off: with consent what can be read takes its place, which doctor tells of, with the ids of what is lost
// and not a word of it. Afterwards all is well, and status and the audit log say what happened.
func TestSalvage(t *testing.T) {
	t.Parallel()
	f, before := filled(t)
	f.fails([]string{"--salvage is a way to repair"}, "doctor", "--salvage")
	f.edit("catalog.db", func(b []byte) []byte { return b[:len(b)/2/4096*4096+100] })
	f.fails([]string{"sqlite is damaged"}, "search")
	out := f.ok("doctor", "--repair", "--salvage")
	if !containsAll(out, []string{"could not be read", "mended at start", "catalog.db", "no findings"}) || strings.Contains(out, "door") {
		t.Errorf("doctor --repair --salvage: %s", out)
	}
	after := f.export()
	for id := range before {
		if after[id] == nil && !strings.Contains(out, "lost: "+id) {
			t.Errorf("memory %s is gone, and doctor does not name it: %s", id, out)
		}
	}
	if s := f.status(); !s.Ready || !strings.Contains(strings.Join(s.Alerts, "\n"), "mended at start") {
		t.Errorf("status: ready %v, alerts %q", s.Ready, s.Alerts)
	}
	if out := f.ok("audit", "show"); !strings.Contains(out, "salvage") {
		t.Errorf("audit show: %s", out)
	}
	f.ok("audit", "verify")
	f.ok("doctor")
}

// wantRefusal checks that commands and clients alike are refused with the words.
func wantRefusal(t *testing.T, f *folder, want []string) {
	t.Helper()
	f.fails(want, "recall", "door")
	f.fails(want, "--in-process", "search")
	c := f.serve()
	c.initialize()
	if r := c.tool("remember", map[string]any{"content": "The office has a red door."}); !r.IsError || !containsAll(r.text(), want) {
		t.Errorf("remember: %q; want an error with %q", r.text(), want)
	}
	var s status
	c.ok(&s, "status", nil)
	if s.Ready || len(s.Alerts) == 0 || !strings.Contains(s.Alerts[0], "elderzan doctor") && !containsAll(s.Alerts[0], want) {
		t.Errorf("status: ready %v, alerts %q; want %q", s.Ready, s.Alerts, want)
	}
	c.close()
}

// containsAll reports whether text holds all of the words.
func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// TestMendedWhileServed mends a folder under a client that was refused: its next call works, without a restart.
func TestMendedWhileServed(t *testing.T) {
	t.Parallel()
	f, before := filled(t)
	if err := os.Rename(f.path("master.key"), f.path("master.away")); err != nil {
		t.Fatal(err)
	}
	c := f.serve()
	c.initialize()
	if r := c.tool("search", nil); !r.IsError || !strings.Contains(r.text(), "master key is missing") {
		t.Errorf("search without a key: %s", r.text())
	}
	if err := os.Rename(f.path("master.away"), f.path("master.key")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the store to open", func() bool { return !c.tool("search", nil).IsError })
	wantUnchanged(t, f, before)
}

// TestWeights serves without the model's weights, and with others: memories are stored, recall answers from words and
// says so, and status names the command that brings the weights.
func TestWeights(t *testing.T) {
	t.Parallel()
	real := modelFolder("")
	for name, tc := range map[string]struct {
		make func(dir string) error
		want string
	}{
		"missing": {func(string) error { return nil }, "model files are missing"},
		"altered": {func(dir string) error {
			if err := os.Symlink(filepath.Join(real, "tokenizer.json"), filepath.Join(dir, "tokenizer.json")); err != nil {
				return err
			}
			info, err := os.Stat(filepath.Join(real, "model.fp16.safetensors"))
			if err != nil {
				return err
			}
			weights := filepath.Join(dir, "model.fp16.safetensors")
			if err := os.WriteFile(weights, nil, 0o600); err != nil {
				return err
			}
			return os.Truncate(weights, info.Size())
		}, "model files are altered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := tc.make(dir); err != nil {
				t.Fatal(err)
			}
			f := newFolder(t, "ELDERZAN_MODEL_DIR="+dir)
			f.remember("The office has a green door.", "--wait")
			var r struct {
				Memories []struct{ Content string }
				Degraded bool
				Note     string
			}
			f.json(&r, "recall", "green door")
			if !r.Degraded || len(r.Memories) != 1 || !strings.Contains(r.Note, "words alone") {
				t.Errorf("recall: %+v", r)
			}
			s := f.status()
			if alerts := strings.Join(s.Alerts, "\n"); !s.Ready || !containsAll(alerts, []string{tc.want, "make deps"}) {
				t.Errorf("alerts: %q", alerts)
			}
			// With the weights there again the next text is embedded.
			f.ok("stop")
			f.env = nil
			f.ok("remember", "The kitchen has a red door.", "--wait")
			f.json(&r, "recall", "which colour has the kitchen?")
			if s := f.status(); r.Degraded || len(s.Alerts) > 0 {
				t.Errorf("with the weights: recall %+v, alerts %q", r, s.Alerts)
			}
		})
	}
}

// TestEngineWaitsForTheFolder has something else take the folder for a moment, as restore does: whoever calls meanwhile is answered
// afterwards.
func TestEngineWaitsForTheFolder(t *testing.T) {
	t.Parallel()
	f, before := filled(t)
	f.ok("stop")
	unlock, err := storage.Lock(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	freed := make(chan error, 1)
	time.AfterFunc(lockPatience/3, func() { freed <- unlock() })
	f.ok("search")
	if err := <-freed; err != nil {
		t.Error(err)
	}
	wantUnchanged(t, f, before)
}

// TestTwoHolders starts by hand what would be a second holder of the folder: it ends, says why, and does no harm.
func TestTwoHolders(t *testing.T) {
	t.Parallel()
	f, before := filled(t)
	pid := f.status().PID
	if o := f.run("", "engine"); o.code != 0 || !strings.Contains(o.err, "another engine serves the data folder") {
		t.Errorf("a second engine: exit %d, %s", o.code, o.err)
	}
	f.fails([]string{"in use by another elderzan", "end the engine first: elderzan stop --data " + f.dir}, "--in-process", "search")
	if s := f.status(); s.PID != pid {
		t.Errorf("engine %d serves; want %d still", s.PID, pid)
	}
	f.ok("stop")
	// The other way round: a session in a process of its own has the store.
	c := f.serve("--in-process")
	c.initialize()
	c.ok(nil, "status", nil)
	f.fails([]string{"in use by another elderzan", "stop that one"}, "search")
	c.ok(nil, "search", nil)
	c.close()
	wantUnchanged(t, f, before)
}
