package dashboard

import (
	"crypto/rand"
	"crypto/sha256"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// How long a printed address lets a browser in, and a browser stays in without being used.
const (
	tokenLife   = 10 * time.Minute
	sessionLife = 12 * time.Hour
)

const cookieName = "elderzan"

// guard knows who was let in. Tokens and sessions are kept as hashes, compared by map look-up.
type guard struct {
	now func() time.Time

	mu       sync.Mutex
	tokens   map[[32]byte]time.Time // until when
	sessions map[[32]byte]time.Time
}

func newGuard(now func() time.Time) *guard {
	return &guard{now: now, tokens: map[[32]byte]time.Time{}, sessions: map[[32]byte]time.Time{}}
}

// issue makes a token that can be redeemed once.
func (g *guard) issue() string {
	token := rand.Text()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens[sha256.Sum256([]byte(token))] = g.now().Add(tokenLife)
	return token
}

// redeem turns a token into a session; "" when the token is not one, was used, or is too old.
func (g *guard) redeem(token string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := sha256.Sum256([]byte(token))
	until, ok := g.tokens[key]
	delete(g.tokens, key)
	if !ok || g.now().After(until) {
		return ""
	}
	session := rand.Text()
	g.sessions[sha256.Sum256([]byte(session))] = g.now().Add(sessionLife)
	return session
}

// admitted reports whether a request carries a live session, and prolongs it.
func (g *guard) admitted(r *http.Request) bool {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := sha256.Sum256([]byte(c.Value))
	until, ok := g.sessions[key]
	if !ok {
		return false
	}
	if g.now().After(until) {
		delete(g.sessions, key)
		return false
	}
	g.sessions[key] = g.now().Add(sessionLife)
	return true
}

// enter lets a browser in.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	session := s.guard.redeem(r.URL.Query().Get("token"))
	if session == "" {
		s.refuse(w, http.StatusForbidden, "This address was used already or is too old.")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: int(sessionLife / time.Second)})
	// A page instead of a redirect: a browser that came from another site's link would not send a strict cookie along.
	w.Header().Set("Refresh", "0; url=/")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>elderzan</title><link rel="icon" href="/assets/icon.svg"><a href="/">Go on</a></html>`))
}

// protect puts the rules that hold for every request before next.
func (s *Server) protect(next http.Handler) http.Handler {
	sameSite := http.NewCrossOriginProtection()
	sameSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.refuse(w, http.StatusForbidden, "That request came from another site; nothing was done.")
	}))
	next = sameSite.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !loopback(r.Host) {
			s.refuse(w, http.StatusMisdirectedRequest, "This page answers under its loopback address only.")
			return
		}
		if r.URL.Path != "/enter" && !strings.HasPrefix(r.URL.Path, "/assets/") && !s.guard.admitted(r) {
			s.refuse(w, http.StatusUnauthorized, "This browser was not let in.")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
		next.ServeHTTP(w, r)
	})
}

// loopback reports whether a Host header names this machine itself.
func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return name == "127.0.0.1" || name == "localhost"
}

// refuse answers those who are not let in; it shows nothing of the memory.
func (s *Server) refuse(w http.ResponseWriter, code int, why string) {
	s.send(w, code, "refused", map[string]any{"Why": why})
}
