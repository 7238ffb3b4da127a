package memory

import "context"

// Authorize asks the Authorizer about an action that is not one of the Service's own, such as reading the audit log or
// changing the keys, and records a refusal. It returns an error wrapping ErrDenied.
func (s *Service) Authorize(ctx context.Context, c Caller, action string) error {
	return s.authorize(ctx, c, action, nil)
}
