package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

// watcher is an MCP client that subscribes to resources and does nothing else.
type watcher struct {
	*mcpClient
	name string
	seen int // notes that were looked at
}

const (
	noteUpdated      = "notifications/resources/updated"
	noteAcknowledged = "notifications/subscriptions/acknowledged"
)

// watch returns two clients that subscribed to the resources, one in each protocol.
func (f *folder) watch(uris ...string) []*watcher {
	f.t.Helper()
	older := &watcher{mcpClient: f.serve(), name: "2025-11-25"}
	older.initialize()
	for _, uri := range uris {
		older.result(nil, "resources/subscribe", map[string]any{"uri": uri})
	}
	newer := &watcher{mcpClient: f.serve(), name: "2026-07-28"}
	newer.request("subscriptions/listen", modern(map[string]any{"notifications": map[string]any{"resourceSubscriptions": uris}}))
	waitFor(f.t, "the acknowledgement", func() bool { return len(newer.notesOf(noteAcknowledged)) == 1 })
	newer.mu.Lock()
	clear(newer.open) // a stream has no answer
	newer.mu.Unlock()
	return []*watcher{older, newer}
}

// told reports whether the watcher was told of uri since the last call, and wants the note to say that and nothing else.
func (w *watcher) told(uri string) bool {
	w.t.Helper()
	notes := w.notesOf(noteUpdated)
	for _, n := range notes[w.seen:] {
		var p map[string]json.RawMessage
		if err := json.Unmarshal(n.Params, &p); err != nil {
			w.t.Fatal(err)
		}
		delete(p, "_meta")
		w.seen++
		if got := strings.Trim(string(p["uri"]), `"`); len(p) != 1 {
			w.t.Errorf("%s: a note says more than which resource changed: %s", w.name, n.Params)
		} else if got == uri {
			w.seen = len(notes)
			return true
		}
	}
	return false
}

// forgetNotes has only what comes from now on count.
func forgetNotes(ws []*watcher) {
	for _, w := range ws {
		w.seen = len(w.notesOf(noteUpdated))
	}
}

// wantToldOf does something and wants every watcher to be told of a resource.
func wantToldOf(t *testing.T, ws []*watcher, what, uri string, do func()) {
	t.Helper()
	forgetNotes(ws)
	do()
	for _, w := range ws {
		waitFor(t, "the note of "+uri+" at the client of "+w.name+", after "+what, func() bool { return w.told(uri) })
	}
}

// TestSubscribersAreTold changes what resources show in every way but the subscribers' own: they are told each time.
func TestSubscribersAreTold(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	garden := f.project() // a folder with a project in it
	here := func(args ...string) {
		t.Helper()
		cmd := f.command(t.Context(), args...)
		cmd.Dir = garden
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("elderzan %v: %v: %s", args, err, out)
		}
	}
	id := f.remember("The greenhouse is heated by the compost.", "--wait")
	uri := "elderzan://memory/" + id
	const project, shed, draft, status, audit = "elderzan://project/garden", "elderzan://project/shed", "elderzan://workspace/plan", "elderzan://status", "elderzan://audit"
	ws := f.watch(uri, project, shed, draft, status, audit)
	other := f.serve()
	other.initialize()

	wantToldOf(t, ws, "another client's revise", uri, func() { other.ok(nil, "revise", map[string]any{"id": id, "title": "Greenhouse"}) })
	wantToldOf(t, ws, "another client's draft", draft, func() {
		other.ok(nil, "workspace", map[string]any{"key": "plan", "content": "Dig over the beds."})
	})

	page, base := f.enterDashboard()
	post := func(action string, form url.Values) {
		t.Helper()
		res, err := page.PostForm(base+"/memories/"+id+"/"+action, form)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s on the page: %s", action, res.Status)
		}
	}
	wantToldOf(t, ws, "a pin on the dashboard", uri, func() { post("pin", nil) })
	wantToldOf(t, ws, "forgetting on the dashboard", uri, func() { post("forget", nil) })
	wantToldOf(t, ws, "bringing back on the dashboard", uri, func() { post("restore", nil) })
	wantToldOf(t, ws, "an entry of the dashboard's", audit, func() { post("pin", nil) })

	wantToldOf(t, ws, "a command", uri, func() { f.ok("revise", id, "--tags", "heat") })
	wantToldOf(t, ws, "a move to a project", project, func() { f.ok("revise", id, "--project", "garden") })
	wantToldOf(t, ws, "a move away from it", project, func() { f.ok("revise", id, "--project", "house") })
	wantToldOf(t, ws, "forgetting by command", uri, func() { f.ok("forget", id) })
	wantToldOf(t, ws, "restoring by command", uri, func() { f.ok("revise", id, "--restore") })

	notes := filepath.Join(t.TempDir(), "notes.jsonl")
	if err := os.WriteFile(notes, []byte(`{"content":"The shed has two keys.","project":"shed"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantToldOf(t, ws, "an import", shed, func() { f.ok("import", notes) })

	here("remember", "Ask BADGE-1234 for the seeds.", "--wait")
	writePolicy(t, garden, "[[patterns]]\nname = \"badge\"\nkind = \"personal\"\npattern = '\\bBADGE-\\d{4}\\b'\n")
	f.ok("stop") // what is kept of the file is read again
	f.status()
	wantToldOf(t, ws, "rescan", project, func() { here("rescan") })

	backups := t.TempDir()
	f.ok("backup", "create", "--folder", backups)
	wantToldOf(t, ws, "a purge", uri, func() { f.ok("forget", id, "--purge", "--confirm") })
	forgetNotes(ws)
	f.ok("recall", "compost", "--mode", "fast") // counts a use, of nothing that is shown
	f.ok("status")
	for _, w := range ws {
		if w.told(uri) {
			t.Errorf("%s: told of what is gone", w.name)
		}
	}
	f.killEngine()
	for _, w := range ws { // whatever happened while no engine was there
		waitFor(t, "word of the new engine to "+w.name, func() bool { return w.told(status) })
	}
	wantToldOf(t, ws, "a change after a crash", shed, func() { f.ok("remember", "The shed is locked at night.", "--project", "shed") })
	other.close()
	wantToldOf(t, ws, "a restored backup", uri, func() {
		f.status() // an engine runs, and the clients start another one as soon as there is none
		f.ok("restore", "--folder", backups, "--replace")
	})
	for _, m := range f.export() {
		if m["content"] == "The shed is locked at night." {
			t.Error("what was stored after the backup is still there")
		}
	}
	for _, w := range ws {
		w.close()
	}
}

// enterDashboard returns a client that the dashboard has let in, and its address.
func (f *folder) enterDashboard() (*http.Client, string) {
	f.t.Helper()
	address := f.startDashboard()
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	page := &http.Client{Jar: jar, Timeout: commandTime}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	res, err := page.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		f.t.Fatalf("the dashboard does not let in: %s", res.Status)
	}
	return page, address[:strings.Index(address, "/enter")]
}

// TestSubscribersHearOfSync has one device change what another device's clients have subscribed to, through a real database.
func TestSubscribersHearOfSync(t *testing.T) {
	fs := newTeamOf(t, pgtest.Start(t), "ada", "ben")
	a, b := fs[0], fs[1]
	ws := b.watch("elderzan://project/atlas")
	var id string
	wantToldOf(t, ws, "a memory that arrives", "elderzan://project/atlas", func() {
		id = a.remember("The zeppelin deploy runs at noon.", "--project", "atlas", "--scope", "SHARED")
	})
	uri := "elderzan://memory/" + id
	until(t, "B rests", func() bool { return jsonOf[syncStatusResult](t, b, "sync", "status").State == "idle" })
	ws = b.watch(uri)
	wantToldOf(t, ws, "a change on A", uri, func() { a.ok("revise", id, "--content", "The zeppelin deploy runs at dawn.") })
	until(t, "B rests", func() bool { return jsonOf[syncStatusResult](t, b, "sync", "status").State == "idle" })

	a.ok("mode", "local-only")
	b.ok("mode", "local-only")
	a.ok("revise", id, "--content", "The zeppelin deploy runs at one.")
	b.ok("revise", id, "--content", "The zeppelin deploy runs at two.")
	a.ok("mode", "hybrid")
	until(t, "A pushed", func() bool { return jsonOf[syncStatusResult](t, a, "sync", "status").Pending == 0 })
	wantToldOf(t, ws, "a conflict", uri, func() { b.ok("mode", "hybrid") })
	until(t, "conflict on A", func() bool { return len(jsonOf[conflictsResult](t, a, "conflicts", "list").Conflicts) == 1 })
	until(t, "B rests", func() bool { return jsonOf[syncStatusResult](t, b, "sync", "status").State == "idle" })
	wantToldOf(t, ws, "a conflict that A decides", uri, func() {
		a.ok("revise", id, "--resolves", "merged", "--content", "The zeppelin deploy runs at one, on Fridays at two.")
	})
	until(t, "B rests", func() bool { return jsonOf[syncStatusResult](t, b, "sync", "status").State == "idle" })
	wantToldOf(t, ws, "a memory that A withdraws", uri, func() { a.ok("share", id, "--scope", "PROJECT") })
}
