package report

import (
	"bytes"
	"html/template"
)

var page = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1f2723; background: #faf8f3; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd8cc; }
td + td, th + th { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; background: #ffffff; border-radius: .6rem; margin: .75rem 0; }
.attention { color: #8b2e3c; font-weight: 600; } footer { color: #5b665f; margin-top: 2rem; font-size: .85rem; }
@media (prefers-color-scheme: dark) { body { color: #e6e9e4; background: #161a18; } td, th { border-color: #38403b; } .attention { color: #f09aa6; } footer { color: #a3aea7; } }
</style></head><body><h1>{{.Title}}</h1>
{{range .Sections}}<section><h2>{{.Title}}</h2><table><thead><tr><th scope="col"><span hidden>what</span></th><th scope="col">this period</th><th scope="col">before</th></tr></thead><tbody>
{{range .Rows}}<tr><td>{{index . 0}}</td><td>{{index . 1}}</td><td>{{index . 2}}</td></tr>
{{end}}</tbody></table>
{{range .Plots}}{{.}}
{{end}}{{with .Notes}}<ul>{{range .}}<li{{if .Bad}} class="attention"{{end}}>{{.Text}}</li>{{end}}</ul>{{end}}</section>
{{end}}<footer>Made by elderzan {{.Version}}.</footer></body></html>
`))

type note struct {
	Text string
	Bad  bool
}

type htmlSection struct {
	Title string
	Rows  [][3]string
	Plots []template.HTML
	Notes []note
}

// HTML writes the report as one file that needs nothing else.
func (d *Data) HTML() ([]byte, error) {
	var sections []htmlSection
	for _, s := range d.sections() {
		h := htmlSection{Title: s.title, Rows: s.rows}
		for _, p := range s.plots {
			h.Plots = append(h.Plots, template.HTML(p.line.SVG())) //nolint:gosec // chart escapes every text
		}
		for i, n := range s.notes {
			bad := len(n) > 10 && n[:10] == "Attention:" || s.title == "Security" && i > 0
			h.Notes = append(h.Notes, note{n, bad})
		}
		sections = append(sections, h)
	}
	var b bytes.Buffer
	err := page.Execute(&b, map[string]any{"Title": d.title(), "Sections": sections, "Version": d.Version})
	return b.Bytes(), err
}
