package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	for name, tc := range map[string]struct {
		columns string // what COLUMNS says
		want    string
	}{
		"nothing says how wide": {"", "" +
			"memory    count  says\n" +
			"0192f0c1  2      the reception is on the third floor, behind the lift and the coffee bar\n" +
			"東京      12     受付は三階です。エレベーターを降りて右に曲がってください。\n"},
		"the last column is wrapped": {"60", "" +
			"memory    count  says\n" +
			"0192f0c1  2      the reception is on the third floor, behind\n" +
			"                 the lift and the coffee bar\n" +
			"東京      12     受付は三階です。エレベーターを降りて右に曲\n" +
			"                 がってください。\n"},
		"rows go on below": {"40", "" +
			"0192f0c1\n" +
			"  2 count\n" +
			"  the reception is on the third floor,\n" +
			"  behind the lift and the coffee bar\n" +
			"東京\n" +
			"  12 count\n" +
			"  受付は三階です。エレベーターを降りて右\n" +
			"  に曲がってください。\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("COLUMNS", tc.columns)
			var b strings.Builder
			tab := newTable(&b, "memory", "count", "says")
			tab.row("0192f0c1", "2", "the reception is on the third floor, behind the lift and the coffee bar")
			tab.row("東京", "12", "受付は三階です。エレベーターを降りて右に曲がってください。")
			if err := tab.flush(); err != nil || b.String() != tc.want {
				t.Errorf("%v\n%s\nwant\n%s", err, b.String(), tc.want)
			}
		})
	}
}

// TestTableFits prints tables of every shape into terminals of every width: no line is wider, and no word of an id is cut.
func TestTableFits(t *testing.T) {
	ids := []string{"0192f0c1-7a3e-7c55-9d3b-0f6f3f1f2a10", "QM74CD32T2JX5TU44R7XSOAY4E"}
	for _, columns := range []string{"40", "60", "80", "200"} {
		t.Setenv("COLUMNS", columns)
		var b strings.Builder
		tab := newTable(&b, auditHead...)
		for _, id := range ids {
			tab.row("17", "2026-11-29 01:13:14", "remember", id, "PROJECT → PRIVATE", "mia (claude-code)", "classified: en-password-is, 東京の受付の暗証番号, "+strings.Repeat("x", 300))
		}
		if err := tab.flush(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := displayed.StringWidth(strings.TrimRight(line, "\n")); n > givenColumns(nil) {
				t.Errorf("%s columns: a line has %d:\n%s", columns, n, b.String())
			}
		}
		for _, id := range ids {
			if !strings.Contains(b.String(), id) {
				t.Errorf("%s columns: %s is cut:\n%s", columns, id, b.String())
			}
		}
	}
}

func TestWrap(t *testing.T) {
	for _, tc := range []struct {
		text          string
		width, indent int
		want          string
	}{
		{"", 10, 2, ""},
		{"one two three", 10, 2, "  one two\n  three"},
		{"one\n\ntwo", 10, 1, " one\n\n two"},
		{"受付は三階です", 8, 0, "受付は三\n階です"},
		{"see 受付は三階です", 12, 0, "see 受付は三\n階です"},
		{"an averyveryverylongword", 10, 0, "an\naveryveryv\nerylongwor\nd"},
	} {
		if got := wrap(tc.text, tc.width, tc.indent); got != tc.want {
			t.Errorf("wrap(%q, %d, %d) = %q; want %q", tc.text, tc.width, tc.indent, got, tc.want)
		}
	}
}

// TestVisible shows what memories may hold to a terminal: nothing in it may be an order.
func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"plain, 受付, \"quoted\" \\ and <b>":      "plain, 受付, \"quoted\" \\ and <b>",
		"a\tb\nc":                               "a\tb\nc",
		"\x1b[31mred\x1b]0;title\a":             "␛[31mred␛]0;title␇",
		"over\rwritten\b\f":                     "over␍written␈␌",
		"\u009b2J\u0085 and \x7f, then \u00a0é": "\ufffd2J\ufffd and ␡, then \u00a0é",
		`the letters \u001b, which are none`:    `the letters \u001b, which are none`,
		"\\\x1b":                                "\\␛",
	} {
		for _, escapeHTML := range []bool{true, false} {
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(escapeHTML)
			if err := e.Encode(text); err != nil {
				t.Fatal(err)
			}
			var got string
			if err := json.Unmarshal(visible([]byte(b.String())), &got); err != nil || got != want {
				t.Errorf("%q is shown as %q, %v; want %q", text, got, err, want)
			}
		}
	}
}
