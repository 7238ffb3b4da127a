package dashboard_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/dashboard"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/memorytest"
	"github.com/elderzan/elderzan/memory/session"
	"github.com/elderzan/elderzan/memory/storage"
)

// mia is who remembers, ana who sits at this machine.
var (
	mia = memory.Caller{User: "mia", Client: "editor", Session: "monday", Project: "billing", Trust: memory.TrustUser}
	ana = memory.Caller{User: "ana", Client: "dashboard", Trust: memory.TrustUser}
)

// world is a page over a real store.
type world struct {
	*browser
	svc     *memory.Service
	store   *storage.Store
	book    *session.Book
	indexer *memory.Indexer
	log     *lines
	deny    map[string]bool // actions that ana may not do
	failing atomic.Bool     // of the engines
}

// errEngine is what every engine returns while it fails.
var errEngine = errors.New("the engine is out of order")

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Authorize implements memory.Authorizer.
func (w *world) Authorize(_ context.Context, c memory.Caller, action string, _ *memory.Memory) error {
	if c.User == ana.User && w.deny[action] {
		return memory.ErrDenied
	}
	return nil
}

// newWorld opens a store and lets a browser in; configure may change what the page has to show.
func newWorld(t *testing.T, configure func(*world, *dashboard.Options)) *world {
	t.Helper()
	w := &world{log: &lines{}, deny: map[string]bool{}}
	var err error
	w.store, err = storage.Open(t.Context(), storage.Options{
		Dir: t.TempDir(), Patrol: storage.PatrolOptions{Rate: -1}, Fail: func(string, string) error {
			if w.failing.Load() {
				return errEngine
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	embedder := &memorytest.Embedder{}
	w.indexer = memory.NewIndexer(t.Context(), w.store, embedder, memory.IndexerOptions{})
	w.book = session.Open(t.Context(), session.Options{Store: w.store, Kin: w.store, Drafts: w.store, Every: time.Hour})
	w.svc, err = memory.NewService(memory.Options{
		Store: w.store, Embedder: embedder, Classifier: memorytest.Classifier{}, Ranker: memorytest.Ranker{}, Indexer: w.indexer,
		Kin: w.store, Journal: w.book, Sessions: w.store, Drafts: w.store, Authorizer: w,
	})
	if err != nil {
		t.Fatal(err)
	}
	o := dashboard.Options{
		Service: func(context.Context) (*memory.Service, error) { return w.svc, nil }, Caller: ana,
		Overview: func(context.Context) dashboard.Overview {
			return dashboard.Overview{Version: "1.2.3", PID: 4711, Uptime: 90 * time.Second, Clients: 1, Model: "words", DataDir: "/home/ana/memory", Sync: "off"}
		},
		Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if configure != nil {
		configure(w, &o)
	}
	server, err := dashboard.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.failing.Store(false)
		w.indexer.Close()
		if err := errors.Join(server.Close(), w.book.Close(context.Background()), w.store.Close()); err != nil {
			t.Error(err)
		}
	})
	w.browser = enter(t, server.URL())
	return w
}

// keep remembers a text, with its vector.
func (w *world) keep(in memory.RememberInput) memory.Memory {
	w.t.Helper()
	in.Wait = true
	r, err := w.svc.Remember(w.t.Context(), mia, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Memory
}

// now reads a memory as it stands.
func (w *world) now(id memory.ID) memory.Memory {
	w.t.Helper()
	ms, err := w.svc.Get(w.t.Context(), mia, []memory.ID{id})
	if err != nil {
		w.t.Fatal(err)
	}
	return ms[0]
}

func pathOf(m memory.Memory) string { return "/memories/" + string(m.ID) }
