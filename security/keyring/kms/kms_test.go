package kms

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	oskeyring "github.com/zalando/go-keyring"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
)

func phrase(s string) func(bool) (security.Secret, error) {
	return func(bool) (security.Secret, error) { return security.NewSecret([]byte(s)), nil }
}

func secret(s string) func() (security.Secret, error) {
	return func() (security.Secret, error) { return security.NewSecret([]byte(s)), nil }
}

func keeper(t *testing.T, url string, o Options) keyring.Keeper {
	t.Helper()
	k, err := Open(t.Context(), url, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if p, ok := k.(*passphrase); ok {
		p.target = time.Millisecond
	}
	return k
}

// wantRefused checks that other does not unwrap what k wrapped, that damage is found, and that k itself gives it back.
func exercise(t *testing.T, k, other keyring.Keeper, want error) {
	t.Helper()
	key := security.RandomSecret(keyring.MasterKeySize)
	wrapped, err := k.Wrap(t.Context(), key)
	if err != nil {
		t.Fatalf("Wrap: %v", err)
	}
	if bytes.Contains(wrapped, key.Bytes()) {
		t.Error("the key stands in the clear")
	}
	if got, err := k.Unwrap(t.Context(), wrapped); err != nil || !got.Equal(key) {
		t.Errorf("Unwrap: %v", err)
	}
	if _, err := other.Unwrap(t.Context(), wrapped); !errors.Is(err, want) {
		t.Errorf("Unwrap by another: %v; want %v", err, want)
	}
	bad := bytes.Clone(wrapped)
	bad[len(bad)-6] ^= 1
	if got, err := k.Unwrap(t.Context(), bad); err == nil && !got.Equal(key) {
		t.Error("a damaged key unwraps as another one")
	} else if err == nil {
		t.Error("damage is not noticed")
	}
}

func TestPassphrase(t *testing.T) {
	good := Options{Passphrase: phrase("seven quiet herons")}
	exercise(t, keeper(t, "passphrase:", good), keeper(t, "passphrase:", Options{Passphrase: phrase("six quiet herons")}), keyring.ErrRefused)
	if _, err := keeper(t, "passphrase:", Options{Passphrase: phrase("short")}).Wrap(t.Context(), security.RandomSecret(32)); !errors.Is(err, keyring.ErrRefused) {
		t.Errorf("a short passphrase: %v", err)
	}
	if _, err := keeper(t, "passphrase:", Options{}).Wrap(t.Context(), security.RandomSecret(32)); !errors.Is(err, keyring.ErrUnavailable) {
		t.Errorf("no passphrase: %v", err)
	}
	if _, err := keeper(t, "passphrase:", Options{Passphrase: phrase("")}).Wrap(t.Context(), security.RandomSecret(32)); !errors.Is(err, keyring.ErrUnavailable) {
		t.Errorf("an empty passphrase: %v", err)
	}
	k := keeper(t, "passphrase:", good)
	wrapped, err := k.Wrap(t.Context(), security.RandomSecret(32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keeper(t, "passphrase:", Options{}).Unwrap(t.Context(), wrapped); !errors.Is(err, keyring.ErrUnavailable) {
		t.Errorf("unwrapped without a passphrase: %v", err)
	}
	hungry, err := json.Marshal(stretched{KDF: "argon2id", Memory: 1 << 31, Passes: 1, Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keeper(t, "passphrase:", good).Unwrap(t.Context(), hungry); !errors.Is(err, keyring.ErrRefused) {
		t.Errorf("a file that asks for 2 TiB: %v", err)
	}
}

// The cost found for this machine is never below what is safe, whatever the clock says.
func TestCalibrate(t *testing.T) {
	if p := calibrate(time.Nanosecond); p.Memory < kdfLeast || p.Passes < 1 || len(p.Salt) != kdfSaltSize {
		t.Errorf("calibrated to %d KiB and %d passes", p.Memory, p.Passes)
	}
}

func TestFixedKey(t *testing.T) {
	key := func() string { return base64.StdEncoding.EncodeToString(security.RandomSecret(32).Bytes()) }
	exercise(t, keeper(t, "base64key://", Options{Key: secret(key())}), keeper(t, "base64key://"+key(), Options{}), keyring.ErrRefused)
	if _, err := keeper(t, "base64key://", Options{}).Wrap(t.Context(), security.RandomSecret(32)); !errors.Is(err, keyring.ErrUnavailable) {
		t.Errorf("no key: %v", err)
	}
}

func TestURLs(t *testing.T) {
	for url, want := range map[string]error{
		"nonsense": ErrURL, "ftp://x": ErrURL, "passphrase:hunter2": ErrURL, "pkcs11:token=x": ErrURL, "pkcs11:token=x?module-path=/m&pin-value=1234": ErrURL,
		"pkcs11:token=%zz?module-path=/m": ErrURL, "pkcs11:colour=x?module-path=/m": ErrURL, "pkcs11:serial=x?module-path=/m": ErrURL,
	} {
		_, err := Open(t.Context(), url, Options{})
		if !errors.Is(err, want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "1234") {
			t.Errorf("Open(%q) = %v; want %v", url, err, want)
		}
	}
	for url, want := range map[string]string{
		"base64key://c2VjcmV0": "base64key:", "pkcs11:token=a?pin-source=file:/x": "pkcs11:token=a", "hashivault://u:p@host/key?x=y": "hashivault://host/key",
	} {
		if got := Describe(url); got != want {
			t.Errorf("Describe(%q) = %q; want %q", url, got, want)
		}
	}
}

// Whether the cloud answers is cmd/kms's matter; here is what goes wrong before it is asked.
func TestClouds(t *testing.T) {
	for _, url := range []string{"awskms:", "gcpkms://", "azurekeyvault:///", "hashivault://user:hunter2@key", "awskms://%zz"} {
		if _, err := Open(t.Context(), url, Options{}); !errors.Is(err, ErrURL) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) = %v", url, err)
		}
	}
	const url = "awskms://alias/master?region=eu-central-1"
	t.Setenv("PATH", t.TempDir())
	key := security.RandomSecret(keyring.MasterKeySize)
	if _, err := keeper(t, url, Options{}).Wrap(t.Context(), key); !errors.Is(err, keyring.ErrUnavailable) || !strings.Contains(err.Error(), HelperName) {
		t.Errorf("without the program: %v", err)
	}
	for name, tc := range map[string]struct {
		program string
		want    error
		text    string
	}{
		"it fails":            {"exit 3", keyring.ErrUnavailable, "did not answer"},
		"it says nothing":     {"exit 0", keyring.ErrUnavailable, "same build"},
		"it says too much":    {"yes 0123456789 | /usr/bin/head -c 300000", keyring.ErrUnavailable, "did not answer"},
		"it gives nothing":    {"echo '{}'", keyring.ErrUnavailable, "nothing back"},
		"the key is not ours": {`echo '{"error":"no such key","kind":"refused"}'`, keyring.ErrRefused, "no such key"},
		"the cloud is away":   {`echo '{"error":"no route","kind":"unavailable"}'`, keyring.ErrUnavailable, "when it is back"},
		"the URL is not good": {`echo '{"error":"odd","kind":"url"}'`, ErrURL, "odd"},
		"a passphrase leaks":  {`[ -z "$ELDERZAN_PASSPHRASE" ] || echo '{"data":"AAAA"}'`, keyring.ErrUnavailable, "same build"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ELDERZAN_PASSPHRASE", "seven quiet herons")
			t.Setenv("PATH", "/usr/bin:/bin")
			program := filepath.Join(t.TempDir(), HelperName)
			if err := os.WriteFile(program, []byte("#!/bin/sh\ncat >/dev/null\n"+tc.program+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			_, err := keeper(t, url, Options{Helper: program}).Wrap(t.Context(), key)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("%v; want %q", err, tc.text)
			}
		})
	}
}

// TestHelper keeps a key with a program that does as elderzan-kms does.
func TestHelper(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, HelperName)
	if err := os.WriteFile(program, []byte("#!/bin/sh\nsed 's/.*\"data\":\"\\([^\"]*\\)\".*/{\"data\":\"\\1\"}/'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	k := keeper(t, "hashivault://key", Options{Patience: time.Minute})
	key := security.RandomSecret(keyring.MasterKeySize)
	wrapped, err := k.Wrap(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Unwrap(t.Context(), wrapped); err != nil || !got.Equal(key) {
		t.Errorf("unwrap: %v", err)
	}
	for url, want := range map[string]string{"hashivault://key": "Vault", "base64key://": "a key given in base64", "keyring:": "the operating system's keyring", "passphrase:": "a passphrase"} {
		if got := keeper(t, url, Options{}).String(); got != want {
			t.Errorf("%s is called %q, want %q", url, got, want)
		}
	}
}

// TestKeyInBase64 gives what is no key.
func TestKeyInBase64(t *testing.T) {
	key := security.RandomSecret(32)
	failing := func() (security.Secret, error) { return security.Secret{}, errors.New("no terminal") }
	for what, k := range map[string]keyring.Keeper{
		"no base64":   keeper(t, "base64key://x!", Options{}),
		"too short":   keeper(t, "base64key://AAAA", Options{}),
		"not to have": keeper(t, "base64key://", Options{Key: failing}),
	} {
		if _, err := k.Wrap(t.Context(), key); err == nil {
			t.Errorf("wrapped by one that is %s", what)
		}
		if _, err := k.Unwrap(t.Context(), make([]byte, 100)); err == nil {
			t.Errorf("unwrapped by one that is %s", what)
		}
	}
	good := keeper(t, "base64key://"+base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xfb}, 32)), Options{})
	if _, err := good.Unwrap(t.Context(), []byte("short")); !errors.Is(err, keyring.ErrRefused) {
		t.Errorf("what was never wrapped: %v", err)
	}
	if got := Describe("hashivault://a\x7f"); got != "hashivault:" {
		t.Errorf("an address that is none is described as %q", got)
	}
	p := calibrate(300 * time.Millisecond)
	if p.Memory > kdfMemory || p.Passes > kdfPasses {
		t.Errorf("calibrated to %d KiB and %d passes", p.Memory, p.Passes)
	}
}

const softHSM = "/usr/lib/softhsm/libsofthsm2.so"

// newToken makes a SoftHSM token of its own for this test and returns the URL without a key.
func newToken(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "tokens"), 0o700),
		os.WriteFile(conf, fmt.Appendf(nil, "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", dir), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", "elderzan test", "--so-pin", "87654321", "--pin", "12345678").CombinedOutput()
	if err != nil {
		t.Fatalf("make a token (run `make deps-test`): %v\n%s", err, out)
	}
	return "pkcs11:token=elderzan%20test;object=master?module-path=" + softHSM
}

func TestPKCS11(t *testing.T) {
	url := newToken(t)
	pin := secret("12345678")
	if _, err := keeper(t, url, Options{PIN: pin}).Wrap(t.Context(), security.RandomSecret(32)); !errors.Is(err, keyring.ErrRefused) {
		t.Errorf("a token without the key: %v", err)
	}
	file := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(file, []byte("12345678\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := keeper(t, url, Options{PIN: pin, CreateKey: true})
	exercise(t, k, keeper(t, strings.Replace(url, "object=master", "object=other", 1), Options{PIN: pin, CreateKey: true}), keyring.ErrRefused)
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := keeper(t, url+"&pin-source=file:"+file, Options{}).Wrap(t.Context(), security.RandomSecret(32)); !errors.Is(err, keyring.ErrPermissions) {
		t.Errorf("a PIN that others read: %v", err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	exercise(t, keeper(t, url+"&pin-source=file:"+file, Options{}), keeper(t, url, Options{PIN: secret("00000000")}), keyring.ErrRefused)
	exercise(t, k, keeper(t, url, Options{}), keyring.ErrUnavailable)
	exercise(t, k, keeper(t, strings.Replace(url, "elderzan%20test", "gone", 1), Options{PIN: pin}), keyring.ErrUnavailable)
	exercise(t, k, keeper(t, strings.Replace(url, softHSM, "/nowhere.so", 1), Options{PIN: pin}), keyring.ErrUnavailable)
	if got := k.String(); got != `the PKCS#11 token "elderzan test"` {
		t.Errorf("it is called %s", got)
	}
	if _, err := k.Unwrap(t.Context(), make([]byte, gcmNonce)); !errors.Is(err, keyring.ErrRefused) {
		t.Errorf("what was never wrapped: %v", err)
	}
	if _, err := keeper(t, url+"&pin-source=file:"+file+".gone", Options{}).Wrap(t.Context(), security.RandomSecret(32)); !errors.Is(err, keyring.ErrUnavailable) {
		t.Errorf("a PIN that is gone: %v", err)
	}
	if out, err := exec.Command("softhsm2-util", "--import", secretKeyFile(t), "--aes", "--token", "elderzan test", "--pin", "12345678", "--label", "master", "--id", "beef").CombinedOutput(); err != nil {
		t.Fatalf("a second key: %v\n%s", err, out)
	}
	if _, err := k.Wrap(t.Context(), security.RandomSecret(32)); !errors.Is(err, keyring.ErrRefused) || !strings.Contains(err.Error(), "several keys") {
		t.Errorf("two keys of a name: %v", err)
	}
}

// secretKeyFile is a file of a key that softhsm2-util imports.
func secretKeyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, security.RandomSecret(32).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOSKeyring has a D-Bus session with a Secret Service of its own.
func TestOSKeyring(t *testing.T) {
	home := t.TempDir()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(home, "none"))
	if _, err := keeper(t, "keyring:", Options{Folder: "one"}).Wrap(t.Context(), security.RandomSecret(32)); !errors.Is(err, keyring.ErrUnavailable) {
		t.Errorf("without a keyring: %v", err)
	}
	if _, err := keeper(t, "keyring:", Options{Folder: "one"}).Unwrap(t.Context(), make([]byte, 100)); !errors.Is(err, keyring.ErrUnavailable) {
		t.Errorf("unwrapped without a keyring: %v", err)
	}
	startSecretService(t, home)
	one := keeper(t, "keyring:", Options{Folder: "one"})
	exercise(t, one, keeper(t, "keyring:", Options{Folder: "two"}), keyring.ErrRefused)
	exercise(t, keeper(t, "keyring:", Options{Folder: "one"}), keeper(t, "passphrase:", Options{Passphrase: phrase("seven quiet herons")}), keyring.ErrRefused)

	// An entry that is another's, or that somebody has written over.
	key := security.RandomSecret(32)
	wrapped, err := one.Wrap(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for what, entry := range map[string]string{"no base64": "hunter2!", "too short": "AAAA", "another key": base64.StdEncoding.EncodeToString(security.RandomSecret(32).Bytes())} {
		if err := oskeyring.Set(service, "one", entry); err != nil {
			t.Fatal(err)
		}
		if _, err := one.Unwrap(t.Context(), wrapped); !errors.Is(err, keyring.ErrRefused) || strings.Contains(err.Error(), entry) {
			t.Errorf("%s: %v; want ErrRefused", what, err)
		}
	}
	if err := oskeyring.Set(service, "one", "AAAA"); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Wrap(t.Context(), key); !errors.Is(err, keyring.ErrRefused) {
		t.Errorf("wrapped under an entry that is no key: %v", err)
	}
}

// busConfig is a session bus that starts nothing by itself: asked for a Secret Service before ours is there, the usual one
// starts another, to which nobody gives a password.
const busConfig = `<busconfig><type>session</type><listen>unix:path=%s</listen><policy context="default">` +
	`<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

// startSecretService starts a session bus and a Secret Service on it, whose files are in home, and ends them with the test.
func startSecretService(t *testing.T, home string) {
	t.Helper()
	config := filepath.Join(home, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, filepath.Join(home, "bus")), 0o600); err != nil {
		t.Fatal(err)
	}
	bus := exec.Command("dbus-daemon", "--config-file="+config, "--nofork", "--print-address=1")
	out, err := bus.StdoutPipe()
	if err == nil {
		err = bus.Start()
	}
	if err != nil {
		t.Fatalf("a session bus (run `make deps-test`): %v", err)
	}
	t.Cleanup(func() { end(bus) })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the bus tells no address: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	var said bytes.Buffer
	daemon := exec.Command("gnome-keyring-daemon", "--unlock", "--foreground", "--components=secrets")
	daemon.Env = append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	daemon.Stdin, daemon.Stdout, daemon.Stderr = strings.NewReader("pass\n"), &said, &said
	if err := daemon.Start(); err != nil {
		t.Fatalf("a keyring (run `make deps-test`): %v", err)
	}
	t.Cleanup(func() { end(daemon) })
	guard, tick := time.After(2*time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for err = errors.New("not asked"); !errors.Is(err, oskeyring.ErrNotFound); _, err = oskeyring.Get(service, "nobody") {
		select {
		case <-tick.C:
		case <-guard:
			t.Fatalf("the keyring does not come: %v", err)
		}
	}
}

// end ends a process that this test has started.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // that it was killed
}

// away is a keeper whose KMS goes away.
type away struct {
	keyring.Keeper
	gone  bool
	asked int
}

func (k *away) Unwrap(ctx context.Context, wrapped []byte) (security.Secret, error) {
	k.asked++
	if k.gone {
		return security.Secret{}, keyring.ErrUnavailable
	}
	return k.Keeper.Unwrap(ctx, wrapped)
}

// The KMS is asked once in a process: one that goes away is missed at the next start.
func TestKMSAway(t *testing.T) {
	dir := t.TempDir()
	k := &away{Keeper: keeper(t, "passphrase:", Options{Passphrase: phrase("seven quiet herons")})}
	s := keyring.NewWrappedSource(dir, k)
	ring, err := keyring.Open(t.Context(), keyring.Options{Dir: dir, Source: s, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Rotate(t.Context()); err != nil {
		t.Fatalf("Rotate: %v", err)
	}
	_ = ring.Close()
	k.gone, k.asked = true, 0
	again, err := keyring.Open(t.Context(), keyring.Options{Dir: dir, Source: s})
	if err != nil || again.Generation() != 2 || k.asked != 0 {
		t.Fatalf("in the same process: %v, asked %d times", err, k.asked)
	}
	before, err := os.ReadFile(filepath.Join(dir, keyring.WrappedFileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Rotate(t.Context()); !errors.Is(err, keyring.ErrUnavailable) {
		t.Errorf("a rotation without the KMS: %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, keyring.WrappedFileName)); err != nil || !bytes.Equal(before, after) {
		t.Error("the wrapped key was touched")
	}
	if _, err := keyring.Open(t.Context(), keyring.Options{Dir: dir, Source: keyring.NewWrappedSource(dir, k)}); !errors.Is(err, keyring.ErrUnavailable) {
		t.Errorf("at the next start: %v; want ErrUnavailable", err)
	}
	k.gone = false
	if _, err := keyring.Open(t.Context(), keyring.Options{Dir: dir, Source: keyring.NewWrappedSource(dir, k)}); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}
