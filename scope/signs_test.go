package scope

import (
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
)

// TestCountSigns compares one pass for all signs with a pass for each.
func TestCountSigns(t *testing.T) {
	for _, text := range []string{
		"", "I prefer tabs, and so does my team; I do.", "We went to the standup today and our mutex was fixed.", "Postgres is written in C, HTTP and https are not.",
		"田中さんは昨日、このリポジトリのチームで作業した。", "teams team's teammates on-call", "this weekend this week", "Go golang goes; GO",
	} {
		got := countSigns(text)
		for sign, list := range signLists {
			seen := map[int]bool{}
			keyword.New(list).Each(text, func(h keyword.Hit) bool {
				if stands(text, h) {
					seen[h.Word] = true
				}
				return true
			})
			if got[sign] != len(seen) {
				t.Errorf("%q: %d words for sign %d, want %d", text, got[sign], sign, len(seen))
			}
		}
	}
}
