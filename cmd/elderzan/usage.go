package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// helpColumns is how wide help is where nothing says how wide the terminal is.
const helpColumns = 80

func helpWidth() int {
	if c := givenColumns(os.Stdout); c > 0 {
		return min(c, usualColumns)
	}
	return helpColumns
}

func init() {
	cobra.AddTemplateFunc("fold", fold)
	cobra.AddTemplateFunc("foldbeside", foldBeside)
	cobra.AddTemplateFunc("helpwidth", helpWidth)
}

// fold wraps text to the width of help; lines keep how far they are indented.
func fold(text string) string {
	var out []string
	for line := range strings.SplitSeq(strings.TrimRight(text, " \n"), "\n") {
		out = append(out, wrap(line, helpWidth(), len(line)-len(strings.TrimLeft(line, " "))))
	}
	return strings.Join(out, "\n")
}

// foldBeside wraps a description that stands beside a name of that width.
func foldBeside(text string, name int) string {
	return strings.TrimLeft(wrap(text, helpWidth(), name+3), " ")
}

// fitHelp has the help of all commands fit the terminal: cobra's own templates, with its lines folded.
func fitHelp(root *cobra.Command) {
	usage := root.UsageTemplate()
	for old, folded := range map[string]string{
		"{{rpad .Name .NamePadding }} {{.Short}}":                                       "{{rpad .Name .NamePadding }} {{foldbeside .Short .NamePadding}}",
		"{{.LocalFlags.FlagUsages | trimTrailingWhitespaces":                            "{{.LocalFlags.FlagUsagesWrapped helpwidth | trimTrailingWhitespaces",
		"{{.InheritedFlags.FlagUsages | trimTrailing":                                   "{{.InheritedFlags.FlagUsagesWrapped helpwidth | trimTrailing",
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`: `More on one: {{.CommandPath}} COMMAND --help`,
	} {
		usage = strings.ReplaceAll(usage, old, folded)
	}
	root.SetUsageTemplate(usage)
	root.SetHelpTemplate("{{with (or .Long .Short)}}{{fold .}}\n\n{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}")
}

// explainArgs has every command that is called with words it does not take say how it is called, and every group of
// commands refuse what is none of them.
func explainArgs(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		explainArgs(c)
		if c.HasSubCommands() && !c.Runnable() {
			c.Args, c.SuggestionsMinimumDistance = unknownCommand, 2
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
			continue
		}
		takes := c.Args
		if takes == nil {
			continue
		}
		c.Args = func(c *cobra.Command, args []string) error {
			err := takes(c, args)
			var told *hintError
			if err == nil || errors.As(err, &told) {
				return err
			}
			return hint(fmt.Errorf("%s: %s", c.Name(), wordsTaken(err, args)), "usage: "+c.UseLine())
		}
	}
}

// wordsTaken says in words what is wrong with the arguments of a command.
func wordsTaken(err error, args []string) string {
	var want, least int
	_, exact := fmt.Sscanf(err.Error(), "accepts %d arg(s)", &want)
	_, open := fmt.Sscanf(err.Error(), "requires at least %d arg(s)", &least)
	switch {
	case exact == nil && len(args) < want, open == nil:
		return "something is missing"
	case len(args) > 0:
		return fmt.Sprintf("nothing is known of %q", args[len(args)-1])
	}
	return err.Error()
}
