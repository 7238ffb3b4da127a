package link

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Errors of Parse.
var (
	ErrSyntax    = errors.New("link: not valid JSON")
	ErrNotObject = errors.New("link: not a JSON object")
)

// Message is the outline of one JSON-RPC message. The slices point into the parsed line.
type Message struct {
	ID     []byte // raw JSON of "id"; nil when the member is absent
	Method string // "" when absent or not a string
	Params []byte // raw JSON of "params"; nil when absent
	Answer bool   // has "result" or "error"
}

// Parse checks that line is one JSON object, whole and valid, and returns its outline. It returns ErrSyntax for
// anything that is not JSON and ErrNotObject for other JSON values, such as a batch. Like encoding/json it lets the
// last of several equal members win and does not check UTF-8; names of members are case-sensitive. It allocates only
// for the method's name.
func Parse(line []byte) (Message, error) {
	var m Message
	i := skipSpace(line, 0)
	if i >= len(line) {
		return m, ErrSyntax
	}
	if line[i] != '{' {
		end := skipValue(line, i, 1)
		if end < 0 || skipSpace(line, end) != len(line) {
			return m, ErrSyntax
		}
		return m, ErrNotObject
	}
	end := skipMembers(line, i, 1, func(key, value []byte) { m.set(key, value) })
	if end < 0 || skipSpace(line, end) != len(line) {
		return Message{}, ErrSyntax
	}
	return m, nil
}

// JSON-RPC error codes.
const (
	CodeParse   = -32700
	CodeInvalid = -32600
)

// Check parses line and tells what is wrong with it as a message of MCP: a JSON-RPC error code and a text for its
// sender, or 0 for a request, a notification or an answer. m.ID of a wrong message is one to answer under, or nil.
// Unlike Parse it checks UTF-8: encoding/json would put other characters in the place of bytes that are none.
func Check(line []byte) (m Message, code int, text string) {
	m, err := Parse(line)
	switch {
	case errors.Is(err, ErrNotObject):
		return m, CodeInvalid, "a message is one JSON object; batches are not part of MCP"
	case err != nil:
		return m, CodeParse, "the message is not valid JSON"
	case !utf8.Valid(line):
		if !utf8.Valid(m.ID) {
			m.ID = nil
		}
		return m, CodeParse, "the message is not valid UTF-8; send its text as UTF-8"
	case m.ID != nil && !ValidID(m.ID):
		m.ID = nil
		return m, CodeInvalid, "the id of a request is a string or a whole number"
	case m.Method == "" && (m.ID == nil || !m.Answer), m.Method != "" && m.Answer:
		return m, CodeInvalid, "the message is neither a request nor an answer"
	}
	return m, 0, ""
}

func (m *Message) set(key, value []byte) {
	name := key[1 : len(key)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(unquote(key))
	}
	switch string(name) {
	case "id":
		m.ID = value
	case "method":
		m.Method = ""
		if value[0] == '"' {
			m.Method = unquote(value)
		}
	case "params":
		m.Params = value
	case "result", "error":
		m.Answer = true
	}
}

// ValidID reports whether raw may be a request's id in MCP: a string or a whole number.
func ValidID(raw []byte) bool {
	if len(raw) == 0 {
		return false
	}
	if raw[0] == '"' {
		return true
	}
	return (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') && !bytes.ContainsAny(raw, ".eE")
}

// IDKey returns a key under which two spellings of the same id meet. Numbers and strings never do: 1 is not "1".
func IDKey(raw []byte) string {
	if len(raw) > 0 && raw[0] == '"' && bytes.IndexByte(raw, '\\') >= 0 {
		return `"` + unquote(raw) + `"`
	}
	return string(raw)
}

// Member returns the raw value of a member of the JSON object raw, or nil.
func Member(raw []byte, name string) []byte {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return nil
	}
	var found []byte
	skipMembers(raw, i, 1, func(key, value []byte) {
		if unquote(key) == name {
			found = value
		}
	})
	return found
}

// Text decodes a raw JSON string; ok is false for any other value.
func Text(raw []byte) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	return unquote(raw), true
}

// unquote decodes a JSON string that the scanner accepted.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
