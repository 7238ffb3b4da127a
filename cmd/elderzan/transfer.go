package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/portable"
)

func newExport(a *app) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "export", Short: "Write all memories as JSON Lines, in the clear", GroupID: "memory", Args: cobra.NoArgs,
		Example: "  elderzan export > memories.jsonl\n  elderzan export --output memories.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			w := a.out
			if output != "" {
				f, err := newPrivateFile(output)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, f.finish(err == nil)) }()
				w = f
			}
			return a.export(cmd, w)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (mode 0600); default standard output")
	return cmd
}

func (a *app) export(cmd *cobra.Command, w io.Writer) error {
	s, err := a.session(cmd.Context())
	if err != nil {
		return err
	}
	defer s.Close()
	out := portable.NewWriter(w)
	n, cursor := 0, ""
	for {
		var page exportResult
		if err := s.Call(cmd.Context(), adminPrefix+"export", exportArgs{Cursor: cursor}, &page); err != nil {
			return err
		}
		for i := range page.Memories {
			if err := out.Write(&page.Memories[i]); err != nil {
				return fmt.Errorf("write export: %w", err)
			}
		}
		n += len(page.Memories)
		if cursor = page.Next; cursor == "" {
			fmt.Fprintf(a.err, "%d memories exported, in the clear: keep the file safe\n", n)
			return nil
		}
	}
}

// privateFile is a file that appears under its name only when it is whole.
type privateFile struct {
	*os.File
	path string
}

func newPrivateFile(path string) (*privateFile, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".elderzan-export-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make export file: %w", err)
	}
	return &privateFile{File: f, path: path}, nil
}

func (f *privateFile) finish(ok bool) error {
	if !ok {
		f.Close()
		return os.Remove(f.Name())
	}
	return errors.Join(f.Sync(), f.Close(), os.Rename(f.Name(), f.path))
}

// importBatch is how many memories go to the engine in one call.
const importBatch = 20

func newImport(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "import FILE|-", Short: "Store memories from a JSON Lines export", GroupID: "memory", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := io.Reader(a.in)
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return hint(fmt.Errorf("import: %w", err), "give a file that `elderzan export` wrote, or - for standard input")
				}
				defer f.Close()
				in = f
			}
			return a.importFrom(cmd, in)
		},
	}
}

func (a *app) importFrom(cmd *cobra.Command, in io.Reader) error {
	s, err := a.session(cmd.Context())
	if err != nil {
		return err
	}
	defer s.Close()
	var tally importTally
	var batch importArgs
	send := func() error {
		if len(batch.Memories) == 0 {
			return nil
		}
		var part importTally
		if err := s.Call(cmd.Context(), adminPrefix+"import", batch, &part); err != nil {
			return err
		}
		tally.add(part)
		batch = importArgs{}
		return nil
	}
	r := portable.NewReader(in)
	for {
		m, err := r.Read()
		var bad *portable.LineError
		switch {
		case errors.Is(err, io.EOF):
			if err := send(); err != nil {
				return err
			}
			return a.reportImport(tally)
		case errors.As(err, &bad):
			tally.add(importTally{Failed: 1, Problems: []string{err.Error()}})
		case err != nil:
			return fmt.Errorf("import: %w", err)
		default:
			batch.Memories, batch.Lines = append(batch.Memories, m), append(batch.Lines, r.Line())
			if len(batch.Memories) == importBatch || len(m.Content) > memory.MaxContentBytes/2 {
				if err := send(); err != nil {
					return err
				}
			}
		}
	}
}

func (a *app) reportImport(t importTally) error {
	if a.json {
		if err := writeJSON(a.out, t); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "%d stored (%d made PRIVATE: they look sensitive), %d known already, %d failed\n", t.Stored, t.Narrowed, t.Known, t.Failed)
		for _, p := range t.Problems {
			fmt.Fprintln(a.out, "  "+p)
		}
	}
	if t.Failed > 0 {
		return hint(fmt.Errorf("%d memories were not imported", t.Failed), "mend the lines named above and import the file again: what is stored already is passed over")
	}
	return nil
}
