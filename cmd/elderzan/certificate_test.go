package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestCertificateIsRenewed serves with a certificate whose files are replaced, first by ones that do not belong together.
func TestCertificateIsRenewed(t *testing.T) {
	dir := t.TempDir()
	conf := httpConfig{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	if _, _, err := conf.secure(slog.New(slog.DiscardHandler)); err == nil {
		t.Error("files that are not there make a certificate")
	}
	writeCertificate(t, conf.CertFile, conf.KeyFile, 1)
	secure, names, err := conf.secure(slog.New(slog.DiscardHandler))
	if err != nil || len(names) != 2 || names[0] != "memory.example" || names[1] != "127.0.0.1" {
		t.Fatalf("names %v, %v", names, err)
	}
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Listener = tls.NewListener(srv.Listener, secure)
	srv.Start()
	defer srv.Close()
	shown := func() int64 {
		c, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}) //nolint:gosec // looks at what is shown
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := shown(); got != 1 {
		t.Errorf("certificate %d is shown", got)
	}
	writeCertificate(t, conf.CertFile, filepath.Join(dir, "other.pem"), 2) // the key is still to come
	if got := shown(); got != 1 {
		t.Errorf("certificate %d is shown without its key", got)
	}
	writeCertificate(t, conf.CertFile, conf.KeyFile, 3)
	waitFor(t, "the renewed certificate", func() bool { return shown() == 3 })
}

func writeCertificate(t *testing.T, certFile, keyFile string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"memory.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
