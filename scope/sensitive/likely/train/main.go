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
	"os"
	"strings"
)

func main() {
	words := flag.Bool("words", false, "count the vocabulary anew instead of fitting weights")
	everyday := flag.Bool("everyday", false, "write the everyday words of English anew")
	dir := flag.String("dir", "scope/sensitive/likely", "folder of the layer")
	more := flag.String("more", "", "files of further labelled texts, separated by commas: *s.txt says a secret, *c.txt none")
	hold := flag.String("hold", "", "files of texts written by hand to hold out and report on, separated by commas")
	check := flag.Bool("check", false, "compare the weights with the committed ones instead of writing them")
	flag.Parse()
	c := &corpus{dir: *dir, hold: *hold, check: *check}
	run := c.fit
	if *everyday {
		run = c.writeEveryday
	}
	if *words {
		run = c.countWords
	}
	if *more != "" {
		c.more = strings.Split(*more, ",")
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}
