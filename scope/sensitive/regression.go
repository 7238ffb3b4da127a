package sensitive

import (
	_ "embed"
	"strings"
)

//go:embed testdata/sayings.txt
var sayings string

// Said is a text of the regression corpus.
type Said struct {
	Text      string
	Sensitive bool
}

// Regression returns the texts that the detector must judge right whatever is learnt or changed: secrets said, and talk
// about secrets. The caller owns the slice.
func Regression() []Said {
	var out []Said
	for line := range strings.Lines(sayings) {
		label, text, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if ok && label[0] != '#' {
			out = append(out, Said{strings.NewReplacer(`\n`, "\n", "‖", "").Replace(text), label == "s"})
		}
	}
	return out
}
