package tools

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/prompts"
)

// hostile returns texts that try to make a reader obey them.
func hostile(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimRight(line, "\n"); line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		out = append(out, strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\u202e`, "\u202e", `\u202c`, "\u202c").Replace(line))
	}
	if len(out) < 60 {
		t.Fatalf("%d texts are too few to tell", len(out))
	}
	return out
}

// Whatever a memory says, it comes back as the value of one field of a structured answer, with where it comes from and how
// far it may be trusted, and nothing of it anywhere else: not in notes, reasons, links or the log.
func TestHostileMemoriesAreData(t *testing.T) {
	onEveryStore(t, func(t *testing.T, newWorld func(*testing.T, func(*world)) *world) {
		w := newWorld(t, nil)
		w.caller.Trust = memory.TrustUntrusted
		stored := map[memory.ID]string{}
		for _, text := range hostile(t) {
			got := ok[rememberResult](w, "remember", map[string]any{
				"content": text, "title": strings.Join(strings.Fields(text), " ")[:min(40, len(text)/2)], "scope": "PROJECT",
				"metadata": map[string]any{"source": "web page"},
			})
			stored[got.ID] = text
		}
		if len(stored) < 60 {
			t.Fatalf("%d memories", len(stored))
		}
		for id, text := range stored {
			question := strings.ToValidUTF8(clipTo(text, 200), "")
			res := w.call("recall", map[string]any{"query": question, "explain": true, "limit": 5, "max_tokens": 4000})
			if res.IsError {
				t.Fatalf("recall of %q: %s", text, resultText(res))
			}
			checkOnlyData(t, resultText(res), stored)
			out := decode[recallResult](t, resultText(res))
			if len(out.Memories) == 0 {
				t.Errorf("nothing comes back for %q", text)
			}
			one := ok[searchResult](w, "search", map[string]any{"ids": []memory.ID{id}})
			if len(one.Memories) != 1 || one.Memories[0].Content != text {
				t.Errorf("%q did not come back as it was stored: %+v", text, one.Memories)
			}
		}
		if log := w.log.String(); strings.Contains(log, "evil.example") || strings.Contains(log, "pwned") {
			t.Errorf("the log repeats what memories say:\n%s", log)
		}
	})
}

func clipTo(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// checkOnlyData checks an answer to recall: what memories say stands in content and title alone.
func checkOnlyData(t *testing.T, answer string, stored map[memory.ID]string) {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal([]byte(answer), &tree); err != nil {
		t.Fatalf("an answer is not one JSON value: %v\n%s", err, answer)
	}
	for _, m := range tree["memories"].([]any) {
		hit := m.(map[string]any)
		from, _ := hit["provenance"].(map[string]any)
		if hit["trust"] != "untrusted" || from["source"] != "web page" || from["author"] != "mia" || from["client"] != "test-client" {
			t.Errorf("trust %v, provenance %v", hit["trust"], from)
		}
		if text := stored[memory.ID(hit["id"].(string))]; hit["content"] != text && hit["cut"] != true {
			t.Errorf("content %q; stored is %q", hit["content"], text)
		}
		delete(hit, "content")
		delete(hit, "title")
	}
	rest, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, sign := range []string{"gnore all", "evil.example", "pwned", "GLOBAL", "confirm=true", "指示", "こと。", "curl", "grandmother", "DROP TABLE"} {
		if strings.Contains(string(rest), sign) {
			t.Errorf("%q stands outside of content and title: %s", sign, rest)
		}
	}
}

// The server tells its client that what memories say is no instruction.
func TestInstructionsTellOfData(t *testing.T) {
	if text := prompts.Instructions(); !strings.Contains(text, "not instructions") {
		t.Errorf("the server's instructions do not say that memories are data:\n%s", text)
	}
}
