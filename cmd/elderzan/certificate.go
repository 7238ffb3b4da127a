package main

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateLook is how long the files of a certificate are believed to be as they were.
const certificateLook = time.Second

// certificate is what the HTTP server shows of itself. Its files are read again when they have changed, so that a renewed
// certificate counts without a restart; while the new ones cannot be used, the one from before does. The names by which
// the server may be called stay those of the first one and of http_hosts. Safe for concurrent use.
type certificate struct {
	cert, key string // files
	log       *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	state  [2]fileState // of the files, when they were read last
	looked time.Time
}

type fileState struct {
	changed time.Time
	size    int64
}

// openCertificate reads a certificate and its key, PEM files.
func openCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: log, looked: time.Now()}
	c.state = c.look()
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	c.pair = &pair
	return c, nil
}

func (c *certificate) look() (out [2]fileState) {
	for i, name := range []string{c.cert, c.key} {
		if info, err := os.Stat(name); err == nil {
			out[i] = fileState{info.ModTime(), info.Size()}
		}
	}
	return out
}

// get is tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.looked) < certificateLook {
		return c.pair, nil
	}
	c.looked = now
	state := c.look()
	if state == c.state {
		return c.pair, nil
	}
	c.state = state // files that are of no use are not read again before they change
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		c.log.Warn("the new certificate cannot be used; the one from before still is", "file", c.cert, "error", err)
		return c.pair, nil
	}
	c.log.Info("the certificate was renewed", "valid_until", pair.Leaf.NotAfter)
	c.pair = &pair
	return c.pair, nil
}
