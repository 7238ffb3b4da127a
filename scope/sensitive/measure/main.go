// Command measure runs the detector over corpora and prints recall and false alarms by kind:
//
//	go run ./scope/sensitive/measure [-misses] [-rules-only] FILE...
//	go run ./scope/sensitive/measure -write
//
// A corpus is JSON Lines ({"text", "label": "sensitive"|"clean", "kind"}, or "sensitive": true|false in place of the label) or
// lines of the form label, tab, text, where the label is s or c, \n stands for a line break, ‖ for nothing, and a line "## kind"
// names the kind of what follows. -write measures the corpora of the repository and writes the table of COVERAGE.md anew.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/scope/sensitive"
	"github.com/elderzan/elderzan/scope/sensitive/internal/corpus"
)

func main() { os.Exit(status(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// status runs the command and returns what it exits with.
func status(ctx context.Context, args []string, out, complaints io.Writer) int {
	if err := run(ctx, args, out); err != nil {
		fmt.Fprintln(complaints, "measure:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	flags.SetOutput(out)
	misses := flags.Bool("misses", false, "print what was missed and what was found by mistake")
	rulesOnly := flags.Bool("rules-only", false, "leave the trained layer's findings out")
	write := flags.Bool("write", false, "write the table of COVERAGE.md")
	dir := flags.String("dir", "scope/sensitive", "the folder of the detector, for -write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *write {
		rows, err := corpus.Committed(*dir)
		if err != nil {
			return err
		}
		table, err := corpus.Measure(ctx, detect(false), rows, nil)
		if err != nil {
			return err
		}
		return corpus.WriteTable(*dir+"/COVERAGE.md", table)
	}
	if flags.NArg() == 0 {
		return fmt.Errorf("no corpus; name a file, or give -write")
	}
	for _, f := range flags.Args() {
		rows, err := corpus.Read(f)
		if err != nil {
			return err
		}
		var wrong func(corpus.Row, []string)
		if *misses {
			wrong = func(r corpus.Row, rules []string) {
				fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", r.Label, r.Kind, strings.Join(rules, ","), strings.ReplaceAll(r.Text, "\n", `\n`))
			}
		}
		table, err := corpus.Measure(ctx, detect(*rulesOnly), rows, wrong)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n%s", f, table)
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
