// Command gen makes the hashes of package english from a list of words, one a line: that of Debian's wamerican-large 2020.12.07.
//
//	go run ./scope/sensitive/english/gen [-dir DIR] [LIST]
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/elderzan/elderzan/scope/sensitive/english"
)

func main() {
	dir := flag.String("dir", ".", "folder of the package")
	flag.Parse()
	list := "/usr/share/dict/american-english-large"
	if flag.NArg() > 0 {
		list = flag.Arg(0)
	}
	if err := run(list, filepath.Join(*dir, "words.bin")); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(list, out string) error {
	b, err := os.ReadFile(list)
	if err != nil {
		return fmt.Errorf("%w; install wamerican-large, or name another list", err)
	}
	var hashes []uint32
	for _, w := range strings.Fields(strings.ToLower(string(b))) {
		if !strings.ContainsRune(w, '\'') && (len(w) > 1 || w == "a" || w == "i") {
			hashes = append(hashes, english.Hash(w))
		}
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	packed := make([]byte, 0, 4*len(hashes))
	for _, h := range hashes {
		packed = binary.LittleEndian.AppendUint32(packed, h)
	}
	return os.WriteFile(out, packed, 0o644)
}
