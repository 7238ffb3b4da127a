package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/security/keyring"
)

// DataFiles names what the engines keep in a data folder, keys.json included and the master key not, relative to it. A
// file that is there but in none of these is of no engine.
func DataFiles() []string {
	return []string{
		readyFile, catalogFile, catalogFile + catalog.LogSuffix, catalogFile + "-shm", catalogFile + "-journal", headFile,
		kvDir, vectorsDir, keyring.CheckFileName,
	}
}

// VectorsFolder is the one of them that RocksDB keeps: vectors' bytes and working data, no memories.
const VectorsFolder = kvDir

// IndexesFolder is the one of them that holds the saved indexes, which are made from the others where they are missing.
const IndexesFolder = vectorsDir

// Holds reports whether dir holds a store whose first start went through. A folder that is not there holds none.
func Holds(dir string) (bool, error) {
	_, err := os.Lstat(filepath.Join(dir, readyFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil, err
}

// Lock takes dir as Open does, so that nobody opens it meanwhile; the folder must exist. It returns ErrLocked where it
// is open.
func Lock(dir string) (unlock func() error, err error) {
	s := &Store{opts: Options{Dir: dir}}
	if err := s.takeLock(); err != nil {
		return nil, err
	}
	return func() error {
		// Not by closing alone: a process that is being started just now has the file open, too.
		return errors.Join(unix.Flock(int(s.lock.Fd()), unix.LOCK_UN), s.lock.Close())
	}, nil
}

// Damaged reports whether err, of Open or of any call, says that stored data is damaged, missing or cannot be read from
// the disk. A wrong or missing key, a lock, a full disk and a newer format are not damage.
func Damaged(err error) bool {
	for _, other := range []error{ErrLocked, ErrNewer, memory.ErrFull, memory.ErrReadOnly, keyring.ErrWrongKey, keyring.ErrPermissions} {
		if errors.Is(err, other) {
			return false
		}
	}
	var c *memory.CorruptError
	return errors.As(err, &c) || errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENOTDIR) ||
		err != nil && strings.Contains(err.Error(), syscall.EIO.Error())
}

// inode tells apart files of the same name, length and time.
func inode(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}
