package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	memsync "github.com/elderzan/elderzan/sync"
)

// TestPasswordOnItsWay has a device not know whether the database took its new password: connections take turns.
func TestPasswordOnItsWay(t *testing.T) {
	k := &cloud{link: &cloudLink{URL: "postgres://ez_1:old@host/db", Next: "new"}}
	url := k.options().URL
	has := func(password string) {
		t.Helper()
		if got := url(); !strings.Contains(got, ":"+password+"@") {
			t.Errorf("tries %s, want %s", got, password)
		}
	}
	has("old")
	k.otherPassword(errors.Join(memsync.ErrOffline, context.DeadlineExceeded))
	has("old")
	for range 2 {
		k.otherPassword(memsync.ErrRefused)
		has("new")
		k.otherPassword(memsync.ErrRefused)
		has("old")
	}
	k.link.Next = ""
	k.otherPassword(memsync.ErrRefused)
	has("old")
}
