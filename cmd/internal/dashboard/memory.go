package dashboard

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// relatedShown is how many related memories a memory's page lists; historyShown how far back and forth it goes.
const (
	relatedShown = 6
	historyShown = 20
)

func (s *Server) memory(_ http.ResponseWriter, r *http.Request) (string, view, error) {
	svc, m, err := s.one(r)
	if err != nil {
		return "", view{}, err
	}
	related, err := svc.Related(r.Context(), s.opts.Caller, m.ID, relatedShown)
	if err != nil {
		return "", view{}, err
	}
	older, newer, err := s.history(r.Context(), svc, m)
	if err != nil {
		return "", view{}, err
	}
	meta := ""
	if len(m.Metadata) > 0 {
		b, err := json.MarshalIndent(m.Metadata, "", "  ")
		if err != nil {
			return "", view{}, err
		}
		meta = string(b)
	}
	title := m.Title
	if title == "" {
		title = cut(60, m.Content)
	}
	return "memory", view{Title: title, Path: "/memories", Flash: flashes[r.URL.Query().Get("done")], Data: map[string]any{
		"Memory": &m, "Metadata": meta, "Related": related, "Older": older, "Newer": newer, "Tags": strings.Join(m.Tags, ", "),
	}}, nil
}

// one returns the memory that a path names.
func (s *Server) one(r *http.Request) (*memory.Service, memory.Memory, error) {
	id, err := memory.ParseID(r.PathValue("id"))
	if err != nil {
		return nil, memory.Memory{}, &failure{http.StatusNotFound, "There is no such memory."}
	}
	svc, err := s.opts.Service(r.Context())
	if err != nil {
		return nil, memory.Memory{}, err
	}
	ms, err := svc.Get(r.Context(), s.opts.Caller, []memory.ID{id})
	if err != nil {
		return nil, memory.Memory{}, err
	}
	return svc, ms[0], nil
}

// history follows the chain of versions both ways, nearest first.
func (s *Server) history(ctx context.Context, svc *memory.Service, m memory.Memory) (older, newer []memory.Memory, err error) {
	follow := func(next func(*memory.Memory) memory.ID) (out []memory.Memory, err error) {
		at := m
		for id := next(&at); id != "" && len(out) < historyShown; id = next(&at) {
			ms, err := svc.Get(ctx, s.opts.Caller, []memory.ID{id})
			if isNotFound(err) {
				return out, nil // purged
			}
			if err != nil {
				return nil, err
			}
			at = ms[0]
			out = append(out, at)
		}
		return out, nil
	}
	if older, err = follow(func(m *memory.Memory) memory.ID { return m.Supersedes }); err != nil {
		return nil, nil, err
	}
	newer, err = follow(func(m *memory.Memory) memory.ID { return m.SupersededBy })
	return older, newer, err
}

// flashes are what a page says after an action, by the word in its address: an address cannot put other words there.
var flashes = map[string]string{
	"saved": "Saved.", "shared": "Its scope was changed.", "forgotten": "Forgotten. It can be brought back for 30 days.",
	"restored": "It is back.", "pinned": "Pinned.", "unpinned": "No longer pinned.",
}

// change carries an action out and shows the memory again, or the list where it is gone.
func (s *Server) change(w http.ResponseWriter, r *http.Request) (string, view, error) {
	svc, m, err := s.one(r)
	if err != nil {
		return "", view{}, err
	}
	if err := r.ParseForm(); err != nil {
		return "", view{}, &failure{http.StatusBadRequest, "That form could not be read; a memory holds at most 64 KiB."}
	}
	action := actions[r.PathValue("action")]
	if action == nil {
		return "", view{}, &failure{http.StatusNotFound, "There is no such action."}
	}
	done, err := action(s, r, svc, &m)
	if err != nil {
		return "", view{}, err
	}
	to := "/memories/" + string(m.ID) + "?done=" + url.QueryEscape(done)
	if done == "purged" {
		to = "/memories"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return "", view{}, nil
}

// actions are what a memory's page can do, each answering a word of flashes.
var actions = map[string]func(*Server, *http.Request, *memory.Service, *memory.Memory) (string, error){
	"revise":  (*Server).revise,
	"share":   (*Server).share,
	"forget":  (*Server).forget,
	"restore": (*Server).restore,
	"pin":     (*Server).pin,
}

func (s *Server) revise(r *http.Request, svc *memory.Service, m *memory.Memory) (string, error) {
	in := memory.ReviseInput{ID: m.ID}
	// Only what was changed.
	if v := fromForm(r.PostForm.Get("content")); v != fromForm(m.Content) {
		in.Content = &v
	}
	if v := r.PostForm.Get("title"); v != m.Title {
		in.Title = &v
	}
	if v := r.PostForm.Get("kind"); v != m.Kind {
		in.Kind = &v
	}
	if v := r.PostForm.Get("tags"); v != strings.Join(m.Tags, ", ") {
		tags := []string{}
		for t := range strings.SplitSeq(v, ",") {
			if t = strings.TrimSpace(t); t != "" {
				tags = append(tags, t)
			}
		}
		in.Tags = &tags
	}
	if in == (memory.ReviseInput{ID: m.ID}) {
		return "saved", nil
	}
	_, err := svc.Revise(r.Context(), s.opts.Caller, in)
	return "saved", err
}

// fromForm takes the line ends out that forms put in, in the place of every other.
func fromForm(text string) string { return lineEnds.Replace(text) }

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func (s *Server) share(r *http.Request, svc *memory.Service, m *memory.Memory) (string, error) {
	to, err := scope.Parse(r.PostForm.Get("scope"))
	if err != nil {
		return "", &failure{http.StatusBadRequest, "There is no such scope."}
	}
	in := memory.ShareInput{IDs: []memory.ID{m.ID}, Scope: to, Team: r.PostForm.Get("team"), Confirm: r.PostForm.Get("confirm") == "yes"}
	res, err := svc.Share(r.Context(), s.opts.Caller, in)
	if err != nil {
		return "", err
	}
	return "shared", res.Refused[m.ID]
}

func (s *Server) forget(r *http.Request, svc *memory.Service, m *memory.Memory) (string, error) {
	purge := r.PostForm.Get("purge") == "yes"
	_, err := svc.Forget(r.Context(), s.opts.Caller, memory.ForgetInput{IDs: []memory.ID{m.ID}, Purge: purge, Reason: "by hand"})
	if purge {
		return "purged", err
	}
	return "forgotten", err
}

func (s *Server) restore(r *http.Request, svc *memory.Service, m *memory.Memory) (string, error) {
	_, err := svc.Revise(r.Context(), s.opts.Caller, memory.ReviseInput{ID: m.ID, Restore: true})
	return "restored", err
}

func (s *Server) pin(r *http.Request, svc *memory.Service, m *memory.Memory) (string, error) {
	pinned := !m.Pinned
	_, err := svc.Revise(r.Context(), s.opts.Caller, memory.ReviseInput{ID: m.ID, Pinned: &pinned})
	if !pinned {
		return "unpinned", err
	}
	return "pinned", err
}
