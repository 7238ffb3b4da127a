package kms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/security/keyring"
)

// refuse says why a scheme opens nothing.
func refuse(scheme string) (keyring.Keeper, error) {
	if slices.Contains([]string{"awskms", "gcpkms", "azurekeyvault", "hashivault"}, scheme) {
		return nil, fmt.Errorf("%w: no cloud's KMS is spoken to; use one of %s", ErrURL, strings.Join(Schemes(), ", "))
	}
	return nil, fmt.Errorf("%w: its scheme is unknown; use one of %s", ErrURL, strings.Join(Schemes(), ", "))
}
