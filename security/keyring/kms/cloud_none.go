//go:build !cloudkms

package kms

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/security/keyring"
)

func cloudSchemes() []string { return nil }

func openCloud(_ context.Context, scheme, _ string) (keyring.Keeper, error) {
	if slices.Contains([]string{"awskms", "gcpkms", "azurekeyvault", "hashivault"}, scheme) {
		return nil, fmt.Errorf("%w: this build speaks to no cloud's KMS; build it with: make build TAGS=cloudkms", ErrURL)
	}
	return nil, fmt.Errorf("%w: its scheme is unknown; use one of %s", ErrURL, strings.Join(Schemes(), ", "))
}
