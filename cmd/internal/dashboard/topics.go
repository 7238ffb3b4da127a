package dashboard

import (
	"context"
	"math"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/elderzan/elderzan/memory"
)

// sessionsShown is how many sessions the list holds, spotsShown how many memories the map draws.
const (
	sessionsShown = 50
	spotsShown    = 2000
)

// topics shows what the memories are about, as a map and as a list. PRIVATE memories are in neither.
func (s *Server) topics(_ http.ResponseWriter, r *http.Request) (string, view, error) {
	m, err := s.opts.Topics(r.Context())
	if err != nil {
		return "", view{}, err
	}
	m.Spots = m.Spots[:min(len(m.Spots), spotsShown)]
	return "topics", view{Title: "Topics", Path: "/topics", Data: topicMap{m, named(m.Topics)}}, nil
}

// topicMap is the map of topics and which of them, by id, have their name written on it.
type topicMap struct {
	memory.TopicMap
	Named map[string]bool
}

// The picture of the map in pixels, and what a name takes of it at most: a letter of the page's font at 13 px, its line.
const (
	mapWidth, mapHeight = 900, 560
	nameLength          = 28 // letters
	letterWidth         = 7.5
	lineHeight          = 16
)

// label is a topic's name as the map has it.
func label(t memory.Topic) string { return cut(nameLength, t.Name) }

// named chooses the topics whose names are written: the largest first, each where it covers no name that is there already.
// The others tell theirs under the pointer, and in the list below the map.
func named(topics []memory.Topic) map[string]bool {
	type box struct{ left, right, base float64 }
	var taken []box
	out := map[string]bool{}
	for _, t := range topics {
		half := float64(utf8.RuneCountInString(label(t))) * letterWidth / 2
		x := pixels(mapWidth, t.X)
		b := box{x - half, x + half, pixels(mapHeight, t.Y) - float64(above(t.Size))}
		if slices.ContainsFunc(taken, func(o box) bool {
			return b.left < o.right && o.left < b.right && math.Abs(b.base-o.base) < lineHeight
		}) {
			continue
		}
		taken, out[t.ID] = append(taken, b), true
	}
	return out
}

func (s *Server) sessions(_ http.ResponseWriter, r *http.Request) (string, view, error) {
	svc, err := s.opts.Service(r.Context())
	if err != nil {
		return "", view{}, err
	}
	list, err := svc.Sessions(r.Context(), s.opts.Caller, memory.SessionFilter{Limit: sessionsShown})
	if err != nil {
		return "", view{}, err
	}
	return "sessions", view{Title: "Sessions", Path: "/sessions", Data: list}, nil
}

func (s *Server) session(_ http.ResponseWriter, r *http.Request) (string, view, error) {
	svc, err := s.opts.Service(r.Context())
	if err != nil {
		return "", view{}, err
	}
	report, err := svc.Session(r.Context(), s.opts.Caller, r.PathValue("id"))
	if err != nil {
		return "", view{}, err
	}
	return "session", view{Title: "Session", Path: "/sessions", Data: report}, nil
}

// Conflict is a memory that two sides changed, with every text that was written.
type Conflict struct {
	ID          memory.ID
	Title, Text string // as it stands now
	Others      []Version
}

// Version is another side's text.
type Version struct {
	Text, Author, At string
	Base             string // the text that both sides began with; "" when it is not known
}

// Conflicts lists and settles what two sides changed.
type Conflicts interface {
	List(context.Context) ([]Conflict, error)
	// Settle makes text the memory's text and ends its conflict.
	Settle(ctx context.Context, id memory.ID, text string) error
}

func (s *Server) conflicts(_ http.ResponseWriter, r *http.Request) (string, view, error) {
	list, err := s.opts.Conflicts.List(r.Context())
	if err != nil {
		return "", view{}, err
	}
	flash := ""
	if r.URL.Query().Get("done") == "settled" {
		flash = "Settled; the other machines follow."
	}
	return "conflicts", view{Title: "Conflicts", Path: "/conflicts", Flash: flash, Data: map[string]any{
		"Conflicts": list, "Sync": s.opts.Overview(r.Context()).Sync,
	}}, nil
}

func (s *Server) settle(w http.ResponseWriter, r *http.Request) (string, view, error) {
	id, err := memory.ParseID(r.PathValue("id"))
	if err != nil {
		return "", view{}, &failure{http.StatusNotFound, "There is no such memory."}
	}
	if err := r.ParseForm(); err != nil {
		return "", view{}, &failure{http.StatusBadRequest, "That form could not be read; a memory holds at most 64 KiB."}
	}
	if err := s.opts.Conflicts.Settle(r.Context(), id, fromForm(r.PostForm.Get("text"))); err != nil {
		return "", view{}, err
	}
	http.Redirect(w, r, "/conflicts?done=settled", http.StatusSeeOther)
	return "", view{}, nil
}

// pixels places a coordinate of the map, in [-1, 1], on a picture of some pixels with room for names at its border.
func pixels(size int, at float64) float64 {
	const border = 40
	return border + (at+1)/2*float64(size-2*border)
}

// radius draws a topic by the number of its memories: by area, within what can be seen and hides nothing.
func radius(size int) int { return min(4+isqrt(size), 28) }

// above is how far over its middle a topic's name stands, clear of its circle.
func above(size int) int { return radius(size) + 5 }

func isqrt(n int) int {
	r := 0
	for (r+1)*(r+1) <= n {
		r++
	}
	return r
}
