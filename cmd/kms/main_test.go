package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/security/keyring"
	"github.com/elderzan/elderzan/security/keyring/kms"
	"github.com/elderzan/elderzan/security/keyring/kms/kmswire"
)

// asHelper has the test binary be the program.
const asHelper = "KMS_TEST_AS_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(asHelper) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func keeper(t *testing.T, url string, wait time.Duration) keyring.Keeper {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	k, err := kms.Open(t.Context(), url, kms.Options{Helper: self, Patience: wait})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestClouds keeps a master key with each cloud: it comes back, also after the cloud has rotated its key; another key, damage
// and wrong credentials are told as a refusal, a cloud that is away as that.
func TestClouds(t *testing.T) {
	for name, tc := range map[string]struct {
		url, other string // a key that the cloud does not have
		secret     string // variable that holds who one is, wrong on purpose
		wrong      string
		start      func(*testing.T, *clouds) func()
	}{
		"AWS": {awsURL, "awskms://alias/another?region=eu-central-1", "AWS_SECRET_ACCESS_KEY", "wrong", func(t *testing.T, c *clouds) func() { return newAWS(t, c).rotate }},
		"Google": {googleURL, strings.Replace(googleURL, "master", "another", 1), "", "", func(t *testing.T, c *clouds) func() {
			return newGoogle(t, c).rotate
		}},
		"Azure": {azureURL, strings.Replace(azureURL, "master", "another", 1), "AZURE_CLIENT_SECRET", "wrong", func(t *testing.T, c *clouds) func() {
			k := newAzure(t, c)
			return func() { k.rotate(t) }
		}},
		"Vault": {vaultURL, "hashivault://another", "VAULT_TOKEN", "hvs.wrong", func(t *testing.T, c *clouds) func() { return newVault(t, c).rotate }},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClouds(t)
			rotate := tc.start(t, c)
			ctx, k := background(t), keeper(t, tc.url, patience)
			key := security.RandomSecret(keyring.MasterKeySize)
			wrapped, err := k.Wrap(ctx, key)
			if err != nil {
				t.Fatalf("wrap: %v", err)
			}
			if bytes.Contains(wrapped, key.Bytes()) {
				t.Error("the key stands in the clear")
			}
			rotate()
			if got, err := k.Unwrap(ctx, wrapped); err != nil || !got.Equal(key) {
				t.Fatalf("unwrap after the cloud rotated its key: %v", err)
			}
			refused := func(what string, err error) {
				t.Helper()
				if !errors.Is(err, keyring.ErrRefused) {
					t.Errorf("%s: %v; want a refusal", what, err)
				}
			}
			bad := bytes.Clone(wrapped)
			bad[len(bad)-6] ^= 1
			_, err = k.Unwrap(ctx, bad)
			refused("damage", err)
			_, err = keeper(t, tc.other, patience).Wrap(ctx, key)
			refused("a key that is not there", err)
			away(t, c, tc.url)
			if tc.secret != "" {
				t.Setenv(tc.secret, tc.wrong)
				_, err = k.Unwrap(ctx, wrapped)
				refused("wrong credentials", err)
			}
		})
	}
}

// away has a process that holds the key go on without the cloud; the next one tells what is missing.
func away(t *testing.T, c *clouds, url string) {
	t.Helper()
	dir, ctx := t.TempDir(), background(t)
	source := keyring.NewWrappedSource(dir, keeper(t, url, patience))
	ring, err := keyring.Open(ctx, keyring.Options{Dir: dir, Source: source, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Rotate(ctx); err != nil {
		t.Errorf("rotate: %v", err)
	}
	_ = ring.Close() // its key is kept by the source
	c.setAway(true)
	defer c.setAway(false)
	again, err := keyring.Open(ctx, keyring.Options{Dir: dir, Source: source})
	if err != nil || again.Generation() != 2 {
		t.Fatalf("in the same process: %v", err)
	}
	_ = again.Close()
	_, err = keyring.Open(ctx, keyring.Options{Dir: dir, Source: keyring.NewWrappedSource(dir, keeper(t, url, 3*time.Second))})
	if !errors.Is(err, keyring.ErrUnavailable) || !strings.Contains(err.Error(), "when it is back") {
		t.Errorf("in the next process: %v", err)
	}
	c.setAway(false)
	back, err := keyring.Open(ctx, keyring.Options{Dir: dir, Source: keyring.NewWrappedSource(dir, keeper(t, url, patience))})
	if err != nil || back.Generation() != 2 {
		t.Fatalf("when it is back: %v", err)
	}
	_ = back.Close()
}

// TestQuestions asks what cannot be answered.
func TestQuestions(t *testing.T) {
	for name, tc := range map[string]struct {
		question kmswire.Question
		kind     kmswire.Failure
		text     string
	}{
		"no KMS":              {kmswire.Question{Op: kmswire.Wrap, URL: "https://example", Seconds: 60}, kmswire.BadURL, "no KMS"},
		"no URL":              {kmswire.Question{Op: kmswire.Wrap, URL: "awskms://%zz", Seconds: 60}, kmswire.BadURL, "no KMS"},
		"unknown parameter":   {kmswire.Question{Op: kmswire.Wrap, URL: "awskms://key?colour=hunter2", Seconds: 60}, kmswire.BadURL, "colour"},
		"not a vault's key":   {kmswire.Question{Op: kmswire.Wrap, URL: "azurekeyvault://example.com/x", Seconds: 60}, kmswire.BadURL, "invalid keyID"},
		"no time":             {kmswire.Question{Op: kmswire.Wrap, URL: "hashivault://k", Seconds: 0}, kmswire.Unavailable, "0 seconds"},
		"something else done": {kmswire.Question{Op: "sign", URL: "hashivault://k", Seconds: 60}, kmswire.BadURL, "different builds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("VAULT_ADDR", "https://127.0.0.1:1")
			b, err := json.Marshal(tc.question)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := serve(bytes.NewReader(b), &out); err != nil {
				t.Fatal(err)
			}
			var a kmswire.Answer
			if err := json.Unmarshal(out.Bytes(), &a); err != nil || a.Kind != tc.kind || !strings.Contains(a.Error, tc.text) || strings.Contains(a.Error, "hunter2") {
				t.Errorf("%+v, %v; want %s with %q", a, err, tc.kind, tc.text)
			}
		})
	}
	if err := serve(strings.NewReader("{"), &bytes.Buffer{}); err == nil {
		t.Error("half a question was answered")
	}
}
