package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
	"github.com/elderzan/elderzan/security/keyring/kms"
)

// keysConfig says where the master key is kept.
type keysConfig struct {
	URL            string // "" means the file master.key
	PassphraseFile string
}

// sources are the key sources of this process, by URL and folder, so that what keeps the key is asked once.
var sources = struct {
	mu    sync.Mutex
	known map[[2]string]keyring.Source
}{known: map[[2]string]keyring.Source{}}

// source returns where the master key of the folder dir is kept.
func (k keysConfig) source(ctx context.Context, dir string) (keyring.Source, error) {
	if k.URL == "" {
		return keyring.NewFileSource(dir), nil
	}
	sources.mu.Lock()
	defer sources.mu.Unlock()
	name := [2]string{k.URL, dir}
	if s := sources.known[name]; s != nil {
		return s, nil
	}
	keeper, err := kms.Open(ctx, k.URL, k.options(nil))
	if err != nil {
		return nil, hint(err, "change kms_url in "+filepath.Join(dir, "config.toml")+", or clear it if the key is in the file master.key")
	}
	s := keyring.NewWrappedSource(dir, keeper)
	sources.known[name] = s
	return s, nil
}

// options are what keepers ask for; ask, which may be nil, asks a person for a passphrase.
func (k keysConfig) options(ask func(fresh bool) (security.Secret, error)) kms.Options {
	fromEnv := func(name string) func() (security.Secret, error) {
		return func() (security.Secret, error) { return security.NewSecret([]byte(os.Getenv(name))), nil }
	}
	o := kms.Options{Key: fromEnv("ELDERZAN_KMS_KEY"), Passphrase: func(fresh bool) (security.Secret, error) { return k.passphrase(fresh, ask) }}
	if os.Getenv("ELDERZAN_PKCS11_PIN") != "" {
		o.PIN = fromEnv("ELDERZAN_PKCS11_PIN")
	}
	return o
}

func (k keysConfig) passphrase(fresh bool, ask func(bool) (security.Secret, error)) (security.Secret, error) {
	if text := os.Getenv("ELDERZAN_PASSPHRASE"); text != "" {
		return security.NewSecret([]byte(text)), nil
	}
	if k.PassphraseFile != "" {
		info, err := os.Stat(k.PassphraseFile)
		if err != nil {
			return security.Secret{}, fmt.Errorf("%w: read the passphrase: %w", keyring.ErrUnavailable, err)
		}
		if perm := info.Mode().Perm(); perm&0o077 != 0 {
			return security.Secret{}, fmt.Errorf("%w: %s has mode %04o; run: chmod 600 %s", keyring.ErrPermissions, k.PassphraseFile, perm, k.PassphraseFile)
		}
		b, err := os.ReadFile(k.PassphraseFile)
		if err != nil {
			return security.Secret{}, fmt.Errorf("%w: read the passphrase: %w", keyring.ErrUnavailable, err)
		}
		return security.NewSecret([]byte(strings.TrimRight(string(b), "\r\n"))), nil
	}
	if ask != nil {
		return ask(fresh)
	}
	return security.Secret{}, nil
}

// askPassphrase asks at the terminal, for a new one twice.
func (a *app) askPassphrase(fresh bool) (security.Secret, error) {
	if !term.IsTerminal(int(a.in.Fd())) {
		return security.Secret{}, nil
	}
	read := func(prompt string) (security.Secret, error) {
		fmt.Fprint(a.err, prompt)
		b, err := term.ReadPassword(int(a.in.Fd()))
		fmt.Fprintln(a.err)
		return security.NewSecret(b), err
	}
	first, err := read("Passphrase: ")
	if err != nil || !fresh {
		return first, err
	}
	again, err := read("The same once more: ")
	if err != nil {
		return security.Secret{}, err
	}
	if !again.Equal(first) {
		return security.Secret{}, errors.New("the two differ; nothing was changed")
	}
	return first, nil
}
