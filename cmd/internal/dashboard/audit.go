package dashboard

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/elderzan/elderzan/memory"
)

// AuditEntry is an entry of the audit log with its number.
type AuditEntry struct {
	Seq int64
	memory.Audit
}

// Audit reads the audit log.
type Audit interface {
	// Entries returns up to n entries with numbers below before (0 for the newest), newest first.
	Entries(ctx context.Context, before int64, n int) ([]AuditEntry, error)
	// Verify reads the whole log and returns how many entries follow from each other; its error says where one does not.
	Verify(ctx context.Context) (int64, error)
}

const auditShown = 50

func (s *Server) audit(_ http.ResponseWriter, r *http.Request) (string, view, error) {
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil {
		before = 0
	}
	entries, err := s.opts.Audit.Entries(r.Context(), before, auditShown)
	if err != nil {
		return "", view{}, err
	}
	data := map[string]any{"Entries": entries}
	if n := len(entries); n == auditShown {
		data["Before"] = entries[n-1].Seq
	}
	if r.URL.Query().Has("verify") {
		n, err := s.opts.Audit.Verify(r.Context())
		data["Verified"] = n
		if err != nil {
			data["Broken"] = err.Error()
		}
	}
	return "audit", view{Title: "Audit", Path: "/audit", Data: data}, nil
}

func isNotFound(err error) bool {
	var missing *memory.NotFoundError
	return errors.As(err, &missing)
}
