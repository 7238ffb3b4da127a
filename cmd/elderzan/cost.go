package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory/storage"
)

type costArgs struct{}

// cost measures what the memories take.
func (a *admin) cost(ctx context.Context, st *stack, _ costArgs) (any, error) {
	return st.store.Cost(ctx)
}

func newCost(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "cost", Short: "Show what the memories take, by engine and tier, and what that saves", GroupID: "server", Args: cobra.NoArgs,
		Long: "Measures the data folder and the indexes in memory, and compares them with the plain form: every vector as float32 on disk\n" +
			"and in memory, every record uncompressed on disk and in memory. Hot is what is in memory, of every memory; warm are the\n" +
			"others' bytes on disk, cold the archive's.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			var raw json.RawMessage
			if err := s.Call(cmd.Context(), adminPrefix+"cost", costArgs{}, &raw); err != nil {
				return err
			}
			return a.print(raw, showCost)
		},
	}
}

func showCost(w io.Writer, raw json.RawMessage) error {
	var c storage.Cost
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	n := float64(max(c.Memories, 1))
	fmt.Fprintf(w, "%s, %s; bytes a memory:\n\n", count(c.Memories, "memory", "memories"), count(c.Vectors, "vector", "vectors"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "engine\tdisk\thot\tplain: disk\thot\t\n")
	for _, e := range c.Engines {
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t  %s\n", e.Engine, float64(e.Disk)/n, float64(e.RAM)/n, float64(e.PlainDisk)/n, float64(e.PlainRAM)/n, e.Holds)
	}
	fmt.Fprintf(t, "all\t%.0f\t%.0f\t%.0f\t%.0f\t\n", float64(c.Disk.Bytes)/n, float64(c.RAM.Bytes)/n, float64(c.Disk.Plain)/n, float64(c.RAM.Plain)/n)
	fmt.Fprint(t, "\ntier\tmemories\tsqlite\trocksdb\tfaiss\twords\thot\tplain\tshare\t\n")
	for _, r := range c.Tiers {
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f %%\t\n", r.Tier, r.Memories, r.SQLite, r.RocksDB, r.Vectors, r.Words, r.RAM, r.Plain, 100*r.Share)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nof the plain form: %.0f %% of the disk, %.0f %% of the memory, %.0f %% in all\n", 100*c.Disk.Share, 100*c.RAM.Share, 100*c.All.Share)
	return err
}
