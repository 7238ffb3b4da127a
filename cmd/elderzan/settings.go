package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
)

// setSettings changes keys of DIR/config.toml and leaves everything else in it as it is, comments too. The file is
// replaced as a whole. A key that the environment sets is an error: the change would have no effect.
func setSettings(dir string, values map[string]string) error {
	path := filepath.Join(dir, "config.toml")
	for _, key := range slices.Sorted(maps.Keys(values)) {
		name := "ELDERZAN_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		if now, set := os.LookupEnv(name); set && now != values[key] {
			return hint(fmt.Errorf("settings: the environment variable %s wins over %s", name, path), "unset "+name+", or set it to the new value")
		}
	}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("settings: %w", err)
	}
	text := editTOML(string(b), values)
	if _, err := toml.Parser().Unmarshal([]byte(text)); err != nil {
		return hint(fmt.Errorf("settings: %s cannot be changed safely: %w", path, err), "set by hand: "+strings.Join(assignments(values), "; "))
	}
	temp := path + ".tmp"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("settings: %w", err), os.Remove(temp))
	}
	return os.Rename(temp, path)
}

func assignments(values map[string]string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		out = append(out, key+" = "+strconv.Quote(values[key]))
	}
	return out
}

// editTOML replaces the lines of keys that are there, and puts the others where their table is, or at the beginning.
func editTOML(text string, values map[string]string) string {
	left := maps.Clone(values)
	var lines []string
	headers := map[string]int{} // line after the header of a table
	table := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(trimmed, "["); ok && !strings.HasPrefix(name, "[") {
			name, _, _ = strings.Cut(name, "]")
			table = strings.TrimSpace(name) + "."
			headers[table] = len(lines) + 1
		} else if key, _, ok := strings.Cut(trimmed, "="); ok && !strings.HasPrefix(trimmed, "#") {
			key = strings.TrimSpace(key)
			full := table + strings.Trim(key, `"'`)
			if value, set := left[full]; set {
				line = key + " = " + strconv.Quote(value)
				delete(left, full)
			}
		}
		lines = append(lines, line)
	}
	for _, full := range slices.Backward(slices.Sorted(maps.Keys(left))) {
		at, key := 0, full
		for table, after := range headers {
			if name, ok := strings.CutPrefix(full, table); ok && after > at {
				at, key = after, name
			}
		}
		lines = slices.Insert(lines, at, key+" = "+strconv.Quote(left[full]))
		for table, after := range headers {
			if after > at || at == 0 {
				headers[table] = after + 1
			}
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
