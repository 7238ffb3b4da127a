package streamable

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func request(token string) *http.Request {
	r, _ := http.NewRequest("POST", "http://localhost/mcp", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func TestTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "tokens.json")
	now := time.Now()
	clock := func() time.Time { return now }
	mine, theirs := NewTokens(path, clock), NewTokens(path, clock) // two processes
	first, err := mine.Make("laptop", "ann", 0)
	if err != nil {
		t.Fatal(err)
	}
	who, ok := theirs.Admit(request(first))
	if !ok || who.User != "ann" || !who.Valid() {
		t.Fatalf("Admit = %+v, %v", who, ok)
	}
	b, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(b), first) || strings.Contains(string(b), strings.TrimPrefix(first, "elz_")) {
		t.Errorf("the file holds the token itself, or cannot be read: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	second, err := mine.Make("laptop", "ann", time.Hour) // the first goes on for an hour
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{first, second} {
		if _, ok := theirs.Admit(request(token)); !ok {
			t.Error("a token is refused in the hour after the next was made")
		}
	}
	now = now.Add(time.Hour)
	if _, ok := theirs.Admit(request(first)); ok || who.Valid() {
		t.Error("the first token outlives its hour")
	}
	third, err := mine.Make("laptop", "ann", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := theirs.Admit(request(second)); ok {
		t.Error("a token that was replaced still works")
	}
	if list, err := theirs.List(); err != nil || len(list) != 1 || list[0].Name != "laptop" {
		t.Errorf("List = %+v, %v", list, err)
	}
	if err := theirs.Revoke("laptop"); err != nil {
		t.Fatal(err)
	}
	if _, ok := mine.Admit(request(third)); ok {
		t.Error("a revoked token still works")
	}
	if err := mine.Revoke("laptop"); !errors.Is(err, ErrNoToken) {
		t.Errorf("revoke nothing: %v", err)
	}
	for _, name := range []string{"", "a b", "../x", strings.Repeat("x", 65)} {
		if _, err := mine.Make(name, "ann", 0); !errors.Is(err, ErrTokenName) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := mine.Admit(request(third)); ok {
		t.Error("a damaged file lets everybody in")
	}
	if _, err := mine.List(); err == nil {
		t.Error("a damaged file is no error")
	}
}

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) sign(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

func (a *authority) pair(name string) tls.Certificate {
	cert, key := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func TestCertificates(t *testing.T) {
	a, strangers := newAuthority(t), newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	w := newWorld(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := w.http.Listen(l, &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{a.pair("server")}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	})
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	w.url = "https://" + l.Addr().String() + Path
	try := func(change func(*tls.Config)) (string, error) {
		c := &tls.Config{RootCAs: pool}
		change(c)
		tr := &http.Transport{TLSClientConfig: c}
		defer tr.CloseIdleConnections()
		w.client = &http.Client{Transport: tr, Timeout: patience}
		res, err := w.send(t.Context(), "POST", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"who",`+meta+`}}`,
			"Authorization", "", "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "who")
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		return read(t, res), nil
	}
	if got, err := try(func(c *tls.Config) { c.Certificates = []tls.Certificate{a.pair("carol")} }); err != nil || !strings.Contains(got, `"carol newer http`) {
		t.Errorf("with a certificate: %s, %v", got, err)
	}
	for name, change := range map[string]func(*tls.Config){
		"no certificate":      func(*tls.Config) {},
		"certificate of none": func(c *tls.Config) { c.Certificates = []tls.Certificate{strangers.pair("carol")} },
		"TLS 1.2": func(c *tls.Config) {
			c.Certificates, c.MaxVersion = []tls.Certificate{a.pair("carol")}, tls.VersionTLS12
		},
	} {
		if got, err := try(change); err == nil {
			t.Errorf("%s: let in: %s", name, got)
		}
	}
}

// Over a unix socket the kernel says who is there.
func TestUnixSocket(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Local = "dave" })
	dir, err := os.MkdirTemp("", "elderzan-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stop := w.http.Listen(l, nil)
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}
	defer tr.CloseIdleConnections()
	w.client, w.url = &http.Client{Transport: tr, Timeout: patience}, "http://localhost"+Path
	s := w.begin("Authorization", "")
	wants(t, "without a token", w.do("POST", call(1, "who", ""), s...), 200, "dave tester")
	wants(t, "with a wrong one", w.do("POST", call(1, "who", ""), append(s, "Authorization", "Bearer x")...), 401, "")
}
