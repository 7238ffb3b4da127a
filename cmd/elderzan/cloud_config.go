package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/knadh/koanf/v2"

	"github.com/elderzan/elderzan/security"
	"github.com/elderzan/elderzan/sync/postgres"
)

// cloudConfig is what the settings say of the cloud; what they leave open, cloud init or an invite has put on record.
type cloudConfig struct {
	Enabled  bool
	URL      security.Secret // empty for none
	CA       []byte          // PEM; nil for none
	Pins     []string
	Interval time.Duration
	Cold     int64 // bytes of GLOBAL beyond which old rows go to cold storage; 0 for never
	ColdAge  time.Duration
}

// read fills c from the settings. Each error says which setting, and what to write instead; none quotes the address.
func (c *cloudConfig) read(k *koanf.Koanf, bad func(key, want string) error) error {
	var err error
	if c.Enabled, err = strconv.ParseBool(k.String("hybrid_mode_enabled")); err != nil {
		return bad("hybrid_mode_enabled", "true or false")
	}
	if c.Interval, err = time.ParseDuration(k.String("sync_interval")); err != nil || c.Interval < time.Second || c.Interval > 24*time.Hour {
		return bad("sync_interval", "a span from 1s to 24h, such as 300s")
	}
	limit, err := humanize.ParseBytes(k.String("cloud_cold_limit"))
	if err != nil || limit > 1<<60 {
		return bad("cloud_cold_limit", "a size such as 100GB, or 0 for no limit")
	}
	c.Cold = int64(limit)
	if c.ColdAge, err = time.ParseDuration(k.String("cloud_cold_age")); err != nil || c.ColdAge < 24*time.Hour {
		return bad("cloud_cold_age", "a span of 24h or more, such as 8760h for a year")
	}
	if address := k.String("cloud_database_url"); address != "" {
		if err := postgres.CheckURL(address); err != nil {
			return hint(fmt.Errorf("settings: %w", err), "elderzan config tells what it looks like")
		}
		c.URL = security.NewSecret([]byte(address))
	}
	if path := k.String("cloud_ssl_cert_path"); path != "" {
		if c.CA, err = os.ReadFile(path); err != nil {
			return bad("cloud_ssl_cert_path", "a file that can be read")
		}
		if !x509.NewCertPool().AppendCertsFromPEM(c.CA) {
			return bad("cloud_ssl_cert_path", "a certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----")
		}
	}
	for _, p := range strings.Split(k.String("cloud_tls_pins"), ",") {
		if p = strings.TrimSpace(p); p != "" {
			c.Pins = append(c.Pins, p)
		}
	}
	if err := postgres.CheckPins(c.Pins); err != nil {
		return hint(fmt.Errorf("settings: %w", err), "elderzan cloud pins")
	}
	return nil
}
