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

// fold wraps text to the width of help. What the source has broken within a sentence is joined first; lines keep how far
// they are indented, and what stands beside a name stays beside it.
func fold(text string) string {
	var out []string
	for line := range strings.SplitSeq(joined(strings.TrimRight(text, " \n")), "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		name, says := besideName(line)
		switch {
		case says == "":
			line = wrap(line, helpWidth(), indent)
		case len(name) <= helpWidth()/2:
			line = name + strings.TrimLeft(wrap(says, helpWidth(), len(name)), " ")
		default:
			line = wrap(strings.TrimRight(name, " "), helpWidth(), indent) + "\n" + wrap(says, helpWidth(), indent+4)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// joined puts lines together that do not end a sentence and are followed by another of the same paragraph.
func joined(text string) string {
	var b strings.Builder
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		b.WriteString(line)
		switch {
		case i == len(lines)-1:
		case line == "" || lines[i+1] == "" || line[0] == ' ' || lines[i+1][0] == ' ' || strings.ContainsAny(line[len(line)-1:], ".:;"):
			b.WriteByte('\n')
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// besideName divides an indented line that has a name and, two blanks or more away, what is said of it.
func besideName(line string) (name, says string) {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	if gap := strings.Index(line[indent:], "  "); indent > 0 && gap > 0 {
		says = strings.TrimLeft(line[indent+gap:], " ")
		return line[:len(line)-len(says)], says
	}
	return "", ""
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
