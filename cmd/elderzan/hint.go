package main

// hintError adds to an error what to do next, usually a command to type.
type hintError struct {
	err  error
	hint string
}

func hint(err error, next string) error { return &hintError{err: err, hint: next} }

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }
