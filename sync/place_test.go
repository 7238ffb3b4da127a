package sync_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
	memsync "github.com/elderzan/elderzan/sync"
)

// TestTypesKeepLocalScopesOut compiles small programs that try to make an event of a PRIVATE or PROJECT memory.
func TestTypesKeepLocalScopesOut(t *testing.T) {
	files, err := filepath.Glob("testdata/types/*.go")
	if err != nil || len(files) < 6 {
		t.Fatalf("the programs: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("go", "build", "-o", os.DevNull, file).CombinedOutput()
			want := regexp.MustCompile(`// want: (.*)`).FindSubmatch(src)
			switch {
			case want == nil && err != nil:
				t.Errorf("does not compile: %v\n%s", err, out)
			case want != nil && (err == nil || !strings.Contains(string(out), string(want[1]))):
				t.Errorf("compiler said %q, want %q", out, want[1])
			}
		})
	}
}

// TestLocalScopesMakeNoChange tries every value a scope can have in every place.
func TestLocalScopesMakeNoChange(t *testing.T) {
	places := map[memsync.Place]scope.Scope{{}: 0, memsync.Global(): scope.Global, memsync.Shared([16]byte{7}): scope.Shared}
	for p, belongs := range places {
		for v := range 256 {
			m := memory.Memory{ID: memory.NewID(), Content: "text", Scope: scope.Scope(v)}
			_, err := memsync.NewChange(p, &m, memsync.ChangeInfo{})
			if travels := belongs != 0 && m.Scope == belongs; travels != (err == nil) || err != nil && !errors.Is(err, memsync.ErrLocalOnly) {
				t.Errorf("%v in %v: %v", m.Scope, p, err)
			}
		}
	}
	if _, err := memsync.NewDeletion(memsync.Place{}, memory.NewID(), memsync.ChangeInfo{}); !errors.Is(err, memsync.ErrLocalOnly) {
		t.Errorf("deletion in no place: %v", err)
	}
	sensitive := memory.Memory{ID: memory.NewID(), Content: "text", Scope: scope.Shared, Sensitive: true}
	if _, err := memsync.NewChange(memsync.Shared([16]byte{7}), &sensitive, memsync.ChangeInfo{}); !errors.Is(err, memsync.ErrLocalOnly) {
		t.Errorf("sensitive and not confirmed: %v", err)
	}
}

// TestPlacesAndChanges: a place is kept under its team, GLOBAL under none, and a change under its memory.
func TestPlacesAndChanges(t *testing.T) {
	id := memory.NewID()
	for p, key := range map[memsync.Place][]byte{memsync.Global(): make([]byte, 16), memsync.Shared([16]byte{7}): append([]byte{7}, make([]byte, 15)...)} {
		if got := p.Key(); !bytes.Equal(got, key) {
			t.Errorf("the key of %v is %x", p, got)
		}
		c, err := memsync.NewDeletion(p, id, memsync.ChangeInfo{})
		if err != nil || c.ID() != id {
			t.Errorf("%v: a deletion of %s, %v", p, c.ID(), err)
		}
	}
	// Where a machine keeps a memory is its own matter; what cannot be written is refused, by its id alone.
	m := memory.Memory{ID: id, Content: "secret text", Scope: scope.Global, State: memory.Archived}
	if d, err := memsync.DocOf(memsync.Global(), &m); err != nil || d.Attrs.State != memory.Active {
		t.Errorf("an archived one travels as %q, %v", d.Attrs.State, err)
	}
	m.Metadata = map[string]any{"n": math.NaN()}
	if _, err := memsync.DocOf(memsync.Global(), &m); err == nil || !strings.Contains(err.Error(), string(id)) || strings.Contains(err.Error(), "secret") {
		t.Errorf("metadata that JSON cannot hold: %v", err)
	}
}
