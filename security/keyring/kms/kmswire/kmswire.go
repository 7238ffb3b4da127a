// Package kmswire is what elderzan and elderzan-kms, the program that speaks to the KMS of clouds, say to each other: one
// question as JSON on the program's standard input, one answer as JSON on its standard output. Neither goes anywhere else,
// since what is wrapped is a master key.
package kmswire

// Question asks to wrap or to unwrap.
type Question struct {
	Op      Op     `json:"op"`
	URL     string `json:"url"`     // kms_url
	Data    []byte `json:"data"`    // what is to be wrapped or unwrapped
	Seconds int    `json:"seconds"` // until an answer is wanted
}

// Op is what is to be done.
type Op string

// What can be asked for.
const (
	Wrap   Op = "wrap"
	Unwrap Op = "unwrap"
)

// Answer is what became of it.
type Answer struct {
	Data  []byte  `json:"data,omitempty"`
	Error string  `json:"error,omitempty"`
	Kind  Failure `json:"kind,omitempty"` // of Error
}

// Failure says what kind of trouble an Error is.
type Failure string

// The kinds of trouble.
const (
	Unavailable Failure = "unavailable" // no answer of the KMS, or one that asks to come back
	Refused     Failure = "refused"     // the KMS says no: missing rights, no such key, wrapped under another
	BadURL      Failure = "url"
)
