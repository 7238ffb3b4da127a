package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// nobody is the user without rights that Debian has.
const nobody = 65534

// unprivileged makes the folder's commands run as a user whom file modes bind. Tests that root runs need another one;
// that one cannot read root's home, so the model is not there for it.
func (f *folder) unprivileged() {
	f.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	program, err := exec.LookPath("elderzan")
	if err != nil {
		f.t.Fatal(err)
	}
	base := filepath.Dir(f.dir)
	f.program = filepath.Join(base, "elderzan")
	b, err := os.ReadFile(program)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, err := range []error{
		os.WriteFile(f.program, b, 0o755),
		os.Chmod(f.program, 0o755), // an engine in this process takes the others' permissions from what is written
		os.Chown(base, nobody, nobody),
	} {
		if err != nil {
			f.t.Fatal(err)
		}
	}
	f.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	f.env = append(f.env, "HOME="+base, "ELDERZAN_MODEL="+base)
}

// setModes gives every folder and file of the data folder a mode.
func (f *folder) setModes(folders, files os.FileMode) {
	f.t.Helper()
	err := filepath.WalkDir(f.dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return os.Chmod(path, folders|0o200) // so that its files can be seen to
		}
		return os.Chmod(path, files)
	})
	if err == nil {
		err = filepath.WalkDir(f.dir, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				err = os.Chmod(path, folders)
			}
			return err
		})
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestReadOnlyFolder takes the right to write away: every command says so and what to do, and nothing is lost.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.unprivileged()
	f.remember("The office has a green door.")
	before := f.export()
	f.ok("stop")
	f.setModes(0o500, 0o400)
	restore := func() { f.setModes(0o700, 0o600) }
	t.Cleanup(restore)
	want := []string{"data folder cannot be written", "writable", "with --data"}
	f.fails(want, "recall", "door")
	f.fails(want, "remember", "The office has a red door.")
	f.fails(want, "--in-process", "search")
	c := f.serve()
	if m := c.await(c.request("tools/list", nil)); m.Error == nil || !containsAll(m.Error.Message, want[:2]) {
		t.Errorf("tools/list: %+v; want %q", m.Error, want)
	}
	c.close()
	restore()
	wantUnchanged(t, f, before)
}

// noise returns n bytes of text that no two calls share and that does not compress.
func noise(r *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%x ", r.Uint64())
	}
	return b.String()[:n]
}

// fillDisk remembers large texts until that fails for want of room, and returns what was acknowledged.
func fillDisk(t *testing.T, f *folder, c *mcpClient) map[string]string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	stored := map[string]string{}
	for range 1000 {
		text := noise(r, 60<<10)
		res := c.tool("remember", map[string]any{"content": text})
		if res.IsError {
			if !containsAll(res.text(), []string{"the disk is full and nothing was stored", "free some space"}) {
				t.Errorf("remember on a full disk: %s", res.text())
			}
			return stored
		}
		stored[text] = res.id(t)
	}
	t.Fatal("the disk does not fill")
	return nil
}

// fillUp writes zeros to a new file until its file system has no room.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := make([]byte, 4<<10); err == nil; {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// TestFullDisk fills a small file system: what was acknowledged stays, reading goes on, with some room writing does,
// and an engine that finds no room to start in is reported as that.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("mounting takes root; TestFileLimit fills a disk in another way")
		return
	}
	t.Parallel()
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=13m,mode=0700"); err != nil {
		t.Logf("cannot mount here: %v; TestFileLimit fills a disk in another way", err)
		return
	}
	t.Cleanup(func() {
		var err error // busy while the kernel still closes what an ended process had open
		if !await(exitTime, func() bool { err = unix.Unmount(disk, 0); return err == nil }) {
			t.Error(err)
		}
	})
	// The second is for an engine that opens what a killed one left, which takes more than a memory does.
	little, much := filepath.Join(disk, "little"), filepath.Join(disk, "much")
	for path, size := range map[string]int{little: 1 << 20, much: 4 << 20} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := folderAt(t, filepath.Join(disk, "d"))
	c := f.serve()
	c.initialize()
	stored := fillDisk(t, f, c)
	c.ok(nil, "search", map[string]any{"limit": 1})
	if s := f.status(); s.total() != len(stored) {
		t.Errorf("%d memories; want %d", s.total(), len(stored))
	}
	if err := os.Remove(little); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "room to be used", func() bool {
		const text = "There is room again."
		r := c.tool("remember", map[string]any{"content": text})
		if !r.IsError {
			stored[text] = r.id(t)
		}
		return !r.IsError
	})
	c.close()
	f.killEngine()
	zeros := filepath.Join(disk, "zeros")
	fillUp(t, zeros)
	f.fails([]string{"is full", "free some space"}, "search")
	for _, file := range []string{zeros, much} {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	wantStored(t, f, stored)
}

// TestFileLimit limits the size of files, which needs no rights: writes fail as on a full disk.
func TestFileLimit(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.via = []string{"sh", "-c", `ulimit -f 3072; exec "$@"`, "sh"}
	c := f.serve()
	c.initialize()
	stored := fillDisk(t, f, c)
	c.ok(nil, "search", map[string]any{"limit": 1})
	if s := f.status(); s.total() != len(stored) {
		t.Errorf("%d memories; want %d", s.total(), len(stored))
	}
	c.close()
	f.ok("stop")
	f.via = nil
	stored["There is room again."] = f.remember("There is room again.")
	wantStored(t, f, stored)
}
