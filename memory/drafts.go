package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Draft is working data: a text under a name within a project, kept until it expires or becomes a memory. It is found by
// its name alone, never by recall or search, and never leaves the machine.
type Draft struct {
	Key       string
	Project   string
	Session   string // that wrote it last
	Client    string
	Content   string // "" in lists
	Bytes     int    // length of Content
	CreatedAt time.Time
	UpdatedAt time.Time
	ExpiresAt time.Time
}

// Limits of the workspace.
const (
	MaxDrafts    = 200                 // of one project
	DraftExpiry  = 7 * 24 * time.Hour  // of a draft that states none
	MaxDraftSpan = 90 * 24 * time.Hour // longest
)

// Drafts keeps drafts; *storage.Store is one.
type Drafts interface {
	// PutDraft stores a draft in place of the one with its project and key. When it returns, the draft survives power loss.
	PutDraft(ctx context.Context, d Draft) error
	// Draft returns one. ErrNotFound, wrapped, where there is none or it has expired.
	Draft(ctx context.Context, project, key string) (Draft, error)
	// Drafts lists those of a project without their texts, the last changed first.
	Drafts(ctx context.Context, project string) ([]Draft, error)
	// DropDraft removes one. ErrNotFound, wrapped, where there is none.
	DropDraft(ctx context.Context, project, key string) error
	// DropExpiredDrafts removes those that expired by now and says how many.
	DropExpiredDrafts(ctx context.Context, now time.Time) (int, error)
}

var errNoDrafts = errors.New("memory: this service keeps no drafts")

// DraftInput is a draft to keep.
type DraftInput struct {
	Key       string
	Content   string
	Append    bool          // add to what is there, on a line of its own
	ExpiresIn time.Duration // 0 means DraftExpiry
}

// SaveDraft keeps a draft in the caller's project. Errors: *InputError, ErrDenied, and those of the store.
func (s *Service) SaveDraft(ctx context.Context, c Caller, in DraftInput) (Draft, error) {
	if err := firstError(checkDraftKey(in.Key), checkContent(in.Content), checkDraftSpan(in.ExpiresIn)); err != nil {
		return Draft{}, err
	}
	if err := s.mayUseDrafts(ctx, c, "remember"); err != nil {
		return Draft{}, err
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	d := Draft{Key: in.Key, Project: c.Project, Content: in.Content, CreatedAt: now}
	old, err := s.drafts.Draft(ctx, c.Project, in.Key)
	switch {
	case err == nil:
		d.CreatedAt = old.CreatedAt
		if in.Append {
			d.Content = old.Content + "\n" + in.Content
		}
	case !errors.Is(err, ErrNotFound):
		return Draft{}, fmt.Errorf("workspace: %w", err)
	default:
		if err := s.roomForDraft(ctx, c.Project); err != nil {
			return Draft{}, err
		}
	}
	if err := checkContent(d.Content); err != nil {
		return Draft{}, err
	}
	d.Session, d.Client, d.UpdatedAt, d.Bytes = c.Session, c.Client, now, len(d.Content)
	d.ExpiresAt = now.Add(cmp.Or(in.ExpiresIn, DraftExpiry))
	if err := s.drafts.PutDraft(ctx, d); err != nil {
		return Draft{}, fmt.Errorf("workspace: %w", err)
	}
	return d, nil
}

func (s *Service) mayUseDrafts(ctx context.Context, c Caller, action string) error {
	if s.drafts == nil {
		return errNoDrafts
	}
	return s.authorizeAll(ctx, c, action)
}

func (s *Service) roomForDraft(ctx context.Context, project string) error {
	all, err := s.drafts.Drafts(ctx, project)
	if err != nil {
		return fmt.Errorf("workspace: %w", err)
	}
	if len(all) >= MaxDrafts {
		return &InputError{Field: "key", Problem: fmt.Sprintf("would be the %dth draft of the project", len(all)+1),
			Hint: "drop or promote some drafts first"}
	}
	return nil
}

// Draft returns a draft of the caller's project.
func (s *Service) Draft(ctx context.Context, c Caller, key string) (Draft, error) {
	if err := checkDraftKey(key); err != nil {
		return Draft{}, err
	}
	if err := s.mayUseDrafts(ctx, c, "recall"); err != nil {
		return Draft{}, err
	}
	d, err := s.drafts.Draft(ctx, c.Project, key)
	if err != nil {
		return Draft{}, fmt.Errorf("workspace: %w", err)
	}
	return d, nil
}

// Drafts lists the drafts of the caller's project without their texts, the last changed first.
func (s *Service) Drafts(ctx context.Context, c Caller) ([]Draft, error) {
	if err := s.mayUseDrafts(ctx, c, "recall"); err != nil {
		return nil, err
	}
	all, err := s.drafts.Drafts(ctx, c.Project)
	if err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	return all, nil
}

// DropDraft removes a draft of the caller's project.
func (s *Service) DropDraft(ctx context.Context, c Caller, key string) error {
	if err := checkDraftKey(key); err != nil {
		return err
	}
	if err := s.mayUseDrafts(ctx, c, "forget"); err != nil {
		return err
	}
	if err := s.drafts.DropDraft(ctx, c.Project, key); err != nil {
		return fmt.Errorf("workspace: %w", err)
	}
	return nil
}

// PromoteDraft remembers a draft, classified like any other text, and drops it. in says what is known beside the
// text; its Content is ignored. A crash between the two leaves both: promoting again finds the memory.
func (s *Service) PromoteDraft(ctx context.Context, c Caller, key string, in RememberInput) (RememberResult, error) {
	d, err := s.Draft(ctx, c, key)
	if err != nil {
		return RememberResult{}, err
	}
	in.Content = d.Content
	res, err := s.Remember(ctx, c, in)
	if err != nil {
		return res, err
	}
	if err := s.drafts.DropDraft(ctx, c.Project, key); err != nil && !errors.Is(err, ErrNotFound) {
		return res, fmt.Errorf("workspace: %w", err)
	}
	return res, nil
}

func checkDraftKey(key string) error {
	if strings.TrimSpace(key) == "" || strings.ContainsAny(key, "\n\r\t") {
		return &InputError{Field: "key", Problem: "is empty or has more than one line", Hint: "use a short name such as release-notes"}
	}
	return checkText("key", key, MaxTagBytes)
}

func checkDraftSpan(d time.Duration) error {
	if d < 0 || d > MaxDraftSpan {
		return &InputError{Field: "expires_in", Problem: "is longer than 90 days", Hint: "remember what is to last"}
	}
	return nil
}

// mostUsed returns at most n uses, the most frequent first.
func mostUsed(uses []SessionUse, n int) []SessionUse {
	out := slices.Clone(uses)
	slices.SortStableFunc(out, func(a, b SessionUse) int { return cmp.Or(b.Count-a.Count, b.At.Compare(a.At)) })
	return out[:min(len(out), n)]
}
