package sync_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/elderzan/elderzan/memory"
	memsync "github.com/elderzan/elderzan/sync"
)

// TestHostileContent opens records that say what no memory says. Whoever writes GLOBAL, or is a member of a team, makes
// such with a program of their own.
func TestHostileContent(t *testing.T) {
	good := `{"a":{"k":"note","i":0.5,"ca":1700000000000},"s":115292150460684697,"d":"d","v":{"d":115292150460684697}}`
	for name, tc := range map[string]struct {
		change func(*memsync.Payload)
		ok     bool
	}{
		"a memory":               {func(*memsync.Payload) {}, true},
		"made before the year":   {meta(`{"a":{"ca":-99999999999999999}}`), false},
		"made in year 292277":    {meta(`{"a":{"ca":9223372036854775807}}`), false},
		"changed in year 20000":  {meta(`{"a":{"ua":568971820800000}}`), false},
		"happened in year 20000": {meta(`{"a":{"oa":568971820800000}}`), false},
		"expires in year 20000":  {meta(`{"a":{"ea":568971820800000}}`), false},
		"happened in year 1066":  {meta(`{"a":{"oa":-28526947200000}}`), true},
		"more than important":    {meta(`{"a":{"i":1e300}}`), false},
		"less than important":    {meta(`{"a":{"i":-1}}`), false},
		"more than sure":         {meta(`{"a":{"cf":7}}`), false},
		"the last stamp":         {meta(`{"s":18446744073709551615}`), false},
		"all stamps seen":        {meta(`{"s":1,"v":{"victim":18446744073709551615}}`), false},
		"a text from the end":    {meta(`{"s":1,"o":[{"t":"x","s":18446744073709551615,"d":"d"}]}`), false},
		"NUL in the text":        {func(p *memsync.Payload) { p.Text = "a\x00b" }, false},
		"NUL in the metadata":    {meta(`{"a":{"m":{"k":"a\u0000b"}}}`), true}, // escaped where it is kept
		"NUL in a tag":           {func(p *memsync.Payload) { p.Tags = []string{"a\x00b"} }, false},
		"NUL in the kind":        {meta(`{"a":{"k":"a\u0000b"}}`), false},
		"a tag too long":         {func(p *memsync.Payload) { p.Tags = []string{strings.Repeat("x", 1<<12)} }, false},
		"too many tags":          {func(p *memsync.Payload) { p.Tags = make([]string, 1000) }, false},
		"text too long":          {func(p *memsync.Payload) { p.Text = strings.Repeat("x", memory.MaxContentBytes+1) }, false},
		"no text":                {func(p *memsync.Payload) { p.Text = "" }, false},
		"metadata too deep":      {meta(`{"a":{"m":` + strings.Repeat(`{"k":`, 20000) + "1" + strings.Repeat("}", 20000) + `}}`), false},
		"metadata that is none":  {meta(`{"a":{"m":[1]}}`), false},
		"no metadata":            {meta(``), false},
	} {
		t.Run(name, func(t *testing.T) {
			p := memsync.Payload{Text: "a text", Title: "title", Tags: []string{"tag"}, Meta: []byte(good)}
			tc.change(&p)
			id := memory.NewID()
			body, _, err := memsync.Plain{}.Seal(id, memsync.State{}, p)
			if err != nil {
				t.Fatal(err)
			}
			m, _, err := memsync.Read(memsync.Global(), memsync.Plain{}, memsync.Record{ID: id, Version: 1, Body: body})
			if tc.ok != (err == nil) {
				t.Errorf("read %+v, %v", m, err)
			}
			if m.Trust == memory.TrustAgent {
				t.Error("it is trusted")
			}
		})
	}
}

func meta(s string) func(*memsync.Payload) {
	return func(p *memsync.Payload) { p.Meta = []byte(s) }
}

// TestPlainBomb opens records that unpack to more than any may hold.
func TestPlainBomb(t *testing.T) {
	id := memory.NewID()
	body, _, err := memsync.Plain{}.Seal(id, memsync.State{}, memsync.Payload{Text: "x", Meta: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	big := e.EncodeAll(make([]byte, 64<<20), nil)
	small := e.EncodeAll(make([]byte, 1<<19), nil)
	for name, bomb := range map[string][]byte{"one frame": big, "many frames": []byte(strings.Repeat(string(small), 4000))} {
		t.Run(name, func(t *testing.T) {
			record := append(append([]byte(nil), body[:60]...), bomb...)
			allocated := testing.AllocsPerRun(1, func() {
				if _, _, err := (memsync.Plain{}).Open(id, record, memsync.State{}); !errors.Is(err, memsync.ErrContent) {
					t.Errorf("open: %v", err)
				}
			})
			if allocated > 1000 {
				t.Errorf("%v allocations", allocated)
			}
		})
	}
}
