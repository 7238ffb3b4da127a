package early

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/elderzan/elderzan/cmd/internal/slack"
)

// Become replaces this process by the small program in image, which runs from memory and serves the data folder; "" is
// the usual one. The engines linked into this program cost a pipe tens of megabytes that it never uses. Become returns
// only when it cannot be done, as where a system forbids programs in memory; the caller then does the work itself.
func Become(image []byte, folder, version string) error {
	if len(image) == 0 {
		return errors.New("no small program in this build")
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	fd, err := unix.MemfdCreate("elderzan", unix.MFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "elderzan")
	defer f.Close()
	if _, err := f.Write(image); err != nil {
		return err
	}
	defer slack.Widen()()
	path := "/proc/self/fd/" + decimal(fd)
	return os.NewSyscallError("execve", unix.Exec(path, []string{"elderzan", folder, version, exe}, os.Environ()))
}

// decimal spells a small number without the packages that would make this one late.
func decimal(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return decimal(n/10) + decimal(n%10)
}
