package tools

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/elderzan/elderzan/memory"
)

// failed turns an error into a result that says what to do next, and names its outcome for metrics. An error that
// the client can do nothing about is logged, and the result carries its reference only.
func (s *surface) failed(ctx context.Context, tool string, err error) (*mcp.CallToolResult, string) {
	text, outcome := explain(err)
	switch outcome {
	case "internal", "corrupt":
		ref := uuid.NewString()[:8]
		attrs := []any{"tool", tool, "ref", ref, "error", err}
		var p *panicked
		if errors.As(err, &p) {
			attrs = append(attrs, "stack", p.stack)
		}
		s.log.ErrorContext(ctx, "tool call failed", attrs...)
		s.tell(ctx, mcp.LoggingLevelError, map[string]string{"tool": tool, "outcome": outcome, "reference": ref})
		text += " (reference " + ref + " in the log)"
	case "unavailable":
		s.log.WarnContext(ctx, "tool call refused", "tool", tool, "error", err)
		s.tell(ctx, mcp.LoggingLevelWarning, map[string]string{"tool": tool, "outcome": outcome})
	}
	return mcp.NewToolResultError(tool + ": " + text), outcome
}

// tell sends a log message to a client that asked for its level: by logging/setLevel, or since 2026-07-28 with the
// request. It holds names and references, never a text.
func (s *surface) tell(ctx context.Context, level mcp.LoggingLevel, data map[string]string) {
	if s.mcp == nil {
		return
	}
	// A client that does not listen misses it; the engine's log has it all.
	_ = s.mcp.SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(level, "elderzan", data))
}

// explain puts a domain error into words. Only errors that are known to hold no text are quoted.
func explain(err error) (text, outcome string) {
	var (
		input   *memory.InputError
		unknown *memory.NotFoundError
		confirm *memory.ConfirmError
		corrupt *memory.CorruptError
		closed  *notOpenError
	)
	switch {
	case errors.Is(err, errAsked):
		return "waits for the person's answer", "asked"
	case errors.As(err, &input):
		return input.Error(), "input"
	case errors.As(err, &unknown):
		return unknown.Error(), "not_found"
	case errors.Is(err, memory.ErrNotFound):
		return "no such memory; find it with recall or search", "not_found"
	case errors.As(err, &confirm):
		return confirm.Error(), "input"
	case errors.Is(err, memory.ErrDenied):
		return "you may not do this here; ask the owner of this memory for the right, or do without", "denied"
	case errors.Is(err, memory.ErrFull):
		return "the disk is full and nothing was stored; free some space and call again", "unavailable"
	case errors.Is(err, memory.ErrReadOnly):
		return "the data folder cannot be written and nothing was stored; reading still works; check its permissions or the disk", "unavailable"
	case errors.As(err, &corrupt):
		if corrupt.ID != "" {
			return fmt.Sprintf("the record of %s is damaged; run `elderzan doctor --repair`", corrupt.ID), "corrupt"
		}
		return "the store is damaged; run `elderzan doctor --repair`", "corrupt"
	case errors.Is(err, memory.ErrNotEmbedding):
		return "the embedder does not answer; try again, or run `elderzan doctor`", "unavailable"
	case errors.Is(err, context.DeadlineExceeded):
		return "took too long and was stopped; try again, with a smaller limit or mode=fast", "timeout"
	case errors.Is(err, context.Canceled):
		return "was cancelled", "canceled"
	case errors.As(err, &closed):
		return closed.Error() + "; try again shortly, or run `elderzan doctor`", "unavailable"
	case errors.Is(err, memory.ErrUnavailable):
		return "the memory is starting or shutting down; try again shortly, or run `elderzan doctor`", "unavailable"
	}
	return "an internal error; try again, and if it stays run `elderzan doctor`", "internal"
}

// notOpenError is an error of Options.Service, which may be told.
type notOpenError struct{ err error }

func (e *notOpenError) Error() string {
	why := strings.Trim(strings.ReplaceAll(e.err.Error(), memory.ErrUnavailable.Error(), ""), ": ")
	if why == "" {
		return "the memory is not open yet"
	}
	return "the memory is not open: " + why
}

func (e *notOpenError) Unwrap() error { return e.err }

// statusWait is how long a status waits for the memory to open before it says that it is not.
const statusWait = time.Second

// open waits for the service on behalf of a tool or resource.
func (s *surface) open(ctx context.Context, name string) (*memory.Service, error) {
	if name == withoutService {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, statusWait)
		defer cancel()
	}
	svc, err := s.opts.Service(ctx)
	if err != nil {
		if name == withoutService && errors.Is(err, context.DeadlineExceeded) {
			err = memory.ErrUnavailable // it is still opening
		}
		return nil, &notOpenError{err}
	}
	return svc, nil
}
