package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/tailscale/hujson"
)

var update = flag.Bool("update", false, "write the golden files anew")

var server = Server{Name: "elderzan", Command: "/opt/elder zan/bin/elderzan", Args: []string{"serve", "--data", "/srv/mem & more"}}

// The samples are files as each client's users have them: with comments, other servers and other settings.
func TestSamples(t *testing.T) {
	for _, c := range All() {
		t.Run(c.Name, func(t *testing.T) {
			ext := filepath.Ext(c.File(Place{Home: "/h", Config: "/c"}))
			before, err := os.ReadFile(filepath.Join("testdata", c.Name+ext))
			if err != nil {
				t.Fatal(err)
			}
			p := Place{Home: t.TempDir(), OS: "linux"}
			p.Config = filepath.Join(p.Home, ".config")
			file := c.File(p)
			write(t, file, before)
			if in, err := c.Installed(p, server); in || err != nil {
				t.Fatalf("Installed before = %v, %v", in, err)
			}
			ch := plan(t, c.Plan, p)
			if got := read(t, file); !bytes.Equal(got, before) {
				t.Fatal("planning changed the file")
			}
			apply(t, ch)
			got := read(t, file)
			golden := filepath.Join("testdata", c.Name+".with"+ext)
			if *update {
				write(t, golden, got)
			}
			if want := read(t, golden); !bytes.Equal(got, want) {
				t.Errorf("after setting up:\n%s\nwant:\n%s", got, want)
			}
			wantEntry(t, c, got)
			if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o640 {
				t.Errorf("mode = %v, %v; want that of before, 0640", st.Mode(), err)
			}
			if again := plan(t, c.Plan, p); !again.Empty() || again.Diff() != "" {
				t.Errorf("a second time would change:\n%s", again.Diff())
			}
			if in, err := c.Installed(p, server); !in || err != nil {
				t.Errorf("Installed after = %v, %v", in, err)
			}
			apply(t, plan(t, c.PlanUndo, p))
			if got := read(t, file); !bytes.Equal(got, before) {
				t.Errorf("after undoing:\n%s\nwant:\n%s", got, before)
			}
			if left, _ := filepath.Glob(file + ".*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// wantEntry reads the file as its client would.
func wantEntry(t *testing.T, c Client, text []byte) {
	t.Helper()
	all := map[string]any{}
	if c.toml {
		if err := toml.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
	} else {
		plain, err := hujson.Standardize(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(plain, &all); err != nil {
			t.Fatal(err)
		}
	}
	servers, _ := all[c.servers].(map[string]any)
	if len(servers) != 2 {
		t.Errorf("servers = %v; want the one before and ours", servers)
	}
	entry, _ := servers["elderzan"].(map[string]any)
	if entry["command"] != server.Command || !reflect.DeepEqual(entry["args"], []any{"serve", "--data", "/srv/mem & more"}) {
		t.Errorf("entry = %v", entry)
	}
}

func TestWithoutFile(t *testing.T) {
	for _, c := range All() {
		p := Place{Home: t.TempDir(), OS: "linux"}
		p.Config = filepath.Join(p.Home, ".config")
		if c.Present(p) {
			t.Errorf("%s is present in an empty home", c.Name)
		}
		apply(t, plan(t, c.Plan, p))
		if st, err := os.Stat(c.File(p)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode of a new file = %v, %v; want 0600", c.Name, st, err)
		}
		undo := plan(t, c.PlanUndo, p)
		if !undo.Removes() {
			t.Errorf("%s: undoing keeps a file that was not there before", c.Name)
		}
		apply(t, undo)
		if _, err := os.Stat(c.File(p)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: file after undoing: %v", c.Name, err)
		}
	}
}

func TestUndoKeepsWhatWasChangedSince(t *testing.T) {
	for _, name := range []string{"cursor", "codex"} {
		c, _ := ByName(name)
		p := Place{Home: t.TempDir()}
		file := c.File(p)
		mine, more := `{"theme": "dark"}`, `,"more":1}`
		if c.toml {
			mine, more = "theme = 'dark'\n", "\n[later]\nmore = 1\n"
		}
		write(t, file, []byte(mine))
		apply(t, plan(t, c.Plan, p))
		now := string(read(t, file))
		if c.toml {
			now += more
		} else {
			now = strings.TrimRight(now, "}\n ") + more
		}
		write(t, file, []byte(now))
		apply(t, plan(t, c.PlanUndo, p))
		got := string(read(t, file))
		if strings.Contains(got, "elderzan") || !strings.Contains(got, "more") || !strings.Contains(got, "dark") {
			t.Errorf("%s after undoing: %s", name, got)
		}
	}
}

// An entry from an older place of the program is brought up to date; what its user put beside it stays, and undoing
// does not bring the old entry back.
func TestMovedProgram(t *testing.T) {
	c, _ := ByName("codex")
	p := Place{Home: t.TempDir()}
	old := "[mcp_servers.elderzan]\ncommand = 'old'\nargs = ['serve']\n\n[mcp_servers.elderzan.env]\nA = 'b'\n\n# the end\n[x]\ny = 1\n"
	write(t, c.File(p), []byte(old))
	apply(t, plan(t, c.Plan, p))
	got := string(read(t, c.File(p)))
	if strings.Contains(got, "'old'") || !strings.Contains(got, "A = 'b'") || strings.Count(got, "[mcp_servers.elderzan]") != 1 {
		t.Errorf("after setting up:\n%s", got)
	}
	apply(t, plan(t, c.PlanUndo, p))
	if got := string(read(t, c.File(p))); got != "# the end\n[x]\ny = 1\n" {
		t.Errorf("after undoing:\n%s", got)
	}
}

func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct{ client, text, want string }{
		"broken JSON":        {"cursor", `{"mcpServers": `, "line"},
		"JSON list":          {"cursor", `[1]`, "is not a table"},
		"servers are a list": {"cursor", `{"mcpServers": []}`, "mcpServers is not a table"},
		"broken TOML":        {"codex", "a = = 1", "toml"},
		"inline TOML":        {"codex", "mcp_servers = {elderzan = {command = 'x'}}", "not written as a table"},
		"server is a word":   {"codex", "[mcp_servers]\nelderzan = 'x'", "is not a table"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := ByName(tc.client)
			p := Place{Home: t.TempDir()}
			write(t, c.File(p), []byte(tc.text))
			_, err := c.Plan(p, server)
			var bad *FileError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Plan = %v; want a FileError with %q", err, tc.want)
			}
			if got := read(t, c.File(p)); string(got) != tc.text {
				t.Errorf("the file is now %q", got)
			}
		})
	}
}

func TestChangedMeanwhile(t *testing.T) {
	c, _ := ByName("cursor")
	p := Place{Home: t.TempDir()}
	write(t, c.File(p), []byte("{}"))
	ch := plan(t, c.Plan, p)
	write(t, c.File(p), []byte(`{"a":1}`))
	if err := ch.Apply(); err == nil || string(read(t, c.File(p))) != `{"a":1}` {
		t.Errorf("Apply over another program's change = %v", err)
	}
}

func TestThroughALink(t *testing.T) {
	c, _ := ByName("gemini")
	p := Place{Home: t.TempDir()}
	real := filepath.Join(p.Home, "dotfiles", "gemini.json")
	write(t, real, []byte("{}"))
	if err := os.MkdirAll(filepath.Dir(c.File(p)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, c.File(p)); err != nil {
		t.Fatal(err)
	}
	apply(t, plan(t, c.Plan, p))
	if st, err := os.Lstat(c.File(p)); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", st.Mode(), err)
	}
	if !bytes.Contains(read(t, real), []byte("elderzan")) {
		t.Error("the file behind the link was not changed")
	}
}

func TestProjectFiles(t *testing.T) {
	p := Place{Home: "/h", Config: "/h/.config", Project: "/p"}
	for name, want := range map[string]string{
		"claude-code": "/p/.mcp.json", "vscode": "/p/.vscode/mcp.json", "cursor": "/p/.cursor/mcp.json", "windsurf": "/h/.codeium/windsurf/mcp_config.json",
	} {
		if c, _ := ByName(name); c.File(p) != want {
			t.Errorf("file of %s in a project = %s; want %s", name, c.File(p), want)
		}
	}
}

// Whatever stands in a file: putting the server in twice is the same as once, nothing else changes, and it can be taken out.
func fuzzFormat(f *testing.F, format format, decode func([]byte) (map[string]any, error), table string) {
	f.Fuzz(func(t *testing.T, text []byte) {
		with, err := format.put(text)
		if err != nil {
			return
		}
		again, err := format.put(with)
		if err != nil || !bytes.Equal(again, with) {
			t.Fatalf("a second time: %v\n%s\n%s", err, with, again)
		}
		was, err := decode(text)
		if err != nil {
			return // laxer than we are
		}
		without, err := format.drop(with)
		if err != nil {
			t.Fatalf("take out of %q: %v", with, err)
		}
		now, err := decode(without)
		if err != nil {
			t.Fatalf("%q: %v", without, err)
		}
		for _, m := range []map[string]any{was, now} {
			if servers, ok := m[table].(map[string]any); ok {
				delete(servers, "elderzan")
				if len(servers) == 0 {
					delete(m, table)
				}
			}
		}
		if x, y := encode(was), encode(now); x != y {
			t.Fatalf("other values changed: %s\n%s", x, y)
		}
	})
}

func encode(v any) string { b, _ := json.Marshal(v); return string(b) }

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"mcpServers": {"a": 1,}, /* c */ "b": [1, 2]}`))
	f.Add([]byte("\xef\xbb\xbf{\r\n\t\"mcpServers\": {}\r\n}"))
	fuzzFormat(f, jsonFile{"mcpServers", "elderzan", plainEntry(server)}, func(b []byte) (map[string]any, error) {
		b, err := hujson.Standardize(bytes.TrimPrefix(bytes.Clone(b), byteOrderMark))
		if err != nil {
			return nil, err
		}
		var m map[string]any
		return m, json.Unmarshal(b, &m)
	}, "mcpServers")
}

func FuzzTOML(f *testing.F) {
	f.Add([]byte("a = 1\n[mcp_servers.x]\ncommand = 'y'\n# z\n[[list]]\nb = '''\n[mcp_servers.elderzan]\n'''\n"))
	fuzzFormat(f, tomlFile{"mcp_servers", "elderzan", plainEntry(server)}, func(b []byte) (map[string]any, error) {
		var m map[string]any
		return m, toml.Unmarshal(b, &m)
	}, "mcp_servers")
}

func plan(t *testing.T, f func(Place, Server) (Change, error), p Place) Change {
	t.Helper()
	ch, err := f(p, server)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func apply(t *testing.T, ch Change) {
	t.Helper()
	if err := ch.Apply(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o640); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRemote puts a server with an address and a token into an empty file, as each client spells it, and into one that
// starts the program already; the file becomes its user's alone.
func TestRemote(t *testing.T) {
	want := map[string]string{
		"claude-code": `{"mcpServers":{"elderzan":{"headers":{"Authorization":"Bearer elz_X"},"type":"http","url":"http://127.0.0.1:7420/mcp"}}}`,
		"cursor":      `{"mcpServers":{"elderzan":{"headers":{"Authorization":"Bearer elz_X"},"url":"http://127.0.0.1:7420/mcp"}}}`,
		"vscode":      `{"servers":{"elderzan":{"headers":{"Authorization":"Bearer elz_X"},"type":"http","url":"http://127.0.0.1:7420/mcp"}}}`,
		"codex":       `{"mcp_servers":{"elderzan":{"http_headers":{"Authorization":"Bearer elz_X"},"url":"http://127.0.0.1:7420/mcp"}}}`,
		"gemini":      `{"mcpServers":{"elderzan":{"headers":{"Authorization":"Bearer elz_X"},"httpUrl":"http://127.0.0.1:7420/mcp"}}}`,
		"windsurf":    `{"mcpServers":{"elderzan":{"headers":{"Authorization":"Bearer elz_X"},"serverUrl":"http://127.0.0.1:7420/mcp"}}}`,
		"zed":         `{"context_servers":{"elderzan":{"headers":{"Authorization":"Bearer elz_X"},"url":"http://127.0.0.1:7420/mcp"}}}`,
	}
	remote := Server{Name: "elderzan", URL: "http://127.0.0.1:7420/mcp", Token: "elz_X"}
	for _, c := range All() {
		if c.Remote() != (want[c.Name] != "") {
			t.Errorf("%s: Remote() = %v", c.Name, c.Remote())
		}
		if !c.Remote() {
			continue
		}
		for _, first := range []bool{true, false} {
			p := Place{Home: t.TempDir(), OS: "linux"}
			p.Config = filepath.Join(p.Home, ".config")
			if !first {
				apply(t, plan(t, c.Plan, p))
				if err := os.Chmod(c.File(p), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			ch, err := c.Plan(p, remote)
			if err != nil {
				t.Fatal(err)
			}
			apply(t, ch)
			got := read(t, c.File(p))
			var v any
			if c.toml {
				err = toml.Unmarshal(got, &v)
			} else {
				err = json.Unmarshal(got, &v)
			}
			b, _ := json.Marshal(v)
			if err != nil || string(b) != want[c.Name] {
				t.Errorf("%s: %v\n%s\nwant\n%s", c.Name, err, b, want[c.Name])
			}
			if st, err := os.Stat(c.File(p)); err != nil || st.Mode().Perm() != 0o600 {
				t.Errorf("%s: mode %v, %v", c.Name, st.Mode(), err)
			}
			if again, err := c.Plan(p, remote); err != nil || !again.Empty() {
				t.Errorf("%s: a second time would change:\n%s", c.Name, again.Diff())
			}
			undo, err := c.PlanUndo(p, remote)
			if err != nil {
				t.Fatal(err)
			}
			if apply(t, undo); strings.Contains(fileText(c.File(p)), "elz_X") {
				t.Errorf("%s: the token stays after undoing", c.Name)
			}
		}
	}
}

func fileText(path string) string {
	b, _ := os.ReadFile(path) // one that is gone holds nothing
	return string(b)
}
