// Package saying finds secrets by how people and programs say them: a word for a secret, a link ("is", "=", "は", a table
// bar, a closing tag), and a value. It knows sentences in English and Japanese, assignments in code, settings files,
// headers, shell commands and addresses, and tells a value from talk about values.
package saying
