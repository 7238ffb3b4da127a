package normalize_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/elderzan/elderzan/scope/sensitive/internal/bound"
	"github.com/elderzan/elderzan/scope/sensitive/normalize"
)

func TestPlainView(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"ASCII stays":               {"password: x", "password: x"},
		"full width":                {"ＰＡＳＳ＝ａ１", "PASS=a1"},
		"half-width kana":           {"ﾊﾟｽﾜｰﾄﾞ", "パスワード"},
		"zero width":                {"pass\u200bword", "password"},
		"direction":                 {"pass\u202eword\u202c", "password"},
		"soft hyphen":               {"pass\u00adword", "password"},
		"look-alikes":               {"pаsswоrd", "password"},
		"Russian stays Russian":     {"пароль", "пароль"},
		"entities":                  {"a&lt;b&amp;c&#x41;", "a<b&cA"},
		"no entity":                 {"a & b &nothing; c", "a & b &nothing; c"},
		"escaped lines":             {`a\nb\tc\"d`, "a\nb\tc\"d"},
		"escaped escapes":           {`{\\\"k\\\":1}`, `{"k":1}`},
		"unicode escapes":           {`\u0070\x61ss`, "pass"},
		"a lone backslash":          {`C:\dir\`, `C:\dir\`},
		"broken unicode escape":     {`\u00zz \x9`, `\u00zz \x9`},
		"quotes":                    {"“a” ‘b’ «c»", `"a" 'b' "c"`},
		"dashes and spaces":         {"a—b\u00a0c", "a-b c"},
		"a long vowel as a dash":    {"０８０ー５５１２ー7793", "080-5512-7793"},
		"a long vowel":              {"サーバー2", "サーバー2"},
		"controls go":               {"a\x00b\x7f", "ab\x7f"},
		"invalid UTF-8":             {"a\xffb", "a b"},
		"line separators":           {"a\u2028b", "a\nb"},
		"entity of a control":       {"a&#0;&#1;b", "a  b"},
		"combining marks":           {"e\u0301", "e\u0301"},
		"an ampersand at the end":   {"a&", "a&"},
		"variation selectors":       {"a\ufe0fb", "ab"},
		"tag characters":            {"a\U000e0041b", "ab"},
		"script letter p and a":     {"𝓹𝓪ss", "pass"},
		"look-alikes among others":  {"pаßжx", "paßжx"},
		"Greek look-alikes":         {"tοken", "token"},
		"circled and squared words": {"①②", "12"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := normalize.Views(tc.in)[0].Text; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSpansPointIntoTheOriginal(t *testing.T) {
	const in = "名前：Ｔａｎａｋａ &amp; pass\u200bword=x"
	v := normalize.Views(in)[0]
	for _, tc := range []struct{ part, want string }{{"Tanaka", "Ｔａｎａｋａ"}, {"&", "&amp;"}, {"password", "pass\u200bword"}, {"x", "x"}} {
		i := strings.Index(v.Text, tc.part)
		start, end := v.Original(i, i+len(tc.part))
		if got := in[start:end]; got != tc.want {
			t.Errorf("%q came from %q, want %q", tc.part, got, tc.want)
		}
	}
	if s, e := v.Original(5, 5); s != 0 || e != 0 {
		t.Errorf("an empty span maps to %d–%d, want 0–0", s, e)
	}
}

func TestDecodedViews(t *testing.T) {
	const secret = "password=hunter2; user=app"
	once := base64.StdEncoding.EncodeToString([]byte(secret))
	twice := base64.RawURLEncoding.EncodeToString([]byte("x: " + once))
	percent := strings.NewReplacer("=", "%3D", ";", "%3B", " ", "%20").Replace(secret)
	for name, tc := range map[string]struct{ in, encoding string }{
		"base64":               {"blob " + once + " end", "base64"},
		"base64 behind a name": {"DATA=" + once, "base64"},
		"hexadecimal":          {hex.EncodeToString([]byte(secret)), "hex"},
		"percent":              {"https://host/?" + percent, "percent"},
		"base64 in base64":     {twice, "base64+base64"},
		"after a colon":        {"auth:" + once, "base64"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range normalize.Views(tc.in)[1:] {
				if v.Encoding == tc.encoding && strings.Contains(v.Text, "password=hunter2") {
					if s, e := v.Original(0, 3); s < 0 || e > len(tc.in) || s >= e {
						t.Errorf("span %d–%d is none of the original", s, e)
					}
					return
				}
			}
			t.Errorf("no view %s shows the secret", tc.encoding)
		})
	}
}

func TestWhatIsNotTextIsNotDecoded(t *testing.T) {
	for name, in := range map[string]string{
		"binary":          base64.StdEncoding.EncodeToString([]byte{0, 1, 2, 3, 250, 251, 252, 253, 1, 2, 3, 4, 5, 6}),
		"a digest":        strings.Repeat("a1f9", 10),
		"a word":          "internationalization",
		"percent signs":   "50% of 100% is fine",
		"a bad length":    "abcdefghijklmnopq",
		"an inner equals": "abcdefgh=abcdefgh=abcdefgh",
	} {
		t.Run(name, func(t *testing.T) {
			if v := normalize.Views(in); len(v) != 1 {
				t.Errorf("decoded to %q", v[1].Text)
			}
		})
	}
}

func TestDecodingIsBounded(t *testing.T) {
	s := "secret text that is wrapped"
	for range 8 {
		s = base64.StdEncoding.EncodeToString([]byte(s))
	}
	if n := len(normalize.Views(s)); n > 4 {
		t.Errorf("%d views of a text wrapped eight times, want at most 4", n)
	}
	many := strings.Repeat(base64.StdEncoding.EncodeToString([]byte("some plain words"))+" ", 500)
	if n := len(normalize.Views(many)); n > 65 {
		t.Errorf("%d views of 500 pieces, want at most 65", n)
	}
}

// FuzzViews checks that every span of every view maps into the original.
func FuzzViews(f *testing.F) {
	for _, s := range []string{"", "a", "&#x", "\\u", "ｐ\u200b", "cGFzc3dvcmQ9aHVudGVyMg==", "%41%42", "e\u0301\u0302", "\xff\xfe", "pаss", `\\\\n`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if len(in) > 1<<14 {
			return
		}
		total := 0
		var views []normalize.View
		bound.Within(t, bound.Limit, false, func() { views = normalize.Views(in) })
		for _, v := range views {
			total += len(v.Text)
			for i := 0; i < len(v.Text); i += 1 + len(v.Text)/50 {
				s, e := v.Original(i, min(len(v.Text), i+3))
				if s < 0 || e > len(in) || s > e {
					t.Fatalf("span %d of view %q maps to %d–%d of %d", i, v.Encoding, s, e, len(in))
				}
			}
		}
		if total > 4*len(in)+(256<<10) {
			t.Errorf("%d bytes of views for %d", total, len(in))
		}
	})
}

// TestCharactersThatAreReadAtOnce compares those whose form is known without a table with what the table says, each before and behind
// others, some of which join what stands before them.
func TestCharactersThatAreReadAtOnce(t *testing.T) {
	others := []string{"", "a", "か", "ー", "龯", "Ａ", "\u3099", "\u309a", "\u0301", "ﾞ", "　"}
	for r := rune(0x3000); r <= 0x9fff; r++ {
		if r > 0x3100 && r < 0x4e00 {
			continue
		}
		check(t, string(r), others)
	}
	for r := rune(0xff00); r <= 0xff60; r++ {
		check(t, string(r), others)
	}
}

func check(t *testing.T, s string, others []string) {
	t.Helper()
	for _, o := range others {
		want := norm.NFKC.String(s + o)
		if got := normalize.Views(s + o)[0].Text; got != want {
			t.Errorf("%q with %q reads %q, want %q", s, o, got, want)
		}
	}
}
