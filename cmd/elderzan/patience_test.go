package main

import (
	"encoding/json"
	"testing"
	"time"
)

// What a person at the command line asks for may take longer than an agent would wait.
func TestPatience(t *testing.T) {
	for name, want := range map[string]time.Duration{"admin_doctor": adminPatience, "remember": 0, "x_admin_doctor": 0} {
		if got := patience("tools/call", json.RawMessage(`{"name":"`+name+`"}`)); got != want {
			t.Errorf("%s may take %v, want %v", name, got, want)
		}
	}
	if got := patience("prompts/get", json.RawMessage(`{"name":"admin_doctor"}`)); got != 0 {
		t.Errorf("a prompt may take %v", got)
	}
}
