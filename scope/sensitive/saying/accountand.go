package saying

import (
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/keyword"
	"github.com/elderzan/elderzan/scope/sensitive/match"
	"github.com/elderzan/elderzan/scope/sensitive/value"
)

// takers stand before an account that something is entered with, or that a device has.
var takers = keyword.NewList(`with uses use used using has have had takes take accepts accept wants needs expects knows by as via`)

// entering are ways to say that something is entered, and takings that what it takes opens it: any name is an account there.
var (
	entering = keyword.New([]string{"log in", "logs in", "log on", "logs on", "login", "sign in", "signs in", "get in", "gets in", "get into", "gets into", "got into", "getting into", "demo", "tenant", "account"})
	takings  = keyword.NewList(`takes take accepts accept wants expects`)
)

// entrancesNear are what an account belongs to, and what is done with one.
var entrancesNear = keyword.New([]string{"log in", "logs in", "log on", "logs on", "login", "sign in", "signs in", "get in", "gets in", "get into", "gets into", "got into", "getting into", "enter", "connect", "authenticate", "access", "tenant", "account", "ilo", "idrac", "ipmi", "bmc", "bios", "nas", "router", "switch", "printer", "camera",
	"firewall", "server", "node", "host", "box", "vm", "machine", "console", "panel", "portal", "dashboard", "cms", "crm", "erp", "wiki", "webmail", "mailbox", "database", "shop", "demo", "staging", "controller", "access point", "kiosk", "modem", "gateway", "recorder", "nvr", "pdu", "ups", "phone system", "pbx", "grafana", "jenkins"})

// accountAnd finds an account and, behind "and", what a person made up to go with it: "you get into the CMS with editor and
// Harvest@223", "the iLO of node 4 has admin and Zephyr-harvest-Tuesday".
func accountAnd(text string, out []match.Match) []match.Match {
	const and, reach, longest = " and ", 90, 48
	for i := 0; len(out) < match.Enough; {
		n := strings.Index(text[i:], and)
		if n < 0 {
			return out
		}
		at := i + n
		i = at + len(and)
		s := strings.Trim(firstWord(text[i:min(len(text), i+longest)]), "\"'`.,;)")
		if !madeUp(s) || len(s) < 6 {
			continue
		}
		from := max(0, at-reach)
		words := strings.Fields(text[from+sentenceStart(text[from:at]) : at])
		if len(words) < 3 {
			continue
		}
		user := strings.ToLower(strings.Trim(words[len(words)-1], "\"'`"))
		before := strings.ToLower(words[len(words)-2])
		if (before == "user" || before == "account") && len(words) > 3 {
			before = strings.ToLower(words[len(words)-3])
		}
		start := i + strings.Index(text[i:], s)
		known := accounts.Has(user) || ownAccounts.Has(user) || address(user)
		if !takers.Has(before) || !known && !(userName(user) && (takings.Has(before) || standsNear(entering, text, from, at))) || value.Placeholder(s) || value.Reference(s) || value.Otherwise(text, start, start+len(s)) >= value.Strong || !standsNear(entrancesNear, text, from, at) {
			continue
		}
		if mixedWords(s) || counted(s) || known && (passwordLike(s) || address(user) && phrased(s)) {
			out = append(out, match.Match{Rule: "account-and", Kind: match.Credential, Start: start, End: start + len(s), Confidence: 0.66})
		}
	}
	return out
}
