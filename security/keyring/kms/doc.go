// Package kms opens what keeps a master key elsewhere than in a key file, by the URL in the setting kms_url:
//
//	passphrase:                     a passphrase, stretched by Argon2id with a cost measured on this machine
//	keyring:                        the operating system's keyring (Secret Service, Keychain, Credential Manager)
//	pkcs11:token=T;object=O?…       a key in a hardware token or HSM that never leaves it (RFC 7512)
//	base64key://                    a key given in the environment, ELDERZAN_KMS_KEY
//	awskms:// gcpkms:// azurekeyvault:// hashivault://    a cloud's KMS, by gocloud.dev/secrets, in a build with -tags cloudkms
//
// The clouds stand behind a build tag because their libraries cost every start and many megabytes.
package kms
