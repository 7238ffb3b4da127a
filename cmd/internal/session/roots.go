package session

import (
	"context"
	"net/url"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// Clients often start servers in the home folder; which project their user works in is then only in their roots.

const (
	methodInitialized = "notifications/initialized"
	rootsTimeout      = 3 * time.Second        // for the client to name its roots
	rootsPatience     = 500 * time.Millisecond // that a call waits for them
)

// expectRoots notes that the client is about to be asked for its roots, when the project is not known without them.
func (s *Session) expectRoots() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.h.o.ProjectOf != nil && s.conn.Project == "" && s.caps.Roots != nil && s.roots == nil {
		s.roots = make(chan struct{})
	}
}

// awaitRoots gives the client a moment to name its roots, so that its first calls land in the right project.
func (s *Session) awaitRoots(ctx context.Context) {
	s.mu.Lock()
	ch := s.roots
	s.mu.Unlock()
	if ch == nil {
		return
	}
	t := time.NewTimer(rootsPatience)
	defer t.Stop()
	select {
	case <-ch:
	case <-t.C:
	case <-ctx.Done():
	}
}

// adoptRoots takes the project of the client's first root for the connection's, unless that has one of its own.
func (s *Session) adoptRoots(ctx context.Context) {
	s.mu.Lock()
	ch, byRoots := s.roots, s.byRoots
	s.mu.Unlock()
	if ch == nil {
		return
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.byRoots {
			s.byRoots = true
			close(ch)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, rootsTimeout)
	defer cancel()
	res, err := s.ListRoots(ctx, mcp.ListRootsRequest{})
	if err != nil {
		s.h.o.Logger.Debug("client did not name its roots", "session", s.id, "again", byRoots)
		return
	}
	for _, root := range res.Roots {
		u, err := url.Parse(root.URI)
		if err != nil || u.Scheme != "file" || u.Path == "" {
			continue
		}
		name, dir, remote := s.h.o.ProjectOf(u.Path)
		if name == "" {
			continue
		}
		s.mu.Lock()
		s.conn.Project, s.conn.Root, s.conn.Remote, s.conn.CWD = name, dir, remote, u.Path
		s.mu.Unlock()
		return
	}
}
