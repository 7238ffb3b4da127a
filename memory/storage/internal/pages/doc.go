// Package pages reads an encrypted SQLite database page by page, without SQLite, so that what can be read is read where SQLite gives up.
// File decrypts the pages that authenticate, of the database and its log; Walk hands out the rows of tables, those too that stand in
// pages which no other page leads to any more.
//
// SQLite's own recovery extension does not fit: it mends the header of the file on the way to SQLite, where an encrypted file has
// its salt, and takes a page that the cipher refuses for the end of everything.
//
// It is for salvage alone, and for a database that nobody has open. Nothing here writes.
package pages
