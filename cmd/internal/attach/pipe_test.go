package attach

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/link"
)

// patience is for what must happen, on a machine under any load.
const patience = 2 * time.Minute

// script is an engine that says what the test makes it say.
type script struct {
	t    *testing.T
	dir  string
	l    *net.UnixListener
	lock *link.Lock
}

func newScript(t *testing.T) *script {
	t.Helper()
	s := &script{t: t, dir: t.TempDir()}
	var err error
	if s.lock, err = link.Acquire(t.Context(), s.dir, 0); err != nil { // so that no pipe starts an engine of its own
		t.Fatal(err)
	}
	var remove func()
	if s.l, remove, err = link.Listen(s.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.l.Close(); remove(); s.lock.Release() })
	return s
}

// line is one end of the script's connection.
type line struct {
	t *testing.T
	net.Conn
	r     *link.Reader
	hello link.Hello
}

// accept takes a connection and its hello, and answers with w.
func (s *script) accept(w link.Welcome) *line {
	s.t.Helper()
	if err := s.l.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	c, err := s.l.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	l := &line{t: s.t, Conn: c, r: link.NewReader(c, link.MaxHello).Frames()}
	b, err := l.r.Next()
	if err != nil {
		s.t.Fatal(err)
	}
	if l.hello, err = link.DecodeHello(b); err != nil {
		s.t.Fatal(err)
	}
	l.say(strings.TrimSuffix(string(link.EncodeWelcome(w)), "\n"))
	return l
}

func (l *line) say(s string) {
	if _, err := io.WriteString(l, s+"\n"); err != nil {
		l.t.Errorf("script: %v", err)
	}
}

// want takes a frame and checks that its message holds text.
func (l *line) want(text string) (n uint64, message string) {
	l.t.Helper()
	b, err := l.r.Next()
	if err != nil {
		l.t.Fatalf("want %s: %v", text, err)
	}
	n, m, ok := link.SplitFrame(b)
	if !ok || !strings.Contains(string(m), text) {
		l.t.Fatalf("got %s, want %s", b, text)
	}
	return n, string(m)
}

// running is a pipe in this process.
type running struct {
	t    *testing.T
	in   *io.PipeWriter
	out  chan string // lines of output
	stop context.CancelFunc
	done chan error
}

func (s *script) pipe(o Options) *running {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, cancel := context.WithCancel(s.t.Context())
	r := &running{t: s.t, in: inW, out: make(chan string, 1000), stop: cancel, done: make(chan error, 1)}
	go func() {
		defer close(r.out)
		for br := bufio.NewReader(outR); ; {
			l, err := br.ReadString('\n')
			if err != nil {
				return
			}
			r.out <- l
		}
	}()
	o.Dir, o.Stdin, o.Stdout = s.dir, inR, outW
	o.EngineArgs, o.Exe = []string{}, "/bin/false"
	if testing.Verbose() {
		o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	go func() {
		r.done <- Run(ctx, o)
		outW.Close()
	}()
	s.t.Cleanup(func() { cancel(); inW.Close() })
	return r
}

func (r *running) send(m string) {
	if _, err := io.WriteString(r.in, m+"\n"); err != nil {
		r.t.Errorf("send: %v", err)
	}
}

func (r *running) want(text string) string {
	r.t.Helper()
	select {
	case got := <-r.out:
		if !strings.Contains(got, text) {
			r.t.Fatalf("got %q, want %s", got, text)
		}
		return got
	case <-time.After(patience):
		r.t.Fatalf("no output, want %s", text)
	}
	return ""
}

func (r *running) end() {
	r.t.Helper()
	r.in.Close()
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Errorf("Run = %v", err)
		}
	case <-time.After(patience):
		r.t.Fatal("pipe does not end")
	}
}

var ok = link.Welcome{OK: true, Build: "1", PID: 1}

func TestTornAndStrayLines(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{})
	r.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
	r.send(`{"jsonrpc":"2.0","id":2,"method":"tools/call"}`)
	l := s.accept(ok)
	n1, _ := l.want(`"id":1`)
	l.want(`"id":2`)
	l.say(`{"jsonrpc":"2.0","id":2,"result":"two"}`)
	l.say(`{"jsonrpc":"2.0","id":2,"result":"once more"}`) // nobody waits for that
	l.say(`{"jsonrpc":"2.0","id":9,"result":"stray"}`)
	if _, err := io.WriteString(l, `{"jsonrpc":"2.0","id":1,"resu`); err != nil { // dies in the middle of a word
		t.Fatal(err)
	}
	l.Close()

	l = s.accept(ok)
	if n, _ := l.want(`"id":1`); n != n1 {
		t.Errorf("repeated as number %d, was %d", n, n1)
	}
	l.say(`{"jsonrpc":"2.0","id":1,"result":"one"}`)
	r.want(`"two"`)
	r.want(`"one"`)
	l.say(`this is no MCP`) // an engine gone mad is left
	r.send(`{"jsonrpc":"2.0","id":3,"method":"ping"}`)
	l = s.accept(ok)
	l.want(`"id":3`)
	l.say(`{"jsonrpc":"2.0","id":3,"result":"three"}`)
	r.want(`"three"`)
	r.end()
}

func TestIDsThatAreUsedAgain(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{})
	l := s.accept(ok)
	seen := map[uint64]bool{}
	for i := range 3 {
		r.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
		n, _ := l.want(`"id":1`)
		if seen[n] {
			t.Errorf("call %d has the number of another", i)
		}
		seen[n] = true
		l.say(`{"jsonrpc":"2.0","id":1,"result":{}}`)
		r.want(`"id":1`)
	}
	// Two at once under one id: both are answered.
	r.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
	r.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
	l.want(`"id":1`)
	l.want(`"id":1`)
	l.say(`{"jsonrpc":"2.0","id":1,"result":"a"}`)
	l.say(`{"jsonrpc":"2.0","id":1,"result":"b"}`)
	r.want(`"a"`)
	r.want(`"b"`)
	r.end()
}

func TestSetupIsRepeated(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{})
	// The client says everything before an engine is there.
	r.send(`{"method":"initialize","params":{"clientInfo":{"name":"c"}},"jsonrpc":"2.0","id":"init"}`)
	r.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	r.send(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	l := s.accept(ok)
	l.want(`"id":"init"`)
	l.want(`notifications/initialized`)
	l.want(`"id":1`)
	l.Close() // and it dies before it answers

	l = s.accept(ok)
	l.want(`"id":"init"`)
	l.want(`notifications/initialized`)
	l.want(`"id":1`)
	l.say(`{"jsonrpc":"2.0","id":"init","result":{}}`)
	l.say(`{"jsonrpc":"2.0","id":1,"result":{}}`)
	r.want(`"init"`)
	r.want(`"id":1`)
	for i, m := range []string{
		`"method":"logging/setLevel","params":{"level":"debug"}`,
		`"method":"resources/subscribe","params":{"uri":"x://a"}`,
		`"method":"resources/subscribe","params":{"uri":"x://b"}`,
		`"method":"resources/subscribe","params":{"uri":"x://b"}`,
		`"method":"resources/unsubscribe","params":{"uri":"x://a"}`,
	} {
		r.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,%s}`, 10+i, m))
		l.want(fmt.Sprintf(`"id":%d`, 10+i))
		l.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":{}}`, 10+i))
		r.want(fmt.Sprintf(`"id":%d`, 10+i))
	}
	r.send(`{"jsonrpc":"2.0","id":20,"method":"resources/subscribe","params":{"uri":"x://no"}}`)
	l.want(`"id":20`)
	l.say(`{"jsonrpc":"2.0","id":20,"error":{"code":-32002,"message":"no"}}`)
	r.want(`"id":20`)
	l.Close()

	l = s.accept(ok) // it is subscribed: no need to ask for the engine
	l.want(`{"method":"initialize","params":{"clientInfo":{"name":"c"}},"jsonrpc":"2.0","id":"elderzan-replay-initialize"}`)
	l.want(`notifications/initialized`)
	l.want(`"id":"elderzan-replay-level","method":"logging/setLevel"`)
	l.want(`"id":"elderzan-replay-subscribe","method":"resources/subscribe","params":{"uri":"x://b"}`)
	for _, id := range []string{"initialize", "level", "subscribe"} {
		l.say(`{"jsonrpc":"2.0","id":"elderzan-replay-` + id + `","result":{}}`)
	}
	r.want(`"method":"notifications/resources/updated","params":{"uri":"x://b"}`) // it may have changed while nobody told
	l.say(`{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"x://b","of":"the engine"}}`)
	r.want(`"of":"the engine"`) // and nothing of the repeated setup
	r.send(`{"jsonrpc":"2.0","id":"init","method":"initialize"}`)
	l.want(`"id":"init"`)
	l.say(`{"jsonrpc":"2.0","id":"init","result":{}}`)
	r.want(`"init"`) // a session begun anew has no subscriptions
	r.send(`{"jsonrpc":"2.0","id":30,"method":"ping"}`)
	l.want(`"id":30`)
	l.Close()
	l = s.accept(ok)
	l.want(`replay-initialize`)
	l.want(`notifications/initialized`)
	l.want(`"id":30`)
	l.say(`{"jsonrpc":"2.0","id":30,"result":{}}`)
	r.want(`"id":30`)
	r.end()
}

func TestCancelledRequestIsNotRepeated(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{})
	l := s.accept(ok)
	r.send(`{"jsonrpc":"2.0","id":0,"method":"initialize"}`)
	r.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
	r.send(`{"jsonrpc":"2.0","id":2,"method":"tools/call"}`)
	for _, w := range []string{`"id":0`, `"id":1`, `"id":2`} {
		l.want(w)
	}
	r.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	r.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0}}`) // not this one
	r.send(`{"jsonrpc":"2.0","method":"notifications/cancelled"}`)                          // of nothing
	for _, w := range []string{`"requestId":1`, `"requestId":0`, `cancelled`} {
		l.want(w)
	}
	l.Close()
	l = s.accept(ok)
	l.want(`"id":0`)
	l.want(`"id":2`)
	l.say(`{"jsonrpc":"2.0","id":1,"result":"late"}`)
	l.say(`{"jsonrpc":"2.0","id":0,"result":{}}`)
	l.say(`{"jsonrpc":"2.0","id":2,"result":{}}`)
	l.say(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"about nothing"}}`)
	r.want(`"id":0`)
	r.want(`"id":2`)
	r.want(`about nothing`)
	r.end()
}

func TestQuestions(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{})
	l := s.accept(ok)
	r.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
	l.want(`"id":1`)
	l.say(`{"jsonrpc":"2.0","id":"e1-1","method":"elicitation/create"}`)
	r.want(`e1-1`)
	r.send(`{"jsonrpc":"2.0","id":"e1-1","result":{}}`)
	l.want(`e1-1`)
	l.say(`{"jsonrpc":"2.0","id":"e1-2","method":"elicitation/create"}`)
	r.want(`e1-2`)
	l.Close()
	r.want(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"the memory engine was restarted","requestId":"e1-2"}}`)
	l = s.accept(ok)
	l.want(`"id":1`)
	r.send(`{"jsonrpc":"2.0","id":"e1-2","result":{}}`) // too late: its asker is dead
	r.send(`{"jsonrpc":"2.0","method":"notifications/progress"}`)
	if _, m := l.want(`notifications/progress`); strings.Contains(m, "e1-2") {
		t.Errorf("answer to a dead engine's question: %s", m)
	}
	l.say(`{"jsonrpc":"2.0","id":"e2-1","method":"elicitation/create"}`)
	r.want(`e2-1`)
	r.in.Close()
	l.want(`"id":"e2-1","jsonrpc":"2.0"`) // answered for the client, which cannot any more
	l.say(`{"jsonrpc":"2.0","id":"e2-2","method":"elicitation/create"}`)
	l.want(`"id":"e2-2","jsonrpc":"2.0"`)
	l.say(`{"jsonrpc":"2.0","id":1,"result":"done"}`)
	r.want(`"done"`)
	r.end()
}

func TestRefusals(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{StartTimeout: patience})
	r.send(`{"jsonrpc":"2.0","id":0,"method":"ping"}`)
	l := s.accept(ok)
	l.want(`"id":0`)
	l.say(`{"jsonrpc":"2.0","id":0,"result":{}}`)
	r.want(`"id":0`)
	l.Close()
	r.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	s.accept(link.Welcome{Code: link.CodeProtocol, Error: "restart the client"}).Close()
	r.want(`restart the client`)
	r.send(`{"jsonrpc":"2.0","id":2,"method":"ping"}`)
	s.accept(link.Welcome{Code: link.CodeDraining, Error: "leaving"}).Close() // and again
	l = s.accept(ok)
	l.want(`"id":2`)
	l.say(`{"jsonrpc":"2.0","id":2,"result":{}}`)
	r.want(`"id":2`)
	l.Close()
	// One that leaves without a word, and one that talks nonsense.
	r.send(`{"jsonrpc":"2.0","id":3,"method":"ping"}`)
	if c, err := s.l.Accept(); err == nil {
		c.Close()
	}
	c, err := s.l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "SSH-2.0-OpenSSH\n"); err != nil {
		t.Fatal(err)
	}
	r.want(`welcome cannot be read`)
	c.Close()
	r.end()
}

func TestRestingClientWantsNoEngine(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{})
	for i := range 3 {
		r.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, i))
		l := s.accept(ok)
		l.want(fmt.Sprintf(`"id":%d`, i))
		l.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":{}}`, i))
		r.want(fmt.Sprintf(`"id":%d`, i))
		l.Close()
		if err := s.l.SetDeadline(time.Now().Add(150 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if c, err := s.l.Accept(); err == nil {
			c.Close()
			t.Fatal("the pipe came back though its client asked for nothing")
		}
	}
	r.end()
}

func TestManyRequestsForANewEngine(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{})
	l := s.accept(ok)
	const n = 400
	pad := strings.Repeat("x", 4000) // far more than a socket holds, in both directions
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			r.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"m","params":"%s"}`, i, pad))
		}
	})
	for i := range n {
		l.want(fmt.Sprintf(`"id":%d,`, i))
	}
	wg.Wait()
	l.Close()
	l = s.accept(ok)
	for i := range n {
		l.want(fmt.Sprintf(`"id":%d,`, i))
		l.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":"%s"}`, i, pad)) // before it reads on
		r.want(fmt.Sprintf(`"id":%d,`, i))
	}
	r.end()
}

func TestBackPressure(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{})
	l := s.accept(ok)
	big := strings.Repeat("x", 3<<20)
	sent := make(chan int, 100)
	go func() {
		for i := range 10 {
			r.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"m","params":"%s"}`, i, big))
			sent <- i
		}
		close(sent)
	}()
	for i := range 10 {
		if i >= 6 { // past the bound it takes one for one
			l.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":{}}`, i-6))
			r.want(fmt.Sprintf(`"id":%d,`, i-6))
		}
		l.want(fmt.Sprintf(`"id":%d,`, i))
		if len(sent) > i+3 {
			t.Errorf("the pipe took %d requests, of which the engine got %d", len(sent), i+1)
		}
	}
	for range sent {
	}
	for i := 4; i < 10; i++ {
		l.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":{}}`, i))
		r.want(fmt.Sprintf(`"id":%d,`, i))
	}
	r.end()
}

func TestStoppedFromOutside(t *testing.T) {
	s := newScript(t)
	r := s.pipe(Options{})
	l := s.accept(ok)
	r.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`)
	l.want(`"id":1`)
	r.stop()
	if err := <-r.done; err != nil {
		t.Errorf("Run = %v", err)
	}
	if _, err := l.r.Next(); err == nil {
		t.Error("connection is still open")
	}
	if err := Run(t.Context(), Options{}); err == nil {
		t.Error("Run without a folder")
	}
}

func TestClientThatDoesNotRead(t *testing.T) {
	s := newScript(t)
	inR, inW := io.Pipe()
	blocked, w := io.Pipe()
	defer blocked.Close()
	done := make(chan error, 1)
	go func() {
		done <- Run(t.Context(), Options{Dir: s.dir, Stdin: inR, Stdout: w, Exe: "/bin/false", EngineArgs: []string{}, DrainTimeout: 50 * time.Millisecond})
	}()
	l := s.accept(ok)
	if _, err := io.WriteString(inW, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	l.want(`"id":1`)
	l.say(`{"jsonrpc":"2.0","id":1,"result":{}}`)
	inW.Close()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestLastLine(t *testing.T) {
	path := t.TempDir() + "/log"
	for text, want := range map[string]string{
		"":                               "",
		"one\n":                          "one",
		"one\ntwo\n\n":                   "two",
		"one\n\x1b[31mred\xff\n":         " [31mred",
		strings.Repeat("x", 1000) + "\n": strings.Repeat("x", 400) + " …",
		strings.Repeat("line\n", 10000):  "line",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := lastLine(path, 0); got != want {
			t.Errorf("lastLine of %.20q = %q, want %q", text, got, want)
		}
	}
	if err := os.WriteFile(path, []byte("old\nnew\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for offset, want := range map[int64]string{4: "new", 8: "", 100: "new"} {
		if got := lastLine(path, offset); got != want {
			t.Errorf("lastLine after %d = %q, want %q", offset, got, want)
		}
	}
	if got := lastLine(path+"none", 0); got != "" {
		t.Errorf("lastLine of nothing = %q", got)
	}
}

func TestOpenLogPutsAFullOneAside(t *testing.T) {
	path := t.TempDir() + "/log"
	if err := os.WriteFile(path, make([]byte, maxLog+1), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for p, want := range map[string]int64{path: 0, path + ".1": maxLog + 1} {
		if info, err := os.Stat(p); err != nil || info.Size() != want {
			t.Errorf("%s: %v, %v", p, info, err)
		}
	}
	if _, err := openLog(path + "/x"); err == nil {
		t.Error("a log below a file")
	}
	if err := os.WriteFile(path, make([]byte, maxLog+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path+".1"), os.MkdirAll(path+".1/x", 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, err := openLog(path); err == nil {
		t.Error("a folder in the old log's place")
	}
}
