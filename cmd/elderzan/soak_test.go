package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

// soaker is one client of the soak and what it knows to be stored.
type soaker struct {
	name string
	f    *folder
	c    *mcpClient

	mu     sync.Mutex
	stored []fact          // acknowledged and not forgotten, oldest first
	unsure map[string]bool // texts whose change was not acknowledged
}

type fact struct{ text, id string }

// The soak keeps the memory at one size, so that what the engine holds of it can be compared over time.
const (
	soakClients = 8
	soakKept    = 40 // memories of one client
	soakTold    = 20 // errors that are told in full
)

// soak is a team of two machines whose clients work while things break.
type soak struct {
	t       *testing.T
	pg      *pgtest.Cluster
	folders []*folder
	clients []*soaker
	long    time.Duration // 0 in the short form
	stop    chan struct{}
	calls   atomic.Int64
	errors  atomic.Int64
}

// TestSoak has eight clients on two machines of a team write, read and forget while engines are killed and the cloud goes
// away: for a moment, or for an hour with ELDERZAN_LONG (make soak). In the end nothing acknowledged is missing, everything
// shared is on both machines, the engines agree with the record, and the engines' memory has not grown.
func TestSoak(t *testing.T) {
	s := &soak{t: t, pg: pgtest.Start(t), stop: make(chan struct{})}
	if longRun() {
		s.long = time.Hour
		if d, err := time.ParseDuration(os.Getenv("ELDERZAN_SOAK")); err == nil {
			s.long = d
		}
	}
	s.folders = newTeamOf(t, s.pg, "ada", "ben")
	for i := range soakClients {
		f := s.folders[i%3/2] // two of three on the first machine
		k := &soaker{name: fmt.Sprintf("client %d", i), f: f, c: f.serve(), unsure: map[string]bool{}}
		k.c.initialize()
		s.clients = append(s.clients, k)
	}
	began := time.Now()
	var all sync.WaitGroup
	for _, k := range s.clients {
		all.Go(func() { s.work(k) })
	}
	var resident []int64
	if s.long == 0 {
		s.await("calls before a kill", func() bool { return s.calls.Load() > 30 })
		resident = append(resident, s.trouble(0))
	} else {
		for n := 0; time.Since(began) < s.long; n++ {
			select {
			case <-time.After(min(2*time.Minute, s.long/4)):
			case <-t.Context().Done():
			}
			resident = append(resident, s.trouble(n))
			t.Logf("%v: %d calls, %d errors, engine holds %d MB", time.Since(began).Round(time.Second), s.calls.Load(), s.errors.Load(), resident[n]>>20)
		}
	}
	before := s.calls.Load()
	s.await("calls after it", func() bool { return s.calls.Load() > before+30 })
	close(s.stop)
	all.Wait()
	s.settle()
	t.Logf("%d calls, %d errors, %d kills in %v", s.calls.Load(), s.errors.Load(), len(resident), time.Since(began).Round(time.Second))
	if e, n := s.errors.Load(), s.calls.Load(); s.long > 0 && e*100 > n {
		t.Errorf("%d of %d calls failed", e, n)
	}
	flat(t, resident)
}

func (s *soak) await(what string, holds func() bool) {
	s.t.Helper()
	if !await(5*time.Minute, holds) { // one call may take as long as the engine takes to start on a busy machine
		s.t.Fatalf("waited in vain for %s", what)
	}
}

// trouble breaks something: the cloud in every second round, an engine in each. It returns what the engine held.
func (s *soak) trouble(round int) int64 {
	f := s.folders[0]
	rss := residentOf(f.enginePID())
	if round%2 == 0 {
		s.pg.Down(s.t)
		defer s.pg.Up(s.t)
	}
	f.killEngine()
	if round%3 == 2 {
		s.folders[1].killEngine()
	}
	before := s.calls.Load()
	s.await("calls while things are broken", func() bool { return s.calls.Load() > before+10 })
	return rss
}

func residentOf(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// flat compares the second half of the measurements with the first.
func flat(t *testing.T, rss []int64) {
	if len(rss) < 4 {
		return
	}
	most := func(of []int64) (m int64) {
		for _, v := range of {
			m = max(m, v)
		}
		return m
	}
	first, second := most(rss[:len(rss)/2]), most(rss[len(rss)/2:])
	if second > first+first/5+16<<20 {
		t.Errorf("the engine held at most %d MB at first and %d MB later", first>>20, second>>20)
	}
}

// work writes, reads and forgets until the soak stops.
func (s *soak) work(k *soaker) {
	pause := time.NewTicker(10 * time.Millisecond)
	if s.long > 0 {
		pause.Reset(200 * time.Millisecond)
	}
	defer pause.Stop()
	for n := 0; ; n++ {
		select {
		case <-s.stop:
			return
		case <-pause.C:
		}
		text := fmt.Sprintf("%s noted fact number %d.", k.name, n)
		args := map[string]any{"content": text}
		if n%5 == 0 {
			args["scope"] = "SHARED"
		}
		var stored struct{ ID string }
		if s.call(k, "remember", args, &stored) && stored.ID != "" {
			k.mu.Lock()
			k.stored = append(k.stored, fact{text, stored.ID})
			k.mu.Unlock()
		} else {
			k.unsure[text] = true
		}
		s.call(k, "recall", map[string]any{"query": text, "limit": 3}, nil)
		if n%7 == 0 {
			s.call(k, "search", map[string]any{"text": "fact", "limit": 5}, nil)
		}
		if len(k.stored) > soakKept {
			old := k.stored[0]
			var gone struct{ Forgotten []string }
			if !s.call(k, "forget", map[string]any{"id": old.id, "purge": true, "confirm": true}, &gone) || len(gone.Forgotten) != 1 {
				k.unsure[old.text] = true
			}
			k.mu.Lock()
			k.stored = k.stored[1:]
			k.mu.Unlock()
		}
	}
}

// call reports whether a tool succeeded.
func (s *soak) call(k *soaker, tool string, args map[string]any, v any) bool {
	m := k.c.await(k.c.request("tools/call", map[string]any{"name": tool, "arguments": args}))
	s.calls.Add(1)
	var r toolResult
	if m.Error != nil || json.Unmarshal(m.Result, &r) != nil || r.IsError {
		if s.errors.Add(1) <= soakTold {
			s.t.Logf("%s: %v %s", tool, m.Error, m.Result)
		}
		return false
	}
	return v == nil || json.Unmarshal(r.Structured, v) == nil
}

// settle ends the clients and looks at what is there.
func (s *soak) settle() {
	for _, k := range s.clients {
		k.c.close()
	}
	for _, f := range s.folders {
		s.await("the cloud to have everything", func() bool {
			o := f.run("", "sync", "status", "--json")
			var st syncStatusResult
			return o.code == 0 && json.Unmarshal([]byte(o.out), &st) == nil && st.State == "idle" && st.Pending == 0
		})
	}
	s.shared()
	known := map[string]bool{}
	for _, k := range s.clients {
		for _, at := range k.stored {
			known[at.text] = true
		}
		maps.Copy(known, k.unsure)
	}
	for i, f := range s.folders {
		byText := map[string]int{}
		for _, m := range f.export() {
			if m["state"] == "active" {
				text, _ := m["content"].(string)
				byText[text]++
				if !known[text] {
					s.t.Errorf("machine %d: %q is there and was purged", i, text)
				}
			}
		}
		for _, k := range s.clients {
			for _, kept := range k.stored {
				if n := byText[kept.text]; k.f == f && n != 1 && !k.unsure[kept.text] {
					s.t.Errorf("machine %d: %q is there %d times", i, kept.text, n)
				}
			}
		}
		if o := f.run("", "doctor"); o.code != 0 {
			s.t.Errorf("doctor: %s%s", o.out, o.err)
		}
	}
}

// shared waits until what was shared on one machine is on the other.
func (s *soak) shared() {
	for i, f := range s.folders {
		other := s.folders[1-i]
		want := map[string]bool{}
		for _, m := range f.export() {
			if m["scope"] == "SHARED" && m["state"] == "active" {
				want[fmt.Sprint(m["content"])] = true
			}
		}
		s.await("what is shared on the other machine", func() bool {
			other.run("", "sync", "now")
			missing := len(want)
			for _, m := range other.export() {
				if want[fmt.Sprint(m["content"])] {
					missing--
				}
			}
			return missing <= 0
		})
	}
}
