// Package value judges what stands where a secret might stand: a placeholder, a reference to a secret kept elsewhere,
// an identifier, a digest, a UUID, or something that only a secret looks like. All functions are pure and safe for
// concurrent use; their cost is linear in the length of the value.
//
// place.go holds the one table of what a word (Otherwise) and a drawn value (OtherwiseDrawn) in a text can be instead of a secret. What it
// asks stands in forms.go where the word alone tells, in numbers.go where a number does, in setting.go where the words around it do, in
// codeplace.go where code, packages and commits are spoken of, and in drawn.go for drawn values.
package value
