package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/elderzan/elderzan/memory/storage"
)

// A store is exchanged file by file, as the folder holds more than it: the lock and the socket of the engine, the key,
// the settings. swapFile says that an exchange is under way, so that whoever opens the folder next finishes it.
const (
	swapFile = "restore.json"
	stageDir = "restore.tmp"
)

// swapJournal is swapFile.
type swapJournal struct {
	Aside string   `json:"aside"` // folder, within the data folder, that the old files go to
	Moves []string `json:"moves"` // what goes there
	Names []string `json:"names"` // what is put in place
}

// swap exchanges the files moves of the store in dir for those in its folder stageDir. What was there goes to the folder
// aside of dir, whose path it returns, "" where there was nothing. The caller holds the store's lock.
func (d disk) swap(dir, aside string, moves []string, step func(Step)) (string, error) {
	j := swapJournal{Aside: aside, Moves: moves}
	for _, name := range moves {
		there, err := d.exists(filepath.Join(dir, stageDir, name))
		if err != nil {
			return "", fileError("look for", name, err)
		}
		if there {
			j.Names = append(j.Names, name)
		}
	}
	b, err := json.Marshal(j)
	if err != nil {
		return "", fmt.Errorf("backup: write %s: %w", swapFile, err)
	}
	path := filepath.Join(dir, swapFile)
	if err := d.replace(path, path+".tmp", b); err != nil {
		return "", fileError("write", path, err)
	}
	step(StepReady)
	if err := d.finishSwap(dir, step); err != nil {
		return "", err
	}
	moved := filepath.Join(dir, aside)
	if there, err := d.exists(moved); !there || err != nil {
		return "", fileError("look for", moved, err)
	}
	return moved, nil
}

// finishSwap does what is left to do of an exchange, if one is under way. It may be repeated.
func (d disk) finishSwap(dir string, step func(Step)) error {
	path := filepath.Join(dir, swapFile)
	b, err := d.readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fileError("read", path, err)
	}
	j, err := decodeSwap(b)
	if err != nil {
		return &DamageError{Path: path, Err: errAltered, Advice: "remove it together with " + stageDir + ", and restore anew"}
	}
	if err := j.moveAside(d, dir, step); err != nil {
		return err
	}
	step(StepAside)
	for _, name := range j.Names {
		err := d.rename(filepath.Join(dir, stageDir, name), filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it is in place already
			return fileError("put in place", filepath.Join(dir, name), err)
		}
		step(StepSwapped)
	}
	if err := d.syncDir(dir); err != nil {
		return fileError("sync", dir, err)
	}
	if err := d.remove(path); err != nil {
		return fileError("remove", path, err)
	}
	return errors.Join(fileError("sync", dir, d.syncDir(dir)), fileError("remove", stageDir, d.removeAll(filepath.Join(dir, stageDir))))
}

// moveAside moves the old files: those for which a new one waits, and those that the new store has none of.
func (j *swapJournal) moveAside(d disk, dir string, step func(Step)) error {
	aside := filepath.Join(dir, j.Aside)
	for _, name := range j.Moves {
		waits, err := d.exists(filepath.Join(dir, stageDir, name))
		if err != nil {
			return fileError("look for", name, err)
		}
		if !waits && slices.Contains(j.Names, name) {
			continue // what is there is the new one
		}
		old := filepath.Join(dir, name)
		there, err := d.exists(old)
		if err != nil {
			return fileError("look for", old, err)
		}
		if !there {
			continue
		}
		if err := d.mkdirAll(aside); err != nil {
			return fileError("make", aside, err)
		}
		if err := d.rename(old, filepath.Join(aside, name)); err != nil {
			return fileError("move aside", old, err)
		}
		step(StepMoved)
	}
	if there, err := d.exists(aside); !there || err != nil {
		return fileError("look for", aside, err)
	}
	return fileError("sync", aside, errors.Join(d.syncDir(aside), d.syncDir(dir)))
}

func decodeSwap(b []byte) (swapJournal, error) {
	var j swapJournal
	if err := json.Unmarshal(b, &j); err != nil {
		return j, err
	}
	if j.Aside == "" || filepath.Base(j.Aside) != j.Aside || j.Aside == "." || j.Aside == ".." || slices.Contains(storage.DataFiles(), j.Aside) {
		return j, errAltered
	}
	for _, name := range append(slices.Clone(j.Names), j.Moves...) {
		if !slices.Contains(storage.DataFiles(), name) {
			return j, errAltered
		}
	}
	return j, nil
}
