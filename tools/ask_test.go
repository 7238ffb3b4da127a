package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/memory"
)

const secretText = "the staging password is hunter2"

// person answers questions the way a test wants, and keeps them.
type person struct {
	questions []string
	answer    func(n int) (*mcp.ElicitationResult, error)
}

func (p *person) Elicit(_ context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	p.questions = append(p.questions, r.Params.Message)
	return p.answer(len(p.questions))
}

func says(action mcp.ElicitationResponseAction, content any) func(int) (*mcp.ElicitationResult, error) {
	return func(int) (*mcp.ElicitationResult, error) {
		return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: action, Content: content}}, nil
	}
}

var yes = map[string]any{"confirm": true}

// Before a sensitive memory leaves the machine the person is asked, and nothing but a yes is one.
func TestAskingThePerson(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(int) (*mcp.ElicitationResult, error)
		agreed bool
	}{
		"yes":                 {says(mcp.ElicitationResponseActionAccept, yes), true},
		"accepted without it": {says(mcp.ElicitationResponseActionAccept, map[string]any{}), false},
		"accepted as no":      {says(mcp.ElicitationResponseActionAccept, map[string]any{"confirm": false}), false},
		"a word for yes":      {says(mcp.ElicitationResponseActionAccept, map[string]any{"confirm": "true"}), false},
		"declined":            {says(mcp.ElicitationResponseActionDecline, yes), false},
		"closed":              {says(mcp.ElicitationResponseActionCancel, nil), false},
		"the client fails":    {func(int) (*mcp.ElicitationResult, error) { return nil, errors.New("no window") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &person{answer: tc.answer}
			w := newWorld(t, func(w *world) { w.service.CloudConfigured = true }, client.WithElicitationHandler(p))
			remembered := ok[rememberResult](w, "remember", map[string]any{"content": secretText, "scope": "SHARED", "override_auto_classification": true})
			want := "PRIVATE"
			if tc.agreed {
				want = "SHARED"
			}
			if remembered.Scope != want {
				t.Errorf("remembered as %s; want %s", remembered.Scope, want)
			}
			a := ok[rememberResult](w, "remember", map[string]any{"content": secretText + " a"}).ID
			b := ok[rememberResult](w, "remember", map[string]any{"content": secretText + " b"}).ID
			shared := ok[shareResult](w, "share", map[string]any{"ids": []memory.ID{a, b}, "scope": "GLOBAL"})
			if got := len(shared.Changed) == 2; got != tc.agreed || shared.NeedsConfirm == tc.agreed || shared.Leaves != tc.agreed {
				t.Errorf("share = %+v; want changed %v", shared, tc.agreed)
			}
			purged := ok[forgetResult](w, "forget", map[string]any{"id": a, "purge": true})
			if got := len(purged.Forgotten) == 1; got != tc.agreed || purged.NeedsConfirm == tc.agreed {
				t.Errorf("purge = %+v; want done %v", purged, tc.agreed)
			}
			if len(p.questions) != 4 {
				t.Errorf("asked %q; want four questions", p.questions)
			}
			if all := strings.Join(p.questions, "\n"); strings.Contains(all, "hunter2") || !strings.Contains(all, "password-is") || !strings.Contains(all, string(b)) {
				t.Errorf("questions = %q; want rule and id, and not the text", p.questions)
			}
			if w.log.Len() > 0 && name != "the client fails" {
				t.Errorf("log = %s", &w.log)
			}
		})
	}
}

// Where nobody can be asked, the answer says how a yes is given, and nothing is changed.
func TestNobodyToAsk(t *testing.T) {
	w := newWorld(t, func(w *world) { w.service.CloudConfigured = true })
	m := ok[rememberResult](w, "remember", map[string]any{"content": secretText, "scope": "GLOBAL", "override_auto_classification": true})
	if m.Scope != "PRIVATE" || len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "confirm=true") {
		t.Errorf("remember = %+v", m)
	}
	s := ok[shareResult](w, "share", map[string]any{"id": m.ID, "scope": "GLOBAL"})
	if !s.NeedsConfirm || len(s.Refused) != 1 || !strings.Contains(s.Refused[0].Reason, "confirm=true") || !s.Refused[0].NeedsConfirm || s.Leaves {
		t.Errorf("share = %+v", s)
	}
	f := ok[forgetResult](w, "forget", map[string]any{"ids": []memory.ID{m.ID}, "purge": true})
	if !f.NeedsConfirm || len(f.WouldForget) != 1 || len(f.Forgotten) != 0 || !strings.Contains(f.Note, "confirm=true") {
		t.Errorf("purge = %+v", f)
	}
	if got := w.refused("forget", map[string]any{"id": memory.NewID(), "purge": true}); !strings.Contains(got, "no memory has the id") {
		t.Errorf("purging nothing says %q", got)
	}
	if s := ok[shareResult](w, "share", map[string]any{"id": m.ID, "scope": "GLOBAL", "confirm": true}); !s.Leaves || len(s.Changed) != 1 || s.Changed[0].From != "PRIVATE" {
		t.Errorf("confirmed share = %+v", s)
	}
	if f := ok[forgetResult](w, "forget", map[string]any{"id": m.ID, "purge": true, "confirm": true}); len(f.Forgotten) != 1 || f.Until != "" {
		t.Errorf("confirmed purge = %+v", f)
	}
}

// modern sends one request of protocol 2026-07-28 and returns its result or error.
func (w *world) modern(method string, params map[string]any, capabilities map[string]any) (result map[string]any, code int) {
	w.t.Helper()
	params["_meta"] = map[string]any{
		mcp.MetaKeyProtocolVersion: mcp.ProtocolVersion20260728, mcp.MetaKeyClientCapabilities: capabilities,
		mcp.MetaKeyClientInfo: map[string]any{"name": "modern", "version": "1"},
	}
	msg := mustMarshal(w.t, map[string]any{"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
	answer := decode[struct {
		Result map[string]any
		Error  *struct{ Code int }
	}](w.t, string(mustMarshal(w.t, Handle(w.t.Context(), w.server, msg))))
	if answer.Error != nil {
		return nil, answer.Error.Code
	}
	return answer.Result, 0
}

// In the newer protocol a question is a result, and the call comes again with the answer; an answer counts for its
// own call only.
func TestAskingInTheNewerProtocol(t *testing.T) {
	w := newWorld(t, func(w *world) { w.service.CloudConfigured = true })
	can := map[string]any{"elicitation": map[string]any{}}
	args := map[string]any{"content": secretText, "scope": "SHARED", "override_auto_classification": true}
	first, _ := w.modern("tools/call", map[string]any{"name": "remember", "arguments": args}, can)
	requests, _ := first["inputRequests"].(map[string]any)
	if first["resultType"] != "input_required" || len(requests) != 1 {
		t.Fatalf("remember = %v; want a question", first)
	}
	if len(w.store.Audits()) != 0 {
		t.Error("something was changed before the person answered")
	}
	var id string
	for k, q := range requests {
		id = k
		if text := fmt.Sprint(q); strings.Contains(text, "hunter2") || !strings.Contains(text, "password-is") {
			t.Errorf("question = %s", text)
		}
	}
	answers := map[string]any{id: map[string]any{"action": "accept", "content": yes}}

	other := map[string]any{"content": secretText + "!", "scope": "SHARED", "override_auto_classification": true}
	if res, _ := w.modern("tools/call", map[string]any{"name": "remember", "arguments": other, "inputResponses": answers}, can); res["resultType"] != "input_required" {
		t.Errorf("another call with the same answer = %v; want the question again", res)
	}
	res, _ := w.modern("tools/call", map[string]any{"name": "remember", "arguments": args, "inputResponses": answers}, can)
	if got := decode[rememberResult](t, string(mustMarshal(t, res["structuredContent"]))); got.Scope != "SHARED" {
		t.Errorf("remember with a yes = %v", res)
	}
	res, _ = w.modern("tools/call", map[string]any{"name": "remember", "arguments": other}, map[string]any{})
	if got := decode[rememberResult](t, string(mustMarshal(t, res["structuredContent"]))); got.Scope != "PRIVATE" {
		t.Errorf("remember by a client that cannot ask = %v", res)
	}
	var outcomes []string
	for _, c := range w.calls {
		outcomes = append(outcomes, c.Outcome)
	}
	if got := strings.Join(outcomes, " "); got != "asked asked ok ok" {
		t.Errorf("outcomes = %s", got)
	}
}

// A call that keeps asking comes to an end.
func TestAskingTooOften(t *testing.T) {
	p := &person{answer: says(mcp.ElicitationResponseActionAccept, yes)}
	w := newWorld(t, nil, client.WithElicitationHandler(p))
	s := &surface{opts: w.opts, mcp: w.server, log: w.opts.Logger, key: []byte("k")}
	n := 0
	h := s.run(definitions["status"], func(ctx context.Context, c *call) (any, error) {
		n++
		_, err := c.ask(ctx, fmt.Sprintf("question %d", n), nil)
		return nil, err
	})
	w.server.AddTool(mcp.NewTool("nagging"), func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		req.Params.Name = "status"
		return h(ctx, req)
	})
	res, err := w.client.CallTool(t.Context(), request("nagging", nil))
	if err != nil || !res.IsError || len(p.questions) != maxRounds {
		t.Errorf("a nagging tool = %+v, %v after %d questions", res, err, len(p.questions))
	}
}

func TestQuestionIDs(t *testing.T) {
	s := &surface{key: []byte("a key")}
	make := func(tool, args string) *questions {
		a, err := readArgs(t.Context(), definitions[tool], request(tool, json.RawMessage(args)))
		if err != nil {
			t.Fatal(err)
		}
		return s.newQuestions(a, mcp.CallToolRequest{})
	}
	base := make("share", `{"id":"a","scope":"GLOBAL"}`)
	if base.id("w", nil) != make("share", `{ "scope" : "GLOBAL", "id" : "a" }`).id("w", nil) {
		t.Error("the order of arguments changes the id")
	}
	seen := map[string]bool{base.id("w", nil): true}
	for _, id := range []string{
		base.id("x", nil), base.id("w", []string{"r"}), make("share", `{"id":"b","scope":"GLOBAL"}`).id("w", nil), make("forget", `{"id":"a"}`).id("w", nil),
	} {
		if seen[id] {
			t.Error("two questions have one id")
		}
		seen[id] = true
	}
}
