package main

import (
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed guides/*.md
var guides embed.FS

// guideNames lists the guides in the order in which people need them.
var guideNames = []string{"first-memory", "team", "machines", "leaving", "backup", "keys", "model", "incident", "comparison", "reference"}

func guide(name string) (string, error) {
	b, err := guides.ReadFile("guides/" + name + ".md")
	if err != nil {
		return "", hint(fmt.Errorf("no guide is called %q", name), "elderzan guide lists them")
	}
	return string(b), nil
}

// newGuide prints the guides, which the program carries: they fit its version, and need no network.
func newGuide(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "guide [NAME]", Short: "How to do what: the first memory, a team, backups, an incident", GroupID: "server",
		Args: cobra.MaximumNArgs(1), ValidArgs: guideNames,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				text, err := guide(args[0])
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.out, map[string]string{"name": args[0], "text": text})
				}
				_, err = fmt.Fprint(a.out, text)
				return err
			}
			type entry struct {
				Name  string `json:"name"`
				Title string `json:"title"`
			}
			var list []entry
			for _, name := range guideNames {
				text, err := guide(name)
				if err != nil {
					return err
				}
				title, _, _ := strings.Cut(strings.TrimPrefix(text, "# "), "\n")
				list = append(list, entry{name, title})
			}
			if a.json {
				return writeJSON(a.out, list)
			}
			for _, e := range list {
				fmt.Fprintf(a.out, "%-14s %s\n", e.Name, e.Title)
			}
			return nil
		},
	}
}
