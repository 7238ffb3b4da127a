package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/cmd/internal/dashboard"
	"github.com/elderzan/elderzan/cmd/internal/metrics"
	"github.com/elderzan/elderzan/cmd/internal/rollout"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/tools"
)

// newMetrics counts for the process that holds the store. A store that is not open is told as such, not waited for.
func (h *holder) newMetrics() *metrics.Metrics {
	return metrics.New(metrics.Options{
		Stats: func(ctx context.Context) (memory.Stats, error) {
			st := h.stack.Load()
			if st == nil {
				return memory.Stats{}, memory.ErrUnavailable
			}
			return st.store.Stats(ctx)
		},
		Clients: func() int { return h.status().Connections },
		Offline: func() (cloud, offline bool) {
			if st := h.stack.Load(); st != nil {
				return st.cloud.reach()
			}
			return false, false
		},
		Free: func() (uint64, error) {
			var st unix.Statfs_t
			if err := unix.Statfs(h.dir, &st); err != nil {
				return 0, err
			}
			return st.Bavail * uint64(st.Bsize), nil
		},
		Version: version,
	})
}

func (h *holder) onCall(c tools.Call) {
	h.metrics.Called(c.Tool, c.Outcome, c.Took)
	if st := h.stack.Load(); st != nil {
		st.flags.book.Called(rollout.User{Name: c.User, Client: c.Client}, c.Outcome, c.Took)
	}
}

// serveMetrics answers Prometheus on an address of this machine; the address was validated with the settings.
func (h *holder) serveMetrics(address string) (func() error, error) {
	if address == "" {
		return func() error { return nil }, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, hint(fmt.Errorf("metrics_listen: %w", err), "name a free port, such as 127.0.0.1:9464, or leave the setting empty")
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h.metrics.Handler())
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return srv.Close, nil
}

// loopbackAddress reports whether an address is a port of this machine alone.
func loopbackAddress(s string) bool {
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

type metricsArgs struct{}

type metricsResult struct {
	Text string `json:"text"`
}

func (a *admin) showMetrics(context.Context, *stack, metricsArgs) (any, error) {
	var b strings.Builder
	if err := a.metrics.Write(&b); err != nil {
		return nil, err
	}
	return metricsResult{Text: b.String()}, nil
}

func newMetricsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "metrics", Short: "Print the engine's metrics in Prometheus' format", GroupID: "server", Args: cobra.NoArgs,
		Long: "Prints the engine's metrics in Prometheus' format. Prometheus itself reads them at the address of the setting metrics_listen.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			var got metricsResult
			if err := s.Call(cmd.Context(), adminPrefix+"metrics", metricsArgs{}, &got); err != nil {
				return err
			}
			if a.json {
				return writeJSON(a.out, got)
			}
			_, err = fmt.Fprint(a.out, got.Text)
			return err
		},
	}
}

// recent is what the dashboard shows of the last minutes.
func (w *webPage) promises() (out []dashboard.Promise) {
	for _, o := range w.h.metrics.Objectives() {
		out = append(out, dashboard.Promise{Name: o.Name, Target: o.Target, Alert: o.Alert, Now: o.Now, State: string(o.State), Alarm: o.State == metrics.Alarm})
	}
	return out
}

func (w *webPage) recent() dashboard.Recent {
	r := w.h.metrics.Recent()
	return dashboard.Recent{Calls: r.Calls, Failing: r.Failing, P50: r.P50, P95: r.P95}
}
