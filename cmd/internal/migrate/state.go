package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Phase is how far a migration has come.
type Phase string

// The phases, in order.
const (
	Wrap    Phase = "wrap"       // everything goes to the other server
	Dual    Phase = "dual-write" // changes go to both; reads are compared
	Read    Phase = "read"       // elderzan answers, the other server where elderzan cannot
	Retired Phase = "retired"    // the other server is not started any more
)

var order = []Phase{Wrap, Dual, Read, Retired}

// Next returns the phase after p, and false after the last.
func (p Phase) Next() (Phase, bool) { return p.step(1) }

// Back returns the phase before p, and false before the first.
func (p Phase) Back() (Phase, bool) { return p.step(-1) }

func (p Phase) step(by int) (Phase, bool) {
	for i, q := range order {
		if q == p && i+by >= 0 && i+by < len(order) {
			return order[i+by], true
		}
	}
	return p, false
}

// Counts are what the proxies have seen since the phase began.
type Counts struct {
	Writes    int `json:"writes"`
	Missed    int `json:"missed"` // changes that the other server made and elderzan did not; Reconcile brings them
	Reads     int `json:"reads"`
	Same      int `json:"same"`
	Differ    int `json:"differ"`
	Fallbacks int `json:"fallbacks"` // reads that the other server answered in the phase Read
}

// State is a migration under way.
type State struct {
	Command []string          `json:"command"`       // starts the other server
	Env     map[string]string `json:"env,omitempty"` // on top of the proxy's
	Phase   Phase             `json:"phase"`
	Started time.Time         `json:"started"`
	Since   time.Time         `json:"since"` // when the phase began
	Counts  Counts            `json:"counts"`
	// Hello and Tools are the other server's answers to initialize and tools/list, for when it is retired.
	Hello json.RawMessage `json:"hello,omitempty"`
	Tools json.RawMessage `json:"tools,omitempty"`
}

// ErrNone says that no migration is under way.
var ErrNone = errors.New("migrate: none under way")

// File keeps the State of a data folder. Processes take turns by a lock on a file beside it.
type File struct{ path string }

// StateFile is that of a data folder.
func StateFile(dir string) File { return File{filepath.Join(dir, "migration.json")} }

// Load returns the state, or ErrNone.
func (f File) Load() (State, error) {
	var s State
	b, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, ErrNone
	}
	if err != nil {
		return s, fmt.Errorf("migration: %w", err)
	}
	err = json.Unmarshal(b, &s)
	switch {
	case err != nil:
	case len(s.Command) == 0 || s.Command[0] == "":
		err = errors.New("it names no command")
	case !slices.Contains(order, s.Phase):
		err = errors.New("its phase is unknown")
	}
	if err != nil {
		return State{}, fmt.Errorf("migration: %s is damaged: %w; move it away and begin again: elderzan migrate start", f.path, err)
	}
	return s, nil
}

// Save replaces the state.
func (f File) Save(s State) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(f.path), ".migration-*") // mode 0600
	if err != nil {
		return fmt.Errorf("migration: %w", err)
	}
	_, err = temp.Write(b)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return errors.Join(fmt.Errorf("migration: %w", err), os.Remove(temp.Name()))
	}
	if err := os.Rename(temp.Name(), f.path); err != nil {
		return errors.Join(fmt.Errorf("migration: %w", err), os.Remove(temp.Name()))
	}
	return nil
}

// Update changes the state while no other process does.
func (f File) Update(change func(*State) error) error {
	lock, err := os.OpenFile(f.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("migration: %w", err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("migration: lock: %w", err)
	}
	s, err := f.Load()
	if err != nil {
		return err
	}
	if err := change(&s); err != nil {
		return err
	}
	return f.Save(s)
}

// Remove ends the migration.
func (f File) Remove() error {
	return errors.Join(os.Remove(f.path), ignoreMissing(os.Remove(f.path+".lock")))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
