package streamable

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Errors of Tokens.
var (
	ErrTokenName = errors.New("streamable: the name of a token is 1 to 64 letters, digits, dots, dashes or underscores")
	ErrNoToken   = errors.New("streamable: no such token")
)

// Token is what is kept of a token: not the token itself, which is shown once, but its SHA-256. It is random, so that no
// slower hash would make it safer.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	User    string    `json:"user"` // on whose behalf it acts
	Hash    string    `json:"sha256"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero means never
}

// Tokens are those of a data folder, in one file that is its user's alone. Other processes may change the file. Safe for
// concurrent use.
type Tokens struct {
	path string
	now  func() time.Time

	mu    sync.Mutex
	seen  fs.FileInfo // of the file that known was read from
	known []Token
}

// NewTokens returns the tokens in the file path, which need not be there. A nil now means time.Now.
func NewTokens(path string, now func() time.Time) *Tokens {
	if now == nil {
		now = time.Now
	}
	return &Tokens{path: path, now: now}
}

// List returns the tokens that are valid, in the order in which they were made.
func (t *Tokens) List() ([]Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.load(); err != nil {
		return nil, err
	}
	return t.live(), nil
}

func (t *Tokens) live() []Token {
	return slices.DeleteFunc(slices.Clone(t.known), func(k Token) bool { return !k.Expires.IsZero() && !t.now().Before(k.Expires) })
}

// load reads the file where it has changed; t.mu is held.
func (t *Tokens) load() error {
	info, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		t.seen, t.known = nil, nil
		return nil
	}
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	if t.seen != nil && os.SameFile(info, t.seen) && info.ModTime().Equal(t.seen.ModTime()) {
		return nil
	}
	b, err := os.ReadFile(t.path)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	var all []Token
	if err := json.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("tokens: %s cannot be read: %w", t.path, err)
	}
	t.seen, t.known = info, all
	return nil
}

// change lets f change the tokens and writes the file as a whole, one process at a time.
func (t *Tokens) change(f func([]Token) ([]Token, error)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(t.path), 0o700); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	lock, err := os.OpenFile(t.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	if err := t.load(); err != nil {
		return err
	}
	all, err := f(t.live())
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	temp := t.path + ".tmp"
	file, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	_, err = file.Write(append(b, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("tokens: %w", err), os.Remove(temp))
	}
	t.seen = nil
	return os.Rename(temp, t.path)
}

// Make makes a token under a name and returns it; nobody can read it again. One that has the name already goes on being
// valid for keep, and not at all for 0.
func (t *Tokens) Make(name, user string, keep time.Duration) (string, error) {
	if !tokenName(name) {
		return "", ErrTokenName
	}
	secret := "elz_" + rand.Text() // 130 bits
	err := t.change(func(all []Token) ([]Token, error) {
		until := t.now().Add(keep)
		var out []Token
		for _, k := range all {
			if k.Name == name {
				if keep <= 0 {
					continue
				}
				if k.Expires.IsZero() || k.Expires.After(until) {
					k.Expires = until
				}
			}
			out = append(out, k)
		}
		return append(out, Token{ID: rand.Text()[:12], Name: name, User: user, Hash: hashOf(secret), Created: t.now().UTC()}), nil
	})
	return secret, err
}

// Revoke ends every token of a name at once. It returns ErrNoToken where there is none.
func (t *Tokens) Revoke(name string) error {
	return t.change(func(all []Token) ([]Token, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(k Token) bool { return k.Name == name })
		if len(left) == len(all) {
			return nil, ErrNoToken
		}
		return left, nil
	})
}

func tokenName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// find returns the valid token with a hash. What is compared are hashes of what the caller sent: how long that takes
// tells nothing of a token.
func (t *Tokens) find(hash string) (Token, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.load() != nil {
		return Token{}, false
	}
	for _, k := range t.live() {
		if k.Hash == hash {
			return k, true
		}
	}
	return Token{}, false
}

// Admit says whose request r is: that of a token, or of a certificate which the listener has verified. It is an
// Options.Admit.
func (t *Tokens) Admit(r *http.Request) (Who, bool) {
	if secret, ok := bearer(r); ok {
		k, ok := t.find(hashOf(secret))
		if !ok {
			return Who{}, false
		}
		return Who{ID: "token:" + k.ID, User: k.User, Valid: func() bool {
			_, ok := t.find(k.Hash)
			return ok
		}}, true
	}
	if r.Header.Get("Authorization") != "" || r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return Who{}, false
	}
	leaf := r.TLS.VerifiedChains[0][0]
	if leaf.Subject.CommonName == "" {
		return Who{}, false
	}
	sum := sha256.Sum256(leaf.Raw)
	end := leaf.NotAfter
	return Who{ID: "cert:" + hex.EncodeToString(sum[:]), User: leaf.Subject.CommonName, Valid: func() bool { return t.now().Before(end) }}, true
}

// bearer reads the token of a request; ok tells that it carries one.
func bearer(r *http.Request) (secret string, ok bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, secret, _ := strings.Cut(values[0], " ")
	secret = strings.TrimSpace(secret)
	return secret, strings.EqualFold(scheme, "bearer") && secret != ""
}
