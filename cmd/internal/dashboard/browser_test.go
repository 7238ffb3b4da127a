package dashboard_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// browser is who sits before the page: it keeps cookies, follows redirects, and fills forms in as they were sent.
type browser struct {
	t      *testing.T
	client *http.Client
	base   string // of the page, without a slash at its end
}

// shown is a page as it came.
type shown struct {
	t      *testing.T
	code   int
	path   string // where the redirects led
	header http.Header
	body   string
	doc    *html.Node
}

// enter lets a new browser in by an address that Server.URL returned.
func enter(t *testing.T, address string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t, &http.Client{Jar: jar, Timeout: time.Minute}, u.Scheme + "://" + u.Host}
	t.Cleanup(b.client.CloseIdleConnections)
	p := b.get(u.RequestURI())
	if p.code != http.StatusOK {
		t.Fatalf("entering = %d %s", p.code, p.text())
	}
	if !strings.Contains(p.body, `rel="icon"`) { // else a browser asks for /favicon.ico, which there is none of
		t.Errorf("the first page names no icon: %s", p.body)
	}
	return b
}

func (b *browser) get(path string) *shown {
	b.t.Helper()
	res, err := b.client.Get(b.base + path)
	return b.read(res, err)
}

func (b *browser) post(path string, form url.Values) *shown {
	b.t.Helper()
	res, err := b.client.PostForm(b.base+path, form)
	return b.read(res, err)
}

func (b *browser) read(res *http.Response, err error) *shown {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	return &shown{b.t, res.StatusCode, res.Request.URL.RequestURI(), res.Header, string(body), doc}
}

// want fails the test unless the page came with this status and shows each text.
func (p *shown) want(code int, texts ...string) *shown {
	p.t.Helper()
	if p.code != code {
		p.t.Errorf("%s = %d; want %d: %s", p.path, p.code, code, p.text())
	}
	text := p.text()
	for _, s := range texts {
		if !strings.Contains(text, s) {
			p.t.Errorf("%s lacks %q:\n%s", p.path, s, text)
		}
	}
	return p
}

// without fails the test where the page's source holds one of the texts.
func (p *shown) without(texts ...string) *shown {
	p.t.Helper()
	for _, s := range texts {
		if strings.Contains(p.body, s) {
			p.t.Errorf("%s holds %q", p.path, s)
		}
	}
	return p
}

// text is what a person reads, with blanks put together.
func (p *shown) text() string { return strings.Join(strings.Fields(textOf(p.doc)), " ") }

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		} else if d.Type == html.ElementNode {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// all returns the elements of a name, in the order of the page.
func (p *shown) all(name string) (out []*html.Node) {
	for d := range p.doc.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			out = append(out, d)
		}
	}
	return out
}

// link returns where the first link with this text leads, or "".
func (p *shown) link(text string) string {
	for _, a := range p.all("a") {
		if strings.Join(strings.Fields(textOf(a)), " ") == text {
			return attr(a, "href")
		}
	}
	return ""
}

// links returns where all links lead that begin so.
func (p *shown) links(prefix string) (out []string) {
	for _, a := range p.all("a") {
		if href := attr(a, "href"); strings.HasPrefix(href, prefix) && !slices.Contains(out, href) {
			out = append(out, href)
		}
	}
	return out
}

// form returns what a browser would send of the n-th form with this action if nothing was touched: line ends as forms
// have them, of check boxes those that are ticked.
func (p *shown) form(action string, n int) url.Values {
	p.t.Helper()
	for _, f := range p.all("form") {
		if attr(f, "action") != action {
			continue
		}
		if n > 0 {
			n--
			continue
		}
		return fields(f)
	}
	p.t.Fatalf("%s has no such form %s", p.path, action)
	return nil
}

func fields(form *html.Node) url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if name != "" {
			v.Set(name, strings.ReplaceAll(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(value), "\n", "\r\n"))
		}
	}
	for d := range form.Descendants() {
		name := attr(d, "name")
		switch {
		case d.Type != html.ElementNode:
		case d.Data == "textarea":
			set(name, rawText(d))
		case d.Data == "select":
			set(name, chosen(d))
		case d.Data == "input" && attr(d, "type") != "checkbox":
			set(name, attr(d, "value"))
		}
	}
	return v
}

// rawText is the text of an element that holds nothing else.
func rawText(n *html.Node) string {
	if n.FirstChild == nil {
		return ""
	}
	return n.FirstChild.Data
}

func chosen(list *html.Node) string {
	first, picked := "", ""
	for d := range list.Descendants() {
		if d.Type != html.ElementNode || d.Data != "option" {
			continue
		}
		value, given := strings.TrimSpace(textOf(d)), false
		for _, a := range d.Attr {
			if a.Key == "value" {
				value, given = a.Val, true
			}
		}
		if first == "" && (given || value != "") {
			first = value
		}
		for _, a := range d.Attr {
			if a.Key == "selected" {
				picked = value
			}
		}
	}
	if picked != "" {
		return picked
	}
	return first
}
