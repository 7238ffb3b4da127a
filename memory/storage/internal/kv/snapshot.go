package kv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/linxGnu/grocksdb"
)

// copyLog is up to how many bytes of the write-ahead log Snapshot copies rather than have them flushed.
const copyLog = 4 << 20

// LogSize returns how many bytes of write-ahead log there are, which Snapshot copies up to 4 MiB of.
func (d *DB) LogSize() (n int64, err error) {
	end, err := d.begin(OpCheckpoint)
	if err != nil {
		return 0, err
	}
	defer end()
	names, err := filepath.Glob(filepath.Join(d.dir, "*.log"))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		info, err := os.Lstat(name)
		if errors.Is(err, os.ErrNotExist) { // flushed just now
			continue
		}
		if err != nil {
			return 0, err
		}
		n += info.Size()
	}
	return n, nil
}

// Snapshot is Checkpoint for a caller that holds up writers meanwhile: where the write-ahead log is short, as it is
// after a Flush, it is copied. Flushing it would wait for table files to be written and synced.
func (d *DB) Snapshot(dir string) error {
	end, err := d.begin(OpCheckpoint)
	if err != nil {
		return err
	}
	defer end()
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("kv: snapshot into %s: %w; name a folder that does not exist", dir, os.ErrExist)
	}
	var cp *grocksdb.Checkpoint
	if cp, err = d.db.NewCheckpoint(); err != nil {
		return translate("checkpoint", err)
	}
	defer cp.Destroy()
	return translate("checkpoint", cp.CreateCheckpoint(dir, copyLog))
}
