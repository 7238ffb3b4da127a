package tokens_test

import (
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/elderzan/elderzan/scope/sensitive/tokens"
)

var update = flag.Bool("update", false, "draw an example for each format that has none")

const examplesFile = "testdata/examples.txt"

// examples reads the file of examples: the name of a format, a tab, and a token. A ‖ stands in each so that it is a token
// only once read; \\n is a line break.
func examples(t *testing.T) map[string]string {
	b, err := os.ReadFile(examplesFile)
	if err != nil && !*update {
		t.Fatalf("%v (write it with -update)", err)
	}
	m := make(map[string]string)
	for line := range strings.Lines(string(b)) {
		name, token, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if m[name] != "" {
			t.Errorf("%s: two examples", name)
		}
		m[name] = strings.NewReplacer("‖", "", `\n`, "\n").Replace(token)
	}
	return m
}

// TestEveryRowHasAnExample checks the columns of the table against each other: the example of a row is matched by its
// pattern from end to end, holds its literal, passes its check and its checksum, and is found by a scan. With one character
// changed it fails the checksum, and the row does not match any more.
func TestEveryRowHasAnExample(t *testing.T) {
	if *update {
		writeExamples(t)
	}
	known := examples(t)
	sums := 0
	for _, f := range tokens.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			token := known[f.Name]
			delete(known, f.Name)
			whole := regexp.MustCompile(`\A(?:` + f.Pattern + `)\z`)
			switch {
			case token == "":
				t.Fatal("no example")
			case !whole.MatchString(token):
				t.Fatal("the pattern does not match the example from end to end")
			case !strings.Contains(strings.ToLower(token), strings.ToLower(f.Literal)):
				t.Fatal("the example does not hold the literal")
			case f.Check != nil && !f.Check(token):
				t.Fatal("the example fails the row's check")
			case f.Sum != nil && !f.Sum(token):
				t.Fatal("the example's checksum is wrong")
			case !holds(tokens.Scan(token), f.Name, token):
				t.Fatal("a scan does not find the example")
			}
			if f.Sum == nil {
				return
			}
			sums++
			for i := len(token) - 12; i < len(token); i++ {
				wrong := token[:i] + string(next(token[i])) + token[i+1:]
				if wrong == token || !whole.MatchString(wrong) {
					continue
				}
				if f.Sum(wrong) {
					t.Errorf("with character %d changed the checksum still holds", i)
				}
				for _, m := range tokens.Scan(wrong) {
					if m.Rule == f.Name {
						t.Errorf("with character %d changed the row still matches", i)
					}
				}
			}
		})
	}
	for name := range known {
		t.Errorf("%s: an example of a row that is not there", name)
	}
	if sums < 5 {
		t.Errorf("%d rows with a checksum were checked, want 5", sums)
	}
}

// next returns another character of the same class.
func next(c byte) byte {
	switch c {
	case '9':
		return '0'
	case 'z':
		return 'q'
	case 'Z':
		return 'Q'
	}
	return c + 1
}

func writeExamples(t *testing.T) {
	var b strings.Builder
	b.WriteString("# An invented token of each format: its name, a tab, the token. ‖ is left out when the file is read. No token is in use anywhere.\n")
	rnd := rand.New(rand.NewPCG(4, 4))
	for _, f := range tokens.Formats() {
		token := ""
		for range 5000 {
			drawn, err := generate(rnd, f.Pattern)
			if err != nil {
				t.Fatal(err)
			}
			if drawn = complete(f.Name, drawn); drawn == strings.TrimSpace(drawn) && !strings.Contains(drawn, `\n`) && (f.Check == nil || f.Check(drawn)) && (f.Sum == nil || f.Sum(drawn)) && holds(tokens.Scan(drawn), f.Name, drawn) {
				token = drawn
				break
			}
		}
		if token == "" {
			t.Errorf("%s: no example could be drawn", f.Name)
		}
		r := []rune(token)
		for i := 3; i < len(r); i += 9 {
			r = append(r[:i], append([]rune("‖"), r[i:]...)...)
		}
		fmt.Fprintf(&b, "%s\t%s\n", f.Name, strings.ReplaceAll(string(r), "\n", `\n`))
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(examplesFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// complete gives a drawn token the checksum of its format. It computes them on its own, from their descriptions.
func complete(name, token string) string {
	switch name {
	case "github-checked-token", "npm-checked-token":
		const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		body := token[:len(token)-6]
		sum, tail := crc32.ChecksumIEEE([]byte(body[4:])), ""
		for range 6 {
			tail = string(digits[sum%62]) + tail
			sum /= 62
		}
		return body + tail
	case "grafana-service-token":
		body := token[:len(token)-9]
		return body + "_" + hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
	case "age-key":
		return strings.ToUpper(bech32(strings.ToLower(token)))
	case "nostr-key":
		return bech32(token)
	}
	return token
}

// bech32 replaces the last six characters of s by its checksum.
func bech32(s string) string {
	const digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	at := strings.LastIndexByte(s, '1')
	var values []int
	for _, c := range s[:at] {
		values = append(values, int(c)>>5)
	}
	values = append(values, 0)
	for _, c := range s[:at] {
		values = append(values, int(c)&31)
	}
	for _, c := range s[at+1 : len(s)-6] {
		values = append(values, strings.IndexRune(digits, c))
	}
	values = append(values, 0, 0, 0, 0, 0, 0)
	sum := 1
	for _, v := range values {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ v
		for i, g := range []int{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	sum ^= 1
	out := s[:len(s)-6]
	for i := range 6 {
		out += string(digits[sum>>(5*(5-i))&31])
	}
	return out
}
