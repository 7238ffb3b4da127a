package catalog

import (
	"context"
	"time"
)

// Permission is a role that a user, or a program, has for something.
type Permission struct{ User, Kind, Object, Role string }

// Permissions lists every permission, by user, kind and object.
func (v *View) Permissions(ctx context.Context) ([]Permission, error) {
	rows, err := v.query(ctx, "read permissions", `SELECT user, kind, object, role FROM permissions ORDER BY user, kind, object`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Permission
	for rows.Next() {
		var p Permission
		if err := rows.Scan(&p.User, &p.Kind, &p.Object, &p.Role); err != nil {
			return nil, wrap("read permissions", err)
		}
		out = append(out, p)
	}
	return out, wrap("read permissions", rows.Err())
}

// PutPermission stores p in place of the user's permission for the same object.
func (tx *Tx) PutPermission(p Permission, at time.Time) error {
	if _, err := tx.exec("write permission", `INSERT OR IGNORE INTO users (name, role, created_at) VALUES (?, '', ?)`, p.User, at.UnixMilli()); err != nil {
		return err
	}
	_, err := tx.exec("write permission", `INSERT OR REPLACE INTO permissions (user, kind, object, role) VALUES (?, ?, ?, ?)`, p.User, p.Kind, p.Object, p.Role)
	return err
}

// DropPermission removes the user's permission for p's object and reports whether there was one.
func (tx *Tx) DropPermission(p Permission) (bool, error) {
	res, err := tx.exec("delete permission", `DELETE FROM permissions WHERE user = ? AND kind = ? AND object = ?`, p.User, p.Kind, p.Object)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, wrap("delete permission", err)
}
