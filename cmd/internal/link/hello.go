package link

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Protocol is the version of what is said on the socket. It changes when an older pipe could no longer talk to a newer
// engine.
const Protocol = 1

// Kinds of hello.
const (
	KindMCP    = "mcp"    // an MCP session follows; the default
	KindStop   = "stop"   // drain and leave
	KindStatus = "status" // answer with a Status
)

// Reasons of an engine to refuse a hello.
const (
	CodeDraining = "draining" // the engine is leaving; start another
	CodeProtocol = "protocol" // the two ends do not speak the same Protocol
	CodeBusy     = "busy"     // too many connections
	CodeHello    = "hello"    // the hello is not one
)

// Hello opens a connection: who is there, and from where. All of it is said by a process of the same user.
type Hello struct {
	Kind     string `json:"kind,omitempty"`
	Protocol int    `json:"protocol"`
	Build    string `json:"build"`
	Epoch    string `json:"epoch,omitempty"` // of the pipe: with a frame's number it names a request for good
	PID      int    `json:"pid,omitempty"`
	Client   string `json:"client,omitempty"` // what started the pipe, until the MCP client tells its name
	CWD      string `json:"cwd,omitempty"`
	Project  string `json:"project,omitempty"` // name of the project around CWD; "" when there is none
	Root     string `json:"root,omitempty"`    // its folder
	Remote   string `json:"remote,omitempty"`  // its origin as host/owner/name, without credentials
}

// Welcome answers a hello.
type Welcome struct {
	OK       bool    `json:"ok"`
	Code     string  `json:"code,omitempty"`  // reason when not OK
	Error    string  `json:"error,omitempty"` // the same in words
	Protocol int     `json:"protocol"`
	Build    string  `json:"build"`
	PID      int     `json:"pid"`
	Epoch    string  `json:"epoch,omitempty"` // of the engine
	Status   *Status `json:"status,omitempty"`
}

// Status describes a running engine.
type Status struct {
	PID         int       `json:"pid"`
	Build       string    `json:"build"`
	Protocol    int       `json:"protocol"`
	Started     time.Time `json:"started"`
	Connections int       `json:"connections"`
	Running     int       `json:"running"` // requests under way
	Ready       bool      `json:"ready"`   // the store is open
	OpenError   string    `json:"open_error,omitempty"`
	Draining    bool      `json:"draining,omitempty"`
}

// ErrHello is returned for a hello that breaks the rules.
var ErrHello = errors.New("link: not a valid hello")

var epochForm = regexp.MustCompile(`^[0-9A-Za-z-]{8,64}$`)

// EncodeHello returns h as a line, with its end. Texts that are too long for a hello are left out.
func EncodeHello(h Hello) []byte {
	h.Protocol = Protocol
	for _, s := range []*string{&h.CWD, &h.Root, &h.Project, &h.Remote, &h.Client, &h.Build} {
		if !cleanText(*s) {
			*s = ""
		}
	}
	b, _ := json.Marshal(h) // strings and numbers: cannot fail
	return append(b, '\n')
}

// DecodeHello reads a hello line. Members it does not know are left for newer engines. It returns ErrHello, wrapped,
// when the line is not a hello.
func DecodeHello(line []byte) (Hello, error) {
	var h Hello
	if err := json.Unmarshal(line, &h); err != nil {
		return Hello{}, fmt.Errorf("%w: not a JSON object of the right form", ErrHello)
	}
	switch h.Kind {
	case "":
		h.Kind = KindMCP
	case KindMCP, KindStop, KindStatus:
	default:
		return Hello{}, fmt.Errorf("%w: unknown kind", ErrHello)
	}
	if h.Protocol <= 0 {
		return Hello{}, fmt.Errorf("%w: no protocol", ErrHello)
	}
	if h.Kind == KindMCP && !epochForm.MatchString(h.Epoch) {
		return Hello{}, fmt.Errorf("%w: no epoch", ErrHello)
	}
	for _, s := range []string{h.CWD, h.Root, h.Project, h.Remote, h.Client, h.Build} {
		if !cleanText(s) {
			return Hello{}, fmt.Errorf("%w: text too long or with control characters", ErrHello)
		}
	}
	return h, nil
}

// EncodeWelcome returns w as a line, with its end.
func EncodeWelcome(w Welcome) []byte {
	w.Protocol = Protocol
	b, _ := json.Marshal(w)
	return append(b, '\n')
}

// DecodeWelcome reads a welcome line.
func DecodeWelcome(line []byte) (Welcome, error) {
	var w Welcome
	if err := json.Unmarshal(line, &w); err != nil || w.Protocol <= 0 {
		return Welcome{}, errors.New("link: the engine's welcome cannot be read")
	}
	return w, nil
}

func cleanText(s string) bool {
	return len(s) <= 4096 && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}
