package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/scope"
)

// secretPlaces puts a secret, which word gives, into each part of a memory that may hold one.
var secretPlaces = map[string]func(word func(place string) string) map[string]any{
	"content": func(word func(string) string) map[string]any {
		return map[string]any{"content": "The staging database password is " + word("content") + "."}
	},
	"japanese": func(word func(string) string) map[string]any {
		return map[string]any{"content": "本番DBのパスワードは「" + word("japanese") + "」です"}
	},
	"title": func(word func(string) string) map[string]any {
		return map[string]any{"content": "Notes of the Tuesday meeting.", "title": "router password: " + word("title")}
	},
	"tag": func(word func(string) string) map[string]any {
		return map[string]any{"content": "Notes of the Wednesday meeting.", "tags": []string{"ops", "password=" + word("tag")}}
	},
	"metadata": func(word func(string) string) map[string]any {
		return map[string]any{"content": "Notes of the Thursday meeting.", "metadata": map[string]any{"db": map[string]any{"password": word("metadata")}}}
	},
	"disguised": func(word func(string) string) map[string]any {
		return map[string]any{"content": "the pass\u200bword is \u202e" + word("disguised")}
	},
}

// TestSecretsStayHere puts secrets into every part of a memory by every way in, asks for a scope that leaves the machine, and
// looks for them where something leaves it or lasts: events for the cloud, an embedding provider on the network, answers,
// errors and the log. A harmless memory goes each of these ways, so that the looking can find something.
func TestSecretsStayHere(t *testing.T) {
	t.Parallel()
	provider := newProvider(t)
	f := newFolder(t, "ELDERZAN_LOG_LEVEL=debug", "ELDERZAN_EMBEDDING_PROVIDER=openai", "ELDERZAN_EMBEDDING_BASE_URL="+provider.url, "ELDERZAN_EMBEDDING_MODEL=words")
	var c canaries
	cl := f.serve()
	cl.initialize()
	call := func(tool string, args map[string]any) {
		b, err := json.Marshal(cl.tool(tool, args))
		if err != nil {
			t.Fatal(err)
		}
		if in := c.found(b); in != nil && tool != "recall" && tool != "search" { // which answer with what is stored
			t.Errorf("%s answers with %q", tool, in)
		}
	}

	var harmless struct{ ID, Scope string }
	for _, to := range []string{"SHARED", "GLOBAL"} {
		cl.ok(&harmless, "remember", map[string]any{"content": "Marmosets of the " + to + " release are built at noon.", "scope": to, "wait": true})
		if harmless.Scope != to {
			t.Fatalf("a harmless memory for %s became %s: nothing would leave", to, harmless.Scope)
		}
	}
	for name, memoryWith := range secretPlaces {
		for _, to := range []string{"SHARED", "GLOBAL", ""} {
			args := memoryWith(c.word)
			args["wait"] = true
			if to != "" {
				args["scope"] = to
			}
			call("remember", args)
			args["override_auto_classification"] = true
			call("remember", args)
		}
		args := memoryWith(c.word)
		args["id"] = harmless.ID
		call("revise", args) // the memory is GLOBAL until then
		delete(args, "id")
		call("classify", args)
		var said struct {
			Sensitive bool `json:"detected_sensitive"`
			Detectors []struct{ Field string }
		}
		if cl.ok(&said, "classify", args); !said.Sensitive {
			t.Errorf("classify finds nothing in the %s", name)
		} else if field := said.Detectors[0].Field; field != "" && field != name || field == "" && args["content"].(string)[:5] == "Notes" {
			t.Errorf("classify finds what is in the %s in the field %q", name, field)
		}
		if content, ok := args["content"].(string); ok && strings.Contains(content, "canary") {
			call("recall", map[string]any{"query": content})
			call("search", map[string]any{"text": content})
		}
		var stored struct{ ID string }
		args = memoryWith(c.word)
		args["wait"] = true
		cl.ok(&stored, "remember", args)
		for _, to := range []string{"SHARED", "GLOBAL"} {
			call("share", map[string]any{"id": stored.ID, "scope": to})
		}
		imported := memoryWith(c.word)
		imported["scope"] = "SHARED"
		line, err := json.Marshal(imported)
		if err != nil {
			t.Fatal(err)
		}
		o := f.run(string(line)+"\n", "import", "-")
		if in := c.found([]byte(o.out + o.err)); in != nil {
			t.Errorf("%s: import prints %q", name, in)
		}
		cl.ok(&harmless, "remember", map[string]any{"content": fmt.Sprintf("Marmosets number %d for the next revision.", len(c)), "scope": "GLOBAL", "wait": true})
	}
	waitFor(t, "everything is embedded", func() bool { return f.status().Embedding.Pending == 0 })
	cl.close()
	f.ok("stop")

	if !provider.saw("Marmosets") {
		t.Error("the provider was shown nothing: looking there finds nothing")
	}
	for _, text := range provider.seen {
		if in := c.found([]byte(text)); in != nil {
			t.Errorf("the provider was shown %q", in)
		}
	}
	if in := c.found(cl.stderr.Bytes()); in != nil {
		t.Errorf("standard error holds %q", in)
	}
	wantSecret(t, f, t.TempDir(), c, "after a stop") // the log among the rest
	wantNoEvents(t, f, c)
}

// wantNoEvents reads what waits for the cloud as the sync worker would, and looks for canaries in it.
func wantNoEvents(t *testing.T, f *folder, c canaries) {
	t.Helper()
	st, done := openHere(t, f.dir)
	defer done()
	events := 0
	for _, s := range []scope.Scope{scope.Shared, scope.Global} {
		place := storage.CloudPlace{Key: make([]byte, 16), Scope: s, Teams: []string{""}}
		ids, err := st.store.CloudChanged(t.Context(), place, 1000)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := st.store.CloudRows(t.Context(), place, ids)
		if err != nil {
			t.Fatal(err)
		}
		for id, r := range rows {
			if !r.Exists || r.Seq == 0 {
				continue
			}
			events++
			b, err := json.Marshal(r.Memory)
			if err != nil {
				t.Fatal(err)
			}
			if in := c.found(b); in != nil && leaves(r.Memory) {
				t.Errorf("the event of %s for %v holds %q", id, s, in)
			}
		}
	}
	if events < 2 {
		t.Errorf("%d events wait for the cloud: looking there finds nothing", events)
	}
}

// leaves reports whether a memory is of a scope that leaves the machine: the event of one that was taken back says only that.
func leaves(m memory.Memory) bool { return m.Scope == scope.Shared || m.Scope == scope.Global }
