package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/elderzan/elderzan/sync/postgres/pgtest"
)

// soon is how long a test waits for what should take a moment; the machine may be busy with other things.
const soon = 3 * time.Minute

// until runs check until it is true.
func until(t *testing.T, what string, check func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		if time.Since(began) > soon {
			t.Fatalf("%s: not within %v", what, soon)
		}
		<-tick.C
	}
	return time.Since(began)
}

// jsonOf runs a command with --json and reads what it prints.
func jsonOf[T any](t *testing.T, f *folder, args ...string) T {
	t.Helper()
	o := f.run("", append(args, "--json")...)
	if o.code != 0 {
		t.Fatalf("%s: %s", strings.Join(args, " "), o.err)
	}
	var v T
	if err := json.Unmarshal([]byte(o.out), &v); err != nil {
		t.Fatalf("%s: %v in %s", strings.Join(args, " "), err, o.out)
	}
	return v
}

type recalled struct {
	Memories []struct {
		ID      string `json:"id"`
		Content string `json:"content"`
		Trust   string `json:"trust"`
	} `json:"memories"`
}

func contents(t *testing.T, f *folder, query string) []string {
	t.Helper()
	var out []string
	for _, m := range jsonOf[recalled](t, f, "recall", query).Memories {
		out = append(out, m.Content)
	}
	return out
}

func holds(list []string, text string) bool {
	for _, s := range list {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}

// newTeamOf returns the folders of a team: the first has set up the cloud, the others joined by invite.
func newTeamOf(t *testing.T, pg *pgtest.Cluster, names ...string) []*folder {
	t.Helper()
	first := newFolder(t, "ELDERZAN_ADMIN_URL="+pg.AdminURL("postgres"))
	first.ok("cloud", "init", "--ca", pg.CAFile())
	first.ok("team", "create", "core", "--as", names[0])
	out := []*folder{first}
	for _, name := range names[1:] {
		f := newFolder(t)
		code := jsonOf[inviteResult](t, first, "team", "invite").Code
		f.pipe(code, "team", "join", "-", "--as", name)
		until(t, name+" is let in", func() bool { return jsonOf[syncStatusResult](t, f, "sync", "status").State == "idle" })
		out = append(out, f)
	}
	return out
}

// TestCloud shares memories between two people through a real database.
func TestCloud(t *testing.T) {
	pg := pgtest.Start(t)
	fs := newTeamOf(t, pg, "ada", "ben")
	a, b := fs[0], fs[1]

	text := "The zeppelin deploy runs from the release branch at noon."
	id := jsonOf[struct{ ID string }](t, a, "remember", text, "--scope", "PROJECT", "--tags", "zeppelintag", "--title", "Zeppelintitle", "--metadata", `{"k":"zeppelinmeta"}`, "--wait").ID
	a.ok("remember", "My own note about quetzals is private.", "--scope", "PRIVATE")
	a.ok("remember", "The narwhal project builds with make.", "--scope", "PROJECT")
	shared := jsonOf[struct {
		To     string `json:"to"`
		Leaves bool   `json:"leaves_machine"`
	}](t, a, "share", id)
	if !shared.Leaves || !strings.Contains(shared.To, "end-to-end encrypted") {
		t.Errorf("share says %+v", shared)
	}
	took := until(t, "shared on A, recalled on B", func() bool { return holds(contents(t, b, "when is the zeppelin deploy?"), "zeppelin") })
	t.Logf("share on A, recalled on B after %v", took)
	if st := jsonOf[struct {
		Embedding struct{ Pending int } `json:"embedding"`
		Index     struct{ Vectors int } `json:"index"`
	}](t, b, "status"); st.Embedding.Pending != 0 || st.Index.Vectors != 1 {
		t.Errorf("status of B: %+v; want its one vector, which came along", st)
	}
	until(t, "B rests", func() bool { return jsonOf[syncStatusResult](t, b, "sync", "status").State == "idle" })
	if got := jsonOf[recalled](t, b, "recall", "zeppelin"); got.Memories[0].Trust != "untrusted" {
		t.Errorf("trust of another person's words: %s", got.Memories[0].Trust)
	}
	if holds(contents(t, b, "quetzals narwhal"), "quetzal") || holds(contents(t, b, "narwhal"), "narwhal") {
		t.Error("PRIVATE or PROJECT came along")
	}
	dump := bytes.ToLower(pg.Dump(t, "postgres"))
	for _, word := range []string{"zeppelin", "quetzal", "narwhal", "release branch"} {
		if bytes.Contains(dump, []byte(word)) || bytes.Contains(dump, []byte(hexOf(word))) {
			t.Errorf("the database holds %q", word)
		}
	}
	t.Run("conflict", func(t *testing.T) { testCloudConflict(t, a, b, id) })
	t.Run("resolve", func(t *testing.T) { testCloudResolve(t, a, b) })
	t.Run("withdraw", func(t *testing.T) {
		a.ok("share", id, "--scope", "PROJECT")
		until(t, "taken out on B", func() bool { return !holds(contents(t, b, "zeppelin deploy"), "zeppelin") })
		if !holds(contents(t, a, "zeppelin deploy"), "zeppelin") {
			t.Error("it is gone on A too")
		}
	})
	t.Run("offline", func(t *testing.T) { testCloudOffline(t, pg, a, b) })
	t.Run("pause and mode", func(t *testing.T) { testCloudSwitches(t, a, b) })
	t.Run("remove", func(t *testing.T) { testCloudRemove(t, a, b) })
	t.Run("cold", func(t *testing.T) { testCloudCold(t, pg, a) })
	a.ok("cloud", "update") // once more is harmless
	for _, f := range fs {
		if o := f.run("", "doctor"); o.code != 0 {
			t.Errorf("doctor: %s%s", o.out, o.err)
		}
	}
}

// pipe is ok with something on standard input.
func (f *folder) pipe(stdin string, args ...string) {
	f.t.Helper()
	if o := f.run(stdin, args...); o.code != 0 {
		f.t.Fatalf("elderzan %v: exit %d: %s", args, o.code, o.err)
	}
}

func hexOf(s string) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, c := range []byte(s) {
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

func testCloudConflict(t *testing.T, a, b *folder, id string) {
	a.ok("mode", "local-only") // which ends the round under way
	b.ok("mode", "local-only")
	a.ok("revise", id, "--content", "The zeppelin deploy runs at one.")
	b.ok("revise", id, "--content", "The zeppelin deploy runs at two.")
	a.ok("mode", "hybrid")
	until(t, "A pushed", func() bool { return jsonOf[syncStatusResult](t, a, "sync", "status").Pending == 0 })
	b.ok("mode", "hybrid")
	for name, f := range map[string]*folder{"A": a, "B": b} {
		until(t, "conflict on "+name, func() bool { return len(jsonOf[conflictsResult](t, f, "conflicts", "list").Conflicts) == 1 })
	}
	show := b.ok("conflicts", "show", id)
	if !strings.Contains(show, "at one") || !strings.Contains(show, "at two") || !strings.Contains(show, "at noon") {
		t.Errorf("conflicts show lacks a version or the ancestor:\n%s", show)
	}
	list := jsonOf[struct {
		Others []struct {
			Number int    `json:"number"`
			Text   string `json:"text"`
			Base   string `json:"base"`
		} `json:"others"`
	}](t, b, "revise", id, "--resolves", "list")
	if len(list.Others) != 1 || list.Others[0].Number != 1 || !strings.Contains(list.Others[0].Text, "at ") || !strings.Contains(list.Others[0].Base, "at noon") {
		t.Errorf("revise --resolves list: %+v", list)
	}
	a.fails([]string{"resolves", "1 to 1"}, "revise", id, "--resolves", "2")
	a.fails([]string{"resolves"}, "revise", id, "--resolves", "merged")
	settleOnPage(t, b, "The zeppelin deploy runs at one, on Fridays at two.", "at one", "at two", "at noon")
	for name, f := range map[string]*folder{"A": a, "B": b} {
		until(t, "resolved on "+name, func() bool {
			return len(jsonOf[conflictsResult](t, f, "conflicts", "list").Conflicts) == 0 && holds(contents(t, f, "zeppelin deploy"), "on Fridays")
		})
	}
}

// settleOnPage decides the only conflict of a device in a browser, where it finds the texts side by side: it merges them by
// hand.
func settleOnPage(t *testing.T, f *folder, text string, versions ...string) {
	t.Helper()
	ctx := browser(t)
	address := f.startDashboard()
	do(t, ctx, chromedp.Navigate(address), chromedp.WaitVisible(".cards"),
		chromedp.Navigate(address[:strings.Index(address, "/enter")]+"/conflicts"), press("//summary[text()='Both began with']"))
	see(t, ctx, "conflict", append(versions, "As it stands", "Keep this")...)
	var lefts []float64
	do(t, ctx, chromedp.Evaluate(`[...document.querySelectorAll(".sides > div")].map(d => d.getBoundingClientRect().left)`, &lefts))
	if len(lefts) != 2 || lefts[0] >= lefts[1] {
		t.Errorf("the texts stand at %v; want two side by side", lefts)
	}
	var wide int
	do(t, ctx, emulation.SetDeviceMetricsOverride(phoneWidth, 844, 2, true), chromedp.Evaluate(`document.documentElement.scrollWidth`, &wide))
	see(t, ctx, "phone-conflict", versions...)
	if wide > phoneWidth {
		t.Errorf("the page is %d pixels wide on a phone", wide)
	}
	do(t, ctx, press("//summary[text()='Merge by hand']"), chromedp.SetValue("textarea[name=text]", text), press("//button[text()='Save']"),
		arrive(`location.search === "?done=settled" && document.querySelector(".flash")`))
	see(t, ctx, "settled", "Settled", "There are none")
}

// testCloudResolve decides as the other commands do.
func testCloudResolve(t *testing.T, a, b *folder) {
	ids := []string{}
	for _, text := range []string{"The ibis statue stands by the lake.", "The timetable of the toucan hangs in the hall."} {
		ids = append(ids, a.remember(text, "--scope", "SHARED"))
	}
	until(t, "both on B", func() bool {
		return holds(contents(t, b, "ibis statue"), "ibis") && holds(contents(t, b, "toucan timetable"), "toucan")
	})
	a.ok("mode", "local-only") // which ends the round under way
	b.ok("mode", "local-only")
	for i, what := range []string{"ibis statue", "toucan timetable"} {
		a.ok("revise", ids[i], "--content", "The "+what+" was moved to the lake.")
		b.ok("revise", ids[i], "--content", "The "+what+" was taken into the hall.")
	}
	a.ok("mode", "hybrid")
	until(t, "A pushed", func() bool { return jsonOf[syncStatusResult](t, a, "sync", "status").Pending == 0 })
	b.ok("mode", "hybrid")
	until(t, "conflicts on B", func() bool { return len(jsonOf[conflictsResult](t, b, "conflicts", "list").Conflicts) == 2 })
	b.ok("conflicts", "resolve", ids[0], "--keep", "1")
	secret := "The ibis deploy password is Vx7rTq92Lmpz."
	b.ok("conflicts", "resolve", ids[1], "--content", secret) // a merge is classified as any text is
	until(t, "decided on B", func() bool { return len(jsonOf[conflictsResult](t, b, "conflicts", "list").Conflicts) == 0 })
	var got struct{ Scope string }
	b.json(&got, "revise", ids[1], "--title", "x")
	if got.Scope != "PRIVATE" {
		t.Errorf("a secret in a merged text is %s", got.Scope)
	}
	until(t, "B pushed", func() bool { return jsonOf[syncStatusResult](t, b, "sync", "status").Pending == 0 })
	until(t, "A follows", func() bool { return len(jsonOf[conflictsResult](t, a, "conflicts", "list").Conflicts) == 0 })
	if holds(contents(t, a, "ibis deploy password"), "Vx7r") {
		t.Error("a secret was shared by deciding a conflict")
	}
}

func testCloudOffline(t *testing.T, pg *pgtest.Cluster, a, b *folder) {
	pg.Down(t)
	a.ok("remember", "The ostrich server has been renamed.", "--scope", "SHARED")
	a.ok("remember", "Everybody may know about capybaras.", "--scope", "GLOBAL")
	until(t, "A knows that it is offline", func() bool { return jsonOf[syncStatusResult](t, a, "sync", "status").State == "offline" })
	a.ok("stop") // what waits survives
	pg.Up(t)
	for _, word := range []string{"ostrich", "capybaras"} {
		until(t, word+" on B after the cloud came back", func() bool {
			a.ok("status") // starts the engine
			return holds(contents(t, b, word), word)
		})
	}
}

// testCloudCold moves GLOBAL out of the way and back by command.
func testCloudCold(t *testing.T, pg *pgtest.Cluster, a *folder) {
	rows := func(args ...string) map[string]int64 {
		out := map[string]int64{}
		for _, u := range jsonOf[usageResult](t, a, append([]string{"cloud", "usage"}, args...)...).Usage {
			out[u.Scope] += u.Rows
		}
		return out
	}
	before := rows()
	if before["GLOBAL"] == 0 || before["SHARED"] == 0 || before["GLOBAL cold"] != 0 {
		t.Fatalf("usage: %v", before)
	}
	if all := rows("--admin-url", pg.AdminURL("postgres"), "--ca", pg.CAFile()); all["GLOBAL"] != before["GLOBAL"] {
		t.Errorf("usage of all teams: %v, of this one %v", all, before)
	}
	if got := jsonOf[coldResult](t, a, "cloud", "cool"); got.Rows != 0 {
		t.Errorf("by the settings %d rows went", got.Rows)
	}
	if got := jsonOf[coldResult](t, a, "cloud", "cool", "--older", "0s", "--keep", "0"); got.Rows != before["GLOBAL"] || got.Bytes == 0 {
		t.Errorf("cool: %+v, want %d rows", got, before["GLOBAL"])
	}
	if now := rows(); now["GLOBAL"] != 0 || now["GLOBAL cold"] != before["GLOBAL"] {
		t.Errorf("usage in the cold: %v", now)
	}
	if !holds(contents(t, a, "capybaras"), "capybaras") {
		t.Error("what is here went with it")
	}
	if got := jsonOf[coldResult](t, a, "cloud", "warm"); got.Rows != before["GLOBAL"] {
		t.Errorf("warm: %+v", got)
	}
	a.ok("sync", "now")
	a.fails([]string{"--older"}, "cloud", "cool", "--older", "soon")
	if out := a.ok("cloud", "usage"); !strings.Contains(out, "cold storage") {
		t.Errorf("usage says %s", out)
	}
}

func testCloudSwitches(t *testing.T, a, b *folder) {
	until(t, "A pushed what was before", func() bool { return jsonOf[syncStatusResult](t, a, "sync", "status").Pending == 0 })
	a.ok("mode", "local-only")
	a.ok("remember", "The pelican report waits.", "--scope", "SHARED")
	if st := jsonOf[syncStatusResult](t, a, "sync", "status"); st.State != "local-only" || st.Pending != 1 {
		t.Errorf("local-only: %+v", st)
	}
	if o := a.run("", "sync", "now"); o.code == 0 || !strings.Contains(o.err, "elderzan mode hybrid") {
		t.Errorf("sync now: %d, %s", o.code, o.err)
	}
	a.ok("mode", "hybrid")
	until(t, "the pelican on B", func() bool { return holds(contents(t, b, "pelican"), "pelican") })
	a.ok("sync", "pause")
	a.ok("remember", "The bittern note waits for resume.", "--scope", "SHARED")
	if st := jsonOf[syncStatusResult](t, a, "sync", "status"); st.State != "paused" {
		t.Errorf("paused: %+v", st)
	}
	a.ok("sync", "resume")
	until(t, "the bittern on B", func() bool { return holds(contents(t, b, "bittern note"), "bittern") })
	off := folderAt(t, a.dir, "ELDERZAN_HYBRID_MODE_ENABLED=false")
	a.ok("stop")
	off.ok("remember", "The heron list is kept here.", "--scope", "SHARED")
	if st := jsonOf[syncStatusResult](t, off, "sync", "status"); st.State != "disabled" {
		t.Errorf("flag off: %+v", st)
	}
	off.ok("stop")
	a.ok("sync", "now")
	until(t, "the heron on B", func() bool { return holds(contents(t, b, "heron"), "heron") })
}

func testCloudRemove(t *testing.T, a, b *folder) {
	if o := b.run("", "team", "remove", "ada"); o.code == 0 {
		t.Error("an editor removed the owner")
	}
	out := a.ok("team", "remove", "ben")
	if !strings.Contains(out, "What they have read stays read") {
		t.Errorf("remove says %s", out)
	}
	a.ok("remember", "The albatross secret is for those who stayed.", "--scope", "SHARED")
	until(t, "A pushed", func() bool { return jsonOf[syncStatusResult](t, a, "sync", "status").Pending == 0 })
	until(t, "B knows", func() bool { return jsonOf[syncStatusResult](t, b, "sync", "status").State == "failing" })
	if holds(contents(t, b, "albatross"), "albatross") {
		t.Error("a removed member reads on")
	}
	if !holds(contents(t, b, "ostrich"), "ostrich") {
		t.Error("what was read is gone")
	}
	b.ok("remember", "Life goes on without the team.")
	until(t, "A has sealed anew what stood under the former key", func() bool { // the count of a round comes at its end
		st := jsonOf[syncStatusResult](t, a, "sync", "status")
		return st.Older == 0 && st.Total.Resealed > 0
	})
}

// TestCloudSettings has the settings of the cloud be wrong.
func TestCloudSettings(t *testing.T) {
	for name, tc := range map[string]struct{ env, want string }{
		"address of something else": {"ELDERZAN_CLOUD_DATABASE_URL=https://user:hunter2@host/db", "postgres://LOGIN"},
		"unencrypted":               {"ELDERZAN_CLOUD_DATABASE_URL=postgres://user:hunter2@host/db?sslmode=prefer", "sslmode=verify-full"},
		"no database":               {"ELDERZAN_CLOUD_DATABASE_URL=postgres://user:hunter2@host", "/DATABASE"},
		"no such certificate":       {"ELDERZAN_CLOUD_SSL_CERT_PATH=/no/such/file", "a file that can be read"},
		"one pin":                   {"ELDERZAN_CLOUD_TLS_PINS=sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "backup pin"},
		"no pin":                    {"ELDERZAN_CLOUD_TLS_PINS=abc,def", "elderzan cloud pins"},
		"limit":                     {"ELDERZAN_CLOUD_COLD_LIMIT=much", "100GB"},
		"age":                       {"ELDERZAN_CLOUD_COLD_AGE=1h", "8760h"},
		"interval":                  {"ELDERZAN_SYNC_INTERVAL=often", "such as 300s"},
		"flag":                      {"ELDERZAN_HYBRID_MODE_ENABLED=maybe", "true or false"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newFolder(t, tc.env).run("", "config")
			if o.code == 0 || !strings.Contains(o.err, tc.want) || strings.Contains(o.err, "hunter2") {
				t.Errorf("exit %d, %s; want %q and no password", o.code, o.err, tc.want)
			}
		})
	}
	f := newFolder(t)
	f.ok("remember", "Nothing breaks without a cloud.", "--scope", "SHARED")
	for _, args := range [][]string{{"sync", "now"}, {"team", "members"}, {"team", "create", "x"}, {"team", "join", "nonsense"}, {"cloud", "pins"}, {"cloud", "init", "--admin-url", "postgres://x"}} {
		if o := f.run("", args...); o.code == 0 || !strings.Contains(o.err, "elderzan ") {
			t.Errorf("%v: exit %d, %s; want the next command to type", args, o.code, o.err)
		}
	}
	if _, err := os.Stat(f.path("config.toml")); err == nil {
		t.Error("config.toml was written")
	}
}

// TestRememberAway compares how long remember takes with the cloud there and away.
func TestRememberAway(t *testing.T) {
	pg := pgtest.Start(t)
	a := newTeamOf(t, pg, "ada")[0]
	c := a.serve()
	c.initialize()
	n := 0
	median := func() time.Duration {
		took := make([]time.Duration, 60)
		for i := range took {
			n++
			began := time.Now()
			c.ok(nil, "remember", map[string]any{"content": fmt.Sprintf("Shared fact number %d about how the team works.", n), "scope": "SHARED"})
			took[i] = time.Since(began)
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	median() // the model is loaded, the files have grown
	there := median()
	pg.Down(t)
	away := median()
	pg.Up(t)
	again := median()
	there = (there + again) / 2
	t.Logf("remember: %v with the cloud there, %v with it away, ratio %.2f", there, away, float64(away)/float64(there))
	if away > 20*there { // a call that waits for the cloud waits for seconds
		t.Errorf("remember took %v with the cloud away, %v with it there", away, there)
	}
	until(t, "everything is pushed", func() bool { return jsonOf[syncStatusResult](t, a, "sync", "status").Pending == 0 })
}
