package tools

import (
	"context"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// StatusInfo is what a status tells beyond the counts of the store. Zero fields are told as unknown or left out.
type StatusInfo struct {
	PID       int           // of the engine process
	Uptime    time.Duration // of the engine
	Model     string        // embedding model
	SyncState string        // such as "off", "idle", "offline", "paused"; "" means "off"
	SyncedAt  time.Time     // last exchange with the cloud
	DataDir   string
	Clients   int      // connections
	Alerts    []string // in words, most urgent first
}

type statusResult struct {
	Version   string          `json:"version"`
	PID       int             `json:"engine_pid"`
	Uptime    int             `json:"uptime_s,omitempty"`
	Clients   int             `json:"clients,omitempty"`
	Ready     bool            `json:"ready"`
	Memories  map[string]int  `json:"memories"`
	States    map[string]int  `json:"states"`
	Embedding statusEmbedding `json:"embedding"`
	Index     statusIndex     `json:"index"`
	Sync      statusSync      `json:"sync"`
	Storage   statusStorage   `json:"storage"`
	Alerts    []string        `json:"alerts"`
}

type statusEmbedding struct {
	Model   string `json:"model"`
	Pending int    `json:"pending"`
}

type statusIndex struct {
	Kind    string `json:"kind"`
	Vectors int    `json:"vectors"`
}

type statusSync struct {
	State   string `json:"state"`
	Pending int    `json:"pending"`
	LastAt  string `json:"last_at,omitempty"`
}

type statusStorage struct {
	DataDir       string `json:"data_dir,omitempty"`
	Bytes         int64  `json:"bytes"`
	SchemaVersion int    `json:"schema_version"`
	Findings      int    `json:"open_findings"`
	CheckedAt     string `json:"checked_at,omitempty"`
	Recovered     int    `json:"recovered_transactions"`
	Renewal       string `json:"renewal,omitempty"`
}

// status answers while the memory is not open, too: then it says why.
func (s *surface) status(ctx context.Context, c *call) (any, error) {
	if err := c.args.err(); err != nil {
		return nil, err
	}
	info := s.opts.Status(ctx)
	out := statusResult{
		Version: s.opts.Version, PID: info.PID, Uptime: int(info.Uptime / time.Second), Clients: info.Clients,
		Memories: map[string]int{}, States: map[string]int{}, Embedding: statusEmbedding{Model: info.Model},
		Sync: statusSync{State: info.SyncState, LastAt: stamp(info.SyncedAt)}, Storage: statusStorage{DataDir: info.DataDir},
		Alerts: orEmpty(info.Alerts),
	}
	if out.Sync.State == "" {
		out.Sync.State = "off"
	}
	for _, sc := range scope.All() {
		out.Memories[sc.String()] = 0
	}
	if c.service == nil {
		text, _ := explain(c.closed)
		out.Alerts = append([]string{text}, out.Alerts...)
		return out, nil
	}
	st, err := c.service.Status(ctx, c.caller)
	if err != nil {
		return nil, err
	}
	out.add(st)
	return out, nil
}

// add fills in what the store says.
func (r *statusResult) add(st memory.Stats) {
	r.Ready = true
	for sc, n := range st.ByScope {
		r.Memories[sc.String()] = n
	}
	for state, n := range st.ByState {
		r.States[string(state)] = n
	}
	r.Embedding.Pending = st.Pending
	r.Index = statusIndex{Kind: st.IndexKind, Vectors: st.Vectors}
	r.Sync.Pending = st.OutboxPending
	r.Storage.Bytes, r.Storage.SchemaVersion = st.Bytes, st.SchemaVersion
	r.Storage.Findings, r.Storage.CheckedAt, r.Storage.Recovered = st.OpenFindings, stamp(st.LastCheckedAt), st.RecoveredTx
	r.Storage.Renewal = st.Renewal.String()
	if st.OpenFindings > 0 {
		r.Alerts = append(r.Alerts, "the last check found damage; run `elderzan doctor`")
	}
}
