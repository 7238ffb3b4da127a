package memory

import (
	"errors"
	"fmt"
)

// Errors a caller can test for with errors.Is.
var (
	ErrNotFound     = errors.New("memory: not found")
	ErrDenied       = errors.New("memory: not allowed")
	ErrConfirm      = errors.New("memory: needs confirmation")
	ErrUnavailable  = errors.New("memory: store not available")
	ErrFull         = errors.New("memory: no space left on the disk")
	ErrReadOnly     = errors.New("memory: data folder cannot be written")
	ErrNotEmbedding = errors.New("memory: embedder not available")
)

// InputError says which argument of a call is wrong and what would be right. It never quotes the value.
type InputError struct {
	Field   string // argument's name as the caller knows it
	Problem string // "is empty", "is 70000 bytes; the limit is 65536" …
	Hint    string // what to do instead; may be ""
}

func (e *InputError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("%s %s; %s", e.Field, e.Problem, e.Hint)
}

// NotFoundError names the ids that no memory has. It matches ErrNotFound.
type NotFoundError struct{ IDs []ID }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no memory has the id %v; find it with recall or search", e.IDs)
}

// Is makes errors.Is(err, ErrNotFound) true.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// ConfirmError says that a change waits for a yes, and why. It matches ErrConfirm.
type ConfirmError struct {
	What string   // what would happen
	Why  []string // reasons, such as rule ids; never the text
	How  string   // how to say yes
}

func (e *ConfirmError) Error() string {
	return fmt.Sprintf("%s needs confirmation (%v); %s", e.What, e.Why, e.How)
}

// Is makes errors.Is(err, ErrConfirm) true.
func (e *ConfirmError) Is(target error) bool { return target == ErrConfirm }

// CorruptError says that Engine disagrees with the record about ID. Matching it, rather than an input or output
// error, calls for `elderzan doctor --repair`.
type CorruptError struct {
	ID     ID     // "" when the damage is not in one memory
	Engine string // "sqlite", "rocksdb", "faiss", "inverted"
	Err    error
}

func (e *CorruptError) Error() string {
	if e.ID == "" {
		return fmt.Sprintf("%s is damaged: %v; run `elderzan doctor --repair`", e.Engine, e.Err)
	}
	return fmt.Sprintf("%s disagrees about %s: %v; run `elderzan doctor --repair`", e.Engine, e.ID, e.Err)
}

func (e *CorruptError) Unwrap() error { return e.Err }
