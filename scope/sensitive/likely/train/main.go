// Command train fits the model of the likely layer on texts invented for it and on what the machine holds about software,
// and writes its vocabulary and weights.
//
//	go run ./scope/sensitive/likely/train -words   # the vocabulary
//	go run ./scope/sensitive/likely/train -everyday # the everyday words beside it
//	go run ./scope/sensitive/likely/train          # the weights
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	words := flag.Bool("words", false, "count the vocabulary anew instead of fitting weights")
	everyday := flag.Bool("everyday", false, "write the everyday words of English anew")
	dir := flag.String("dir", "scope/sensitive/likely", "folder of the layer")
	more := flag.String("more", "", "files of further labelled texts, separated by commas: *s.txt says a secret, *c.txt none")
	hold := flag.String("hold", "", "files of texts written by hand to hold out and report on, separated by commas")
	cache := flag.String("mined", "", "file to keep the texts from the machine in, and to read them from")
	flag.Parse()
	c := &corpus{dir: *dir, hold: *hold, cache: *cache}
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

// folders are where texts about software lie on a machine that builds this program: the project itself, Go, the modules, and
// what the system documents. dir is the folder of the layer.
func folders(dir string) ([]string, error) {
	home, _ := os.UserHomeDir()
	mod := os.Getenv("GOMODCACHE")
	if mod == "" {
		mod = filepath.Join(home, "go", "pkg", "mod")
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	root := strings.TrimSpace(string(goroot))
	return []string{filepath.Join(dir, "..", "..", ".."), "/usr/share/locale/ja/LC_MESSAGES", filepath.Join(mod, "github.com"), filepath.Join(mod, "golang.org"), filepath.Join(mod, "google.golang.org"), filepath.Join(root, "src"), "/usr/lib/python3", "/usr/share/doc"}, nil
}
