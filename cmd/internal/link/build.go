package link

import (
	"cmp"
	"os"
	"strconv"
	"strings"
)

// BuildID names a build: its version and the time its executable was written, "0.4.0+20261008T121314.123456789".
// Two programs with one version but different executables are told apart, and the later one is the newer. exe that
// cannot be looked at is left out.
func BuildID(version, exe string) string {
	if version == "" {
		version = "0.0.0-dev"
	}
	info, err := os.Stat(exe)
	if err != nil {
		return version
	}
	return version + "+" + info.ModTime().UTC().Format("20060102T150405.000000000")
}

// Newer reports whether build a is newer than build b: by version first, as semantic versions order them, then by
// what follows the plus. Equal builds, and builds that cannot be compared, are not newer.
func Newer(a, b string) bool {
	va, sa, _ := strings.Cut(strings.TrimPrefix(a, "v"), "+")
	vb, sb, _ := strings.Cut(strings.TrimPrefix(b, "v"), "+")
	if va == "" || vb == "" {
		return false
	}
	if c := compareVersions(va, vb); c != 0 {
		return c > 0
	}
	return sa > sb && sb != ""
}

func compareVersions(a, b string) int {
	coreA, preA, hasPreA := strings.Cut(a, "-")
	coreB, preB, hasPreB := strings.Cut(b, "-")
	if c := compareFields(coreA, coreB); c != 0 {
		return c
	}
	switch {
	case hasPreA && !hasPreB:
		return -1
	case !hasPreA && hasPreB:
		return 1
	}
	return compareFields(preA, preB)
}

// compareFields compares dotted fields: numbers as numbers and before words, words as text, fewer fields first.
func compareFields(a, b string) int {
	fa, fb := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(fa), len(fb)) {
		na, errA := strconv.ParseUint(fa[i], 10, 64)
		nb, errB := strconv.ParseUint(fb[i], 10, 64)
		var c int
		switch {
		case errA == nil && errB == nil:
			c = cmp.Compare(na, nb)
		case errA == nil:
			c = -1
		case errB == nil:
			c = 1
		default:
			c = strings.Compare(fa[i], fb[i])
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(fa), len(fb))
}
