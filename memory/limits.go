package memory

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// checkRemember cleans and checks in before anything is touched.
func checkRemember(in *RememberInput) error {
	if err := checkContent(in.Content); err != nil {
		return err
	}
	tags, err := checkTags(in.Tags)
	if err != nil {
		return err
	}
	in.Tags = tags
	if in.ExpiresIn < 0 {
		return &InputError{Field: "expires_in", Problem: "is negative", Hint: "give a span such as 12h or 30d"}
	}
	if !(in.Importance >= 0 && in.Importance <= 1) { // so that NaN is refused, too
		return &InputError{Field: "importance", Problem: "is not between 0 and 1"}
	}
	if err := checkMetadata(in.Metadata); err != nil {
		return err
	}
	return firstError(
		checkText("title", in.Title, MaxTitleBytes), checkText("kind", in.Kind, MaxNameBytes),
		checkText("project", in.Project, MaxNameBytes), checkText("team", in.Team, MaxNameBytes))
}

func checkContent(text string) error {
	if strings.TrimSpace(text) == "" {
		return &InputError{Field: "content", Problem: "is empty", Hint: "write what is worth remembering in a sentence or more"}
	}
	if len(text) > MaxContentBytes {
		return &InputError{Field: "content", Problem: fmt.Sprintf("is %d bytes; the limit is %d", len(text), MaxContentBytes),
			Hint: "split it into several memories"}
	}
	return checkText("content", text, MaxContentBytes)
}

// checkText accepts valid UTF-8 without NUL of at most limit bytes.
func checkText(field, text string, limit int) error {
	switch {
	case len(text) > limit:
		return &InputError{Field: field, Problem: fmt.Sprintf("is %d bytes; the limit is %d", len(text), limit)}
	case !utf8.ValidString(text):
		return &InputError{Field: field, Problem: "is not valid UTF-8", Hint: "send the text as UTF-8"}
	case strings.IndexByte(text, 0) >= 0:
		return &InputError{Field: field, Problem: "holds a NUL character"}
	}
	return nil
}

// checkTags returns the tags trimmed, each once, in order.
func checkTags(tags []string) ([]string, error) {
	if len(tags) > MaxTags {
		return nil, &InputError{Field: "tags", Problem: fmt.Sprintf("holds %d tags; the limit is %d", len(tags), MaxTags)}
	}
	seen := make(map[string]bool, len(tags))
	var out []string
	for _, t := range tags {
		t = strings.TrimSpace(t)
		if err := checkText("tags", t, MaxTagBytes); err != nil {
			return nil, err
		}
		if t != "" && !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out, nil
}

func checkMetadata(md map[string]any) error {
	if len(md) == 0 {
		return nil
	}
	b, err := json.Marshal(md)
	if err != nil {
		return &InputError{Field: "metadata", Problem: "cannot be written as JSON"}
	}
	return checkText("metadata", string(b), MaxMetadataBytes)
}

// checkLimit accepts 1 to MaxLimit. Zero is refused rather than read as the default: a client that sends it is wrong.
func checkLimit(n int) error {
	if n < 1 || n > MaxLimit {
		return &InputError{Field: "limit", Problem: fmt.Sprintf("is %d", n), Hint: fmt.Sprintf("give a number from 1 to %d", MaxLimit)}
	}
	return nil
}

func checkFilter(f *Filter) error {
	if len(f.IDs) > MaxBatch {
		return &InputError{Field: "ids", Problem: fmt.Sprintf("holds %d ids; the limit is %d", len(f.IDs), MaxBatch)}
	}
	for _, s := range f.Scopes {
		if !s.Valid() {
			return &InputError{Field: "scopes", Problem: "holds an unknown scope", Hint: "use PRIVATE, PROJECT, SHARED or GLOBAL"}
		}
	}
	for _, st := range f.States {
		switch st {
		case Active, Superseded, Archived, Forgotten:
		default:
			return &InputError{Field: "states", Problem: "holds an unknown state", Hint: "use active, superseded, archived or forgotten"}
		}
	}
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return &InputError{Field: "since", Problem: "is not before until"}
	}
	for field, list := range map[string][]string{"projects": f.Projects, "kinds": f.Kinds, "tags": f.Tags, "sessions": f.Sessions} {
		if len(list) > MaxBatch {
			return &InputError{Field: field, Problem: fmt.Sprintf("holds %d names; the limit is %d", len(list), MaxBatch)}
		}
		for _, name := range list {
			if err := checkText(field, name, MaxNameBytes); err != nil {
				return err
			}
		}
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
