// Package kms opens what keeps a master key elsewhere than in a key file, by the URL in the setting kms_url:
//
//	passphrase:                     a passphrase, stretched by Argon2id with a cost measured on this machine
//	keyring:                        the operating system's keyring (Secret Service, Keychain, Credential Manager)
//	pkcs11:token=T;object=O?…       a key in a hardware token or HSM that never leaves it (RFC 7512)
//	base64key://                    a key given in the environment, ELDERZAN_KMS_KEY
//	awskms://KEY?region=R           AWS KMS
//	gcpkms://projects/…/cryptoKeys/K    Google Cloud KMS
//	azurekeyvault://V.vault.azure.net/keys/K/VERSION    Azure Key Vault
//	hashivault://KEY                Vault's transit engine
//
// The last four are spoken to by a program of its own, cmd/kms: their libraries would cost every start of elderzan, and many
// megabytes. It is asked once when the key is unwrapped.
package kms
