package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkRemember stores memories durably through MCP with 16 calls in flight, all in this process: `go test -bench
// Remember -cpuprofile` shows where a call's time goes. Compare cpu-ms/op on a machine that others use, too.
func BenchmarkRemember(b *testing.B) {
	dir := b.TempDir()
	c := startBench(b, dir)
	c.call(b, 1, "initialize", map[string]any{"protocolVersion": "2025-06-18", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "bench", "version": "1"}})
	c.call(b, 2, "tools/call", toolCall("recall", map[string]any{"query": "is everything loaded?"}))
	syncs := syncRate(b, dir)
	r := rand.New(rand.NewPCG(1, 2))
	texts := make([]map[string]any, b.N)
	for i := range texts {
		texts[i] = toolCall("remember", map[string]any{
			"content": fmt.Sprintf("zq%07dx ", i) + sentence(r), "project": fmt.Sprint("conv-", i%5), "tags": []string{"chat"},
			"occurred_at": time.Date(2023, 5, 1, 0, i, 0, 0, time.UTC).Format(time.RFC3339),
		})
	}
	b.ResetTimer()
	before, start := cpuTime(b), time.Now()
	took := c.pipeline(b, texts, 16)
	wall, used := time.Since(start), cpuTime(b)-before
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/wall.Seconds(), "remembers/s")
	b.ReportMetric(used.Seconds()*1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(float64(b.N)/wall.Seconds()*2/(syncs+syncRate(b, dir)), "remembers/fdatasync")
	c.stop(b)
}

// sentence makes up something that a person might say: words of a language, a few of them often.
func sentence(r *rand.Rand) string {
	words := make([]string, 10+r.IntN(25))
	for i := range words {
		words[i] = benchWords[int(r.ExpFloat64()*float64(len(benchWords))/5)%len(benchWords)]
	}
	return "Caroline: " + strings.Join(words, " ") + "."
}

var benchWords = strings.Fields(`I you the to and a it that was is of in my we for so have on with this me be but are what just about been do
	really how your like not at can all they there going some from time when out work had as good would think know one her up see get his last
	great too were painting family if more support week because them got new kids could or things people help made love back after over year
	sounds our which make amazing then life feel take thanks being want counselling adoption group next hiking photo friend day trying looking
	birthday camping summer school yesterday garden guitar museum beach pottery workshop charity marathon recipe violin interview moved`)

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// syncRate measures how often a second 4 KiB can be appended and synced in dir.
func syncRate(b *testing.B, dir string) float64 {
	f, err := os.Create(filepath.Join(dir, "calibrate"))
	if err != nil {
		b.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	const n = 200
	start := time.Now()
	for range n {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			b.Fatal(err)
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
	}
	return n / time.Since(start).Seconds()
}

func toolCall(name string, args map[string]any) map[string]any {
	return map[string]any{"name": name, "arguments": args}
}

// benchClient speaks MCP to a server in this process.
type benchClient struct {
	in    io.WriteCloser
	out   *bufio.Scanner
	ended chan error
}

func startBench(b *testing.B, dir string) *benchClient {
	b.Helper()
	in, client, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	answers, out := io.Pipe()
	c := &benchClient{in: client, out: bufio.NewScanner(answers), ended: make(chan error, 1)}
	c.out.Buffer(nil, 1<<24)
	a := &app{data: dir, inProcess: true, in: in, out: out, err: io.Discard}
	go func() {
		c.ended <- a.serve(context.Background())
		out.Close()
	}()
	return c
}

func (c *benchClient) stop(b *testing.B) {
	c.in.Close()
	if err := <-c.ended; err != nil {
		b.Error(err)
	}
}

func (c *benchClient) send(b *testing.B, id int, method string, params any) {
	line, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err == nil {
		_, err = c.in.Write(append(line, '\n'))
	}
	if err != nil {
		b.Error(err)
	}
}

// answer reads the next answer and returns its id.
func (c *benchClient) answer(b *testing.B) int {
	for c.out.Scan() {
		var m struct {
			ID     *int
			Method string
			Error  *struct{ Message string }
			Result struct{ IsError bool }
		}
		if err := json.Unmarshal(c.out.Bytes(), &m); err != nil {
			b.Fatal(err)
		}
		if m.Error != nil || m.Result.IsError {
			b.Fatalf("answer: %s", c.out.Text())
		}
		if m.ID != nil && m.Method == "" {
			return *m.ID
		}
	}
	b.Fatalf("no answer: %v, %v", c.out.Err(), <-c.ended)
	return 0
}

func (c *benchClient) call(b *testing.B, id int, method string, params any) {
	b.Helper()
	c.send(b, id, method, params)
	c.answer(b)
}

// pipeline makes all calls, window of them in flight, and returns how long each took.
func (c *benchClient) pipeline(b *testing.B, calls []map[string]any, window int) []time.Duration {
	const first = 100
	begun, took := make([]time.Time, len(calls)), make([]time.Duration, len(calls))
	free := make(chan struct{}, window)
	var sender sync.WaitGroup
	sender.Go(func() {
		for i, params := range calls {
			free <- struct{}{}
			begun[i] = time.Now()
			c.send(b, first+i, "tools/call", params)
		}
	})
	for range calls {
		i := c.answer(b) - first
		took[i] = time.Since(begun[i])
		<-free
	}
	sender.Wait()
	return took
}
