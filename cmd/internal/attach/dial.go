package attach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// ErrNoEngine is returned when no engine runs for the data folder.
var ErrNoEngine = errors.New("attach: no engine runs for this data folder")

// RefusedError is an engine's refusal to talk to this client.
type RefusedError struct {
	Code string // one of link's codes
	Text string
}

func (e *RefusedError) Error() string { return e.Text }

// helloTimeout bounds the exchange of hellos; an engine answers within a millisecond.
const helloTimeout = 5 * time.Second

// connection is an open connection whose hello has been answered.
type connection struct {
	*net.UnixConn
	r       *link.Reader
	welcome link.Welcome
}

// dial connects to the engine of dir, if one runs, and says hello. It returns ErrNoEngine, wrapped, when none is there
// or it is about to leave, and a *RefusedError when it does not want this client.
func dial(ctx context.Context, dir string, h link.Hello) (*connection, error) {
	d := net.Dialer{Timeout: helloTimeout}
	nc, err := d.DialContext(ctx, "unix", link.SocketPath(dir))
	if err != nil {
		// EINVAL: the path is too long for a socket, and no engine has left word of a shorter one.
		for _, absent := range []error{fs.ErrNotExist, syscall.ECONNREFUSED, syscall.EAGAIN, syscall.EINVAL} {
			if errors.Is(err, absent) {
				return nil, fmt.Errorf("%w: %w", ErrNoEngine, err)
			}
		}
		return nil, fmt.Errorf("connect to the engine: %w", err)
	}
	c, err := greet(nc.(*net.UnixConn), h)
	if err != nil {
		nc.Close()
		return nil, err
	}
	return c, nil
}

// greet exchanges hellos on a fresh connection.
func greet(c *net.UnixConn, h link.Hello) (*connection, error) {
	uid, _, err := link.PeerUID(c)
	if err != nil {
		return nil, fmt.Errorf("ask for the engine's user: %w", err)
	}
	if uid != os.Geteuid() {
		return nil, fmt.Errorf("the engine's socket belongs to another user (%d): remove it", uid)
	}
	if err := c.SetDeadline(time.Now().Add(helloTimeout)); err != nil {
		return nil, fmt.Errorf("limit the wait for the engine: %w", err)
	}
	if _, err := c.Write(link.EncodeHello(h)); err != nil {
		return nil, fmt.Errorf("%w: it left as we came: %w", ErrNoEngine, err)
	}
	r := link.NewReader(c, link.MaxHello)
	line, err := r.Next()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("the engine (process %d) does not answer; if it hangs, end it with: kill %[1]d", pidOf(c))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return nil, fmt.Errorf("%w: it left as we came", ErrNoEngine)
	case err != nil:
		return nil, fmt.Errorf("read welcome: %w", err)
	}
	w, err := link.DecodeWelcome(line)
	if err != nil {
		return nil, err
	}
	switch {
	case w.OK:
	case w.Code == link.CodeDraining:
		return nil, fmt.Errorf("%w: %s", ErrNoEngine, w.Error)
	default:
		return nil, &RefusedError{Code: w.Code, Text: w.Error}
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("lift the limit on the wait for the engine: %w", err)
	}
	r.SetMax(link.MaxAnswer)
	return &connection{UnixConn: c, r: r, welcome: w}, nil
}

func pidOf(c *net.UnixConn) int {
	_, pid, _ := link.PeerUID(c)
	return pid
}
