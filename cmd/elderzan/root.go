package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"golang.org/x/term"
)

// app is what every command shares: the three streams and the global flags.
type app struct {
	in        *os.File
	out, err  io.Writer
	data      string
	json      bool
	inProcess bool
	mend      mending // to open a damaged store
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "elderzan",
		Short: "Long-term memory for AI agents, over MCP",
		Long: "elderzan keeps what your agents learn: private by default, on this machine, encrypted.\n" +
			"With a pipe on standard input it speaks MCP; the commands below work on the same memory.",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !term.IsTerminal(int(a.in.Fd())) {
				return a.serve(cmd.Context())
			}
			if err := cmd.Help(); err != nil {
				return err
			}
			return a.showStatusIfAny(cmd.Context())
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return hint(err, cmd.CommandPath()+" --help") })
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddCommand(newRescan(a), newPolicy(a))
	f := root.PersistentFlags()
	f.StringVar(&a.data, "data", "", "data folder (default $ELDERZAN_DATA, else $XDG_DATA_HOME/elderzan)")
	f.BoolVar(&a.json, "json", false, "print JSON instead of text")
	f.BoolVar(&a.inProcess, "in-process", false, "open the store in this process instead of using the engine")
	root.AddGroup(&cobra.Group{ID: "memory", Title: "Memory:"}, &cobra.Group{ID: "cloud", Title: "Sharing:"}, &cobra.Group{ID: "server", Title: "Server:"})
	root.AddCommand(
		newRemember(a), newRecall(a), newSearch(a), newClassify(a), newShare(a), newRevise(a), newForget(a),
		newSessions(a), newTopics(a), newExport(a), newImport(a), newMigrate(a),
		newServe(a), newEngine(a), newStop(a), newStatus(a), newDashboard(a), newHTTP(a), newMetricsCommand(a), newDoctor(a), newBackup(a), newVerify(a), newRestore(a), newSetup(a), newConfig(a), newBench(a), newMan(),
		newKeys(a), newAudit(a), newReembed(a), newAccess(a),
	)
	root.AddCommand(newFlags(a), newReport(a), newGuide(a))
	root.AddCommand(newCost(a))
	root.AddCommand(cloudCommands(a)...)
	fitHelp(root)
	explainArgs(root)
	return root
}

// unknownCommand refuses what is no command, and says which one may have been meant.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	next := "--help"
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		next = slices.MaxFunc(near, func(a, b string) int { return cmp.Compare(alike(a, args[0]), alike(b, args[0])) })
	}
	return hint(fmt.Errorf("unknown command %q", args[0]), root.CommandPath()+" "+next)
}

// alike counts the letters that a and b begin with both.
func alike(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func newConfig(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "config", Short: "List the settings, their defaults and what they do", GroupID: "server", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := dataFolder(a.data)
			if err != nil {
				return err
			}
			if _, err := loadConfig(dir); err != nil {
				return err
			}
			if a.json {
				return a.configJSON(dir)
			}
			fmt.Fprintf(a.out, "# %s/config.toml; the environment wins: ELDERZAN_ and the key in capitals, \"_\" for \".\"\n", dir)
			for _, s := range settings {
				fmt.Fprintf(a.out, "\n# %s\n%s = %s\n", s.help, s.key, tomlValue(s.value))
			}
			return nil
		},
	}
}

// tomlValue writes a default as config.toml takes it.
func tomlValue(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s) // printable ASCII, of which TOML's strings are the same
	}
	return fmt.Sprint(v)
}

// configJSON prints what is in force; secrets are left out.
func (a *app) configJSON(dir string) error {
	k, err := readSettings(dir)
	if err != nil {
		return err
	}
	type entry struct {
		Key     string `json:"key"`
		Value   string `json:"value,omitempty"`
		Default string `json:"default"`
		Help    string `json:"help"`
		Secret  bool   `json:"secret,omitempty"`
	}
	var out []entry
	for _, s := range settings {
		e := entry{Key: s.key, Default: fmt.Sprint(s.value), Help: s.help, Secret: secretSetting(s.key)}
		if !e.Secret {
			e.Value = k.String(s.key)
		}
		out = append(out, e)
	}
	return writeJSON(a.out, out)
}

func newMan() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages into a folder", Hidden: true, Args: cobra.ExactArgs(1),
		Example: "  elderzan man ~/.local/share/man/man1",
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			root.DisableAutoGenTag = true // pages of one version are the same wherever they are made
			return doc.GenManTree(root, &doc.GenManHeader{Title: "ELDERZAN", Section: "1", Source: "elderzan"}, args[0])
		},
	}
}
