// Package value judges what stands where a secret might stand: a placeholder, a reference to a secret kept elsewhere,
// an identifier, a digest, a UUID, or something that only a secret looks like. All functions are pure and safe for
// concurrent use; their cost is linear in the length of the value.
package value
