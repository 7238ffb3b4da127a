package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/security/keyring"
)

type doctorArgs struct {
	Repair bool `json:"repair"`
}

type doctorResult struct {
	Findings []finding         `json:"findings"`
	Mended   int               `json:"mended"`
	Salvaged *storage.Salvaged `json:"salvaged,omitempty"`        // what was taken over of a damaged database just now
	AtStart  []storage.Mended  `json:"mended_at_start,omitempty"` // by this start and those before it
	Renewal  string            `json:"renewal,omitempty"`         // what an upgrade or a new key has left to do in the background
	Keys     keyReport         `json:"keys"`
}

// keyReport says where the master key comes from, and whether it is there now.
type keyReport struct {
	Source     string `json:"source"` // the key file, or the file of the wrapped key and what keeps it
	ID         string `json:"id,omitempty"`
	Generation uint32 `json:"generation,omitempty"`
	Older      int    `json:"older,omitempty"`   // keys before it that are still held
	Problem    string `json:"problem,omitempty"` // why it cannot be had; what is open goes on with the key it has
}

// reportKeys asks for the master key as the next start will.
func (st *stack) reportKeys(ctx context.Context) keyReport {
	r := keyReport{Source: st.keys.String()}
	ring, err := keyring.Open(ctx, keyring.Options{Dir: st.dir, Source: st.keys})
	if err != nil {
		r.Problem = explain(keyError(err))
		return r
	}
	defer ring.Close()
	r.ID, r.Generation, r.Older = ring.ID().String(), ring.Generation(), len(ring.Generations())-1
	if len(st.keyAlerts) > 0 {
		r.Problem = strings.Join(st.keyAlerts, "; ")
	}
	return r
}

// finding is a storage.Finding as it travels.
type finding struct {
	Kind     string    `json:"kind"`
	Severity string    `json:"severity"`
	Engine   string    `json:"engine"`
	ID       memory.ID `json:"id,omitempty"`
	Detail   string    `json:"detail"`
	Advice   string    `json:"advice"`
}

// doctor checks the store; with repair it mends what it found from the record and checks again.
func (a *admin) doctor(ctx context.Context, st *stack, in doctorArgs) (any, error) {
	var (
		found []storage.Finding
		res   = doctorResult{Findings: []finding{}}
		err   error
	)
	if in.Repair {
		res.Mended, found, err = st.store.Repair(ctx)
	} else {
		found, err = st.store.Check(ctx)
	}
	if err != nil {
		return nil, err
	}
	stats, err := st.store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	res.Salvaged, res.AtStart = st.store.Salvaged(), st.store.Mended()
	res.Renewal, res.Keys = stats.Renewal.String(), st.reportKeys(ctx)
	for _, f := range found {
		res.Findings = append(res.Findings, finding{
			Kind: string(f.Kind), Severity: f.Severity.String(), Engine: f.Engine, ID: f.ID, Detail: f.Detail, Advice: f.Advice,
		})
	}
	return res, nil
}

var errFindings = errors.New("the store has findings")

func newDoctor(a *app) *cobra.Command {
	var repair, salvage bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check every engine against the record; --repair mends", GroupID: "server", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if salvage && !repair {
				return hint(errors.New("--salvage is a way to repair"), "elderzan doctor --repair --salvage")
			}
			if salvage && !a.inProcess { // it reads the files of a store that nobody has open
				return a.repairClosed(ctx, true)
			}
			a.mend = mending{Repair: repair && a.inProcess, Salvage: salvage}
			err := a.runDoctor(ctx, repair)
			if err != nil && repair && !a.inProcess && a.closed(ctx) {
				err = a.repairClosed(ctx, false)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "mend what is found")
	cmd.Flags().BoolVar(&salvage, "salvage", false, "with --repair, take over what can be read of a damaged database and give up the rest")
	return cmd
}

func (a *app) runDoctor(ctx context.Context, repair bool) error {
	s, err := a.session(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var raw json.RawMessage
	if err := s.Call(ctx, adminPrefix+"doctor", doctorArgs{Repair: repair}, &raw); err != nil {
		return err
	}
	if err := a.print(raw, showFindings); err != nil {
		return err
	}
	var res doctorResult
	if err := json.Unmarshal(raw, &res); err != nil {
		return err
	}
	switch {
	case len(res.Findings) == 0:
		return nil
	case repair:
		return hint(fmt.Errorf("%w that could not be mended", errFindings), "bring a backup back: elderzan restore --replace; or give up what cannot be read: elderzan doctor --repair --salvage")
	}
	return hint(errFindings, "mend them from the record: elderzan doctor --repair")
}

// closed reports whether the engine cannot open the store. One that cannot leaves with its last client.
func (a *app) closed(ctx context.Context) bool {
	dir, err := dataFolder(a.data)
	if err != nil {
		return false
	}
	st, err := attach.Control(ctx, dir, link.KindStatus)
	return errors.Is(err, attach.ErrNoEngine) || err == nil && st.OpenError != ""
}

// repairClosed mends a store that the engine cannot open, or that is to be salvaged: in this process, with what is damaged made anew.
func (a *app) repairClosed(ctx context.Context, salvage bool) error {
	dir, err := dataFolder(a.data)
	if err != nil {
		return err
	}
	if _, err := attach.Control(ctx, dir, link.KindStop); err != nil && !errors.Is(err, attach.ErrNoEngine) {
		return err
	}
	a.inProcess, a.mend = true, mending{Repair: true, Salvage: salvage}
	err = a.runDoctor(ctx, true)
	var less *storage.SalvageError
	if errors.As(err, &less) {
		return less // it names both commands
	}
	var damaged *memory.CorruptError
	if errors.As(err, &damaged) {
		return hint(fmt.Errorf("%s is damaged, and nothing else holds what it held: %w", damaged.Engine, damaged.Err),
			"nothing was changed; bring a backup back: elderzan restore --replace --data "+dir)
	}
	return err
}

func showFindings(w io.Writer, raw json.RawMessage) error {
	var res doctorResult
	if err := json.Unmarshal(raw, &res); err != nil {
		return err
	}
	if res.Salvaged != nil {
		fmt.Fprintf(w, "%s the database was damaged, and what can be read of it has taken its place: %s\n", paint(w, red, "!"), res.Salvaged)
		for _, id := range res.Salvaged.Lost {
			fmt.Fprintf(w, "lost: %s\n", id)
		}
		fmt.Fprintf(w, "the damaged one is kept as catalog.db.damaged-…; remove it when nothing is missed\n")
	}
	for _, m := range res.AtStart {
		fmt.Fprintf(w, "mended at start, %s: %s: %s\n", m.At.Local().Format(time.DateTime), m.What, m.Detail)
	}
	if res.Mended > 0 {
		fmt.Fprintf(w, "%d findings mended\n", res.Mended)
	}
	for _, f := range res.Findings {
		fmt.Fprintf(w, "%s: %s in %s", f.Severity, f.Kind, f.Engine)
		if f.ID != "" {
			fmt.Fprintf(w, ", memory %s", f.ID)
		}
		fmt.Fprintf(w, ": %s; %s\n", f.Detail, f.Advice)
	}
	if res.Renewal != "" {
		fmt.Fprintf(w, "in the background: %s\n", res.Renewal)
	}
	k := res.Keys
	if k.ID != "" {
		fmt.Fprintf(w, "keys: master key %s, generation %d, from %s", k.ID, k.Generation, k.Source)
		if k.Older > 0 {
			fmt.Fprintf(w, "; older ones are held: elderzan keys status")
		}
		fmt.Fprintln(w)
	}
	if k.Problem != "" {
		fmt.Fprintf(w, "%s keys: %s: %s\n", paint(w, red, "!"), k.Source, k.Problem)
	}
	if len(res.Findings) == 0 {
		fmt.Fprintln(w, "no findings: record, full text, vectors, indexes and audit log agree")
	}
	return nil
}
