package team

import (
	"fmt"

	"github.com/google/uuid"
)

// Role says what a member may do; the package comment has the table. The zero value is no role.
type Role uint8

// The roles.
const (
	Owner   Role = 1
	Editor  Role = 2
	Reader  Role = 3
	Auditor Role = 4 // sees who did what, and never the team's keys
)

var roleNames = [...]string{Owner: "owner", Editor: "editor", Reader: "reader", Auditor: "auditor"}

// String returns the role's name.
func (r Role) String() string {
	if r.Valid() {
		return roleNames[r]
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// ParseRole reads a role's name.
func ParseRole(name string) (Role, error) {
	for r, n := range roleNames {
		if n != "" && n == name {
			return Role(r), nil
		}
	}
	return 0, fmt.Errorf("%w: a role is owner, editor, reader or auditor", ErrFormat)
}

// Valid reports whether r is one of the four roles.
func (r Role) Valid() bool { return r >= Owner && r <= Auditor }

// Reads reports whether the team's keys are wrapped to devices of this role.
func (r Role) Reads() bool { return r == Owner || r == Editor || r == Reader }

// Writes reports whether records by devices of this role count.
func (r Role) Writes() bool { return r == Owner || r == Editor }

// Manages reports whether the role may change members, roles and policy.
func (r Role) Manages() bool { return r == Owner }

// loses reports whether going from r to next takes away reading or writing, which calls for a new epoch.
func (r Role) loses(next Role) bool {
	return r.Reads() && !next.Reads() || r.Writes() && !next.Writes()
}

// Member is a person, or whatever else acts as one, with one or more devices.
type Member struct {
	ID   uuid.UUID
	Name string // the server sees it; at most 128 bytes
	Role Role
}

func (m *Member) check() error {
	switch {
	case m.ID == uuid.Nil || m.Name == "" || !m.Role.Valid():
		return fmt.Errorf("%w: a member needs an id, a name and a role", ErrFormat)
	case !validName(m.Name):
		return fmt.Errorf("%w: a member's name is at most %d bytes of plain text", ErrLimit, maxNameBytes)
	}
	return nil
}
