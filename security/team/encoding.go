package team

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// formatVersion stands in everything that this package encodes.
const formatVersion = 1

// The first field of each encoding says what it is. What is signed starts with one too, so that no signature over one
// kind of thing is one over another.
const (
	magicEntry     = "elderzan team entry"
	magicHead      = "elderzan team head"
	magicJoin      = "elderzan team join request"
	magicProof     = "elderzan team proof of possession"
	magicDevice    = "elderzan team device"
	magicPublic    = "elderzan team device public"
	magicWrap      = "elderzan team wrap"
	magicWrapInfo  = "elderzan team wrap context"
	magicCommit    = "elderzan team epoch commitment"
	magicInviteKey = "elderzan team invite key"
	magicInvite    = "elderzan team invite"
	magicInviteID  = "elderzan team invite id"
	magicRecovery  = "elderzan team recovery key"
)

// lengthSize is the length that stands before every field: four bytes, big endian. Numbers are fields of eight bytes.
// There is one encoding of each value and one value of each encoding.
const lengthSize = 4

// fields builds an encoding.
type fields struct{ b []byte }

func newFields(magic string) *fields {
	f := &fields{}
	return f.str(magic).num(formatVersion)
}

func (f *fields) bytes(p []byte) *fields {
	f.b = binary.BigEndian.AppendUint32(f.b, uint32(len(p)))
	f.b = append(f.b, p...)
	return f
}

func (f *fields) str(s string) *fields   { return f.bytes([]byte(s)) }
func (f *fields) id(u uuid.UUID) *fields { return f.bytes(u[:]) }
func (f *fields) hash(h Hash) *fields    { return f.bytes(h[:]) }
func (f *fields) num(v uint64) *fields {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v)
	return f.bytes(b[:])
}

// reader takes an encoding apart. The first error sticks; later reads return zero values. What it returns aliases the
// input, so that a length in the input never makes it allocate.
type reader struct {
	rest []byte
	err  error
}

// newReader checks what stands first.
func newReader(b []byte, magic string) *reader {
	r := &reader{rest: b}
	if got := r.bytes(len(magicWrapInfo) + 64); r.err == nil && string(got) != magic {
		r.fail("is no %s", magic)
	}
	if v := r.num(); r.err == nil && v != formatVersion {
		r.err = fmt.Errorf("%w: version %d of %s", ErrVersion, v, magic)
	}
	return r
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrFormat}, args...)...)
	}
}

// bytes reads a field of at most limit bytes.
func (r *reader) bytes(limit int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.rest) < lengthSize {
		r.fail("ends early")
		return nil
	}
	n := binary.BigEndian.Uint32(r.rest)
	switch {
	case uint64(n) > uint64(limit):
		r.fail("a field of %d bytes is too long", n)
		return nil
	case uint64(n) > uint64(len(r.rest)-lengthSize):
		r.fail("ends early")
		return nil
	}
	field := r.rest[lengthSize : lengthSize+int(n) : lengthSize+int(n)]
	r.rest = r.rest[lengthSize+int(n):]
	return field
}

// fixed reads a field of exactly n bytes; after an error it returns n zero bytes.
func (r *reader) fixed(n int) []byte {
	b := r.bytes(n)
	if r.err == nil && len(b) != n {
		r.fail("a field has %d bytes instead of %d", len(b), n)
	}
	if r.err != nil {
		return make([]byte, n)
	}
	return b
}

func (r *reader) num() uint64   { return binary.BigEndian.Uint64(r.fixed(8)) }
func (r *reader) id() uuid.UUID { return uuid.UUID(r.fixed(16)) }
func (r *reader) hash() Hash    { return Hash(r.fixed(len(Hash{}))) }

// small reads a number that is at most limit.
func (r *reader) small(limit uint64) uint64 {
	v := r.num()
	if r.err == nil && v > limit {
		r.fail("the number %d is too large", v)
		return 0
	}
	return v
}

// time reads seconds since 1970.
func (r *reader) time() time.Time { return time.Unix(int64(r.small(maxUnix)), 0).UTC() }

// maxUnix is the last second of the year 9999.
const maxUnix = 253402300799

// name reads a name that a person gave.
func (r *reader) name() string {
	s := string(r.bytes(maxNameBytes))
	if r.err == nil && !validName(s) {
		r.fail("a name is not plain text")
	}
	return s
}

func validName(s string) bool {
	if len(s) > maxNameBytes || !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}

// end returns the first error, or one for what follows the last field.
func (r *reader) end() error {
	if len(r.rest) > 0 {
		r.fail("%d bytes follow the end", len(r.rest))
	}
	return r.err
}
