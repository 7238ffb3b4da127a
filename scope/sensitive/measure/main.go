// Command measure runs the detector over corpora and prints recall and false alarms by kind:
//
//	go run ./scope/sensitive/measure [-misses] [-rules-only] FILE...
//	go run ./scope/sensitive/measure -write
//
// A corpus is JSON Lines ({"text", "label": "sensitive"|"clean", "kind"}) or lines of the form label, tab, text, where the
// label is s or c, \n stands for a line break, ‖ for nothing, and a line "## kind" names the kind of what follows.
// -write measures the corpora of the repository and writes the table of COVERAGE.md anew.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive"
	"github.com/elderzan/elderzan/scope/sensitive/internal/corpus"
)

func main() {
	misses := flag.Bool("misses", false, "print what was missed and what was found by mistake")
	rulesOnly := flag.Bool("rules-only", false, "leave the trained layer's findings out")
	write := flag.Bool("write", false, "write the table of COVERAGE.md")
	dir := flag.String("dir", "scope/sensitive", "the folder of the detector, for -write")
	flag.Parse()
	if err := run(*dir, flag.Args(), *misses, *rulesOnly, *write); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(dir string, files []string, misses, rulesOnly, write bool) error {
	if write {
		rows, err := corpus.Committed(dir)
		if err != nil {
			return err
		}
		table, err := corpus.Measure(context.Background(), detect(false), rows, nil)
		if err != nil {
			return err
		}
		return corpus.WriteTable(dir+"/COVERAGE.md", table)
	}
	for _, f := range files {
		rows, err := corpus.Read(f)
		if err != nil {
			return err
		}
		var wrong func(corpus.Row, []string)
		if misses {
			wrong = func(r corpus.Row, rules []string) {
				fmt.Printf("%s\t%s\t%s\t%s\n", r.Label, r.Kind, strings.Join(rules, ","), strings.ReplaceAll(r.Text, "\n", `\n`))
			}
		}
		table, err := corpus.Measure(context.Background(), detect(rulesOnly), rows, wrong)
		if err != nil {
			return err
		}
		fmt.Printf("%s\n%s", f, table)
	}
	return nil
}

// detect returns a function that names the rules which find something in a text.
func detect(rulesOnly bool) func(context.Context, string) ([]string, error) {
	d := sensitive.New(sensitive.Options{})
	return func(ctx context.Context, text string) ([]string, error) {
		found, err := d.Detect(ctx, scope.Input{Content: text})
		var rules []string
		for _, f := range found {
			if !rulesOnly || f.Rule != "likely-secret" {
				rules = append(rules, f.Rule)
			}
		}
		return rules, err
	}
}
