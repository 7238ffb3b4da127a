package postgres

import (
	"crypto/tls"
	"errors"
	"testing"
)

// TestNeverWithoutTLS: whatever a configuration came to, none without TLS that is verified leads to a connection, and none is
// trusted whose chain was not verified.
func TestNeverWithoutTLS(t *testing.T) {
	o := &Options{}
	for name, from := range map[string]*tls.Config{"none": nil, "unverified": {InsecureSkipVerify: true}} {
		if c, err := o.tls(from); !errors.Is(err, ErrURL) || c != nil {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	c, err := o.tls(&tls.Config{})
	if err != nil || c.MinVersion != tls.VersionTLS13 || c.VerifyConnection == nil {
		t.Fatalf("verified: %+v, %v", c, err)
	}
	if err := c.VerifyConnection(tls.ConnectionState{}); err == nil {
		t.Error("a connection without a verified chain was let through")
	}
}
