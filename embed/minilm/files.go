package minilm

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The files of the model, inside its folder, and the SHA-256 of the published ones.
const (
	WeightsFile   = "model.fp16.safetensors"
	TokenizerFile = "tokenizer.json"

	weightsSum   = "6638f625a0a60bdaa1e34c5fee0a17c705f13b98b43a7973e9d366106a55273d"
	tokenizerSum = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
)

var (
	// ErrWeightsMissing reports that a file of the model is not in the folder.
	ErrWeightsMissing = errors.New("minilm: model files are missing")
	// ErrWeightsAltered reports that a file of the model is not the published one.
	ErrWeightsAltered = errors.New("minilm: model files are altered")
)

// locate returns the folder that holds the model's files: folder itself, or its child "model" as the published
// package has it.
func locate(folder string) (string, error) {
	for _, dir := range []string{folder, filepath.Join(folder, "model")} {
		if isFile(filepath.Join(dir, WeightsFile)) && isFile(filepath.Join(dir, TokenizerFile)) {
			return dir, nil
		}
	}
	return "", missing(folder)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func missing(folder string) error {
	return fmt.Errorf("%w: no %s and %s in %q; fetch them with `make deps`", ErrWeightsMissing, WeightsFile, TokenizerFile, folder)
}

// openVerified opens a file and checks its SHA-256 by reading it in small pieces, so that checking leaves nothing resident.
func openVerified(dir, name, sum string) (*os.File, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 256<<10)); err != nil {
		f.Close()
		return nil, fmt.Errorf("check model: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		f.Close()
		return nil, fmt.Errorf("%w: %s in %q has SHA-256 %s…, want %s…; remove it and run `make deps`",
			ErrWeightsAltered, name, dir, got[:12], sum[:12])
	}
	return f, nil
}

// mapping is a file mapped read-only.
type mapping struct{ data []byte }

func mapFile(f *os.File) (*mapping, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("map model: %w", err)
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("map model: %w", err)
	}
	return &mapping{data: data}, nil
}

func (m *mapping) close() error { return unix.Munmap(m.data) }
