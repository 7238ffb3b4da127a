package sealed

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/security/envelope"
	"github.com/elderzan/elderzan/security/team"
)

// ErrNoRecovery reports a team that has no recovery key.
var ErrNoRecovery = errors.New("the team has no recovery key")

// SetRecovery makes a recovery key of which any need of shares shares bring back what the team shares, and has the keys
// of all epochs, past and future, wrapped to it. A key that was there before ends with a new epoch. The shares are
// nowhere but in what is returned.
func (t *Team) SetRecovery(ctx context.Context, need, shares int) ([]team.Share, error) {
	id, parts, err := team.NewRecovery(need, shares)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("a recovery key was made: any %d of %d shares read what the team shares", need, shares)
	return parts, t.setPolicy(ctx, func(p *team.Policy) { p.Recovery = id }, "team-recovery", what)
}

// DropRecovery ends the recovery key with a new epoch: its shares read what was written until now, and no more.
func (t *Team) DropRecovery(ctx context.Context) error {
	return t.setPolicy(ctx, func(p *team.Policy) { p.Recovery = nil }, "team-recovery", "the recovery key was ended; a new epoch is open")
}

func (t *Team) setPolicy(ctx context.Context, change func(*team.Policy), action, what string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ring == nil {
		return ErrNotYet
	}
	p := t.ring.Chain().Policy()
	had := p.Recovery != nil
	change(&p)
	if !had && p.Recovery == nil {
		return ErrNoRecovery
	}
	return t.propose(ctx, team.SetPolicy{Policy: p}, action, what)
}

// Recovered is a team as its recovery key reads it.
type Recovered struct {
	*Sealer
	Team *team.Recovered
}

// Recover reads a team with shares of its recovery key. The fingerprint is the team's, as it was kept with the shares:
// without it a server could show a team of its own making. The errors are those of team.LoadNamed and
// RecoveryIdentity.Recover, and ErrNoRecovery.
func Recover(ctx context.Context, d Directory, fingerprint string, shares []team.Share) (*Recovered, error) {
	entries, err := d.Entries(ctx, 0)
	if err != nil {
		return nil, err
	}
	chain, err := team.LoadNamed(fingerprint, entries)
	if err != nil {
		return nil, err
	}
	id := chain.Policy().Recovery
	if id == nil {
		return nil, ErrNoRecovery
	}
	key, err := id.Recover(shares)
	if err != nil {
		return nil, err
	}
	wraps, err := wrapsTo(ctx, d, id.ID)
	if err != nil {
		return nil, err
	}
	r := key.Read(chain, wraps)
	return &Recovered{NewSealer(envelope.New(r, nil, envelope.Options{})), r}, nil
}

func wrapsTo(ctx context.Context, d Directory, device uuid.UUID) ([]team.Wrap, error) {
	raw, err := d.Wraps(ctx, device, 0)
	if err != nil {
		return nil, err
	}
	var out []team.Wrap
	for _, b := range raw {
		if w, err := team.ParseWrap(b); err == nil { // what is none is of no use, and no reason to give up
			out = append(out, w)
		}
	}
	return out, nil
}
