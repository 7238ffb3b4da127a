package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/elderzan/elderzan/memory/portable"
)

// readElderzan reads what `elderzan export` has written.
func readElderzan(ctx context.Context, s *source, yield func(Entry, error) bool) error {
	return s.files("*.jsonl", func(_ string, r io.Reader) error { return ReadLines(ctx, r, yield) })
}

// ReadLines reads JSON Lines of elderzan from a stream.
func ReadLines(ctx context.Context, in io.Reader, yield func(Entry, error) bool) error {
	r := portable.NewReader(in)
	for ctx.Err() == nil {
		m, err := r.Read()
		var bad *portable.LineError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			err = complain(yield, fmt.Sprintf("line %d", bad.Line), bad.Err)
		case err == nil:
			err = emit(yield, Entry{Memory: m, Where: fmt.Sprintf("line %d", r.Line())})
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// readMarkdown reads what `elderzan export --markdown` has written; other Markdown beside it is left out.
func readMarkdown(ctx context.Context, s *source, yield func(Entry, error) bool) error {
	return s.markdown(ctx, func(name string, b []byte, _ fs.FileInfo) error {
		switch m, err := portable.ReadMarkdown(b); {
		case errors.Is(err, portable.ErrNotOurs):
			return emit(yield, Entry{Where: name, Skipped: "no memory"})
		case err != nil:
			return complain(yield, name, err)
		default:
			return emit(yield, Entry{Memory: m, Where: name})
		}
	})
}

// markdown reads the Markdown files of a folder, or a single one.
func (s *source) markdown(ctx context.Context, do func(name string, b []byte, info fs.FileInfo) error) error {
	if s.folder == nil {
		return s.files("", func(name string, r io.Reader) error {
			b, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			return do(name, b, s.info)
		})
	}
	names, err := portable.MarkdownFiles(s.folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := fs.ReadFile(s.folder, name)
		if err != nil {
			return err
		}
		info, err := fs.Stat(s.folder, name)
		if err != nil {
			return err
		}
		if err := do(name, b, info); err != nil {
			return err
		}
	}
	return nil
}
