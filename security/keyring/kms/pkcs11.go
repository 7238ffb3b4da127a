package kms

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/miekg/pkcs11"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

// DefaultObject is the label of the key in the token where the URL names none.
const DefaultObject = "elderzan-master"

const (
	gcmNonce = 12
	gcmTag   = 16
)

// token wraps the key by AES-256-GCM within a PKCS#11 token, under a key that never leaves it. A session is opened for
// each use: a token may be pulled out in between.
type token struct {
	module string
	token  string
	object string
	pin    func() (security.Secret, error)
	create bool
}

// newPKCS11 reads a URL of RFC 7512: the path attributes token and object, the query attributes module-path and
// pin-source, a file.
func newPKCS11(raw string, o Options) (*token, error) {
	path, query, _ := strings.Cut(strings.TrimPrefix(raw, "pkcs11:"), "?")
	k := &token{object: DefaultObject, pin: o.PIN, create: o.CreateKey}
	for _, list := range []struct{ text, sep string }{{path, ";"}, {query, "&"}} {
		for part := range strings.SplitSeq(list.text, list.sep) {
			if part == "" {
				continue
			}
			name, value, _ := strings.Cut(part, "=")
			value, err := url.PathUnescape(value)
			if err != nil {
				return nil, fmt.Errorf("%w: %s is not percent-encoded", ErrURL, name)
			}
			if err := k.set(name, value); err != nil {
				return nil, err
			}
		}
	}
	if k.token == "" || k.module == "" {
		return nil, fmt.Errorf("%w: a pkcs11: URL names a token and the driver, such as pkcs11:token=elderzan?module-path=/usr/lib/softhsm/libsofthsm2.so", ErrURL)
	}
	return k, nil
}

func (k *token) set(name, value string) error {
	switch name {
	case "token":
		k.token = value
	case "object":
		k.object = value
	case "module-path":
		k.module = value
	case "pin-source":
		file := strings.TrimPrefix(strings.TrimPrefix(value, "file:"), "//")
		k.pin = func() (security.Secret, error) {
			info, err := os.Stat(file)
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				return security.Secret{}, fmt.Errorf("%w: %s, which holds the PIN, has mode %04o; run: chmod 600 %s", keyring.ErrPermissions, file, info.Mode().Perm(), file)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				return security.Secret{}, fmt.Errorf("%w: read the PIN: %w", keyring.ErrUnavailable, err)
			}
			return security.NewSecret([]byte(strings.TrimRight(string(b), "\r\n"))), nil
		}
	case "pin-value":
		return fmt.Errorf("%w: a PIN does not belong into the settings; use pin-source=file:… or ELDERZAN_PKCS11_PIN", ErrURL)
	case "type", "slot-id", "manufacturer", "serial", "model", "id":
		return fmt.Errorf("%w: pkcs11: attribute %s is not supported; name token and object", ErrURL, name)
	default:
		return fmt.Errorf("%w: pkcs11: attribute %q is unknown", ErrURL, name)
	}
	return nil
}

func (k *token) String() string { return fmt.Sprintf("the PKCS#11 token %q", k.token) }

// session is a logged-in session on the token, and the key's handle.
type session struct {
	ctx    *pkcs11.Ctx
	handle pkcs11.SessionHandle
	key    pkcs11.ObjectHandle
}

func (s *session) close() {
	_ = s.ctx.CloseSession(s.handle) // what was asked for is answered
	_ = s.ctx.Finalize()
	s.ctx.Destroy()
}

func (k *token) open() (_ *session, err error) {
	ctx := pkcs11.New(k.module)
	if ctx == nil {
		return nil, fmt.Errorf("%w: the driver %s cannot be loaded; install it, or change module-path in kms_url", keyring.ErrUnavailable, k.module)
	}
	s := &session{ctx: ctx}
	if err := ctx.Initialize(); err != nil {
		ctx.Destroy()
		return nil, k.fail("start the driver", err)
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	slot, err := k.slot(ctx)
	if err != nil {
		return nil, err
	}
	if s.handle, err = ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION); err != nil {
		return nil, k.fail("open a session", err)
	}
	if k.pin == nil {
		return nil, fmt.Errorf("%w: no PIN is given; set ELDERZAN_PKCS11_PIN, or pin-source in kms_url", keyring.ErrUnavailable)
	}
	pin, err := k.pin()
	if err != nil {
		return nil, err
	}
	if err := ctx.Login(s.handle, pkcs11.CKU_USER, string(pin.Bytes())); err != nil && !errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) {
		return nil, k.fail("log in", err)
	}
	s.key, err = k.find(s)
	return s, err
}

func (k *token) slot(ctx *pkcs11.Ctx) (uint, error) {
	slots, err := ctx.GetSlotList(true)
	if err != nil {
		return 0, k.fail("list the slots", err)
	}
	for _, slot := range slots {
		if info, err := ctx.GetTokenInfo(slot); err == nil && info.Label == k.token {
			return slot, nil
		}
	}
	return 0, fmt.Errorf("%w: there is no token %q; plug it in, or change token in kms_url", keyring.ErrUnavailable, k.token)
}

// find looks for the key, and makes it if it may.
func (k *token) find(s *session) (pkcs11.ObjectHandle, error) {
	template := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY), pkcs11.NewAttribute(pkcs11.CKA_LABEL, k.object),
	}
	if err := s.ctx.FindObjectsInit(s.handle, template); err != nil {
		return 0, k.fail("look for the key", err)
	}
	found, _, err := s.ctx.FindObjects(s.handle, 2)
	if ferr := s.ctx.FindObjectsFinal(s.handle); err == nil {
		err = ferr
	}
	switch {
	case err != nil:
		return 0, k.fail("look for the key", err)
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return 0, fmt.Errorf("%w: the token has several keys %q; name another one by object in kms_url", keyring.ErrRefused, k.object)
	case !k.create:
		return 0, fmt.Errorf("%w: the token has no key %q; nothing was changed", keyring.ErrRefused, k.object)
	}
	key, err := s.ctx.GenerateKey(s.handle, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, append(template,
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true), pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true)))
	if err != nil {
		return 0, k.fail("make the key", err)
	}
	return key, nil
}

// fail gives the driver's errors their meaning.
func (k *token) fail(step string, err error) error {
	var code pkcs11.Error
	kind := keyring.ErrUnavailable
	if errors.As(err, &code) {
		switch code {
		case pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_LOCKED, pkcs11.CKR_PIN_EXPIRED, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE:
			return fmt.Errorf("%w: the PIN is refused (%w); nothing was changed; a token locks after a few wrong ones", keyring.ErrRefused, err)
		case pkcs11.CKR_ENCRYPTED_DATA_INVALID, pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE, pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED:
			kind = keyring.ErrRefused
		}
	}
	return fmt.Errorf("%w: %s: %w", kind, step, err)
}

func (k *token) Wrap(_ context.Context, key security.Secret) ([]byte, error) {
	s, err := k.open()
	if err != nil {
		return nil, err
	}
	defer s.close()
	nonce := make([]byte, gcmNonce)
	_, _ = rand.Read(nonce) // never fails
	params := pkcs11.NewGCMParams(nonce, place, 8*gcmTag)
	defer params.Free()
	if err := s.ctx.EncryptInit(s.handle, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, params)}, s.key); err != nil {
		return nil, k.fail("wrap", err)
	}
	sealed, err := s.ctx.Encrypt(s.handle, key.Bytes())
	if err != nil {
		return nil, k.fail("wrap", err)
	}
	return append(nonce, sealed...), nil
}

func (k *token) Unwrap(_ context.Context, wrapped []byte) (security.Secret, error) {
	if len(wrapped) < gcmNonce+gcmTag {
		return security.Secret{}, fmt.Errorf("%w: it was not wrapped by a token", keyring.ErrRefused)
	}
	s, err := k.open()
	if err != nil {
		return security.Secret{}, err
	}
	defer s.close()
	params := pkcs11.NewGCMParams(wrapped[:gcmNonce], place, 8*gcmTag)
	defer params.Free()
	if err := s.ctx.DecryptInit(s.handle, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, params)}, s.key); err != nil {
		return security.Secret{}, k.fail("unwrap", err)
	}
	b, err := s.ctx.Decrypt(s.handle, wrapped[gcmNonce:])
	if err != nil {
		return security.Secret{}, k.fail("unwrap", err)
	}
	return security.NewSecret(b), nil
}
