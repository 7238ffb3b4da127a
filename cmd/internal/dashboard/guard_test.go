package dashboard

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
)

// site is a dashboard over a memory that is not open: what guards it does not need one.
func site(t *testing.T, now func() time.Time) *Server {
	t.Helper()
	s, err := Start(Options{
		Service:  func(context.Context) (*memory.Service, error) { return nil, memory.ErrUnavailable },
		Overview: func(context.Context) Overview { return Overview{} },
		Logger:   slog.New(slog.NewTextHandler(io.Discard, nil)), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask sends one request past the network, as a browser would with these headers.
func ask(s *Server, method, path string, change func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	r.Host = s.addr
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, r)
	return w.Result()
}

// letIn redeems a fresh address.
func letIn(t *testing.T, s *Server) *http.Cookie {
	t.Helper()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	res := ask(s, "GET", u.RequestURI(), nil)
	if res.StatusCode != http.StatusOK || len(res.Cookies()) != 1 {
		t.Fatalf("entering = %d, cookies %v", res.StatusCode, res.Cookies())
	}
	return res.Cookies()[0]
}

func TestWhoIsLetIn(t *testing.T) {
	clock := time.Now()
	s := site(t, func() time.Time { return clock })
	good := letIn(t, s)
	if !good.HttpOnly || good.SameSite != http.SameSiteStrictMode {
		t.Errorf("cookie = %+v; want HttpOnly and SameSite=Strict", good)
	}
	with := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookieName, Value: value}) }
	}
	for name, tc := range map[string]struct {
		method, path string
		change       func(*http.Request)
		want         int
	}{
		"without cookie":       {"GET", "/", nil, http.StatusUnauthorized},
		"made-up cookie":       {"GET", "/", with("AAAA"), http.StatusUnauthorized},
		"made-up token":        {"GET", "/enter?token=AAAA", nil, http.StatusForbidden},
		"no token":             {"GET", "/enter", nil, http.StatusForbidden},
		"change without":       {"POST", "/memories/x/forget", nil, http.StatusUnauthorized},
		"let in":               {"GET", "/", with(good.Value), http.StatusServiceUnavailable}, // this memory is not open
		"style sheet":          {"GET", "/assets/style.css", nil, http.StatusOK},
		"no listing of assets": {"GET", "/assets/../", with(good.Value), http.StatusTemporaryRedirect},
		"under another name":   {"GET", "/", func(r *http.Request) { with(good.Value)(r); r.Host = "rebound.example.com" }, http.StatusMisdirectedRequest},
		"change from another site": {"POST", "/memories/x/forget", func(r *http.Request) {
			with(good.Value)(r)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}, http.StatusForbidden},
		"change from another origin": {"POST", "/memories/x/forget", func(r *http.Request) {
			with(good.Value)(r)
			r.Header.Set("Origin", "http://127.0.0.1:1")
		}, http.StatusForbidden},
		"change by a link": {"GET", "/memories/x/forget", with(good.Value), http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			res := ask(s, tc.method, tc.path, tc.change)
			if res.StatusCode != tc.want {
				t.Errorf("%s %s = %d; want %d", tc.method, tc.path, res.StatusCode, tc.want)
			}
			policy := res.Header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers = %v", res.Header)
			}
		})
	}
}

func TestLives(t *testing.T) {
	clock := time.Now()
	s := site(t, func() time.Time { return clock })
	late, _ := url.Parse(s.URL())
	used, _ := url.Parse(s.URL())
	if res := ask(s, "GET", used.RequestURI(), nil); res.StatusCode != http.StatusOK {
		t.Fatalf("a fresh address = %d", res.StatusCode)
	}
	if res := ask(s, "GET", used.RequestURI(), nil); res.StatusCode != http.StatusForbidden {
		t.Errorf("the same address again = %d; want 403", res.StatusCode)
	}
	cookie := letIn(t, s)
	clock = clock.Add(tokenLife + time.Second)
	if res := ask(s, "GET", late.RequestURI(), nil); res.StatusCode != http.StatusForbidden {
		t.Errorf("an old address = %d; want 403", res.StatusCode)
	}
	in := func() int { return ask(s, "GET", "/", func(r *http.Request) { r.AddCookie(cookie) }).StatusCode }
	for range 3 { // use prolongs
		clock = clock.Add(sessionLife / 2)
		if got := in(); got != http.StatusServiceUnavailable {
			t.Fatalf("a session in use = %d", got)
		}
	}
	clock = clock.Add(sessionLife + time.Second)
	if got := in(); got != http.StatusUnauthorized {
		t.Errorf("a session left alone = %d; want 401", got)
	}
}

func TestListenAddress(t *testing.T) {
	if s := site(t, nil); !strings.HasPrefix(s.addr, "127.0.0.1:") {
		t.Errorf("listens on %s", s.addr)
	}
}

func TestCut(t *testing.T) {
	if got := cut(3, " 東京 オフィス "); got != "東京 …" {
		t.Errorf("cut = %q", got)
	}
	if got := humanBytes(1_234_567); got != "1.2 MB" {
		t.Errorf("humanBytes = %q", got)
	}
}

// The address of a list keeps every filter but the one that changes, and begins at the first page.
func TestListAddress(t *testing.T) {
	q := readListQuery(url.Values{"q": {"a&b"}, "tag": {"x"}, "cursor": {"c"}, "by": {"meaning"}})
	if got := q.With("project", "p q"); got != "/memories?by=meaning&project=p+q&q=a%26b&tag=x" {
		t.Errorf("With = %s", got)
	}
	if got := q.With("tag", ""); strings.Contains(got, "tag") || strings.Contains(got, "cursor") {
		t.Errorf("With without tag = %s", got)
	}
}
