package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/postgres"
)

// status is what sync status shows.
func (k *cloud) status(ctx context.Context) (syncStatusResult, error) {
	out := syncStatusResult{Team: k.teamName(), Held: []heldRow{}}
	state, at := k.state()
	out.State = state
	if !at.IsZero() {
		out.SyncedAt = at.UTC().Format(time.RFC3339)
	}
	st, err := k.store.Stats(ctx)
	if err != nil {
		return out, err
	}
	out.Pending = st.OutboxPending
	ids, err := k.store.CloudConflicts(ctx, 1000)
	if err != nil {
		return out, err
	}
	out.Conflicts = len(ids)
	w := k.running()
	if w == nil {
		return out, nil
	}
	s := w.Status()
	out.Rounds, out.Failed, out.Total = s.Rounds, s.Failed, reportOf(s.Total)
	if s.Error != nil {
		out.Error = s.Error.Error()
	}
	if !s.NextTry.IsZero() {
		out.NextTry = s.NextTry.UTC().Format(time.RFC3339)
	}
	k.mu.Lock()
	t := k.team
	k.mu.Unlock()
	if epoch, _, _, _, err := t.Opened(); err == nil && epoch > 1 {
		if out.Older, err = k.store.CloudOlderCount(ctx, k.local.place(memsync.Shared(t.ID())), epoch); err != nil {
			return out, err
		}
	}
	for _, p := range []memsync.Place{memsync.Shared(t.ID()), memsync.Global()} {
		held, err := k.store.CloudHeld(ctx, k.local.place(p), 100)
		if err != nil {
			return out, err
		}
		rows, err := k.store.CloudRows(ctx, k.local.place(p), held)
		if err != nil {
			return out, err
		}
		for _, id := range held {
			out.Held = append(out.Held, heldRow{id, rows[id].Held})
		}
	}
	return out, nil
}

// pause keeps everything here, or goes on; either lasts across restarts.
func (k *cloud) pause(ctx context.Context, on bool) error {
	w, err := k.syncer()
	if err != nil {
		return err
	}
	value, action := []byte(nil), "sync-resume"
	if on {
		value, action = []byte("1"), "sync-pause"
	}
	if value == nil {
		value = []byte{}
	}
	if err := k.store.SetMeta(ctx, map[string][]byte{metaPaused: value}, memory.Audit{Action: action, User: userName(), Client: adminClient}); err != nil {
		return err
	}
	if on {
		w.Pause()
	} else {
		w.Resume()
	}
	return nil
}

// pins compares the pins on record with the server's, and takes the server's with renew.
func (k *cloud) pins(ctx context.Context, renew bool) (pinsResult, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.link == nil {
		return pinsResult{}, hint(errors.New("there is no cloud yet"), "elderzan cloud init --admin-url postgres://…")
	}
	server, err := postgres.ServerPins(ctx, k.options())
	if err != nil {
		return pinsResult{}, err
	}
	if renew {
		if len(server) < 2 {
			return pinsResult{}, errors.New("the server shows one key alone: without a backup it is not pinned")
		}
		link := *k.link
		link.Pins = server
		if err := k.saveLink(ctx, &link, "cloud-pins"); err != nil {
			return pinsResult{}, err
		}
		if w := k.worker; w != nil { // it goes on with the new pins
			k.worker = nil
			go func() { _ = w.Close() }() // a round may be under way, which waits for k.mu
		}
		if err := k.start(ctx); err != nil {
			return pinsResult{}, err
		}
	}
	return pinsResult{Server: server, Set: append([]string{}, k.link.Pins...)}, nil
}

// conflicts lists the memories with texts that wait for a decision, or the one with id.
func (k *cloud) conflicts(ctx context.Context, only memory.ID) ([]conflict, error) {
	ids := []memory.ID{only}
	if only == "" {
		var err error
		if ids, err = k.store.CloudConflicts(ctx, 1000); err != nil {
			return nil, err
		}
	}
	out := []conflict{}
	if len(ids) == 0 {
		return out, nil
	}
	ms, err := k.store.Get(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range ms {
		m := &ms[i]
		vs, err := k.others(ctx, m)
		if err != nil {
			return nil, err
		}
		c := conflict{ID: m.ID, Scope: m.Scope.String(), Title: m.Title, Text: m.Content, Others: []other{}}
		for _, v := range vs {
			c.Others = append(c.Others, other{Text: v.Text, Title: v.Title, Base: v.Base, Author: v.Author, At: v.Stamp.Time().Format(time.RFC3339)})
		}
		out = append(out, c)
	}
	return out, nil
}

// others returns the texts that wait beside m.
func (k *cloud) others(ctx context.Context, m *memory.Memory) ([]memsync.Version, error) {
	p := memsync.Global()
	if m.Scope == scope.Shared {
		k.mu.Lock()
		link := k.link
		k.mu.Unlock()
		if link == nil {
			return nil, nil
		}
		p = memsync.Shared(link.Team)
	}
	rows, err := k.store.CloudRows(ctx, k.local.place(p), []memory.ID{m.ID})
	if err != nil || len(rows[m.ID].Others) == 0 {
		return nil, err
	}
	var vs []memsync.Version
	err = json.Unmarshal(rows[m.ID].Others, &vs)
	return vs, err
}

// Others implements memory.Conflicts.
func (k *cloud) Others(ctx context.Context, m *memory.Memory) ([]memory.OtherText, error) {
	if !m.Scope.Cloud() {
		return nil, nil
	}
	vs, err := k.others(ctx, m)
	out := make([]memory.OtherText, len(vs))
	for i, v := range vs {
		out[i] = memory.OtherText{Text: v.Text, Title: v.Title, Base: v.Base, Author: v.Author, At: v.Stamp.Time()}
	}
	return out, err
}

// Resolve implements memory.Conflicts.
func (k *cloud) Resolve(ctx context.Context, id memory.ID, requestKey string, edit memory.Edit) (memory.Memory, error) {
	return k.store.ResolveCloud(ctx, id, requestKey, edit)
}

// resolve ends a conflict: the text that stands, another one or a new one is kept, and everybody gets it.
func (s *stack) resolve(ctx context.Context, c memory.Caller, in resolveArgs) (memory.Memory, error) {
	r := memory.ReviseInput{ID: in.ID, Resolves: in.Keep}
	if in.Content != "" {
		r.Content, r.Resolves = &in.Content, memory.ResolveMerged
	}
	if r.Resolves == "" {
		return memory.Memory{}, hint(errors.New("say what to keep"), "--keep current, --keep 1 or a further number, or --content TEXT")
	}
	res, err := s.service.Revise(ctx, c, r)
	return res.Memory, err
}

// waiting is the cloud as the service asks it: the service is there first.
type waiting struct{ st *stack }

func (w waiting) Others(ctx context.Context, m *memory.Memory) ([]memory.OtherText, error) {
	return w.st.cloud.Others(ctx, m)
}

func (w waiting) Resolve(ctx context.Context, id memory.ID, requestKey string, edit memory.Edit) (memory.Memory, error) {
	return w.st.cloud.Resolve(ctx, id, requestKey, edit)
}

// packCode writes bytes as text to paste.
func packCode(b []byte) string {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are constant
	}
	return base64.RawURLEncoding.EncodeToString(e.EncodeAll(b, nil))
}

func unpackCode(s string) ([]byte, error) {
	packed, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(1<<20))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(packed, nil)
}
