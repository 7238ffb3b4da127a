// Package postgres is the cloud of package sync in a PostgreSQL database that trusts no client: Remote is its
// memsync.Remote, Directory carries a team's membership chain, wrapped keys and wishes to join, and Init makes the
// schema and its roles.
//
// A client connects as a login of its own device. Which tenant it belongs to, the database finds from the login; no
// setting, argument or role that the client can choose changes it (migrations/00001_cloud.sql, provision.sql). Open
// refuses to work as an owner, a superuser or a role that bypasses row-level security, and with a schema that does not
// force it. Connections are TLS 1.3 with the server's name and chain verified and, where pins are set, one of the
// chain's keys among them; there is no plaintext and no fallback to it.
package postgres
