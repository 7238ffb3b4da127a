package storage

import (
	"errors"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security/audit"
)

// TestVerifyAudit changes the log behind the store's back in one way each: it is found, also by somebody who could write
// the whole log anew, as long as a checkpoint was kept elsewhere.
func TestVerifyAudit(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil []string // statements; the log has 300 entries, of which 290 are signed
		want  string
	}{
		"nothing":                {nil, ""},
		"an entry altered":       {[]string{`UPDATE audit SET reason = 'nothing' WHERE seq = 20`}, "entry 20"},
		"an unsigned one":        {[]string{`UPDATE audit SET reason = 'nothing' WHERE seq = 295`}, "entry 295"},
		"an entry removed":       {[]string{`DELETE FROM audit WHERE seq = 20`}, "entry 20"},
		"entries exchanged":      {[]string{`UPDATE audit SET seq = -1 WHERE seq = 20`, `UPDATE audit SET seq = 20 WHERE seq = 21`, `UPDATE audit SET seq = 21 WHERE seq = -1`}, "entries 1 to 256"},
		"the end cut off":        {[]string{`DELETE FROM audit WHERE seq > 250`}, "cut off"},
		"a hash altered":         {[]string{`UPDATE meta SET value = zeroblob(8192) WHERE key = 'audit-tile/1/0'`}, "stored hashes are damaged"},
		"the checkpoint altered": {[]string{`UPDATE meta SET value = x'78' WHERE key = 'audit-checkpoint'`}, "checkpoint"},
		"the log emptied":        {[]string{`DELETE FROM audit`, `DELETE FROM meta WHERE key LIKE 'audit-%'`}, "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			note := func(n int64) {
				for r.catalog.AuditHead() < n {
					if err := r.Note(t.Context(), memory.Audit{Action: "denied", User: "u", Reason: strings.Repeat("long ", 1000)}); err != nil {
						t.Fatal(err)
					}
				}
			}
			note(290)
			kept, err := r.CheckpointAudit(t.Context())
			if err != nil || kept.Entries != 290 {
				t.Fatalf("CheckpointAudit = %+v, %v", kept, err)
			}
			note(300)
			r.apart(t, func() {
				if tc.spoil != nil {
					execSQL(t, r.dir, append([]string{`DROP TRIGGER audit_no_update`, `DROP TRIGGER audit_no_delete`}, tc.spoil...)...)
				}
			})
			rep, err := r.VerifyAudit(t.Context(), [][]byte{[]byte(kept.Note)})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(rep.Faults, "\n"); tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("found %q; want %q", got, tc.want)
			}
			if tc.want == "" && (rep.Entries != 300 || rep.Signed != 290) {
				t.Errorf("report %+v", rep)
			}
			_, err = r.CheckpointAudit(t.Context())
			var fault *audit.Fault
			if tc.want == "" && err != nil {
				t.Errorf("CheckpointAudit again: %v", err)
			}
			if name == "the end cut off" && !errors.As(err, &fault) {
				t.Errorf("a log that was cut off is signed: %v", err)
			}
		})
	}
}

// A log written anew by somebody with all keys is found by the checkpoint kept elsewhere alone, and checkpoints of before
// a rotation count after it.
func TestAuditWrittenAnew(t *testing.T) {
	r := newRig(t)
	kept, err := r.CheckpointAudit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.RotateKeys(t.Context(), memory.Audit{}); err != nil {
		t.Fatal(err)
	}
	r.apart(t, func() {})
	if err := errors.Join(r.WaitRenewed(t.Context()), r.RetireKeys(t.Context(), memory.Audit{})); err != nil {
		t.Fatal(err)
	}
	r.apart(t, func() {})
	if rep, err := r.VerifyAudit(t.Context(), [][]byte{[]byte(kept.Note)}); err != nil || len(rep.Faults) != 0 {
		t.Errorf("after a rotation: %+v, %v", rep, err)
	}
	r.apart(t, func() {
		execSQL(t, r.dir, `DROP TRIGGER audit_no_update`, `DROP TRIGGER audit_no_delete`, `DELETE FROM audit`, `DELETE FROM meta WHERE key LIKE 'audit-%'`)
	})
	for range 50 {
		if err := r.Note(t.Context(), memory.Audit{Action: "remember", User: "nobody"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.CheckpointAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rep, err := r.VerifyAudit(t.Context(), nil); err != nil || len(rep.Faults) != 0 {
		t.Errorf("the log by itself is whole: %+v, %v", rep, err)
	}
	if rep, err := r.VerifyAudit(t.Context(), [][]byte{[]byte(kept.Note)}); err != nil || !strings.Contains(strings.Join(rep.Faults, ""), "kept elsewhere") {
		t.Errorf("against the checkpoint kept elsewhere: %+v, %v", rep, err)
	}
}
