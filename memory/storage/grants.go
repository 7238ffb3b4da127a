package storage

import (
	"context"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage/internal/catalog"
	"github.com/elderzan/elderzan/security/access"
)

// Grants lists who may do what beside the owner of the folder.
func (s *Store) Grants(ctx context.Context) ([]access.Grant, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	list, err := s.catalog.Permissions(ctx)
	if err != nil {
		return nil, catalogError(err)
	}
	out := make([]access.Grant, 0, len(list))
	for _, p := range list {
		out = append(out, access.Grant{Subject: p.User, Kind: p.Kind, Object: p.Object, Role: access.Role(p.Role)})
	}
	return out, nil
}

func permission(g access.Grant) catalog.Permission {
	return catalog.Permission{User: g.Subject, Kind: g.Kind, Object: g.Object, Role: string(g.Role)}
}

// Grant stores g, with an audit entry. It returns an error wrapping access.ErrGrant for one that makes no sense.
func (s *Store) Grant(ctx context.Context, g access.Grant, audit memory.Audit) error {
	if err := g.Check(); err != nil {
		return err
	}
	audit.Action, audit.Reason = "grant", g.String()
	s.stamp(&audit)
	return s.write(ctx, func(tx *catalog.Tx) error {
		if err := tx.PutPermission(permission(g), s.opts.Now()); err != nil {
			return err
		}
		return tx.Audit(audit)
	})
}

// Revoke takes back what g's subject has for g's object, whatever the role, and reports whether there was anything.
func (s *Store) Revoke(ctx context.Context, g access.Grant, audit memory.Audit) (had bool, err error) {
	audit.Action = "revoke"
	s.stamp(&audit)
	err = s.write(ctx, func(tx *catalog.Tx) error {
		var err error
		if had, err = tx.DropPermission(permission(g)); err != nil || !had {
			return err
		}
		audit.Reason = g.Subject + " loses " + g.Kind + " " + g.Object
		return tx.Audit(audit)
	})
	return had, err
}
