package minilm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
)

// MaxTokens is the number of tokens of a text that count, the two marks of its ends included; the model was trained
// on no longer ones.
const MaxTokens = 256

// Space names the model and this implementation's version: vectors of another space are not comparable. That of a Model
// with Options.Windows ends in their number.
const Space = "minilm-l6-v2/1"

// ErrClosed reports a call on a closed Model.
var ErrClosed = errors.New("minilm: model is closed")

// Options configure a Model. The zero value is ready to use.
type Options struct {
	Threads  int  // goroutines that one call of Embed may use; 0 means 1
	Windows  int  // parts of a long text that Embed averages; 0 or 1 means that the beginning alone counts
	Portable bool // use the kernels in Go even where the processor has faster ones
}

// Model is the encoder. It is safe for concurrent use; each call computes on its own goroutine unless Options.Threads
// allows it more.
type Model struct {
	dir     string
	threads int
	windows int
	kernels *kernels
	scratch sync.Pool // of *scratch

	use    sync.RWMutex // held for reading while loaded is used, for writing while it changes
	loaded *loaded      // nil before the first use and after Unload
	closed bool
}

// loaded is what the files become.
type loaded struct {
	tokens  *tokenizer
	weights *weights
	file    *os.File // holds the word table, of which few rows are read for a text
}

// Open finds the model's files in folder; Load or the first use reads them. It returns an error wrapping
// ErrWeightsMissing, which says how to get them, when they are not there.
func Open(folder string, o Options) (*Model, error) {
	dir, err := locate(folder)
	if err != nil {
		return nil, err
	}
	m := &Model{dir: dir, threads: max(o.Threads, 1), windows: max(o.Windows, 1), kernels: available()[0]}
	if o.Portable {
		m.kernels = &portable
	}
	m.scratch.New = func() any { return new(scratch) }
	return m, nil
}

// Kernel names the inner loops in use: "avx512", "avx2" or "portable".
func (m *Model) Kernel() string { return m.kernels.name }

// Dim returns the dimensions of a vector: 384.
func (m *Model) Dim() int { return Dim }

// Space returns the name of the vectors' space.
func (m *Model) Space() string {
	if m.windows > 1 {
		return Space + "w" + strconv.Itoa(m.windows)
	}
	return Space
}

// Load reads and checks the files now rather than at the first use. It returns an error wrapping ErrWeightsMissing or
// ErrWeightsAltered when they went or changed, and ErrClosed after Close.
func (m *Model) Load(ctx context.Context) error {
	_, release, err := m.acquire(ctx)
	if err != nil {
		return err
	}
	release()
	return nil
}

// acquire returns the model in memory, loading it if need be, and what ends the use of it.
func (m *Model) acquire(ctx context.Context) (*loaded, func(), error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		m.use.RLock()
		if m.closed {
			m.use.RUnlock()
			return nil, nil, ErrClosed
		}
		if m.loaded != nil {
			return m.loaded, m.use.RUnlock, nil
		}
		m.use.RUnlock()
		if err := m.load(); err != nil {
			return nil, nil, err
		}
	}
}

func (m *Model) load() error {
	m.use.Lock()
	defer m.use.Unlock()
	if m.loaded != nil || m.closed {
		return nil
	}
	l, err := read(m.dir)
	if err != nil {
		return fmt.Errorf("load embedding model: %w", err)
	}
	m.loaded = l
	return nil
}

func read(dir string) (*loaded, error) {
	tokens, err := readTokenizer(dir)
	if err != nil {
		return nil, err
	}
	f, err := openVerified(dir, WeightsFile, weightsSum)
	if err != nil {
		return nil, err
	}
	w, err := readWeights(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &loaded{tokens: tokens, weights: w, file: f}, nil
}

// readWeights unpacks the layers. The file is mapped only meanwhile: a mapping of the word table would become resident,
// 20 MB, while reading a row is nothing beside the work for its token.
func readWeights(f *os.File) (*weights, error) {
	file, err := mapFile(f)
	if err != nil {
		return nil, err
	}
	t, err := parseTensors(file.data)
	if err != nil {
		return nil, errors.Join(err, file.close())
	}
	w, err := newWeights(t)
	return w, errors.Join(err, file.close())
}

func readTokenizer(dir string) (*tokenizer, error) {
	f, err := openVerified(dir, TokenizerFile, tokenizerSum)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	return parseTokenizer(data)
}

// Unload waits for the calls under way and frees the model's memory; the next use reads the files again.
func (m *Model) Unload() error {
	m.use.Lock()
	defer m.use.Unlock()
	return m.unload()
}

func (m *Model) unload() error {
	if m.loaded == nil {
		return nil
	}
	l := m.loaded
	m.loaded = nil
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("unload embedding model: %w", err)
	}
	return nil
}

// Loaded reports whether the model is in memory.
func (m *Model) Loaded() bool {
	m.use.RLock()
	defer m.use.RUnlock()
	return m.loaded != nil
}

// Close waits for the calls under way and frees everything. Later calls return ErrClosed; closing twice is harmless.
func (m *Model) Close() error {
	m.use.Lock()
	defer m.use.Unlock()
	m.closed = true
	return m.unload()
}

var _ io.Closer = (*Model)(nil)
