// Package access decides who may do what: roles that are granted to users and to programs, for everything, a project, a
// team or a tool. It is pure: it keeps nothing and asks nobody. A policy without grants lets the owner of the data folder
// do everything and nobody else anything.
package access
