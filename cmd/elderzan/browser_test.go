package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// startDashboard runs `elderzan dashboard` and returns the address that it prints.
func (f *folder) startDashboard() string {
	f.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := f.command(ctx, "dashboard", "--no-browser")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://127.0.0.1:") {
		f.t.Fatalf("elderzan dashboard printed %q, %v", line, err)
	}
	return strings.TrimSpace(line)
}

// browser starts a headless Chromium and returns a context for chromedp.
func browser(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no Chromium for the tests of the dashboard; `make deps-test` installs it")
	}
	profile, err := os.MkdirTemp("", "elderzan-browser-") // its last writes may come after the browser's end
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(time.Minute),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 6*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// see checks that the page holds each text, and keeps a picture of it among the test's artefacts.
func see(t *testing.T, ctx context.Context, name string, texts ...string) {
	t.Helper()
	var body string
	var picture []byte
	if err := chromedp.Run(ctx, chromedp.WaitReady("main"), chromedp.Text("body", &body), chromedp.FullScreenshot(&picture, 100)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, text := range texts {
		if !strings.Contains(strings.ToLower(body), strings.ToLower(text)) {
			t.Errorf("page %s lacks %q:\n%s", name, text, body)
		}
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), picture, 0o600); err != nil {
		t.Error(err)
	}
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// arrive waits until a script's expression holds, as after a click that leads to another page.
func arrive(expression string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			var holds bool
			// While the page changes there is none to ask.
			if err := chromedp.Evaluate("!!("+expression+")", &holds).Do(ctx); err == nil && holds {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("waiting for %s: %w", expression, ctx.Err())
			case <-tick.C:
			}
		}
	})
}

// press reaches a link or button with the keyboard and enters it: every page must work without a mouse.
func press(selector string) chromedp.Action {
	return chromedp.Tasks{chromedp.WaitVisible(selector), chromedp.Focus(selector), chromedp.KeyEvent("\r")}
}

// hostile are texts that would run as script, or break out of their place, if they were not escaped.
var hostile = []string{
	`<script>document.title='owned'</script>`,
	`"><img src=x onerror="document.title='owned'">`,
	`'--></style></textarea></pre><svg onload=document.title='owned'>`,
	`{{.Title}} ${7*7} javascript:document.title='owned'`,
}

// phoneWidth is that of a phone's screen, in the pixels of style sheets.
const phoneWidth = 390

// TestDashboard goes through the pages as a person would, in a real browser.
func TestDashboard(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.ok("remember", "We chose PostgreSQL for its row-level security.", "--tags", "db,security", "--kind", "decision", "--wait")
	f.ok("remember", "東京オフィスの受付は三階です。", "--tags", "office", "--wait")
	f.ok("remember", "The staging password is tr0ub4dor-Xk9.", "--wait")
	for _, text := range hostile {
		f.ok("remember", text, "--title", text, "--tags", strings.NewReplacer(",", "", `"`, "").Replace(text), "--wait")
	}
	f.ok("recall", "where is the reception?")
	f.ok("stop")                              // writes what was measured
	f.ok("recall", "where is the reception?") // loads the model: a page that waits for that may be given up
	ctx := browser(t)
	dialogs := 0
	chromedp.ListenTarget(ctx, func(ev any) {
		if _, ok := ev.(*page.EventJavascriptDialogOpening); ok {
			dialogs++
		}
	})
	address := f.startDashboard()
	do(t, ctx, chromedp.Navigate(address), chromedp.WaitVisible(".cards"))
	see(t, ctx, "overview", "PRIVATE", "Newest", "受付", "Data folder")

	// An address lets one browser in, once.
	base := address[:strings.Index(address, "/enter")]
	do(t, ctx, chromedp.Navigate(address))
	see(t, ctx, "refused", "Not let in", "elderzan dashboard")

	do(t, ctx, chromedp.Navigate(base+"/memories"), chromedp.WaitVisible(".list"))
	see(t, ctx, "memories", "PostgreSQL", "7 memories", "#db")
	do(t, ctx, chromedp.SendKeys(`.filter input[name=q]`, "row-level security\r"), arrive(`location.search.includes("row-level") && document.querySelector(".list")`))
	see(t, ctx, "found-by-words", "1 memory", "PostgreSQL")
	do(t, ctx, chromedp.SendKeys("#quick", "where is the reception\r"), arrive(`location.search.includes("by=meaning") && document.querySelector(".list")`))
	see(t, ctx, "found-by-meaning")

	do(t, ctx, chromedp.Navigate(base+"/memories?q=PostgreSQL"), press(".memory .text"), arrive(`document.querySelector(".content")`))
	see(t, ctx, "memory", "row-level security", "Why this scope", "decision")
	do(t, ctx, press("//button[text()='Pin']"), arrive(`location.search === "?done=pinned" && document.querySelector(".flash")`))
	see(t, ctx, "pinned", "Pinned.")
	do(t, ctx, press("//summary[text()='Change']"), chromedp.SetValue("textarea[name=content]", "We chose PostgreSQL 15."), press("//button[text()='Save']"), arrive(`location.search === "?done=saved" && document.querySelector(".flash")`))
	see(t, ctx, "changed", "Saved.", "We chose PostgreSQL 15.")
	do(t, ctx, press("//button[text()='Forget']"), arrive(`location.search === "?done=forgotten" && document.querySelector(".flash")`))
	see(t, ctx, "forgotten", "30 days")
	do(t, ctx, press("//button[text()='Bring back']"), arrive(`location.search === "?done=restored" && document.querySelector(".flash")`))

	// A sensitive memory goes nowhere without a yes.
	do(t, ctx, chromedp.Navigate(base+"/memories?scope=PRIVATE"), press(".memory .text"), arrive(`document.querySelector(".content")`),
		press("//summary[text()='Scope']"), chromedp.SetValue("select[name=scope]", "GLOBAL"), press("//button[text()='Change the scope']"), arrive(`document.querySelector(".alert")`))
	see(t, ctx, "confirm", "sensitive")
	do(t, ctx, press("//a[text()='Back to the memory']"), arrive(`document.querySelector(".content")`))

	do(t, ctx, chromedp.Navigate(base+"/audit?verify=1"), chromedp.WaitVisible("table"))
	see(t, ctx, "audit", "follow from each other", "remember", "forget")
	do(t, ctx, chromedp.Navigate(base+"/settings"), chromedp.WaitVisible("table"))
	see(t, ctx, "settings", "default_scope", "not set")
	do(t, ctx, chromedp.Navigate(base+"/metrics"), chromedp.WaitVisible(".charts svg"))
	see(t, ctx, "metrics", "Time to an answer", "Last week", "calls in 5 minutes")
	do(t, ctx, press(`.reaches a[href="/metrics?range=week"]`), arrive(`location.search === "?range=week" && document.querySelectorAll(".chart-line, .chart-dot").length > 4`))
	see(t, ctx, "metrics-week", "Memories")
	do(t, ctx, chromedp.Navigate(base+"/settings"), press(`form[action="/flags/recall.merge-duplicates"] button[value=off]`), arrive(`document.querySelector('form[action="/flags/recall.merge-duplicates"] button[value=default]')`))
	if out := f.ok("flags", "list"); !strings.Contains(out, "recall.merge-duplicates  off") {
		t.Errorf("flags after turning one off on the page: %s", out)
	}
	do(t, ctx, press(`form[action="/flags/recall.merge-duplicates"] button[value=default]`), arrive(`document.querySelector('form[action="/flags/recall.merge-duplicates"] button[value=off]')`))

	do(t, ctx, chromedp.Navigate(base+"/topics"), chromedp.WaitReady("main"))
	see(t, ctx, "topics", "Topics")
	do(t, ctx, chromedp.Navigate(base+"/conflicts"), chromedp.WaitReady("main"))
	see(t, ctx, "conflicts", "There are none")
	do(t, ctx, chromedp.Navigate(base+"/sessions"), chromedp.WaitReady("main"))
	see(t, ctx, "sessions", "Sessions")
	do(t, ctx, press("tbody a"), arrive(`location.pathname.startsWith("/sessions/") && document.querySelector("h2")`))
	see(t, ctx, "session", "Remembered", "Recalled")

	for i, text := range hostile {
		var ids []string
		do(t, ctx, chromedp.Navigate(base+"/memories"), chromedp.Evaluate(`[...document.querySelectorAll('.memory .text')].map(a => a.getAttribute('href'))`, &ids))
		for _, id := range ids {
			var title, shown string
			do(t, ctx, chromedp.Navigate(base+id), chromedp.WaitVisible(".content"), chromedp.Title(&title), chromedp.Text(".content", &shown))
			if title == "owned" {
				t.Errorf("text %d ran as script", i)
			}
		}
		var shown string
		do(t, ctx, chromedp.Navigate(base+"/memories"), chromedp.Text("main", &shown))
		if !strings.Contains(shown, strings.Join(strings.Fields(text), " ")) {
			t.Errorf("text %d is not shown as it stands: %s", i, text)
		}
	}
	if dialogs > 0 {
		t.Errorf("%d dialogs were opened by memories", dialogs)
	}

	// A phone in the dark: nothing is wider than its screen.
	do(t, ctx, emulation.SetDeviceMetricsOverride(phoneWidth, 844, 2, true), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	var long, session string // with a title, a text and a tag that have nowhere to break
	do(t, ctx, chromedp.Navigate(base+"/memories?q=onload"), chromedp.WaitReady("main"), chromedp.AttributeValue(".memory .text", "href", &long, nil),
		chromedp.Navigate(base+"/sessions"), chromedp.WaitReady("main"), chromedp.AttributeValue("tbody a", "href", &session, nil))
	for _, path := range []string{"/", "/memories", long, "/topics", "/sessions", session, "/conflicts", "/audit", "/metrics", "/settings"} {
		var wide int
		do(t, ctx, chromedp.Navigate(base+path), chromedp.WaitReady("main"), chromedp.Evaluate(`document.documentElement.scrollWidth`, &wide))
		if wide > phoneWidth { // innerWidth would grow with the page
			t.Errorf("page %s is %d pixels wider than a phone", path, wide-phoneWidth)
		}
		name, _, _ := strings.Cut(path[1:], "/")
		if name != path[1:] {
			name = "one-of-" + name
		}
		see(t, ctx, "phone-"+name)
	}
}
