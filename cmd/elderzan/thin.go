package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// becomePipe replaces this process by the small program in image, which runs from memory: the engines linked into
// this one cost a pipe tens of megabytes that it never uses. It returns only when that cannot be done, as where a
// system forbids programs in memory; the caller then does the work itself.
func becomePipe(image []byte, dir, build string) error {
	if len(image) == 0 {
		return fmt.Errorf("no small program in this build")
	}
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	fd, err := unix.MemfdCreate("elderzan", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make program in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), "elderzan")
	defer f.Close()
	if _, err := f.Write(image); err != nil {
		return fmt.Errorf("write program in memory: %w", err)
	}
	return unix.Exec(fmt.Sprintf("/proc/self/fd/%d", fd), []string{"elderzan", dir, build, exe}, os.Environ())
}
