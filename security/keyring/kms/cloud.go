package kms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
	"github.com/elderzan/elderzan/security/keyring/kms/kmswire"
)

// clouds are the KMS that HelperName speaks to.
var clouds = map[string]string{"awskms": "AWS KMS", "gcpkms": "Google Cloud KMS", "azurekeyvault": "Azure Key Vault", "hashivault": "Vault"}

// HelperName is the program that speaks to the KMS of clouds. Their libraries are several times as large as elderzan.
const HelperName = "elderzan-kms"

const (
	helperSeconds = 30               // for the KMS to answer
	helperEnd     = 15 * time.Second // for the program to start and end besides
	maxAnswer     = 256 << 10        // bytes
)

// cloudKMS wraps the key by the KMS of a cloud.
type cloudKMS struct {
	url, name, helper string
	seconds           int
}

func newCloudKMS(rawURL, scheme, helper string) (*cloudKMS, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" && strings.Trim(u.Path, "/") == "" || u.User != nil {
		return nil, fmt.Errorf("%w: it names no key of %s; see: elderzan keys wrap --help", ErrURL, clouds[scheme])
	}
	return &cloudKMS{url: rawURL, name: clouds[scheme], helper: helper, seconds: helperSeconds}, nil
}

func (k *cloudKMS) String() string { return k.name }

func (k *cloudKMS) Wrap(ctx context.Context, key security.Secret) ([]byte, error) {
	return k.ask(ctx, kmswire.Wrap, key.Bytes())
}

func (k *cloudKMS) Unwrap(ctx context.Context, wrapped []byte) (security.Secret, error) {
	b, err := k.ask(ctx, kmswire.Unwrap, wrapped)
	if err != nil {
		return security.Secret{}, err
	}
	return security.NewSecret(b), nil
}

// ask puts one question to the program.
func (k *cloudKMS) ask(ctx context.Context, op kmswire.Op, data []byte) ([]byte, error) {
	program, err := k.program()
	if err != nil {
		return nil, err
	}
	question, err := json.Marshal(kmswire.Question{Op: op, URL: k.url, Data: data, Seconds: k.seconds})
	if err != nil {
		return nil, fmt.Errorf("kms: %w", err)
	}
	defer clear(question)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(k.seconds)*time.Second+helperEnd)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.WaitDelay = helperEnd
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "ELDERZAN_") }) // passphrases
	out := &limited{left: maxAnswer}
	defer func() { clear(out.b.Bytes()) }()
	cmd.Stdin, cmd.Stdout = bytes.NewReader(question), out
	var a kmswire.Answer
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s did not answer: %w", keyring.ErrUnavailable, program, err)
	}
	if err := json.Unmarshal(out.b.Bytes(), &a); err != nil {
		return nil, fmt.Errorf("%w: %s answers something else; is it of the same build? run: make install", keyring.ErrUnavailable, program)
	}
	switch {
	case a.Kind == kmswire.BadURL:
		return nil, fmt.Errorf("%w: %s: %s", ErrURL, k.name, a.Error)
	case a.Kind == kmswire.Refused:
		return nil, fmt.Errorf("%w: %s says: %s; look at the key, and at the rights of who runs elderzan", keyring.ErrRefused, k.name, a.Error)
	case a.Error != "":
		return nil, fmt.Errorf("%w: %s: %s; the memory opens when it is back", keyring.ErrUnavailable, k.name, a.Error)
	case len(a.Data) == 0:
		return nil, fmt.Errorf("%w: %s gave nothing back", keyring.ErrUnavailable, k.name)
	}
	return a.Data, nil
}

// program finds the program: beside this one, or on the PATH.
func (k *cloudKMS) program() (string, error) {
	if k.helper != "" {
		return k.helper, nil
	}
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		beside := filepath.Join(filepath.Dir(self), HelperName)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath(HelperName)
	if err != nil {
		return "", fmt.Errorf("%w: the program %s, which speaks to %s, is neither beside elderzan nor on the PATH; put it there (make install does, and the archive has it)",
			keyring.ErrUnavailable, HelperName, k.name)
	}
	return path, nil
}

// limited is a buffer with an end. The buffer is no embedded one, whose ReadFrom would go past the end.
type limited struct {
	b    bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errors.New("too long")
	}
	return l.b.Write(p)
}
