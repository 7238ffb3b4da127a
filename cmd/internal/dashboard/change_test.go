package dashboard_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// A form that is saved as it came changes nothing, whatever the text: browsers drop a first line end and turn the others.
func TestSavingWithoutAChange(t *testing.T) {
	w := newWorld(t, nil)
	for name, in := range map[string]memory.RememberInput{
		"plain":            {Content: "We chose tabs."},
		"every field":      {Content: "We chose spaces.", Title: "Blanks", Kind: "decision", Tags: []string{"style", "code"}},
		"begins in a line": {Content: "\nsecond line"},
		"two empty lines":  {Content: "\n\nthird line"},
		"line ends of DOS": {Content: "one\r\ntwo\r\n"},
		"line ends of old": {Content: "three\rfour"},
		"markup":           {Content: `</textarea><script>alert(1)</script>`, Title: `"><b>`, Tags: []string{`<i>`}},
		"comma in a tag":   {Content: "a tag with a comma", Tags: []string{"salt, pepper", "food"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := w.keep(in)
			before := w.now(m.ID)
			p := w.get(pathOf(m)).want(http.StatusOK)
			w.post(pathOf(m)+"/revise", p.form(pathOf(m)+"/revise", 0)).want(http.StatusOK, "Saved.")
			after := w.now(m.ID)
			if after.Version != before.Version || after.Content != before.Content || !slices.Equal(after.Tags, before.Tags) {
				t.Errorf("saved as it came: version %d, %q, %q; want version %d, %q, %q", after.Version, after.Content, after.Tags, before.Version, before.Content, before.Tags)
			}
		})
	}
}

// What one field is changed to leaves the others as they are.
func TestRevise(t *testing.T) {
	w := newWorld(t, nil)
	for name, tc := range map[string]struct {
		field, value string
		check        func(m memory.Memory) bool
	}{
		"text":           {"content", "line one\r\nline two", func(m memory.Memory) bool { return m.Content == "line one\nline two" }},
		"title":          {"title", "A title", func(m memory.Memory) bool { return m.Title == "A title" }},
		"no title":       {"title", "", func(m memory.Memory) bool { return m.Title == "" }},
		"kind":           {"kind", "fact", func(m memory.Memory) bool { return m.Kind == "fact" }},
		"tags":           {"tags", " new ,,old, ", func(m memory.Memory) bool { return slices.Equal(m.Tags, []string{"new", "old"}) }},
		"no tags at all": {"tags", " , ", func(m memory.Memory) bool { return len(m.Tags) == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			m := w.keep(memory.RememberInput{Content: "\nfirst of " + name, Title: "Old", Kind: "decision", Tags: []string{"old"}})
			form := w.get(pathOf(m)).form(pathOf(m)+"/revise", 0)
			form.Set(tc.field, tc.value)
			w.post(pathOf(m)+"/revise", form).want(http.StatusOK, "Saved.")
			got := w.now(m.ID)
			if !tc.check(got) || got.Version != m.Version+1 {
				t.Errorf("after %s = %q: %+v", tc.field, tc.value, got)
			}
			if tc.field != "content" && got.Content != m.Content || tc.field != "kind" && got.Kind != "decision" {
				t.Errorf("another field changed: %+v", got)
			}
		})
	}
	m := w.keep(memory.RememberInput{Content: "stays"})
	form := w.get(pathOf(m)).form(pathOf(m)+"/revise", 0)
	form.Set("content", "  ")
	w.post(pathOf(m)+"/revise", form).want(http.StatusBadRequest, "content is empty")
	form.Set("content", strings.Repeat("x", memory.MaxContentBytes+1))
	w.post(pathOf(m)+"/revise", form).want(http.StatusBadRequest, "65536")
	form.Set("content", strings.Repeat("x", 300<<10))
	w.post(pathOf(m)+"/revise", form).want(http.StatusBadRequest, "at most 64 KiB")
	if got := w.now(m.ID); got.Content != "stays" {
		t.Errorf("a refused change was made: %.40q", got.Content)
	}
}

// A text that becomes sensitive is moved to PRIVATE at once, and the page shows it.
func TestReviseToASecret(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(memory.RememberInput{Content: "the door is green"})
	form := w.get(pathOf(m)).want(http.StatusOK, "PROJECT").form(pathOf(m)+"/revise", 0)
	form.Set("content", "the password is hunter2")
	w.post(pathOf(m)+"/revise", form).want(http.StatusOK, "PRIVATE", "sensitive")
	if got := w.now(m.ID); got.Scope != scope.Private {
		t.Errorf("scope = %s", got.Scope)
	}
}

func TestPinForgetRestorePurge(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(memory.RememberInput{Content: "the office is in Oslo"})
	do := func(action string, n int) *shown {
		t.Helper()
		path := pathOf(m) + "/" + action
		return w.post(path, w.get(pathOf(m)).form(path, n))
	}
	do("pin", 0).want(http.StatusOK, "Pinned.", "Unpin")
	if !w.now(m.ID).Pinned {
		t.Error("not pinned")
	}
	do("pin", 0).want(http.StatusOK, "No longer pinned.")
	if w.now(m.ID).Pinned {
		t.Error("still pinned")
	}
	do("forget", 0).want(http.StatusOK, "for 30 days", "Bring back")
	if got := w.now(m.ID); got.State != memory.Forgotten {
		t.Errorf("state = %s", got.State)
	}
	w.get("/memories").want(http.StatusOK, "0 memories")
	w.get("/memories?state=forgotten").want(http.StatusOK, "1 memory", "Oslo")
	do("restore", 0).want(http.StatusOK, "It is back.")
	if got := w.now(m.ID); got.State != memory.Active {
		t.Errorf("state = %s", got.State)
	}

	// The form for good asks for a tick; without one the memory can be brought back.
	do("forget", 1).want(http.StatusOK, "for 30 days")
	form := w.get(pathOf(m)).form(pathOf(m)+"/forget", 0)
	form.Set("purge", "yes")
	p := w.post(pathOf(m)+"/forget", form).want(http.StatusOK)
	if p.path != "/memories" {
		t.Errorf("after a purge the page is %s", p.path)
	}
	w.get(pathOf(m)).want(http.StatusNotFound, "no such memory")
	w.post(pathOf(m)+"/pin", nil).want(http.StatusNotFound, "no such memory")
}

func TestShare(t *testing.T) {
	w := newWorld(t, nil)
	plain, secret := w.keep(memory.RememberInput{Content: "the office is in Oslo"}), w.keep(memory.RememberInput{Content: "the password is hunter2"})
	share := func(m memory.Memory, change url.Values) *shown {
		t.Helper()
		path := pathOf(m) + "/share"
		form := w.get(pathOf(m)).form(path, 0)
		for k, v := range change {
			form[k] = v
		}
		return w.post(path, form)
	}
	share(plain, nil).want(http.StatusOK, "scope was changed", "PROJECT") // chosen in the form is what it is
	if got := w.now(plain.ID); got.Version != plain.Version {
		t.Errorf("the scope that it had changed it: %+v", got)
	}
	share(plain, url.Values{"scope": {"SHARED"}, "team": {"core"}}).want(http.StatusOK, "SHARED", "core")
	share(plain, url.Values{"scope": {"EVERYWHERE"}}).want(http.StatusBadRequest, "no such scope")
	if got := w.now(plain.ID); got.Scope != scope.Shared || got.Team != "core" {
		t.Errorf("shared: %+v", got)
	}

	// What looks sensitive needs a yes, and the page says where to give it.
	share(secret, url.Values{"scope": {"GLOBAL"}}).want(http.StatusConflict, "sensitive", "password-is", "Yes, also if it looks sensitive").without("confirm=true", "hunter2")
	if got := w.now(secret.ID); got.Scope != scope.Private {
		t.Errorf("shared without a yes: %+v", got)
	}
	share(secret, url.Values{"scope": {"GLOBAL"}, "confirm": {"yes"}}).want(http.StatusOK, "GLOBAL", "chosen by hand")
}

func TestChangesThatAreNone(t *testing.T) {
	w := newWorld(t, nil)
	m := w.keep(memory.RememberInput{Content: "stays"})
	w.post(pathOf(m)+"/burn", nil).want(http.StatusNotFound, "no such action")
	w.post("/memories/nonsense/pin", nil).want(http.StatusNotFound, "no such memory")
	w.get("/memories/nonsense").want(http.StatusNotFound, "no such memory")
	w.get(pathOf(m)+"?done=<b>owned").want(http.StatusOK, "stays").without("owned")
	if got := w.now(m.ID); got.Version != m.Version {
		t.Errorf("it changed: %+v", got)
	}
}
