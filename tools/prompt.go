package tools

import (
	"context"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/prompts"
)

func (s *surface) addPrompts() {
	for _, p := range prompts.All() {
		offer := mcp.Prompt{Name: p.Name, Title: p.Title, Description: p.Description}
		for _, a := range p.Arguments {
			offer.Arguments = append(offer.Arguments, mcp.PromptArgument{Name: a.Name, Description: a.Description, Required: a.Required})
		}
		s.mcp.AddPrompt(offer, func(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			text, err := prompts.Render(req.Params.Name, req.Params.Arguments)
			if err != nil {
				if errors.Is(err, prompts.ErrArgument) {
					return nil, &CodedError{Code: mcp.INVALID_PARAMS, Text: err.Error()}
				}
				return nil, err
			}
			return mcp.NewGetPromptResult(offer.Description, []mcp.PromptMessage{
				mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text)),
			}), nil
		})
	}
}
