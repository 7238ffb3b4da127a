package migrate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// peerMode is the variable that turns this test's program into the other server; its value says how that misbehaves.
const peerMode = "ELDERZAN_TEST_PEER"

func TestMain(m *testing.M) {
	if mode, ok := os.LookupEnv(peerMode); ok {
		otherServer{mode: mode, file: os.Getenv("MEMORY_FILE_PATH")}.serve()
		return
	}
	os.Exit(m.Run())
}

// otherServer answers as the official server-memory does and keeps its graph in a file. Its mode is one of:
//
//	""                nothing wrong
//	"dies TOOL"       ends without an answer where TOOL is called, the first time
//	"junk"            writes what is no message, a notification and a request of its own before each answer
//	"ids"             spells ids in another way than it was asked by
//	"text"            answers without structured content, as older versions do
//	"prose"           answers with text that is no JSON
//	"silent TOOL"     never answers where TOOL is called
//	"refuses METHOD"  answers METHOD with an error
//	"ends METHOD"     ends where METHOD is asked for
//	"stays"           does not end when its input does
type otherServer struct{ mode, file string }

func (o otherServer) is(what, of string) bool { return o.mode == what+" "+of }

func (o otherServer) load() (g Graph) {
	if b, err := os.ReadFile(o.file); err == nil {
		_ = json.Unmarshal(b, &g) // an empty one else
	}
	return g
}

func (o otherServer) serve() {
	sc := bufio.NewScanner(os.Stdin)
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var m struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				Name      string          `json:"name"`
				Arguments json.RawMessage `json:"arguments"`
			} `json:"params"`
		}
		if json.Unmarshal(sc.Bytes(), &m) != nil || len(m.ID) == 0 {
			continue
		}
		if o.is("ends", m.Method) {
			return
		}
		if o.is("refuses", m.Method) {
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"not today"}}`+"\n", m.ID)
			continue
		}
		result := any(map[string]any{})
		switch m.Method {
		case "initialize":
			result = map[string]any{"protocolVersion": "2025-06-18", "serverInfo": map[string]any{"name": "memory-server", "version": os.Getenv("VERSION")}}
		case "tools/list":
			result = map[string]any{"tools": []any{map[string]any{"name": "read_graph"}}}
		case "tools/call":
			if o.is("silent", m.Params.Name) {
				continue
			}
			if o.is("dies", m.Params.Name) {
				if f, err := os.OpenFile(o.file+".died", os.O_CREATE|os.O_EXCL, 0o600); err == nil {
					_ = f.Close()
					os.Exit(3)
				}
			}
			result = o.call(m.Params.Name, m.Params.Arguments)
		}
		b, err := json.Marshal(result)
		if err != nil {
			panic(err)
		}
		if o.mode == "junk" {
			fmt.Printf("ready\n\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"roots/list\"}\n", m.ID)
		}
		fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", o.spell(m.ID), b)
	}
	if o.mode == "stays" {
		<-time.After(time.Hour) // it is killed before
	}
}

// spell writes an id in another of its spellings.
func (o otherServer) spell(id json.RawMessage) string {
	if o.mode != "ids" {
		return string(id)
	}
	var s string
	if json.Unmarshal(id, &s) != nil {
		return string(id) + ".0"
	}
	return strconv.QuoteToASCII(s)
}

func (o otherServer) call(tool string, args json.RawMessage) any {
	type content struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	g := o.load()
	result, _, err := g.Do(tool, args)
	if err != nil {
		return map[string]any{"content": []content{{"text", err.Error()}}, "isError": true}
	}
	b, err := json.Marshal(g)
	if err == nil && Writes(tool) {
		err = os.WriteFile(o.file, b, 0o600)
	}
	if err != nil {
		panic(err)
	}
	b, err = json.MarshalIndent(result, "", "  ")
	if err != nil {
		panic(err)
	}
	switch o.mode {
	case "text":
		return map[string]any{"content": []content{{"text", string(b)}}}
	case "prose":
		return map[string]any{"content": []content{{"text", "Done, with pleasure."}}}
	}
	return map[string]any{"content": []content{{"text", string(b)}}, "structuredContent": result}
}

// other returns a migration whose other server is this program in a mode, in a folder of its own.
func other(t testing.TB, mode string, phase Phase) State {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return State{
		Command: []string{exe}, Phase: phase, Hello: json.RawMessage(`{"serverInfo":{"name":"as it was"}}`), Tools: json.RawMessage(`{"tools":[{"name":"kept"}]}`),
		Env: map[string]string{peerMode: mode, "MEMORY_FILE_PATH": filepath.Join(t.TempDir(), "memory.json"), "VERSION": "7"},
	}
}

// holds returns what the other server has stored.
func holds(s State) Graph { return otherServer{file: s.Env["MEMORY_FILE_PATH"]}.load() }

func names(g Graph) string {
	var out []string
	for _, e := range g.Entities {
		out = append(out, e.Name)
	}
	return strings.Join(out, " ")
}
