package openai

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
	openai "github.com/sashabaranov/go-openai"

	embedding "github.com/elderzan/elderzan/embed"
)

var (
	// ErrKey reports that the provider does not accept the key.
	ErrKey = errors.New("openai: key refused")
	// ErrUnavailable reports that the provider does not answer, now or for want of quota; trying later may help.
	ErrUnavailable = errors.New("openai: provider unavailable")
	// ErrConfig reports options, or a model, that the provider cannot be used with.
	ErrConfig = errors.New("openai: unusable configuration")
)

// Error is an answer of the provider other than vectors. It wraps ErrKey, ErrUnavailable, ErrConfig or embed.ErrInput.
type Error struct {
	Status     int           // HTTP status
	Code       string        // the provider's code, if it is one that is known; never free text
	RetryAfter time.Duration // how long the provider asked to wait; 0 when it did not

	kind  error
	retry bool
}

// Error says what to do next. It holds nothing that the provider wrote.
func (e *Error) Error() string {
	s := fmt.Sprintf("%v: status %d", e.kind, e.Status)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	switch {
	case errors.Is(e.kind, ErrKey):
		s += "; check the key in the settings under embedding"
	case e.Code == "insufficient_quota":
		s += "; the account has no quota left"
	case e.Status == http.StatusNotFound:
		s += "; check the base URL, which usually ends in /v1, and the model's name"
	case errors.Is(e.kind, embedding.ErrInput):
		s += "; it may be too long for the model"
	}
	return s
}

// Unwrap returns the kind of error.
func (e *Error) Unwrap() error { return e.kind }

// known holds the codes that may be repeated; others could be anything.
var known = [...]string{
	"invalid_api_key", "insufficient_quota", "rate_limit_exceeded", "model_not_found", "context_length_exceeded",
	"invalid_request_error", "server_error", "billing_hard_limit_reached", "account_deactivated", "unsupported_parameter",
}

// statusError classifies an answer.
func statusError(status int, code, kind string, retryAfter time.Duration) *Error {
	e := &Error{Status: status, RetryAfter: retryAfter, kind: ErrUnavailable}
	for _, k := range known {
		if code == k || code == "" && kind == k {
			e.Code = k
		}
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.kind = ErrKey
	case status == http.StatusNotFound || status >= 300 && status < 400 || status == http.StatusMethodNotAllowed:
		e.kind = ErrConfig
	case e.Code == "insufficient_quota" || e.Code == "billing_hard_limit_reached":
	case status == http.StatusRequestTimeout || status == http.StatusConflict || status == http.StatusTooEarly ||
		status == http.StatusTooManyRequests || status >= 500:
		e.retry = true
	case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge ||
		status == http.StatusUnprocessableEntity:
		e.kind = embedding.ErrInput
	default:
		e.kind = ErrConfig
	}
	return e
}

// clean turns whatever a call ended with into an error of this package, without texts, URLs or keys.
func clean(ctx context.Context, err error, retryAfter time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var api *openai.APIError
	var request *openai.RequestError
	var own *Error
	var certificate *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &api) && api.HTTPStatusCode != 0:
		code, _ := api.Code.(string)
		return statusError(api.HTTPStatusCode, code, api.Type, retryAfter)
	case errors.As(err, &request):
		return statusError(request.HTTPStatusCode, "", "", retryAfter)
	case errors.As(err, &certificate):
		return fmt.Errorf("%w: the server's certificate cannot be verified", ErrConfig)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fmt.Errorf("%w: no answer in time", ErrUnavailable)
	case errors.As(err, &network):
		return fmt.Errorf("%w: cannot connect; is the server running at the configured base URL?", ErrUnavailable)
	}
	return errAnswer
}

var (
	// errAnswer reports an answer that holds no usable vectors.
	errAnswer = fmt.Errorf("%w: bad answer", ErrUnavailable)
	// errResting reports that the breaker lets nothing through.
	errResting = fmt.Errorf("%w: it failed several times; waiting before the next try", ErrUnavailable)
)

// retryable tells the retry loop whether, and when, to try again after err.
func retryable(err error) error {
	var e *Error
	switch {
	case errors.As(err, &e) && e.retry && e.RetryAfter > 0:
		return errors.Join(err, &backoff.RetryAfterError{Duration: e.RetryAfter})
	case errors.As(err, &e) && e.retry:
		return err
	case e == nil && errors.Is(err, ErrUnavailable) && !errors.Is(err, errResting):
		return err
	}
	return backoff.Permanent(err)
}
