package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/tools"
)

// The conformance tool calls tools, resources and prompts of names that it prescribes. fixtures adds them to a server;
// what carries them is the program's own: server, sessions, transport.

// tinyPNG is an image of one pixel, tinyWAV a sound without samples.
var (
	tinyPNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
	tinyWAV = base64.StdEncoding.EncodeToString([]byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"))
)

func fixtures(s *server.MCPServer) {
	fixtureContent(s)
	fixtureNotes(s)
	fixtureQuestions(s)
	fixtureInputs(s)
	fixtureResources(s)
	fixturePrompts(s)
}

// fixture adds a tool.
func fixture(s *server.MCPServer, name string, h server.ToolHandlerFunc, options ...mcp.ToolOption) {
	s.AddTool(mcp.NewTool(name, append([]mcp.ToolOption{mcp.WithDescription("Conformance fixture " + name)}, options...)...), h)
}

func answers(content ...mcp.Content) server.ToolHandlerFunc {
	return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: content}, nil
	}
}

func fixtureContent(s *server.MCPServer) {
	fixture(s, "test_simple_text", answers(mcp.NewTextContent("This is a simple text response for testing.")))
	fixture(s, "test_image_content", answers(mcp.NewImageContent(tinyPNG, "image/png")))
	fixture(s, "test_audio_content", answers(mcp.NewAudioContent(tinyWAV, "audio/wav")))
	fixture(s, "test_embedded_resource", answers(mcp.NewEmbeddedResource(mcp.TextResourceContents{
		URI: "test://embedded-resource", MIMEType: "text/plain", Text: "This is an embedded resource content.",
	})))
	fixture(s, "test_multiple_content_types", answers(
		mcp.NewTextContent("Multiple content types test:"), mcp.NewImageContent(tinyPNG, "image/png"),
		mcp.NewEmbeddedResource(mcp.TextResourceContents{
			URI: "test://mixed-content-resource", MIMEType: "application/json", Text: `{"test":"data","value":123}`,
		})))
	fixture(s, "test_error_handling", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("This tool intentionally returns an error for testing"), nil
	})
	s.AddTool(mcp.Tool{Name: "json_schema_2020_12_tool", Description: "Conformance fixture with words of JSON Schema 2020-12", RawInputSchema: json.RawMessage(`{
		"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
		"$defs":{"address":{"$anchor":"addressDef","type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"}}}},
		"properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},"contactMethod":{"type":"string","enum":["phone","email"]},"phone":{"type":"string"},"email":{"type":"string"}},
		"allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],
		"if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},"then":{"required":["phone"]},"else":{"required":["email"]},
		"additionalProperties":false}`)}, answers(mcp.NewTextContent("ok")))
}

// pause is what the scenarios want between two notifications.
func pause(ctx context.Context) {
	select {
	case <-time.After(50 * time.Millisecond):
	case <-ctx.Done():
	}
}

func fixtureNotes(s *server.MCPServer) {
	tell := func(ctx context.Context, text string) {
		_ = s.SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(mcp.LoggingLevelInfo, "conformance", text))
	}
	logging := func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		tell(ctx, "Tool execution started")
		pause(ctx)
		tell(ctx, "Tool processing data")
		pause(ctx)
		tell(ctx, "Tool execution completed")
		return mcp.NewToolResultText("logged"), nil
	}
	fixture(s, "test_tool_with_logging", logging)
	fixture(s, "test_logging_tool", logging)
	fixture(s, "test_tool_with_progress", func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for i, at := range []float64{0, 50, 100} {
			if i > 0 {
				pause(ctx)
			}
			if req.Params.Meta != nil && req.Params.Meta.ProgressToken != nil {
				_ = s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{
					"progressToken": req.Params.Meta.ProgressToken, "progress": at, "total": 100,
				})
			}
		}
		return mcp.NewToolResultText("done"), nil
	})
	var changes int
	change := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		changes++
		s.SendNotificationToAllClients(mcp.MethodNotificationToolsListChanged, nil)
		s.SendNotificationToAllClients(mcp.MethodNotificationPromptsListChanged, nil)
		return mcp.NewToolResultText("told"), nil
	}
	fixture(s, "test_trigger_tool_change", change)
	fixture(s, "test_trigger_prompt_change", change)
}

// fixtureQuestions asks the client in the middle of a call, which the protocol has until 2025-11-25.
func fixtureQuestions(s *server.MCPServer) {
	fixture(s, "test_sampling", func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		var ask mcp.CreateMessageRequest
		ask.Messages = []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(req.GetString("prompt", ""))}}
		ask.MaxTokens = 100
		res, err := s.RequestSampling(ctx, ask)
		if err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
		text, _ := mcp.AsTextContent(res.Content)
		if text == nil {
			return mcp.NewToolResultError("no text came back"), nil
		}
		return mcp.NewToolResultText("LLM response: " + text.Text), nil
	}, mcp.WithString("prompt", mcp.Required()))
	elicit := func(name, format string, message func(mcp.CallToolRequest) string, schema string, options ...mcp.ToolOption) {
		fixture(s, name, func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			res, err := s.RequestElicitation(ctx, mcp.ElicitationRequest{Params: mcp.ElicitationParams{
				Message: message(req), RequestedSchema: json.RawMessage(schema),
			}})
			if err != nil {
				return mcp.NewToolResultError(err.Error()), nil
			}
			content, err := json.Marshal(res.Content)
			if err != nil {
				return nil, err
			}
			return mcp.NewToolResultText(fmt.Sprintf(format, res.Action, content)), nil
		}, options...)
	}
	elicit("test_elicitation", "User response: action=%s, content=%s", func(req mcp.CallToolRequest) string { return req.GetString("message", "") },
		`{"type":"object","properties":{"username":{"type":"string","description":"User's response"},"email":{"type":"string","description":"User's email address"}},"required":["username","email"]}`,
		mcp.WithString("message", mcp.Required()))
	fixed := func(mcp.CallToolRequest) string { return "Please fill this in" }
	elicit("test_elicitation_sep1034_defaults", "Elicitation completed: action=%s, content=%s", fixed,
		`{"type":"object","properties":{"name":{"type":"string","default":"John Doe"},"age":{"type":"integer","default":30},"score":{"type":"number","default":95.5},
		"status":{"type":"string","enum":["active","inactive","pending"],"default":"active"},"verified":{"type":"boolean","default":true}}}`)
	elicit("test_elicitation_sep1330_enums", "Elicitation completed: action=%s, content=%s", fixed,
		`{"type":"object","properties":{
		"untitledSingle":{"type":"string","enum":["option1","option2","option3"]},
		"titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First Option"},{"const":"value2","title":"Second Option"},{"const":"value3","title":"Third Option"}]},
		"legacyEnum":{"type":"string","enum":["opt1","opt2","opt3"],"enumNames":["Option One","Option Two","Option Three"]},
		"untitledMulti":{"type":"array","items":{"type":"string","enum":["option1","option2","option3"]}},
		"titledMulti":{"type":"array","items":{"anyOf":[{"const":"value1","title":"First Choice"},{"const":"value2","title":"Second Choice"},{"const":"value3","title":"Third Choice"}]}}}}`)
}

// stateKey signs the states that the fixtures hand out.
var stateKey = []byte("of the conformance fixtures")

func sealState(text string) string {
	mac := hmac.New(sha256.New, stateKey)
	mac.Write([]byte(text))
	return text + "." + hex.EncodeToString(mac.Sum(nil))
}

func openState(state string) (string, bool) {
	text, _, _ := strings.Cut(state, ".")
	return text, hmac.Equal([]byte(sealState(text)), []byte(state))
}

var errState = &tools.CodedError{Code: mcp.INVALID_PARAMS, Text: "the request state was not made here, or was changed"}

func asks(property, kind, message string) mcp.ElicitationParams {
	return mcp.ElicitationParams{Message: message, RequestedSchema: map[string]any{
		"type": "object", "properties": map[string]any{property: map[string]any{"type": kind}}, "required": []string{property},
	}}
}

func samples(text string, tokens int) mcp.CreateMessageParams {
	return mcp.CreateMessageParams{Messages: []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(text)}}, MaxTokens: tokens}
}

// said is a property of an elicitation's answer; ok is false when there is none.
func said(r mcp.InputResponses, id, property string) (text string, ok bool) {
	e := server.ElicitationResponse(r, id)
	if e == nil || e.Action != mcp.ElicitationResponseActionAccept {
		return "", false
	}
	content, _ := e.Content.(map[string]any)
	v, ok := content[property]
	return fmt.Sprint(v), ok
}

// fixtureInputs answers with input_required, which the protocol has since 2026-07-28.
func fixtureInputs(s *server.MCPServer) {
	input := func(name string, h func(context.Context, mcp.CallToolParams) (*mcp.CallToolResult, error)) {
		fixture(s, "test_input_required_result_"+name, func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return h(ctx, req.Params)
		})
	}
	hello := func(_ context.Context, p mcp.CallToolParams) (*mcp.CallToolResult, error) {
		if name, ok := said(p.InputResponses, "user_name", "name"); ok {
			return mcp.NewToolResultText("Hello, " + name + "!"), nil
		}
		return server.NewInputRequestBuilder("").Elicit("user_name", asks("name", "string", "What is your name?")).ToolResult(), nil
	}
	input("elicitation", hello)
	fixture(s, "test_streaming_elicitation", func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return hello(ctx, req.Params)
	})
	input("sampling", func(_ context.Context, p mcp.CallToolParams) (*mcp.CallToolResult, error) {
		if r := server.SamplingResponse(p.InputResponses, "capital_question"); r != nil {
			b, err := json.Marshal(r.Content)
			return mcp.NewToolResultText(string(b)), err
		}
		return server.NewInputRequestBuilder("").Sample("capital_question", samples("What is the capital of France?", 100)).ToolResult(), nil
	})
	input("list_roots", func(_ context.Context, p mcp.CallToolParams) (*mcp.CallToolResult, error) {
		if r := server.RootsResponse(p.InputResponses, "client_roots"); r != nil {
			var uris []string
			for _, root := range r.Roots {
				uris = append(uris, root.URI)
			}
			return mcp.NewToolResultText("roots: " + strings.Join(uris, " ")), nil
		}
		return server.NewInputRequestBuilder("").Roots("client_roots").ToolResult(), nil
	})
	confirm := func(text string) func(context.Context, mcp.CallToolParams) (*mcp.CallToolResult, error) {
		return func(_ context.Context, p mcp.CallToolParams) (*mcp.CallToolResult, error) {
			if p.RequestState != "" {
				if _, ok := openState(p.RequestState); !ok {
					return nil, errState
				}
				if _, ok := said(p.InputResponses, "confirm", "ok"); ok {
					return mcp.NewToolResultText(text), nil
				}
			}
			return server.NewInputRequestBuilder(sealState("asked")).Elicit("confirm", asks("ok", "boolean", "Please confirm")).ToolResult(), nil
		}
	}
	input("request_state", confirm("state-ok"))
	input("tampered_state", confirm("state-ok"))
	input("multiple_inputs", func(_ context.Context, p mcp.CallToolParams) (*mcp.CallToolResult, error) {
		_, named := said(p.InputResponses, "user_name", "name")
		if _, ok := openState(p.RequestState); ok && named && server.SamplingResponse(p.InputResponses, "greeting") != nil && server.RootsResponse(p.InputResponses, "client_roots") != nil {
			return mcp.NewToolResultText("all there"), nil
		}
		return server.NewInputRequestBuilder(sealState("three")).Elicit("user_name", asks("name", "string", "What is your name?")).
			Sample("greeting", samples("Generate a greeting", 50)).Roots("client_roots").ToolResult(), nil
	})
	input("multi_round", func(_ context.Context, p mcp.CallToolParams) (*mcp.CallToolResult, error) {
		round, ok := openState(p.RequestState)
		if p.RequestState != "" && !ok {
			return nil, errState
		}
		name, named := said(p.InputResponses, "step1", "name")
		color, coloured := said(p.InputResponses, "step2", "color")
		switch {
		case strings.HasPrefix(round, "two ") && coloured:
			return mcp.NewToolResultText(strings.TrimPrefix(round, "two ") + " likes " + color), nil
		case round == "one" && named:
			return server.NewInputRequestBuilder(sealState("two "+name)).Elicit("step2", asks("color", "string", "Step 2: What is your favorite color?")).ToolResult(), nil
		}
		return server.NewInputRequestBuilder(sealState("one")).Elicit("step1", asks("name", "string", "Step 1: What is your name?")).ToolResult(), nil
	})
	input("capabilities", func(ctx context.Context, p mcp.CallToolParams) (*mcp.CallToolResult, error) {
		if len(p.InputResponses) > 0 {
			return mcp.NewToolResultText("answered by " + strings.Join(slices.Sorted(maps.Keys(p.InputResponses)), " ")), nil
		}
		caps := mcp.ClientCapabilities{}
		if info := server.RequestProtocolInfoFromContext(ctx); info != nil && info.ClientCapabilities != nil {
			caps = *info.ClientCapabilities
		}
		b, asked := server.NewInputRequestBuilder(""), false
		if caps.Elicitation != nil {
			b, asked = b.Elicit("user_name", asks("name", "string", "What is your name?")), true
		}
		if caps.Sampling != nil {
			b, asked = b.Sample("greeting", samples("Generate a greeting", 50)), true
		}
		if !asked {
			return nil, tools.MissingCapability("elicitation")
		}
		return b.ToolResult(), nil
	})
	fixture(s, "test_missing_capability", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if info := server.RequestProtocolInfoFromContext(ctx); info == nil || info.ClientCapabilities == nil || info.ClientCapabilities.Sampling == nil {
			return nil, tools.MissingCapability("sampling")
		}
		return mcp.NewToolResultText("it samples"), nil
	})
	s.AddTool(mcp.Tool{Name: "test_headers_of_arguments", Description: "Conformance fixture whose argument is repeated in a header",
		RawInputSchema: json.RawMessage(`{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}`)},
		answers(mcp.NewTextContent("the headers fit")))
}

func fixtureResources(s *server.MCPServer) {
	add := func(uri, kind string, contents mcp.ResourceContents) {
		s.AddResource(mcp.NewResource(uri, strings.TrimPrefix(uri, "test://"), mcp.WithResourceDescription("Conformance fixture"), mcp.WithMIMEType(kind)),
			func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return []mcp.ResourceContents{contents}, nil
			})
	}
	add("test://static-text", "text/plain", mcp.TextResourceContents{URI: "test://static-text", MIMEType: "text/plain", Text: "This is the content of the static text resource."})
	add("test://static-binary", "image/png", mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png", Blob: tinyPNG})
	add("test://watched-resource", "text/plain", mcp.TextResourceContents{URI: "test://watched-resource", MIMEType: "text/plain", Text: "watched"})
	s.AddResourceTemplate(mcp.NewResourceTemplate("test://template/{id}/data", "template", mcp.WithTemplateDescription("Conformance fixture"), mcp.WithTemplateMIMEType("application/json")),
		func(_ context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			id := strings.TrimSuffix(strings.TrimPrefix(req.Params.URI, "test://template/"), "/data")
			return []mcp.ResourceContents{mcp.TextResourceContents{
				URI: req.Params.URI, MIMEType: "application/json", Text: fmt.Sprintf(`{"id":%q,"templateTest":true,"data":"Data for ID: %s"}`, id, id),
			}}, nil
		})
}

func fixturePrompts(s *server.MCPServer) {
	add := func(name string, args []string, h func(mcp.GetPromptParams) (*mcp.GetPromptResult, error)) {
		p := mcp.Prompt{Name: name, Description: "Conformance fixture"}
		for _, a := range args {
			p.Arguments = append(p.Arguments, mcp.PromptArgument{Name: a, Description: a, Required: true})
		}
		s.AddPrompt(p, func(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) { return h(req.Params) })
	}
	user := func(contents ...mcp.Content) *mcp.GetPromptResult {
		var messages []mcp.PromptMessage
		for _, c := range contents {
			messages = append(messages, mcp.NewPromptMessage(mcp.RoleUser, c))
		}
		return mcp.NewGetPromptResult("Conformance fixture", messages)
	}
	add("test_simple_prompt", nil, func(mcp.GetPromptParams) (*mcp.GetPromptResult, error) {
		return user(mcp.NewTextContent("This is a simple prompt for testing.")), nil
	})
	add("test_prompt_with_arguments", []string{"arg1", "arg2"}, func(p mcp.GetPromptParams) (*mcp.GetPromptResult, error) {
		if len(p.Arguments) < 2 {
			return nil, errors.New("two arguments are needed")
		}
		return user(mcp.NewTextContent(fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", p.Arguments["arg1"], p.Arguments["arg2"]))), nil
	})
	add("test_prompt_with_embedded_resource", []string{"resourceUri"}, func(p mcp.GetPromptParams) (*mcp.GetPromptResult, error) {
		return user(mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: p.Arguments["resourceUri"], MIMEType: "text/plain", Text: "Embedded resource content for testing."}),
			mcp.NewTextContent("Please process the embedded resource above.")), nil
	})
	add("test_prompt_with_image", nil, func(mcp.GetPromptParams) (*mcp.GetPromptResult, error) {
		return user(mcp.NewImageContent(tinyPNG, "image/png"), mcp.NewTextContent("Please analyze the image above.")), nil
	})
	add("test_input_required_result_prompt", nil, func(p mcp.GetPromptParams) (*mcp.GetPromptResult, error) {
		if text, ok := said(p.InputResponses, "user_context", "context"); ok {
			return user(mcp.NewTextContent("Context: " + text)), nil
		}
		return server.NewInputRequestBuilder("").Elicit("user_context", asks("context", "string", "What context should the prompt use?")).PromptResult(), nil
	})
}
