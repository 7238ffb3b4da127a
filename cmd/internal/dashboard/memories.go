package dashboard

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// listed is one line of the list.
type listed struct {
	memory.Memory
	Score float64 // of a search by meaning
}

// listQuery is what the form above the list says.
type listQuery struct {
	Text, Scope, Project, Kind, Tag, State, Sort, Since, Until, Cursor string
	Meaning                                                            bool // recall instead of search
}

func readListQuery(v url.Values) listQuery {
	return listQuery{
		Text: v.Get("q"), Scope: v.Get("scope"), Project: v.Get("project"), Kind: v.Get("kind"), Tag: v.Get("tag"), State: v.Get("state"),
		Sort: v.Get("sort"), Since: v.Get("since"), Until: v.Get("until"), Cursor: v.Get("cursor"), Meaning: v.Get("by") == "meaning",
	}
}

// With returns the list's address with one field set to another value, from the first page on; templates use it.
func (q listQuery) With(key, value string) string {
	v := url.Values{}
	for k, was := range map[string]string{
		"q": q.Text, "scope": q.Scope, "project": q.Project, "kind": q.Kind, "tag": q.Tag, "state": q.State, "sort": q.Sort,
		"since": q.Since, "until": q.Until,
	} {
		if was != "" {
			v.Set(k, was)
		}
	}
	if q.Meaning {
		v.Set("by", "meaning")
	}
	v.Set(key, value)
	if value == "" {
		v.Del(key)
	}
	return "/memories?" + v.Encode()
}

func (q listQuery) filter() (memory.Filter, error) {
	var f memory.Filter
	if q.Scope != "" {
		sc, err := scope.Parse(q.Scope)
		if err != nil {
			return f, &failure{http.StatusBadRequest, "There is no such scope."}
		}
		f.Scopes = []scope.Scope{sc}
	}
	for value, to := range map[string]*[]string{q.Project: &f.Projects, q.Kind: &f.Kinds, q.Tag: &f.Tags} {
		if value != "" {
			*to = []string{value}
		}
	}
	if q.State != "" {
		f.States = []memory.State{memory.State(q.State)}
	}
	for value, to := range map[string]*time.Time{q.Since: &f.Since, q.Until: &f.Until} {
		if value == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, value, time.Local)
		if err != nil {
			return f, &failure{http.StatusBadRequest, "A day looks like 2026-01-31."}
		}
		*to = t
	}
	return f, nil
}

func (s *Server) memories(_ http.ResponseWriter, r *http.Request) (string, view, error) {
	q := readListQuery(r.URL.Query())
	f, err := q.filter()
	if err != nil {
		return "", view{}, err
	}
	svc, err := s.opts.Service(r.Context())
	if err != nil {
		return "", view{}, err
	}
	data := map[string]any{"Query": q, "States": []memory.State{memory.Active, memory.Superseded, memory.Archived, memory.Forgotten}}
	if q.Meaning && q.Text != "" {
		err = s.byMeaning(r.Context(), svc, q, f, data)
	} else {
		err = s.byWords(r.Context(), svc, q, f, data)
	}
	if err != nil {
		return "", view{}, err
	}
	if data["Facets"], err = s.facets(r.Context(), svc, f); err != nil {
		return "", view{}, err
	}
	return "memories", view{Title: "Memories", Path: "/memories", Data: data}, nil
}

// meaningBudget lets recall return whole memories: a page has room.
const meaningBudget = memory.MaxMaxTokens

func (s *Server) byMeaning(ctx context.Context, svc *memory.Service, q listQuery, f memory.Filter, data map[string]any) error {
	got, err := svc.Recall(ctx, s.opts.Caller, memory.RecallInput{Query: q.Text, Limit: 25, Mode: memory.Accurate, Filter: f, MaxTokens: meaningBudget})
	if err != nil {
		return err
	}
	var out []listed
	for i := range got.Memories {
		out = append(out, listed{*got.Memories[i].Memory, got.Memories[i].Score})
	}
	data["Memories"], data["Total"], data["Note"] = out, len(out), got.Note
	return nil
}

func (s *Server) byWords(ctx context.Context, svc *memory.Service, q listQuery, f memory.Filter, data map[string]any) error {
	p, err := svc.Search(ctx, s.opts.Caller, memory.SearchQuery{Text: q.Text, Filter: f, Sort: memory.Sort(q.Sort), Cursor: q.Cursor, Limit: 25})
	if err != nil {
		return err
	}
	var out []listed
	for _, m := range p.Memories {
		out = append(out, listed{Memory: m})
	}
	data["Memories"], data["Total"] = out, p.Total
	if p.NextCursor != "" {
		data["Next"] = q.With("cursor", p.NextCursor)
	}
	return nil
}

// facet is a value to narrow by, and how many of the memories looked at have it.
type facet struct {
	Value string
	Count int
}

// facetPages is how many pages of the newest memories under the filter are counted for facets, facetsShown how many
// values of each are offered.
const (
	facetPages  = 10
	facetsShown = 12
)

// facets counts projects, kinds and tags among the newest memories under the filter.
func (s *Server) facets(ctx context.Context, svc *memory.Service, f memory.Filter) (map[string][]facet, error) {
	projects, kinds, tags := map[string]int{}, map[string]int{}, map[string]int{}
	q := memory.SearchQuery{Filter: f, Sort: memory.SortNewest, Limit: memory.MaxLimit}
	for range facetPages {
		p, err := svc.Search(ctx, s.opts.Caller, q)
		if err != nil {
			return nil, err
		}
		for i := range p.Memories {
			m := &p.Memories[i]
			projects[m.Project]++
			kinds[m.Kind]++
			for _, t := range m.Tags {
				tags[t]++
			}
		}
		if q.Cursor = p.NextCursor; q.Cursor == "" {
			break
		}
	}
	return map[string][]facet{"project": mostUsed(projects), "kind": mostUsed(kinds), "tag": mostUsed(tags)}, nil
}

func mostUsed(counts map[string]int) []facet {
	delete(counts, "")
	var out []facet
	for _, v := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, facet{v, counts[v]})
	}
	slices.SortStableFunc(out, func(a, b facet) int { return cmp.Compare(b.Count, a.Count) })
	return out[:min(len(out), facetsShown)]
}
