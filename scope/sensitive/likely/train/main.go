// Command train fits the model of the likely layer on texts invented for it and on what the machine holds about software,
// and writes its vocabulary and weights.
//
//	go run ./scope/sensitive/likely/train -words   # the vocabulary
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
	dir := flag.String("dir", "scope/sensitive/likely", "folder of the layer")
	more := flag.String("more", "", "files of further labelled texts, separated by commas: *s.txt says a secret, *c.txt none")
	hold := flag.Bool("hold", false, "hold a fifth of the texts written by hand out and report on them")
	flag.Parse()
	c := &corpus{dir: *dir, hold: *hold}
	run := c.fit
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

// folders are where texts about software lie on a machine that builds this program.
func folders() ([]string, error) {
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
	return []string{"/usr/share/locale/ja/LC_MESSAGES", "/usr/share/man/man1", "/usr/share/man/man5", "/usr/share/man/man8", filepath.Join(root, "doc"), filepath.Join(mod, "github.com"), filepath.Join(mod, "golang.org"), filepath.Join(mod, "google.golang.org"), filepath.Join(root, "src"), "/usr/lib/python3", "/usr/share/doc"}, nil
}
