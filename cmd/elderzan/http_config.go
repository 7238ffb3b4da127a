package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/knadh/koanf/v2"
)

// httpConfig says where MCP is spoken over HTTP, and with whom.
type httpConfig struct {
	Listen         string // host:port, or "unix:" and a path; "" for nowhere
	Hosts, Origins []string
	CertFile       string
	KeyFile        string
	ClientCAFile   string
}

// read fills c from the settings. Files are read when the listener starts.
func (c *httpConfig) read(k *koanf.Koanf, bad func(key, want string) error) error {
	c.Listen = k.String("http_listen")
	c.Hosts, c.Origins = words(k.String("http_hosts")), words(k.String("http_origins"))
	c.CertFile, c.KeyFile, c.ClientCAFile = k.String("http_tls_cert"), k.String("http_tls_key"), k.String("http_client_ca")
	switch {
	case (c.CertFile == "") != (c.KeyFile == ""):
		return bad("http_tls_key", "given together with http_tls_cert; set both")
	case c.ClientCAFile != "" && c.CertFile == "":
		return bad("http_client_ca", "of use without http_tls_cert and http_tls_key; set them")
	}
	if c.Listen != "" {
		if err := c.check(c.Listen); err != nil {
			return bad("http_listen", err.Error())
		}
	}
	return nil
}

// check says what an address should be instead: nothing but the loopback is spoken on without TLS.
func (c *httpConfig) check(address string) error {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if !filepath.IsAbs(path) {
			return errors.New("unix: and an absolute path")
		}
		return nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return errors.New("an address such as 127.0.0.1:7420, or unix:/path")
	}
	if c.CertFile == "" && !loopbackAddress(address) {
		return errors.New("on this machine alone, as in 127.0.0.1:7420; other addresses need http_tls_cert and http_tls_key")
	}
	return nil
}

// secure returns the TLS settings, and the names that the certificate vouches for; nil for plain HTTP.
func (c *httpConfig) secure(log *slog.Logger) (*tls.Config, []string, error) {
	if c.CertFile == "" {
		return nil, nil, nil
	}
	own, err := openCertificate(c.CertFile, c.KeyFile, log)
	if err != nil {
		return nil, nil, hint(fmt.Errorf("http_tls_cert: %w", err), "name PEM files of a certificate and its key")
	}
	names := append([]string{}, own.pair.Leaf.DNSNames...)
	for _, ip := range own.pair.Leaf.IPAddresses {
		names = append(names, ip.String())
	}
	t := &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: own.get}
	if c.ClientCAFile == "" {
		return t, names, nil
	}
	pem, err := os.ReadFile(c.ClientCAFile)
	if err != nil {
		return nil, nil, fmt.Errorf("http_client_ca: %w", err)
	}
	t.ClientCAs = x509.NewCertPool()
	if !t.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, nil, hint(errors.New("http_client_ca: no certificate in it"), "name a PEM file of the authority that signs the clients' certificates")
	}
	t.ClientAuth = tls.RequireAndVerifyClientCert
	return t, names, nil
}

// words are the parts of a list with commas.
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
