package catalog

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// auditOf makes an entry that differs from its neighbours in everything.
func auditOf(r *rand.Rand) memory.Audit {
	a := memory.Audit{
		At: time.UnixMicro(r.Int64N(1<<50) - 1<<40).UTC(), Action: fmt.Sprint("act", r.IntN(3)), User: strings.Repeat("u", r.IntN(4)), Client: "c",
		Session: fmt.Sprint(r.IntN(9)), From: scope.Scope(r.IntN(5)), To: scope.Scope(r.IntN(5)), Reason: strings.Repeat("why ", r.IntN(30)),
	}
	if r.IntN(3) > 0 {
		a.Subject = memory.NewID()
	}
	for i := range r.IntN(3) {
		a.Rules = append(a.Rules, fmt.Sprint("rule ", i))
	}
	return a
}

func packAll(t *testing.T, d *DB) {
	t.Helper()
	err := d.Exclusive(t.Context(), func() error {
		for d.writer.packs() {
			if err := d.writer.packStep(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func auditLog(t *testing.T, d *DB, after int64, key security.Secret) (got []AuditEntry, err error) {
	err = d.AuditLog(t.Context(), after, func(uint32) (security.Secret, error) { return key, nil }, func(e AuditEntry) error {
		got = append(got, e)
		return nil
	})
	return got, err
}

// TestAuditPacked reads a log whose older entries are packed from every place on: it is what was written, also after the next
// start, and goes on.
func TestAuditPacked(t *testing.T) {
	o := options(t)
	o.AuditBlock = 7
	d := open(t, o)
	r := rand.New(rand.NewPCG(1, 2))
	var want []memory.Audit
	write := func(n int) {
		for range n {
			a := auditOf(r)
			want = append(want, a)
			if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Audit(a) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func() {
		t.Helper()
		for after := range int64(len(want) + 1) {
			got, err := auditLog(t, d, after, o.AuditKey)
			if err != nil || len(got) != len(want)-int(after) {
				t.Fatalf("after %d: %d entries of %d, %v", after, len(got), len(want), err)
			}
			for i, e := range got {
				if e.Seq != after+int64(i)+1 || !reflect.DeepEqual(e.Audit, want[e.Seq-1]) {
					t.Fatalf("after %d: %+v; want %+v", after, e, want[e.Seq-1])
				}
			}
			var some []int64
			err = d.AuditRange(t.Context(), after, after+9, func(e AuditEntry) error { some = append(some, e.Seq); return nil })
			first, last := max(after, 1), min(after+9, int64(len(want)))
			if err != nil || len(some) != int(last-first+1) || some[0] != first || some[len(some)-1] != last {
				t.Fatalf("from %d to %d: %v, %v", after, after+9, some, err)
			}
		}
	}
	write(40)
	packAll(t, d)
	var rows, blocks int
	if err := d.readDB.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM audit_packed)`).Scan(&rows, &blocks); err != nil || rows != 5 || blocks != 5 {
		t.Fatalf("%d rows and %d blocks, %v; want 5 and 5", rows, blocks, err)
	}
	check()
	if _, err := auditLog(t, d, 0, security.RandomSecret(32)); !errors.Is(err, ErrChain) {
		t.Errorf("with another key: %v; want ErrChain", err)
	}
	if n, err := d.LastAudit(t.Context()); err != nil || n != 40 {
		t.Errorf("LastAudit = %d, %v", n, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	o.Create = false
	d = open(t, o)
	write(9)
	packAll(t, d)
	check()
	for _, q := range []string{
		`DELETE FROM audit WHERE seq > 45`, `DELETE FROM audit_packed WHERE last = 7`, `UPDATE audit_packed SET n = 6 WHERE last = 7`, `UPDATE audit SET user = '' WHERE seq > 45`,
	} {
		if err := d.Write(t.Context(), func(tx *Tx) error { _, err := tx.exec("x", q); return err }); err == nil {
			t.Errorf("%s is let through", q)
		}
	}
}

// TestAuditPackedSpoilt changes blocks behind the log's back: it is told where.
func TestAuditPackedSpoilt(t *testing.T) {
	for name, tc := range map[string]struct{ spoil, want string }{
		"bytes":      {`UPDATE audit_packed SET block = CAST(substr(block, 1, length(block) - 1) || x'7f' AS BLOB) WHERE last = 14`, "entries 8 to 14"},
		"form":       {`UPDATE audit_packed SET block = x'09' WHERE last = 14`, "entries 8 to 14"},
		"mac":        {`UPDATE audit_packed SET mac = zeroblob(32) WHERE last = 14`, "entries 8 to 14"},
		"number":     {`UPDATE audit_packed SET n = 6 WHERE last = 14`, "entries 9 to 14"},
		"exchanged":  {`UPDATE audit_packed SET block = (SELECT block FROM audit_packed WHERE last = 21) WHERE last = 14`, "entries 8 to 14"},
		"removed":    {`DELETE FROM audit_packed WHERE last = 14`, "entries 15 to 21"},
		"the first":  {`DELETE FROM audit_packed WHERE last = 7`, "entries 8 to 14"},
		"behind all": {`UPDATE audit SET mac = zeroblob(32) WHERE seq = 23`, "entry 23"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.AuditBlock = 7
			d := open(t, o)
			r := rand.New(rand.NewPCG(3, 4))
			for range 25 {
				if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Audit(auditOf(r)) }); err != nil {
					t.Fatal(err)
				}
			}
			packAll(t, d)
			for _, q := range []string{`DROP TRIGGER audit_packed_no_update`, `DROP TRIGGER audit_packed_no_delete`, `DROP TRIGGER audit_no_update`, tc.spoil} {
				if err := d.Write(t.Context(), func(tx *Tx) error { _, err := tx.exec("x", q); return err }); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := auditLog(t, d, 0, o.AuditKey); !errors.Is(err, ErrChain) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v; want %q", err, tc.want)
			}
			if err := d.AuditRange(t.Context(), 0, 99, func(AuditEntry) error { return nil }); err != nil {
				t.Errorf("AuditRange: %v", err)
			}
		})
	}
}

// An entry that does not follow stays a row, where it is named by itself, and so does what comes after it.
func TestAuditUnsoundIsNotPacked(t *testing.T) {
	o := options(t)
	o.AuditBlock = 7
	d := open(t, o)
	r := rand.New(rand.NewPCG(5, 6))
	for range 25 {
		if err := d.Write(t.Context(), func(tx *Tx) error { return tx.Audit(auditOf(r)) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []string{`DROP TRIGGER audit_no_update`, `UPDATE audit SET user = 'x' WHERE seq = 3`} {
		if err := d.Write(t.Context(), func(tx *Tx) error { _, err := tx.exec("x", q); return err }); err != nil {
			t.Fatal(err)
		}
	}
	packAll(t, d)
	if _, err := auditLog(t, d, 0, o.AuditKey); err == nil || !strings.Contains(err.Error(), "entry 3 ") {
		t.Errorf("%v; want entry 3", err)
	}
}

// FuzzUnpackAudit wants no panic, and of what is read the same entries packed again.
func FuzzUnpackAudit(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8))
	var entries []logged
	for range 5 {
		e := logged{rules: []byte(`["a"]`), generation: 1}
		e.Audit = auditOf(r)
		entries = append(entries, e)
	}
	block, err := packAudit(entries)
	if err != nil {
		f.Fatal(err)
	}
	plain, err := auditDecoder().DecodeAll(block[1:], nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Fuzz(func(t *testing.T, plain []byte) {
		got, err := unpackAudit(auditEncoder().EncodeAll(plain, []byte{auditForm}), 5)
		if err != nil {
			return
		}
		again, err := packAudit(got)
		if err != nil {
			t.Fatal(err)
		}
		same, err := unpackAudit(again, 5)
		if err != nil || !reflect.DeepEqual(same, got) {
			t.Errorf("%+v is read as %+v, %v", got, same, err)
		}
	})
}
