package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/security"
)

// Latest stands for the newest backup wherever an id is asked for.
const Latest = "latest"

func (r *Repository) manifestPlace(id string) []byte {
	return security.Place([]byte("backup manifest"), []byte(r.id), []byte(id))
}

// entries lists the ids of the backups, oldest first.
func (r *Repository) entries() ([]string, error) {
	files, err := r.disk().readDir(r.path(backupsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &DamageError{Path: r.path(backupsDir), Err: errMissing, Advice: "put the folder back from a copy of the repository"}
	}
	if err != nil {
		return nil, fileError("read", r.path(backupsDir), err)
	}
	var ids []string
	for _, f := range files {
		if backupID.MatchString(f.Name()) {
			ids = append(ids, f.Name())
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// manifest reads one. The error is a *DamageError for a damaged one.
func (r *Repository) manifest(id string) (*manifest, error) {
	path := r.path(backupsDir, id)
	damage := func(err error) error {
		return &DamageError{Backup: id, Path: path, Err: err, Advice: "the other backups are not affected: remove this file, and use one of them"}
	}
	info, err := r.disk().stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrNoBackup, id)
	case err != nil:
		return nil, damage(err)
	case info.Size() > maxManifest:
		return nil, damage(errAltered)
	}
	sealed, err := r.disk().readFile(path)
	if err != nil {
		return nil, damage(err)
	}
	b, err := r.manifests.Open(nil, sealed, r.manifestPlace(id))
	if err != nil {
		return nil, damage(errAltered)
	}
	m, err := decodeManifest(b)
	if errors.Is(err, ErrNewer) {
		return nil, err
	}
	if err == nil && m.ID != id {
		err = errAltered
	}
	if err != nil {
		return nil, damage(err)
	}
	return m, nil
}

// List describes the backups, oldest first. One that cannot be read is in the list, with its Damage.
func (r *Repository) List(ctx context.Context) ([]Info, error) {
	ids, err := r.entries()
	if err != nil {
		return nil, err
	}
	out := make([]Info, 0, len(ids))
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := r.manifest(id)
		switch {
		case errors.Is(err, ErrNoBackup): // pruned meanwhile
		case err != nil:
			out = append(out, Info{ID: id, Damage: err.Error()})
		default:
			out = append(out, m.info())
		}
	}
	return out, nil
}

// find reads the manifest of an id, of the start of one that no other shares, or of Latest. The newest one that can be
// read counts as the latest.
func (r *Repository) find(id string) (*manifest, error) {
	ids, err := r.entries()
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: %s holds none", ErrNoBackup, r.o.Folder)
	}
	if id == "" || id == Latest {
		var errs []error
		for _, id := range slices.Backward(ids) {
			m, err := r.manifest(id)
			if err == nil {
				if len(errs) > 0 {
					r.o.Logger.Warn("a newer backup cannot be read; an older one is taken", "taken", id, "error", errors.Join(errs...))
				}
				return m, nil
			}
			errs = append(errs, err)
		}
		return nil, errors.Join(errs...)
	}
	var match []string
	for _, have := range ids {
		if strings.HasPrefix(have, id) {
			match = append(match, have)
		}
	}
	switch len(match) {
	case 0:
		return nil, fmt.Errorf("%w: %s", ErrNoBackup, id)
	case 1:
		return r.manifest(match[0])
	}
	return nil, fmt.Errorf("%w: %d begin with %s", ErrNoBackup, len(match), id)
}
