package pattern_test

import (
	"sync"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/pattern"
)

func TestMethodsAgreeWithRegexp(t *testing.T) {
	p := pattern.New(`(\d+)-(\d+)`)
	if !p.MatchString("1-2") || p.FindString("a 3-4") != "3-4" || p.FindStringIndex("a 3-4")[0] != 2 ||
		p.FindStringSubmatchIndex("3-4")[2] != 0 || len(p.FindAllStringSubmatchIndex("1-2 3-4 5-6", 2)) != 2 {
		t.Error("a method disagrees with regexp.Regexp")
	}
}

func TestFirstUseIsSafe(t *testing.T) {
	p := pattern.New(`a+b`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if !p.MatchString("aab") {
				t.Error("no match")
			}
		})
	}
	wg.Wait()
}

func TestBrokenExpressionPanicsOnUse(t *testing.T) {
	p := pattern.New(`(`)
	defer func() {
		if recover() == nil {
			t.Error("a broken expression went unnoticed")
		}
	}()
	p.MatchString("x")
}
