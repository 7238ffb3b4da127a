package keyring

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/security"
)

// turned is a keeper that turns a key round; what it gives back can be another one.
type turned struct {
	wrap, unwrap error
	other        bool
	size         int // of what it gives back; 0 for all
}

func (k *turned) String() string { return "a keeper that turns keys round" }

func reversed(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range b {
		out[len(b)-1-i] = c
	}
	return out
}

func (k *turned) Wrap(_ context.Context, key security.Secret) ([]byte, error) {
	return reversed(key.Bytes()), k.wrap
}

func (k *turned) Unwrap(_ context.Context, wrapped []byte) (security.Secret, error) {
	if k.unwrap != nil {
		return security.Secret{}, k.unwrap
	}
	b := reversed(wrapped)
	if k.other {
		b[0] ^= 1
	}
	if k.size > 0 {
		b = b[:k.size]
	}
	return security.NewSecret(b), nil
}

func TestWrappedSource(t *testing.T) {
	ctx, dir, keeper := t.Context(), t.TempDir(), &turned{}
	s := NewWrappedSource(dir, keeper)
	key, next := security.RandomSecret(MasterKeySize), security.RandomSecret(MasterKeySize)
	if _, err := s.Load(ctx); !errors.Is(err, ErrMissing) {
		t.Errorf("nothing there: %v", err)
	}
	if err := s.Create(ctx, security.RandomSecret(5)); err == nil {
		t.Error("a key of 5 bytes was taken")
	}
	for what, bad := range map[string]*turned{"wrap": {wrap: ErrUnavailable}, "unwrap": {unwrap: ErrRefused}, "give another back": {other: true}} {
		if err := NewWrappedSource(dir, bad).Create(ctx, key); err == nil {
			t.Errorf("a keeper that does not %s was trusted", what)
		}
	}
	if err := s.Create(ctx, key); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(ctx, next); !errors.Is(err, ErrExists) {
		t.Errorf("created twice: %v", err)
	}
	keeper.unwrap = ErrUnavailable
	if got, err := s.Load(ctx); err != nil || !got.Equal(key) {
		t.Errorf("kept in memory: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "turns keys") {
		t.Errorf("forgotten, and the keeper away: %v", err)
	}
	keeper.unwrap = nil
	file := filepath.Join(dir, WrappedFileName)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newer := bytes.Replace(good, []byte(`"format": 1`), []byte(`"format": 2`), 1)
	for what, b := range map[string][]byte{"no JSON": []byte("{"), "another key": bytes.Replace(good, []byte(`"key": "`), []byte(`"key": "AAAA`), 1), "a newer build's": newer} {
		write(b)
		if _, err := s.Load(ctx); !errors.Is(err, ErrCorrupt) || bytes.Equal(b, newer) != strings.Contains(err.Error(), "update elderzan") {
			t.Errorf("%s: %v", what, err)
		}
	}
	write(good)
	keeper.size = 7
	if _, err := s.Load(ctx); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a key of 7 bytes: %v", err)
	}
	keeper.size = 0
	if err := s.Replace(ctx, next); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Load(ctx); err != nil || !got.Equal(next) {
		t.Errorf("replaced: %v", err)
	}
	var f wrappedFile
	if b, err := os.ReadFile(file); err != nil || json.Unmarshal(b, &f) != nil || f.Keeper != keeper.String() || !strings.Contains(s.String(), file) {
		t.Errorf("the file says %+v, %v", f, err)
	}
	if err := NewWrappedSource(filepath.Join(dir, "none"), keeper).Create(ctx, key); err == nil {
		t.Error("written into a folder that is not there")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx); err == nil {
		t.Error("a folder was read as a key")
	}
}

// odd is a source that takes every key and gives another one back, or none.
type odd struct {
	key security.Secret
	err error
}

func (*odd) String() string                                  { return "an odd source" }
func (s *odd) Load(context.Context) (security.Secret, error) { return s.key, s.err }
func (*odd) Create(context.Context, security.Secret) error   { return nil }
func (*odd) Replace(context.Context, security.Secret) error  { return nil }

// TestMove brings a key from its file to a keeper and back; the old copy goes when it is told to.
func TestMove(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	file, wrapped := NewFileSource(dir), NewWrappedSource(dir, &turned{})
	if err := Move(ctx, file, wrapped); !errors.Is(err, ErrMissing) {
		t.Errorf("no key to move: %v", err)
	}
	key := security.RandomSecret(MasterKeySize)
	if err := file.Create(ctx, key); err != nil {
		t.Fatal(err)
	}
	if err := Move(ctx, file, NewWrappedSource(dir, &turned{wrap: ErrRefused})); !errors.Is(err, ErrRefused) {
		t.Errorf("a keeper that refuses: %v", err)
	}
	for what, to := range map[string]*odd{"another key": {key: security.RandomSecret(MasterKeySize)}, "nothing": {err: ErrMissing}} {
		if err := Move(ctx, file, to); !errors.Is(err, cmp.Or(to.err, ErrWrongKey)) {
			t.Errorf("a source that gives %s back: %v", what, err)
		}
	}
	if err := Move(ctx, file, wrapped); err != nil {
		t.Fatal(err)
	}
	for range 2 { // once more is no error
		if err := Remove(dir, KeyFileName); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := file.Load(ctx); !errors.Is(err, ErrMissing) {
		t.Errorf("the old copy: %v", err)
	}
	if err := Move(ctx, wrapped, file); err != nil {
		t.Fatal(err)
	}
	if got, err := file.Load(ctx); err != nil || !got.Equal(key) {
		t.Errorf("moved there and back: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Remove(dir, "folder"); err == nil {
		t.Error("a folder was removed as a key")
	}
}
