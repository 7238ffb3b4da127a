package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/portable"
)

func newExport(a *app) *cobra.Command {
	var output, markdown string
	cmd := &cobra.Command{
		Use: "export", Short: "Write all memories as JSON Lines or Markdown, in the clear", GroupID: "memory", Args: cobra.NoArgs,
		Long: "Everything that is known of each memory is written, forgotten and superseded ones too; `elderzan import` reads both\n" +
			"forms back without loss.",
		Example: "  elderzan export > memories.jsonl\n  elderzan export --output memories.jsonl\n  elderzan export --markdown notes",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if markdown != "" {
				return a.exportMarkdown(cmd.Context(), markdown)
			}
			w := a.out
			if output != "" {
				f, err := newPrivateFile(output)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, f.finish(err == nil)) }()
				w = f
			}
			return a.export(cmd.Context(), w)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (mode 0600); default standard output")
	cmd.Flags().StringVar(&markdown, "markdown", "", "new or empty folder for one Markdown file a memory (mode 0600)")
	cmd.MarkFlagsMutuallyExclusive("output", "markdown")
	return cmd
}

func (a *app) export(ctx context.Context, w io.Writer) error {
	out := portable.NewWriter(w)
	return a.exportEach(ctx, func(m *memory.Memory) error {
		if err := out.Write(m); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		return nil
	})
}

// exportEach hands every memory to write, page by page, and tells how many there were.
func (a *app) exportEach(ctx context.Context, write func(*memory.Memory) error) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	n, cursor := 0, ""
	for {
		var page exportResult
		if err := s.Call(ctx, adminPrefix+"export", exportArgs{Cursor: cursor}, &page); err != nil {
			return err
		}
		for i := range page.Memories {
			if err := write(&page.Memories[i]); err != nil {
				return err
			}
		}
		n += len(page.Memories)
		if cursor = page.Next; cursor == "" {
			fmt.Fprintf(a.err, "%s exported, in the clear: keep them safe\n", count(n, "memory", "memories"))
			return nil
		}
	}
}

// exportMarkdown writes one file a memory below a folder that holds nothing yet.
func (a *app) exportMarkdown(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return errors.Join(err, hint(fmt.Errorf("export: %s is not empty", dir), "name a new folder: files of an older export would be taken for memories"))
	}
	root, err := os.OpenRoot(dir) // names come from texts: whatever they are, nothing is written beside the folder
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer root.Close()
	return a.exportEach(ctx, func(m *memory.Memory) error {
		name := portable.MarkdownName(m)
		b, err := portable.WriteMarkdown(m)
		if err == nil {
			err = root.MkdirAll(path.Dir(name), 0o700)
		}
		if err == nil {
			err = root.WriteFile(name, b, 0o600)
		}
		if err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		return nil
	})
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
