package personal

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:generate go run ./phoneplans

//go:embed plans.txt
var planText string

// plan is the numbering plan of a region. Its patterns compile on first use.
type plan struct {
	region  string
	code    string // of the country
	lengths [18]bool
	prefix  string // pattern of the national prefix
	numbers string // pattern of the numbers

	once             sync.Once
	prefixRE, numbRE *regexp.Regexp
}

type planTable struct {
	regions map[string]*plan
	codes   map[string][]*plan // country code → its regions
}

// plans reads the numbering plans: nothing happens before the first number.
var plans = sync.OnceValue(func() planTable {
	t := planTable{make(map[string]*plan), make(map[string][]*plan)}
	for line := range strings.Lines(planText) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			continue
		}
		p := &plan{region: f[0], code: f[1], prefix: f[2], numbers: f[4]}
		for _, n := range strings.Split(f[3], ",") {
			if k, err := strconv.Atoi(n); err == nil && k < len(p.lengths) {
				p.lengths[k] = true
			}
		}
		t.regions[p.region] = p
		t.codes[p.code] = append(t.codes[p.code], p)
	}
	return t
})

// holds reports whether n, without country code and separators, is a number of the plan, with or without national prefix.
func (p *plan) holds(n string) bool {
	p.once.Do(func() {
		p.numbRE = regexp.MustCompile(`\A(?:` + p.numbers + `)\z`)
		if p.prefix != "-" {
			p.prefixRE = regexp.MustCompile(`\A(?:` + p.prefix + `)`)
		}
	})
	if p.numbRE.MatchString(n) {
		return true
	}
	if p.prefixRE == nil {
		return false
	}
	loc := p.prefixRE.FindStringIndex(n)
	return loc != nil && loc[1] > 0 && p.numbRE.MatchString(n[loc[1]:])
}

// internationalPhone reports whether digits, which begin with a country code, are a number of that country, and whether they
// have at least the length of one.
func internationalPhone(digits string) (valid, possible bool) {
	t := plans()
	for n := 1; n <= 3 && n < len(digits); n++ {
		for _, p := range t.codes[digits[:n]] {
			rest := digits[n:]
			possible = possible || len(rest) < len(p.lengths) && p.lengths[len(rest)]
			valid = valid || p.holds(rest)
		}
		if len(t.codes[digits[:n]]) > 0 { // no country code begins another
			return valid, possible
		}
	}
	return false, false
}

// nationalPhone reports whether digits are a number as people write it within region.
func nationalPhone(digits, region string) bool {
	p := plans().regions[region]
	return p != nil && p.holds(digits)
}
