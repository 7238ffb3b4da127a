package dashboard

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

//go:embed templates/*.html
var templates embed.FS

// pages are the templates by name, each joined with the layout.
type pages map[string]*template.Template

func parsePages() (pages, error) {
	names, err := templates.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	out := pages{}
	for _, f := range names {
		name := strings.TrimSuffix(f.Name(), ".html")
		if name == "layout" {
			continue
		}
		t, err := template.New("layout.html").Funcs(helpers).ParseFS(templates, "templates/layout.html", "templates/"+f.Name())
		if err != nil {
			return nil, fmt.Errorf("dashboard: page %s: %w", name, err)
		}
		out[name] = t
	}
	return out, nil
}

// render returns a page, or nothing of it: a page that breaks off in the middle would pass for whole.
func (p pages) render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := p[name].Execute(&b, data); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

var helpers = template.FuncMap{
	"date": func(t time.Time) string {
		if t.IsZero() {
			return "–"
		}
		return t.Local().Format("2006-01-02 15:04")
	},
	"stamp":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"percent": func(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) },
	"bytes":   humanBytes,
	"cut":     cut,
	"lower":   strings.ToLower,
	"query":   func(key, value string) template.URL { return template.URL(url.Values{key: {value}}.Encode()) },
	"scopes":  scope.All,
	"across":  func(x float64) string { return fmt.Sprintf("%.1f", pixels(mapWidth, x)) },
	"down":    func(y float64) string { return fmt.Sprintf("%.1f", pixels(mapHeight, y)) },
	"radius":  radius,
	"above":   above,
	"label":   label,
	"took":    humanTime,
	"join":    strings.Join,
}

// humanTime writes how long an answer took.
func humanTime(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}

func humanBytes(n int64) string {
	const units = "kMGT"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f := float64(n)
	i := -1
	for f >= 1000 && i < len(units)-1 {
		f /= 1000
		i++
	}
	return fmt.Sprintf("%.1f %cB", f, units[i])
}

// cut shortens a text for lists, at a rune.
func cut(n int, s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n]) + "…"
}

// view is what a page's template sees.
type view struct {
	Title string
	Path  string // of the page in the navigation
	Pages []page
	Flash string // what was just done
	Data  any
}

// failure is an error that a person at the page is told as it stands.
type failure struct {
	code int
	text string
}

func (f *failure) Error() string { return f.text }

// handle turns a page's function into a handler: it renders what the function returns, or says what went wrong. A
// function that has answered by itself returns an empty name.
func (s *Server) handle(f func(w http.ResponseWriter, r *http.Request) (name string, v view, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, v, err := f(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if name == "" {
			return
		}
		s.show(w, http.StatusOK, name, v)
	}
}

func (s *Server) show(w http.ResponseWriter, code int, name string, v view) {
	v.Pages = s.routes
	s.send(w, code, name, v)
}

func (s *Server) send(w http.ResponseWriter, code int, name string, data any) {
	page, err := s.pages.render(name, data)
	if err != nil {
		s.opts.Logger.Error("dashboard", "error", err)
		code, page = http.StatusInternalServerError, []byte("This page could not be made; the engine's log has more.\n")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	} else {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	w.WriteHeader(code)
	_, _ = w.Write(page)
}

// fail says what went wrong without inner detail, which goes to the log.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	code, text := http.StatusInternalServerError, "Something went wrong here; the engine's log has more."
	var own *failure
	var input *memory.InputError
	var confirm *memory.ConfirmError
	var corrupt *memory.CorruptError
	switch {
	case errors.As(err, &own):
		code, text = own.code, own.text
	case errors.As(err, &input):
		code, text = http.StatusBadRequest, err.Error()
	case errors.Is(err, memory.ErrNotFound):
		code, text = http.StatusNotFound, "There is no such memory, or no longer."
		if strings.HasPrefix(r.URL.Path, "/sessions/") {
			text = "There is no such session, or no longer."
		}
	case errors.As(err, &confirm):
		code = http.StatusConflict
		text = fmt.Sprintf("This memory looks sensitive (%s), so nothing was changed. Go back and tick “Yes, also if it looks sensitive”, or change its text first.", strings.Join(confirm.Why, ", "))
	case errors.Is(err, memory.ErrDenied):
		code, text = http.StatusForbidden, "That is not allowed: "+err.Error()
	case errors.Is(err, memory.ErrUnavailable):
		code, text = http.StatusServiceUnavailable, "The memory is not open: "+err.Error()
	case errors.Is(err, memory.ErrFull):
		code, text = http.StatusInsufficientStorage, "The disk is full, so nothing was changed. Make room on it, then try again."
	case errors.Is(err, memory.ErrReadOnly):
		code, text = http.StatusServiceUnavailable, "The data folder cannot be written, so nothing was changed. Run elderzan doctor."
	case errors.As(err, &corrupt):
		text = "What is stored here is damaged. Run elderzan doctor --repair."
		s.opts.Logger.Error("dashboard", "path", r.URL.Path, "error", err)
	default:
		s.opts.Logger.Error("dashboard", "path", r.URL.Path, "error", err)
	}
	to, name := back(r)
	s.show(w, code, "error", view{Title: "That did not work", Data: map[string]string{"Text": text, "To": to, "Name": name}})
}

// back is where a person goes on after what they did was refused: where they did it, for that they may want to do otherwise.
func back(r *http.Request) (to, name string) {
	if r.Method == http.MethodPost {
		parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch {
		case parts[0] == "conflicts":
			return "/conflicts", "Conflicts"
		case parts[0] == "flags":
			return "/settings", "Settings"
		case parts[0] == "memories" && len(parts) > 1:
			if id, err := memory.ParseID(parts[1]); err == nil {
				return "/memories/" + string(id), "Back to the memory"
			}
		}
	}
	return "/", "Overview"
}
