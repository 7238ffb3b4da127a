package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory/rank"
	"github.com/elderzan/elderzan/memory/storage/bench"
)

func newBench(a *app) *cobra.Command {
	o := bench.Options{}
	var sizes []string
	var keep bool
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure recall and writes on made-up memories, from one size to the next", GroupID: "server", Args: cobra.NoArgs,
		Long: "Fills a folder of its own with made-up memories and measures, at each size, recall in every mode (words and vectors;\n" +
			"a question's embedding apart), single durable writes, opening, memory and disk. With --data the folder stays, and a\n" +
			"later run takes it up; it must not be one that is in use.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.Sizes, err = parseSizes(sizes); err != nil {
				return hint(err, "elderzan bench --sizes 1000,10k,1M")
			}
			if o.Dir = a.data; o.Dir == "" {
				if o.Dir, err = os.MkdirTemp("", "elderzan-bench-"); err != nil {
					return err
				}
				if !keep {
					defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
				}
			}
			if o.Ranker, err = rank.New(rank.Options{}); err != nil {
				return err
			}
			if os.Getenv("GOGC") == "" {
				tuneCollector() // as the engine does
			}
			o.Progress = func(what string, done, total int) { a.benchProgress(what, done, total) }
			o.Measured = func(r bench.Report) { printBench(a.out, r, a.json) }
			_, err = bench.Run(cmd.Context(), o)
			return err
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&sizes, "sizes", []string{"1k", "10k", "100k"}, "how many memories, from one to the next")
	f.IntVar(&o.Queries, "queries", 200, "questions for each mode and size")
	f.IntVar(&o.Writes, "writes", 200, "durable writes at each size")
	f.Uint64Var(&o.Seed, "seed", 1, "what everything made up follows from")
	f.IntVar(&o.Clusters, "clusters", 0, "of the vectors (default: a two hundredth of the largest size)")
	f.BoolVar(&keep, "keep", false, "leave the folder behind")
	return cmd
}

// benchProgress tells now and then how far it is.
func (a *app) benchProgress(what string, done, total int) {
	if !a.json && what == "filling" && done > 0 && done%20_000 == 0 {
		fmt.Fprintf(a.err, "%s: %d of %d\n", what, done, total)
	}
}

// parseSizes reads numbers with k and M.
func parseSizes(list []string) ([]int, error) {
	out := make([]int, 0, len(list))
	for _, s := range list {
		digits, unit := s, 1
		for suffix, n := range map[string]int{"k": 1000, "K": 1000, "M": 1_000_000, "m": 1_000_000} {
			if rest, ok := strings.CutSuffix(s, suffix); ok {
				digits, unit = rest, n
			}
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > 10_000_000/unit {
			return nil, fmt.Errorf("%q is no size from 1 to 10M", s)
		}
		out = append(out, n*unit)
	}
	return out, nil
}

func printBench(w io.Writer, r bench.Report, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(w).Encode(r) // of numbers and names; a closed pipe ends the program at the next write
		return
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }
	fmt.Fprintf(w, "%d memories, index %s: filled in %s, settled in %s; open %s, first fast answer after %s; resident %d MB\n", r.Memories, r.IndexKind,
		r.Fill.Round(time.Millisecond), r.Settle.Round(time.Millisecond), r.Open.Round(time.Millisecond), r.FirstFast.Round(time.Millisecond), r.Resident>>20)
	for _, m := range r.Modes {
		fmt.Fprintf(w, "  %-9s p50 %-10s p95 %-10s max %-10s cpu %-10s overlap@10 %.3f\n", m.Mode, ms(m.P50), ms(m.P95), ms(m.Max), ms(m.CPU), m.Overlap)
	}
	fmt.Fprintf(w, "  write     p50 %-10s p95 %-10s max %-10s cpu %-10s\n", ms(r.Write.P50), ms(r.Write.P95), ms(r.Write.Max), ms(r.Write.CPU))
	for name, n := range r.Disk {
		fmt.Fprintf(w, "  %-14s %8.1f MB, %6.0f bytes a memory\n", name, float64(n)/1e6, float64(n)/float64(r.Memories))
	}
}
