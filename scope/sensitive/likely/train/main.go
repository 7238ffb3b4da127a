// Command train fits the model of the likely layer on texts invented for it and on what released software says of itself, and
// writes its weights. Everything that goes in is committed here or fixed by version and checksum (sources.go), so that the
// same weights come out, bit for bit, on any amd64 machine:
//
//	go run ./scope/sensitive/likely/train          # fits the weights and writes them
//	go run ./scope/sensitive/likely/train -check   # fits them and says whether they are the committed ones
//
// The vocabulary (internal/feature/words.txt, everyday.txt) goes in as it is committed. -words and -everyday count it anew.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() { os.Exit(status(os.Args[1:], os.Stdout, os.Stderr)) }

// status runs the command and returns what it exits with.
func status(args []string, out, complaints io.Writer) int {
	if err := run(args, out); err != nil {
		fmt.Fprintln(complaints, "train:", err)
		return 1
	}
	return 0
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	flags.SetOutput(out)
	words := flags.Bool("words", false, "count the vocabulary anew instead of fitting weights")
	everyday := flags.Bool("everyday", false, "write the everyday words of English anew")
	dir := flags.String("dir", "scope/sensitive/likely", "folder of the layer")
	more := flags.String("more", "", "files of further labelled texts, separated by commas: *s.txt says a secret, *c.txt none")
	hold := flags.String("hold", "", "files of texts written by hand to hold out and report on, separated by commas")
	check := flags.Bool("check", false, "compare the weights with the committed ones instead of writing them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("what is %q? Files of texts go with -more", flags.Arg(0))
	}
	c := &corpus{dir: *dir, hold: *hold, check: *check, out: out, sources: sources, said: saidTexts, talked: talkTexts}
	if *more != "" {
		c.more = strings.Split(*more, ",")
	}
	switch {
	case *words:
		return c.countWords()
	case *everyday:
		return c.writeEveryday()
	}
	return c.fit()
}
