package tools

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// errAsked stops a call whose question the person has not answered yet. Services ask before they change anything.
var errAsked = errors.New("tools: the person is being asked")

// questions are what one call wants to ask the person, and the answers that came with it. A question that is still
// open ends the call with input_required; the client asks, and sends the call again with the answers. Clients of the
// older protocol are asked by askLegacy, so that handlers know one way only.
type questions struct {
	key      []byte
	call     *args // an answer counts for the same tool and arguments only
	answers  mcp.InputResponses
	requests *server.InputRequestBuilder
}

func (s *surface) newQuestions(a *args, req mcp.CallToolRequest) *questions {
	return &questions{key: s.key, call: a, answers: req.Params.InputResponses}
}

// possible reports whether the client says that it can put a question to a person.
func (q *questions) possible(ctx context.Context) bool {
	if info := server.RequestProtocolInfoFromContext(ctx); info != nil && info.Modern {
		return info.ClientCapabilities != nil && info.ClientCapabilities.Elicitation != nil
	}
	session, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo)
	if !ok || session.GetClientCapabilities().Elicitation == nil {
		return false
	}
	_, ok = session.(server.SessionWithElicitation)
	return ok
}

// ask is a memory.Ask. It returns errAsked for a question without an answer.
func (q *questions) ask(_ context.Context, what string, why []string) (bool, error) {
	id := q.id(what, why)
	if answer := server.ElicitationResponse(q.answers, id); answer != nil {
		return agreed(answer), nil
	}
	if q.requests == nil {
		q.requests = server.NewInputRequestBuilder("")
	}
	message := strings.ToUpper(what[:1]) + what[1:] + " needs your yes."
	if len(why) > 0 {
		message += " Found in it: " + strings.Join(why, ", ") + "."
	}
	q.requests.Elicit(id, mcp.ElicitationParams{Message: message, RequestedSchema: map[string]any{
		"type": "object",
		"properties": map[string]any{
			"confirm": map[string]any{"type": "boolean", "title": "Yes, do it", "default": false},
		},
		"required": []string{"confirm"},
	}})
	return false, errAsked
}

// id binds an answer to its question and call with a key of this process: another call cannot reuse it.
func (q *questions) id(what string, why []string) string {
	arguments, _ := json.Marshal(q.call.raw) // in sorted order; of raw messages that were decoded already
	mac := hmac.New(sha256.New, q.key)
	fmt.Fprintf(mac, "%s\x00%s\x00%s\x00%s", q.call.def.name, arguments, what, strings.Join(why, "\x00"))
	return "confirm_" + hex.EncodeToString(mac.Sum(nil)[:12])
}

func agreed(answer *mcp.ElicitationResult) bool {
	content, _ := answer.Content.(map[string]any)
	yes, _ := content["confirm"].(bool)
	return answer.Action == mcp.ElicitationResponseActionAccept && yes
}

// open reports whether a question waits for its answer.
func (q *questions) open() bool { return q.requests != nil }

func (q *questions) result() *mcp.CallToolResult { return q.requests.ToolResult() }

// maxRounds bounds how often a call may ask.
const maxRounds = 3

// askLegacy runs attempt and, for a client of the protocol before 2026-07-28, puts its questions to the person and
// runs it again. The person's time does not count against the call's deadline. A client that cannot be asked after
// all has not said yes.
func (s *surface) askLegacy(ctx context.Context, req mcp.CallToolRequest,
	attempt func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, string),
) (*mcp.CallToolResult, string) {
	res, outcome := attempt(ctx, req)
	for round := 0; res.NeedsInput() && !server.IsModernRequest(ctx); round++ {
		if round == maxRounds {
			return s.failed(ctx, req.Params.Name, errors.New("asked too often"))
		}
		answers := make(mcp.InputResponses, len(res.InputRequests))
		for id, r := range res.InputRequests {
			answer, err := s.mcp.RequestElicitation(ctx, mcp.ElicitationRequest{
				Request: mcp.Request{Method: string(mcp.MethodElicitationCreate)}, Params: *r.Elicitation,
			})
			if err != nil || answer == nil {
				s.log.WarnContext(ctx, "ask the person", "tool", req.Params.Name, "error", err)
				answer = &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: mcp.ElicitationResponseActionCancel}}
			}
			answers[id] = mcp.NewElicitationInputResponse(*answer)
		}
		req.Params.InputResponses = answers
		res, outcome = attempt(ctx, req)
	}
	return res, outcome
}
