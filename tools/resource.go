package tools

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/elderzan/elderzan/memory"
)

const mimeJSON = "application/json"

// The URIs of the resources.
const (
	statusURI       = "elderzan://status"
	auditURI        = "elderzan://audit"
	topicsURI       = "elderzan://topics"
	memoryTemplate  = "elderzan://memory/{id}"
	relatedTemplate = "elderzan://memory/{id}/related"
	projectTemplate = "elderzan://project/{project}"
	sessionTemplate = "elderzan://sessions/{id}"
	draftTemplate   = "elderzan://workspace/{key}"
)

// resourceLimit is how many memories a resource that lists some shows.
const resourceLimit = 50

// relatedLimit is how many memories a memory is related to, relatedBytes how much of each is shown.
const (
	relatedLimit = 10
	relatedBytes = 300
)

func memoryURI(id memory.ID) string  { return "elderzan://memory/" + string(id) }
func relatedURI(id memory.ID) string { return memoryURI(id) + "/related" }
func projectURI(name string) string  { return "elderzan://project/" + url.PathEscape(name) }
func sessionURI(id string) string    { return "elderzan://sessions/" + url.PathEscape(id) }

// Shows yields the URI of each resource that shows something of a change, each once.
func Shows(c memory.Commit) iter.Seq[string] {
	return func(yield func(string) bool) {
		told := map[string]bool{}
		tell := func(uri string) bool {
			if told[uri] {
				return true
			}
			told[uri] = true
			return yield(uri)
		}
		for _, p := range c.Memories {
			if !tell(memoryURI(p.ID)) || !tell(relatedURI(p.ID)) || p.Project != "" && !tell(projectURI(p.Project)) || p.Session != "" && !tell(sessionURI(p.Session)) {
				return
			}
		}
		for _, id := range c.Sessions {
			if !tell(sessionURI(id)) {
				return
			}
		}
		for _, key := range c.Drafts {
			if !tell(draftURI(key)) {
				return
			}
		}
		some := len(c.Memories) > 0
		_ = (!some && !c.Audited || tell(statusURI)) && (!c.Audited || tell(auditURI)) && (!some && !c.Topics || tell(topicsURI))
	}
}

// reader fills a resource; name is the part of its URI that varies.
type reader func(ctx context.Context, c *call, name string) (any, error)

func (s *surface) addResources() {
	s.mcp.AddResource(mcp.NewResource(statusURI, "status", mcp.WithResourceTitle("Status of the memory"),
		mcp.WithResourceDescription("Version, counts by scope, embedding, index, sync, alerts"), mcp.WithMIMEType(mimeJSON)),
		s.serve("status", func(ctx context.Context, c *call, _ string) (any, error) { return s.status(ctx, c) }))
	s.mcp.AddResource(mcp.NewResource(auditURI, "audit", mcp.WithResourceTitle("Audit log"),
		mcp.WithResourceDescription("The newest entries: what was done to which memory by whom and why, never the text"), mcp.WithMIMEType(mimeJSON)),
		s.serve("audit", s.readAudit))
	s.mcp.AddResource(mcp.NewResource(topicsURI, "topics", mcp.WithResourceTitle("Topics"),
		mcp.WithResourceDescription("What the memories are about, in groups with their terms; without PRIVATE ones"), mcp.WithMIMEType(mimeJSON)),
		s.serve("topics", s.readTopics))
	for _, t := range []struct {
		uri, name, title, description string
		read                          reader
	}{
		{memoryTemplate, "memory", "A memory", "One memory with all that is known about it", s.readMemory},
		{relatedTemplate, "related", "Related memories", "What is close to a memory in meaning or was used together with it", s.readRelated},
		{projectTemplate, "project", "A project's memories", "The newest memories of a project; percent-encode its name", s.readProject},
		{sessionTemplate, "session", "A session", "What was remembered and recalled in one session, open drafts, similar sessions", s.readSession},
		{draftTemplate, "draft", "A draft", "Working notes of this project under a key; percent-encode it", s.readDraft},
	} {
		s.mcp.AddResourceTemplate(mcp.NewResourceTemplate(t.uri, t.name, mcp.WithTemplateTitle(t.title),
			mcp.WithTemplateDescription(t.description), mcp.WithTemplateMIMEType(mimeJSON)),
			server.ResourceTemplateHandlerFunc(s.serve(t.name, t.read)))
	}
}

// serve wraps a reader like run wraps a tool's handler; here an error ends the request.
func (s *surface) serve(name string, read reader) server.ResourceHandlerFunc {
	return func(ctx context.Context, req mcp.ReadResourceRequest) (contents []mcp.ResourceContents, err error) {
		defer func() {
			if r := recover(); r != nil {
				contents, err = nil, s.refused(ctx, "resource "+name, panicError(r))
			}
		}()
		ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
		defer cancel()
		c := &call{tool: name, caller: s.opts.Caller(ctx), args: &args{}}
		if c.service, c.closed = s.open(ctx, name); c.closed != nil && name != withoutService {
			return nil, s.refused(ctx, "resource "+name, c.closed)
		}
		out, err := read(ctx, c, variable(req.Params.URI))
		if err != nil {
			return nil, about(req.Params.URI, s.refused(ctx, "resource "+name, err))
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: req.Params.URI, MIMEType: mimeJSON, Text: string(encode(out))}}, nil
	}
}

// variable is the third part of the URI, decoded: the one that varies in all templates.
func variable(uri string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(uri, "elderzan://"), "/")
	rest = strings.TrimSuffix(rest, "/related")
	if name, err := url.PathUnescape(rest); err == nil {
		return name
	}
	return rest
}

// refused is an error of a request that has no result to put it in.
func (s *surface) refused(ctx context.Context, what string, err error) error {
	res, outcome := s.failed(ctx, what, err)
	switch outcome {
	case "not_found":
		return &CodedError{Code: notFoundCode(ctx), Text: resultText(res)}
	case "input":
		return &CodedError{Code: mcp.INVALID_PARAMS, Text: resultText(res)}
	}
	return errors.New(resultText(res))
}

// about names the resource that an error is about, as the protocol wants it for one that there is not.
func about(uri string, err error) error {
	var coded *CodedError
	if errors.As(err, &coded) {
		coded.Data = map[string]any{"uri": uri}
	}
	return err
}

func resultText(res *mcp.CallToolResult) string {
	var parts []string
	for _, content := range res.Content {
		if t, ok := content.(mcp.TextContent); ok {
			parts = append(parts, t.Text)
		}
	}
	return strings.Join(parts, "\n")
}

func (s *surface) readMemory(ctx context.Context, c *call, name string) (any, error) {
	m, err := one(ctx, c, name)
	if err != nil {
		return nil, err
	}
	h := full(m)
	if h.Near, err = c.service.Duplicates(ctx, c.caller, m.ID); err != nil {
		return nil, err
	}
	if h.Others, err = othersOf(ctx, c, m.ID); err != nil {
		return nil, err
	}
	return h, nil
}

func one(ctx context.Context, c *call, name string) (*memory.Memory, error) {
	id, err := memory.ParseID(name)
	if err != nil {
		return nil, err
	}
	ms, err := c.service.Get(ctx, c.caller, []memory.ID{id})
	if err != nil {
		return nil, err
	}
	return &ms[0], nil
}

type relatedResult struct {
	Memories []hit `json:"memories"`
}

// readRelated lists what has to do with a memory. No remote embedder sees it: it was no question.
func (s *surface) readRelated(ctx context.Context, c *call, name string) (any, error) {
	id, err := memory.ParseID(name)
	if err != nil {
		return nil, err
	}
	found, err := c.service.Related(ctx, c.caller, id, relatedLimit)
	if err != nil {
		return nil, err
	}
	out := relatedResult{Memories: []hit{}}
	for i := range found {
		h := brief(&found[i].Memory)
		h.Content, h.Cut = clip(h.Content, relatedBytes)
		score := round(found[i].Score)
		h.Score, h.Why = &score, found[i].Why
		out.Memories = append(out.Memories, h)
	}
	return out, nil
}

func (s *surface) readProject(ctx context.Context, c *call, name string) (any, error) {
	return s.listResource(ctx, c, memory.SearchQuery{Filter: memory.Filter{Projects: []string{name}}, Sort: memory.SortNewest}, "project")
}

func (s *surface) listResource(ctx context.Context, c *call, q memory.SearchQuery, what string) (any, error) {
	q.Limit = resourceLimit
	p, err := c.service.Search(ctx, c.caller, q)
	if err != nil {
		return nil, err
	}
	if p.Total == 0 {
		return nil, fmt.Errorf("%s: %w", what, memory.ErrNotFound)
	}
	return page(p.Memories, p, maxPageBytes), nil
}
