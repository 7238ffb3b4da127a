package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// clouds are the KMS of four clouds on this machine. The program finds them under their true names: its connections go
// through a proxy, which HTTPS_PROXY names, to servers whose certificates an authority vouches for that SSL_CERT_FILE names.
// They speak the clouds' protocols, check who is there, and encrypt.
type clouds struct {
	caKey *ecdsa.PrivateKey
	ca    *x509.Certificate
	seq   int64

	mu    sync.Mutex
	hosts map[string]string // where the proxy sends a host
	away  bool
}

func newClouds(t *testing.T) *clouds {
	t.Helper()
	c := &clouds{hosts: map[string]string{}}
	c.caKey, c.ca = c.issue(t, "test authority")
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.ca.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.HandlerFunc(c.connect))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "")
	t.Setenv("SSL_CERT_FILE", file)
	t.Setenv("HOME", t.TempDir()) // nobody's credentials
	t.Setenv(asHelper, "1")
	return c
}

// issue makes a key and a certificate for a host; the first is the authority.
func (c *clouds) issue(t *testing.T, host string) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.seq++
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(c.seq), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	by, byKey := c.ca, c.caKey
	if by == nil {
		cert.IsCA, cert.BasicConstraintsValid, cert.KeyUsage = true, true, x509.KeyUsageCertSign
		by, byKey = cert, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, cert, by, &key.PublicKey, byKey)
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	return key, cert
}

func (c *clouds) certificate(t *testing.T, host string) tls.Certificate {
	t.Helper()
	key, cert := c.issue(t, host)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

// serve has h answer for host and port.
func (c *clouds) serve(t *testing.T, host, port string, h http.Handler) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{c.certificate(t, host)}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that end
	s.StartTLS()
	t.Cleanup(s.Close)
	c.send(host+":"+port, s.Listener.Addr().String())
}

func (c *clouds) send(host, to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hosts[host] = to
}

func (c *clouds) setAway(away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = away
}

// connect is the proxy.
func (c *clouds) connect(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	to, away := c.hosts[r.Host], c.away
	c.mu.Unlock()
	if r.Method != http.MethodConnect || to == "" || away {
		http.Error(w, "no way to "+r.Host, http.StatusBadGateway)
		return
	}
	server, err := new(net.Dialer).DialContext(r.Context(), "tcp", to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		server.Close()
		return
	}
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		server.Close()
		client.Close()
		return
	}
	go func() {
		_, _ = io.Copy(server, client) // either side may end it
		server.Close()
	}()
	_, _ = io.Copy(client, server)
	client.Close()
}

// versions is a key with all its versions: the newest encrypts, each decrypts what it encrypted.
type versions struct {
	mu   sync.Mutex
	keys []cipher.AEAD
}

func newVersions() *versions {
	v := &versions{}
	v.rotate()
	return v
}

func (v *versions) rotate() {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := make([]byte, 32)
	_, _ = rand.Read(key)           // never fails
	block, _ := aes.NewCipher(key)  // the length is right
	aead, _ := cipher.NewGCM(block) // the block size is right
	v.keys = append(v.keys, aead)
}

func (v *versions) encrypt(plain, context []byte) (version int, out []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	version = len(v.keys)
	nonce := make([]byte, 12)
	_, _ = rand.Read(nonce)
	return version, v.keys[version-1].Seal(append([]byte{byte(version)}, nonce...), nonce, plain, context)
}

func (v *versions) decrypt(b, context []byte) ([]byte, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(b) < 13 || b[0] == 0 || int(b[0]) > len(v.keys) {
		return nil, false
	}
	out, err := v.keys[b[0]-1].Open(nil, b[1:13], b[13:], context)
	return out, err == nil
}

// patience is for what must happen, on a machine under any load.
const patience = 2 * time.Minute

func background(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	return ctx
}
