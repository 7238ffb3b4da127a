// Command phoneplans writes the numbering plans that the detector judges telephone numbers by, from the metadata of a library
// that makes them ready at start-up, which would cost every command of the program some ten milliseconds:
//
//	go generate ./scope/sensitive/personal
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

func main() {
	if err := write("plans.txt"); err != nil {
		fmt.Fprintln(os.Stderr, "phoneplans:", err)
		os.Exit(1)
	}
}

// write writes one line a region: its id, country code, the pattern of its national prefix, the lengths of its numbers, and the
// pattern of its numbers, with tabs between; - stands for nothing.
func write(path string) error {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return err
	}
	var lines []string
	for _, m := range all.GetMetadata() {
		seen := make(map[string]bool)
		var kinds []string
		for _, d := range []*phonenumbers.PhoneNumberDesc{m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(), m.GetSharedCost(), m.GetPersonalNumber(), m.GetVoip(), m.GetPager(), m.GetUan()} {
			if p := squeeze(d.GetNationalNumberPattern()); p != "" && p != "NA" && !seen[p] {
				seen[p] = true
				kinds = append(kinds, p)
			}
		}
		var lengths []string
		for _, n := range m.GetGeneralDesc().GetPossibleLength() {
			lengths = append(lengths, fmt.Sprint(n))
		}
		lines = append(lines, strings.Join([]string{m.GetId(), fmt.Sprint(m.GetCountryCode()), dash(squeeze(m.GetNationalPrefixForParsing())), dash(strings.Join(lengths, ",")), dash(strings.Join(kinds, "|"))}, "\t"))
	}
	sort.Strings(lines)
	return os.WriteFile(path, []byte("# Written by phoneplans from Google's libphonenumber metadata (Apache 2.0). Do not edit.\n"+strings.Join(lines, "\n")+"\n"), 0o644)
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
