package synctest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/synctest"
)

// overtaken is a cloud that others write to just before a push arrives, or that gives an odd answer to it.
type overtaken struct {
	*synctest.Remote
	before func()
	answer func([]memsync.Outcome) []memsync.Outcome
}

func (o *overtaken) Push(ctx context.Context, p memsync.Place, records []memsync.Record) ([]memsync.Outcome, error) {
	if do := o.before; do != nil {
		o.before = nil
		do()
	}
	out, err := o.Remote.Push(ctx, p, records)
	if o.answer != nil && err == nil {
		out = o.answer(out)
	}
	return out, err
}

// changing is a folder in which something changes just before a batch is stored.
type changing struct {
	*synctest.Local
	before func()
}

func (c *changing) Write(ctx context.Context, p memsync.Place, b memsync.Batch) error {
	if do := c.before; do != nil {
		c.before = nil
		do()
	}
	return c.Local.Write(ctx, p, b)
}

type pair struct {
	t             *testing.T
	remote        *overtaken
	a, b          *synctest.Local
	first, second *memsync.Engine
	ids           []memory.ID
}

func newPair(t *testing.T, memories int) *pair {
	t.Helper()
	p := &pair{t: t, remote: &overtaken{Remote: synctest.NewRemote()}, a: synctest.NewLocal(time.Now), b: synctest.NewLocal(time.Now)}
	p.first = memsync.NewEngine(memsync.Global(), p.a, p.remote.Remote, memsync.Plain{}, memsync.Options{Device: "a", Patience: -1})
	p.second = memsync.NewEngine(memsync.Global(), p.b, p.remote, memsync.Plain{}, memsync.Options{Device: "b", Patience: -1})
	for i := range memories {
		m := memory.Memory{ID: memory.NewID(), Content: fmt.Sprintf("text %d", i), Scope: scope.Global, State: memory.Active}
		p.ids = append(p.ids, m.ID)
		p.a.Put(m, false)
	}
	p.round(p.first)
	p.round(p.second)
	return p
}

func (p *pair) round(e *memsync.Engine) memsync.Report {
	p.t.Helper()
	rep, err := e.Round(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return rep
}

func (p *pair) change(l *synctest.Local, id memory.ID, text string) {
	m, _, _ := l.Get(id)
	m.Content = text
	l.Put(m, false)
}

// agree has both go on until they rest and looks whether they hold the same.
func (p *pair) agree() {
	p.t.Helper()
	for range 3 {
		p.round(p.first)
		p.round(p.second)
	}
	for _, id := range p.ids {
		m, others, _ := p.a.Get(id)
		n, more, _ := p.b.Get(id)
		if m.Content != n.Content || len(others) != len(more) {
			p.t.Errorf("%s: %q and %v, %q and %v", id, m.Content, others, n.Content, more)
		}
	}
	if n := p.a.Waiting() + p.b.Waiting(); n != 0 {
		p.t.Errorf("%d changes wait", n)
	}
}

// TestOvertaken has another device's change come between pull and push: of all that is pushed, and of a part of it.
func TestOvertaken(t *testing.T) {
	for name, both := range map[string]int{"all": 2, "a part": 1} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, 2)
			for i, id := range p.ids {
				p.change(p.b, id, fmt.Sprintf("text %d by b", i))
			}
			p.remote.before = func() {
				for _, id := range p.ids[:both] {
					p.change(p.a, id, "by a")
				}
				p.round(p.first)
			}
			if rep := p.round(p.second); rep.Conflicts != both {
				t.Errorf("%+v; want %d conflicts", rep, both)
			}
			p.agree()
		})
	}
}

// TestRaced has a person change a memory while a newer version of it is being stored.
func TestRaced(t *testing.T) {
	p := newPair(t, 1)
	p.change(p.a, p.ids[0], "by a")
	p.round(p.first)
	l := &changing{Local: p.b, before: func() { p.change(p.b, p.ids[0], "by b meanwhile") }}
	engine := memsync.NewEngine(memsync.Global(), l, p.remote, memsync.Plain{}, memsync.Options{Device: "b", Patience: -1})
	if rep := p.round(engine); rep.Conflicts != 1 {
		t.Errorf("%+v; want a conflict", rep)
	}
	p.agree()
	p.change(p.a, p.ids[0], "once more")
	p.round(p.first)
	ctx, cancel := context.WithCancel(t.Context())
	l.before = func() { p.change(p.b, p.ids[0], "and meanwhile"); cancel() }
	if _, err := engine.Round(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits any more: %v", err)
	}
	p.agree()
}

// TestOddAnswers has the cloud say no, and say too little.
func TestOddAnswers(t *testing.T) {
	p := newPair(t, 2)
	p.change(p.b, p.ids[0], "not for me to write")
	p.remote.answer = func([]memsync.Outcome) []memsync.Outcome { return []memsync.Outcome{memsync.Refused} }
	if rep := p.round(p.second); rep.Refused != 1 || p.b.Waiting() != 0 {
		t.Errorf("%+v, %d wait; want one refusal, and nothing tried again", rep, p.b.Waiting())
	}
	p.change(p.b, p.ids[1], "for me to write")
	p.remote.answer = func([]memsync.Outcome) []memsync.Outcome { return nil }
	if _, err := p.second.Round(t.Context()); err == nil || !strings.Contains(err.Error(), "0 answers") {
		t.Errorf("no answers: %v", err)
	}
}

// waitingFor is a folder whose changes wait for their embedding until a time.
type waitingFor struct{ *synctest.Local }

func (w waitingFor) Rows(ctx context.Context, p memsync.Place, ids []memory.ID) (map[memory.ID]memsync.Row, error) {
	rows, err := w.Local.Rows(ctx, p, ids)
	for id, r := range rows {
		m, _, ok := w.Get(id)
		if err == nil && ok && r.Seq > 0 {
			r.Change, err = memsync.NewChange(p, &m, memsync.ChangeInfo{Seq: r.Seq, At: time.Now(), Waiting: true})
			rows[id] = r
		}
	}
	return rows, err
}

// TestPatience has a change wait for its embedding, and no longer than it should.
func TestPatience(t *testing.T) {
	l, now := synctest.NewLocal(time.Now), time.Now()
	l.Put(memory.Memory{ID: memory.NewID(), Content: "text", Scope: scope.Global, State: memory.Active}, false)
	engine := memsync.NewEngine(memsync.Global(), waitingFor{l}, synctest.NewRemote(), memsync.Plain{}, memsync.Options{Device: "a", Now: func() time.Time { return now }})
	if rep, err := engine.Round(t.Context()); err != nil || rep.Waiting != 1 || rep.Pushed != 0 {
		t.Errorf("at first: %+v, %v", rep, err)
	}
	now = now.Add(time.Minute)
	if rep, err := engine.Round(t.Context()); err != nil || rep.Waiting != 0 || rep.Pushed != 1 {
		t.Errorf("a minute later: %+v, %v", rep, err)
	}
}

// TestHold has changes wait for their embedding as long as that takes, while something says so.
func TestHold(t *testing.T) {
	l, now, hold := synctest.NewLocal(time.Now), time.Now(), true
	l.Put(memory.Memory{ID: memory.NewID(), Content: "text", Scope: scope.Global, State: memory.Active}, false)
	engine := memsync.NewEngine(memsync.Global(), waitingFor{l}, synctest.NewRemote(), memsync.Plain{}, memsync.Options{
		Device: "a", Patience: -1, Hold: func() bool { return hold }, Now: func() time.Time { return now },
	})
	now = now.Add(30 * 24 * time.Hour)
	if rep, err := engine.Round(t.Context()); err != nil || rep.Waiting != 1 || rep.Pushed != 0 {
		t.Errorf("after a month: %+v, %v; want it to wait", rep, err)
	}
	hold = false
	if rep, err := engine.Round(t.Context()); err != nil || rep.Waiting != 0 || rep.Pushed != 1 {
		t.Errorf("let go: %+v, %v", rep, err)
	}
}

// TestRead opens records outside of any sync.
func TestRead(t *testing.T) {
	p, id := memsync.Shared(uuid.UUID{7}), memory.NewID()
	read := func(payload memsync.Payload) (memory.Memory, bool, error) {
		t.Helper()
		b, _, err := memsync.Plain{}.Seal(id, memsync.State{}, payload)
		if err != nil {
			t.Fatal(err)
		}
		return memsync.Read(p, memsync.Plain{}, memsync.Record{ID: id, Version: 1, Body: b})
	}
	m, deleted, err := read(memsync.Payload{Text: "text", Tags: []string{"tag"}, Meta: []byte(`{"a":{"st":"odd","m":{"k":"v"}}}`)})
	if err != nil || deleted || m.Content != "text" || m.State != memory.Active || m.Metadata["k"] != "v" || m.Scope != scope.Shared || m.Trust != memory.TrustUntrusted {
		t.Errorf("%+v, %v, %v", m, deleted, err)
	}
	if _, deleted, err := read(memsync.Payload{Deleted: true, Meta: []byte("{}")}); err != nil || !deleted {
		t.Errorf("a deletion: %v, %v", deleted, err)
	}
	for what, payload := range map[string]memsync.Payload{
		"no text":      {Meta: []byte("{}")},
		"no meta":      {Text: "text", Meta: []byte("{")},
		"odd metadata": {Text: "text", Meta: []byte(`{"a":{"m":[1]}}`)},
		"a long tag":   {Text: "text", Tags: []string{strings.Repeat("x", memory.MaxTagBytes+1)}, Meta: []byte("{}")},
		"a long title": {Text: "text", Title: strings.Repeat("x", memory.MaxTitleBytes+1), Meta: []byte("{}")},
	} {
		if _, _, err := read(payload); err == nil {
			t.Errorf("%s was read", what)
		}
	}
	if _, _, err := memsync.Read(p, memsync.Plain{}, memsync.Record{ID: id, Body: []byte("x")}); err == nil {
		t.Error("garbage was read")
	}
	if got := p.String() + " " + memsync.Global().String(); got != "SHARED of team "+p.Team().String()+" GLOBAL" {
		t.Errorf("places are called %s", got)
	}
}
