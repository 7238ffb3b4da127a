package dashboard

import (
	"net/http"

	"github.com/elderzan/elderzan/memory"
)

// recentShown is how many of the newest memories the first page lists.
const recentShown = 8

func (s *Server) overview(_ http.ResponseWriter, r *http.Request) (string, view, error) {
	o := s.opts.Overview(r.Context())
	svc, err := s.opts.Service(r.Context())
	if err != nil {
		return "", view{}, err
	}
	st, err := svc.Status(r.Context(), s.opts.Caller)
	if err != nil {
		return "", view{}, err
	}
	recent, err := svc.Search(r.Context(), s.opts.Caller, memory.SearchQuery{Sort: memory.SortNewest, Limit: recentShown})
	if err != nil {
		return "", view{}, err
	}
	total := 0
	for _, n := range st.ByScope {
		total += n
	}
	data := map[string]any{"Engine": o, "Stats": st, "Total": total, "Newest": recent.Memories}
	if s.opts.Recent != nil {
		data["Recent"] = s.opts.Recent()
	}
	return "overview", view{Title: "Overview", Path: "/", Data: data}, nil
}

func (s *Server) settings(_ http.ResponseWriter, r *http.Request) (string, view, error) {
	data := map[string]any{"Settings": s.opts.Settings(), "Engine": s.opts.Overview(r.Context())}
	if s.opts.Flags != nil {
		data["Flags"] = s.opts.Flags.List()
	}
	flash := ""
	if r.URL.Query().Get("done") == "flag" {
		flash = "Changed; it is in force."
	}
	return "settings", view{Title: "Settings", Path: "/settings", Flash: flash, Data: data}, nil
}
