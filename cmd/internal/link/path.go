package link

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxSocketPath is the longest socket path that every kernel takes (sun_path less its end).
const maxSocketPath = 103

// DataFolder returns the data folder, absolute: flag, else $ELDERZAN_DATA, else $XDG_DATA_HOME/elderzan.
func DataFolder(flag string) (string, error) {
	dir := flag
	if dir == "" {
		dir = os.Getenv("ELDERZAN_DATA")
	}
	if dir == "" {
		base := os.Getenv("XDG_DATA_HOME")
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", errors.New("no home folder for the data")
			}
			base = filepath.Join(home, ".local", "share")
		}
		dir = filepath.Join(base, "elderzan")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return abs, nil
}

// SocketPath returns where the engine of dir listens: in the folder, or where the folder's pointer file says.
func SocketPath(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, PointerName))
	if err == nil {
		if p := strings.TrimSpace(string(b)); filepath.IsAbs(p) && len(p) <= maxSocketPath {
			return p
		}
	}
	return filepath.Join(dir, SocketName)
}

// Listen opens the engine's socket for dir, mode 0600. The caller holds the folder's lock, so whatever is left of an
// earlier engine is stale and is removed. When the path is too long for a socket, or the folder's file system knows no
// sockets, a folder of the user's own takes it and a pointer file in dir tells where. remove deletes what Listen made.
func Listen(dir string) (l *net.UnixListener, remove func(), err error) {
	pointer := filepath.Join(dir, PointerName)
	if err := removeStale(SocketPath(dir), filepath.Join(dir, SocketName), pointer); err != nil {
		return nil, nil, err
	}
	path := filepath.Join(dir, SocketName)
	if len(path) <= maxSocketPath {
		l, err = listenAt(path)
		if err == nil {
			return l, func() { os.Remove(path) }, nil
		}
		if !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.EOPNOTSUPP) && !errors.Is(err, syscall.EINVAL) {
			return nil, nil, err
		}
	}
	folder, err := shortFolder(dir)
	if err != nil {
		return nil, nil, err
	}
	path = filepath.Join(folder, SocketName)
	if err := removeStale(path); err != nil {
		return nil, nil, err
	}
	if l, err = listenAt(path); err != nil {
		return nil, nil, err
	}
	if err := WriteFile(pointer, []byte(path+"\n")); err != nil {
		l.Close()
		return nil, nil, fmt.Errorf("write socket pointer: %w", err)
	}
	return l, func() { os.Remove(pointer); os.Remove(path); os.Remove(folder) }, nil
}

func removeStale(paths ...string) error {
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove stale socket: %w", err)
		}
	}
	return nil
}

func listenAt(path string) (*net.UnixListener, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// The mode of a socket's file is that of its descriptor: set before bind, it is never wider, not for a moment.
		var chmod error
		if err := c.Control(func(fd uintptr) { chmod = unix.Fchmod(int(fd), 0o600) }); err != nil {
			return err
		}
		return chmod
	}}
	l, err := lc.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	ul := l.(*net.UnixListener)
	ul.SetUnlinkOnClose(false)
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("protect socket: %w", err)
	}
	return ul, nil
}

// shortFolder returns a short folder for the socket of dir that only this user can enter.
func shortFolder(dir string) (string, error) {
	sum := sha256.Sum256([]byte(dir))
	name := hex.EncodeToString(sum[:8])
	base := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "elderzan")
	if !filepath.IsAbs(base) || len(base) > maxSocketPath-40 || private(filepath.Dir(base)) != nil {
		base = filepath.Join("/tmp", "elderzan-"+strconv.Itoa(os.Getuid()))
	}
	for _, folder := range []string{base, filepath.Join(base, name)} {
		if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("make folder for the socket: %w", err)
		}
		if err := private(folder); err != nil {
			return "", err
		}
	}
	return filepath.Join(base, name), nil
}

// private fails unless path is a folder of this user's that nobody else can enter.
func private(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("look at folder for the socket: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(st.Uid) != os.Getuid() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a private folder of this user: remove it, or set XDG_RUNTIME_DIR", path)
	}
	return nil
}

// WriteFile writes a small file, mode 0600, so that a reader sees all of it or nothing.
func WriteFile(path string, b []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// PeerUID returns the user and the process at the other end of c, as the kernel knows them.
func PeerUID(c *net.UnixConn) (uid, pid int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, 0, err
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, 0, err
	}
	if credErr != nil {
		return 0, 0, credErr
	}
	return int(cred.Uid), int(cred.Pid), nil
}
