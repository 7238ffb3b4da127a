// Package kms opens what keeps a master key elsewhere than in a key file, by the URL in the setting kms_url:
//
//	passphrase:                     a passphrase, stretched by Argon2id with a cost measured on this machine
//	keyring:                        the operating system's keyring (Secret Service, Keychain, Credential Manager)
//	pkcs11:token=T;object=O?…       a key in a hardware token or HSM that never leaves it (RFC 7512)
//	base64key://                    a key given in the environment, ELDERZAN_KMS_KEY
//
// The KMS of the clouds (awskms, gcpkms, azurekeyvault, hashivault) are refused by name: their libraries would cost every
// start and many megabytes.
package kms
