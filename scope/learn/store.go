package learn

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elderzan/elderzan/scope"
)

// Files of a Store.
const (
	correctionsFile = "corrections.jsonl"
	keyFile         = "words.key"
	liveFile        = "live"
	modelPrefix     = "model-"
)

// embedLimit bounds how long a correction waits for its vector.
const embedLimit = 5 * time.Second

// maxCorrections bounds what is kept; the oldest go first.
const maxCorrections = 5000

// Version is one trained model and what is known of it.
type Version struct {
	Number  int       `json:"version"`
	Trained time.Time `json:"trained"`
	Report  Report    `json:"report"`
	Live    bool      `json:"live"`
	Second  *Second   `json:"second,omitempty"` // the look with the vector; nil where too few corrections have one
	Model   *Model    `json:"model,omitempty"`  // left out by Versions
}

// Store keeps corrections and models in a folder of its own, and is the scope.Raiser that asks the live model. Safe for
// concurrent use by one process.
type Store struct {
	dir     string
	key     []byte
	embed   Embed // nil without vectors
	queue   chan pending
	done    chan struct{}  // closed when nothing more is taken from queue
	waiting sync.WaitGroup // corrections in queue
	closing atomic.Bool
	mu      sync.Mutex
	live    atomic.Pointer[Version]
}

var _ scope.Raiser = (*Store)(nil)

// Open opens the folder, which it makes if there is none. Where what is in it cannot be used it returns a store that begins anew
// together with the error; a folder whose key is damaged is set aside for that, as nothing in it has a meaning without the key.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("learn: %w", err)
	}
	s := &Store{dir: dir}
	var err error
	if s.key, err = os.ReadFile(s.path(keyFile)); errors.Is(err, fs.ErrNotExist) {
		s.key = make([]byte, 32)
		if _, err = rand.Read(s.key); err == nil {
			err = s.write(keyFile, s.key)
		}
	}
	if err == nil && len(s.key) != 32 {
		return beginAnew(dir, fmt.Errorf("%s is damaged: it has %d bytes, not 32", keyFile, len(s.key)))
	}
	if err != nil {
		return nil, fmt.Errorf("learn: key: %w", err)
	}
	return s, s.loadLive()
}

// beginAnew sets the folder aside and opens a new one.
func beginAnew(dir string, why error) (*Store, error) {
	aside := dir + ".damaged"
	for n := 2; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s.damaged-%d", dir, n)
	}
	if err := os.Rename(dir, aside); err != nil {
		return nil, fmt.Errorf("learn: %w; move %s away to begin anew: %w", why, dir, err)
	}
	s, err := Open(dir)
	if err != nil {
		return s, err
	}
	return s, fmt.Errorf("learn: %w; what was learnt is set aside as %s, and learning begins anew", why, aside)
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// write replaces a file at once.
func (s *Store) write(name string, b []byte) error {
	tmp := s.path(name + ".new")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, s.path(name))
}

// Raise reports whether the live model holds a text to be sensitive that nothing else does, with the reason in words.
func (s *Store) Raise(in scope.Input, d scope.Decision) (bool, float64, string) {
	v := s.live.Load()
	if v == nil || !v.Report.Fit {
		return false, 0, ""
	}
	raise, p, reason := s.Judge(v.Model, in, d)
	return raise, p, versioned(reason, v.Number)
}

func versioned(reason string, number int) string { return fmt.Sprintf("%s (model %d)", reason, number) }

// Judge is Raise by a model that need not be live.
func (s *Store) Judge(m *Model, in scope.Input, d scope.Decision) (bool, float64, string) {
	p := m.Probability(Extract(s.key, in, d))
	return p >= Threshold, p, "it resembles what you corrected to PRIVATE"
}

// Correct keeps a correction.
func (s *Store) Correct(in scope.Input, d scope.Decision, sensitive bool) error {
	e := Example{Features: Extract(s.key, in, d), Sensitive: sensitive}
	if s.embed == nil {
		return s.keep(e)
	}
	s.waiting.Add(1)
	select {
	case s.queue <- pending{e, TextOf(in)}:
		return nil
	default:
		s.waiting.Done()
		return s.keep(e)
	}
}

// keep writes a correction down.
func (s *Store) keep(e Example) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("learn: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := os.OpenFile(s.path(correctionsFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("learn: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Close())
}

// corrections reads what is kept, the newest last; a line cut off by a crash is left out, and so is what was said of a text before
// the last word on it.
func (s *Store) corrections() ([]Example, error) {
	b, err := os.ReadFile(s.path(correctionsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []Example
	sc := bufio.NewScanner(bytes.NewReader(b))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var e Example
		if json.Unmarshal(sc.Bytes(), &e) == nil && len(e.Features) == Dims {
			out = append(out, e)
		}
	}
	out = lastWords(out)
	if len(out) > maxCorrections {
		out = out[len(out)-maxCorrections:]
	}
	return out, sc.Err()
}

// lastWords leaves of the examples with the same words the last.
func lastWords(examples []Example) []Example {
	last := make(map[[sha256.Size]byte]int, len(examples))
	keys := make([][sha256.Size]byte, len(examples))
	var b []byte
	for i, e := range examples {
		b = b[:0]
		for _, x := range e.Features[:wordDims] {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(x)))
		}
		keys[i] = sha256.Sum256(b)
		last[keys[i]] = i
	}
	kept := examples[:0]
	for i, e := range examples {
		if last[keys[i]] == i {
			kept = append(kept, e)
		}
	}
	return kept
}

// Train trains a new version and keeps it; it does not go live by that. check judges it on texts whose answers are known.
func (s *Store) Train(now time.Time, check Regression) (Version, error) {
	s.waiting.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	examples, err := s.corrections()
	if err != nil {
		return Version{}, fmt.Errorf("learn: %w", err)
	}
	m, r, err := Train(examples, check)
	if err != nil {
		return Version{Report: r}, err
	}
	all, err := s.versions()
	if err != nil {
		return Version{}, err
	}
	v := Version{Number: 1, Trained: now.UTC().Truncate(time.Second), Report: r, Model: m}
	if v.Second, err = trainSecond(examples, check); err != nil {
		return Version{}, err
	}
	if len(all) > 0 {
		v.Number = all[len(all)-1].Number + 1
	}
	b, err := json.Marshal(v)
	if err == nil {
		err = s.write(modelName(v.Number), b)
	}
	v.forgetModels()
	return v, err
}

// forgetModels leaves the figures alone.
func (v *Version) forgetModels() {
	if v.Model = nil; v.Second != nil {
		second := *v.Second
		second.Model, v.Second = nil, &second
	}
}

func modelName(n int) string { return fmt.Sprintf("%s%06d.json", modelPrefix, n) }

// Versions lists the models, oldest first.
func (s *Store) Versions() ([]Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.versions()
	for i := range all {
		all[i].forgetModels()
	}
	return all, err
}

func (s *Store) versions() ([]Version, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("learn: %w", err)
	}
	var out []Version
	for _, e := range entries {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(e.Name(), modelPrefix), ".json"))
		if err != nil || e.Name() != modelName(n) {
			continue
		}
		v, err := s.version(n)
		if err != nil {
			return nil, err
		}
		if l := s.live.Load(); l != nil {
			v.Live = l.Number == n
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Version) int { return a.Number - b.Number })
	return out, nil
}

// ErrNoVersion reports that there is no such model.
var ErrNoVersion = errors.New("learn: no such version")

func (s *Store) version(n int) (Version, error) {
	var v Version
	b, err := os.ReadFile(s.path(modelName(n)))
	if errors.Is(err, fs.ErrNotExist) {
		return v, fmt.Errorf("%w: %d", ErrNoVersion, n)
	}
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err == nil && (v.Number != n || v.Model == nil || len(v.Model.Weights) != Dims || v.Second != nil && (v.Second.Model == nil || len(v.Second.Model.Weights) != secondDims)) {
		err = errors.New("it is damaged or of another version of the program")
	}
	if err != nil {
		return v, fmt.Errorf("learn: model %d: %w", n, err)
	}
	return v, nil
}

// ErrUnfit reports that a model may not go live.
var ErrUnfit = errors.New("learn: the model may not go live")

// Deploy makes version n the live one if its report allows that and check, asked again, agrees; 0 stands for the newest. The look with
// the vector goes live with it if its own report allows that, and alone where only that does.
func (s *Store) Deploy(n int, check Regression) (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n == 0 {
		all, err := s.versions()
		if err != nil || len(all) == 0 {
			return Version{}, errors.Join(err, ErrNoVersion)
		}
		n = all[len(all)-1].Number
	}
	v, err := s.version(n)
	if err != nil {
		return Version{}, err
	}
	err = v.Report.again(v.Model, check)
	if err == nil && v.Second != nil {
		err = v.Second.Report.again(v.Second.Model, check)
	}
	if err != nil {
		return Version{}, err
	}
	if !v.Report.Fit && (v.Second == nil || !v.Second.Report.Fit) {
		return v, fmt.Errorf("%w: %s", ErrUnfit, v.Report.Why)
	}
	b, err := json.Marshal(v) // what was found now holds after a restart
	if err == nil {
		err = s.write(modelName(v.Number), b)
	}
	if err != nil {
		return Version{}, fmt.Errorf("learn: %w", err)
	}
	return s.setLive(v, append(s.history(), n))
}

// again judges a model that was judged before by check as it is now.
func (r *Report) again(m *Model, check Regression) (err error) {
	if check != nil {
		if r.NewMisses, r.Raised, err = check(m); err != nil {
			return err
		}
	}
	r.Fit, r.Why = false, ""
	r.judge()
	return nil
}

// Rollback brings back the version that was live before, or none if there was none.
func (s *Store) Rollback() (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.history()
	if len(h) == 0 {
		return Version{}, fmt.Errorf("%w: none is live", ErrNoVersion)
	}
	if h = h[:len(h)-1]; len(h) == 0 {
		s.live.Store(nil)
		return Version{}, s.write(liveFile, nil)
	}
	v, err := s.version(h[len(h)-1])
	if err != nil {
		return v, err
	}
	return s.setLive(v, h)
}

// history are the versions that were live, the present one last.
func (s *Store) history() []int {
	b, _ := os.ReadFile(s.path(liveFile)) // none is none
	var out []int
	for _, w := range strings.Fields(string(b)) {
		if n, err := strconv.Atoi(w); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func (s *Store) setLive(v Version, history []int) (Version, error) {
	var b strings.Builder
	for _, n := range history[max(0, len(history)-20):] {
		fmt.Fprintln(&b, n)
	}
	if err := s.write(liveFile, []byte(b.String())); err != nil {
		return v, fmt.Errorf("learn: %w", err)
	}
	s.live.Store(&v)
	out := v
	out.Live = true
	out.forgetModels()
	return out, nil
}

func (s *Store) loadLive() error {
	h := s.history()
	if len(h) == 0 {
		return nil
	}
	v, err := s.version(h[len(h)-1])
	if err != nil {
		return err
	}
	s.live.Store(&v)
	return nil
}
