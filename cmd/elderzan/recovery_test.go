package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

// TestRecovery loses both machines of a team and brings back on a third what it shared, from two of three sheets.
func TestRecovery(t *testing.T) {
	pg := pgtest.Start(t)
	fs := newTeamOf(t, pg, "ada", "ben")
	a, b := fs[0], fs[1]
	if out := a.ok("team", "recovery", "show"); !strings.Contains(out, "elderzan team recovery create") {
		t.Errorf("show says %s", out)
	}
	a.ok("remember", "The kingfisher rule was written before there was a recovery key.", "--scope", "SHARED")
	b.fails([]string{"owner"}, "team", "recovery", "create")
	sheets := jsonOf[recoveryResult](t, a, "team", "recovery", "create", "--need", "2", "--shares", "3")
	if len(sheets.Codes) != 3 || sheets.Need != 2 {
		t.Fatalf("create: %d codes, need %d", len(sheets.Codes), sheets.Need)
	}
	a.pipe(sheets.Codes[0]+"\n"+sheets.Codes[2]+"\n", "team", "recovery", "check", "-")
	if o := a.run(strings.Replace(sheets.Codes[0], sheets.Codes[0][:4], "7777", 1), "team", "recovery", "check", "-"); o.code == 0 {
		t.Error("a mistyped share is good")
	}
	a.ok("team", "rotate")
	a.ok("remember", "The kingfisher rule was changed after a rotation.", "--scope", "SHARED")
	gone := a.remember("The cormorant plan is given up.", "--scope", "SHARED")
	until(t, "A pushed", func() bool { return jsonOf[syncStatusResult](t, a, "sync", "status").Pending == 0 })
	a.ok("forget", gone)
	until(t, "A pushed", func() bool { return jsonOf[syncStatusResult](t, a, "sync", "status").Pending == 0 })
	a.ok("stop")
	b.ok("stop")

	c := newFolder(t, "ELDERZAN_ADMIN_URL="+pg.AdminURL("postgres"))
	restore := func(fingerprint string, codes ...string) outcome {
		return c.run(strings.Join(codes, "\n"), "team", "recovery", "restore", sheets.Team, fingerprint, "-", "--ca", pg.CAFile(), "--name", "core again", "--as", "cyd", "--json")
	}
	if o := restore(sheets.Fingerprint, sheets.Codes[1]); o.code == 0 || !strings.Contains(o.err, "share") {
		t.Errorf("one share: %d, %s", o.code, o.err)
	}
	if o := restore("0000-0000", sheets.Codes...); o.code == 0 {
		t.Error("a wrong fingerprint went through")
	}
	var got restoreTeamResult
	o := restore(sheets.Fingerprint, sheets.Codes[2], sheets.Codes[0])
	if o.code != 0 {
		t.Fatal(o.err)
	}
	decode(t, o.out, &got)
	if got.Stored != 2 || got.Deleted != 1 || got.Refused != 0 || len(got.Missing) != 0 || len(got.Members) != 2 {
		t.Errorf("restored: %+v", got)
	}
	if list := contents(t, c, "kingfisher rule"); len(list) != 2 {
		t.Errorf("recalled %q", list)
	}
	until(t, "the new team has them", func() bool { return jsonOf[syncStatusResult](t, c, "sync", "status").Pending == 0 })
	if o := restore(sheets.Fingerprint, sheets.Codes...); o.code != 0 {
		t.Errorf("once more: %s", o.err)
	} else if decode(t, o.out, &got); got.Known != 2 || got.Stored != 0 {
		t.Errorf("once more: %+v", got)
	}
	if out := c.ok("audit", "show"); !strings.Contains(out, "team-recover") {
		t.Errorf("the use of the key is not in the audit log:\n%s", out)
	}
	admin := pg.Connect(t, pg.AdminURL("postgres"))
	var logins int
	if err := admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_roles WHERE rolname LIKE 'ez\_%'`).Scan(&logins); err != nil || logins != 3 {
		t.Errorf("%d logins, %v; want those of three devices and none of the recovery", logins, err)
	}
	for i, code := range sheets.Codes {
		if bytes.Contains(pg.Dump(t, "postgres"), []byte(code)) || strings.Contains(a.ok("audit", "show"), code) {
			t.Errorf("share %d is kept somewhere", i+1)
		}
	}
	if o := a.run(strings.Join(sheets.Codes, "\n"), "team", "recovery", "restore", sheets.Team, sheets.Fingerprint, "-", "--ca", pg.CAFile()); o.code == 0 || !strings.Contains(o.err, "nothing is lost") {
		t.Errorf("in the team itself: %d, %s", o.code, o.err)
	}
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}
