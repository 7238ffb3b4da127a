package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/scope"
)

// policyFile is the file in a project's folder that says what is sensitive there.
const policyFile = ".elderzan.toml"

// maxPolicyFile bounds it, in bytes.
const maxPolicyFile = 256 << 10

// allowKeyFile, in the data folder, holds the key of the allow-lists' digests: who has the project but not the key can
// neither read what is allowed nor allow anything.
const allowKeyFile = "allow.key"

// policies finds the rules of the project that a text is written in: the policy file in its folder, read again when it
// changes. A file that cannot be read or is wrong makes what is not sensitive PRIVATE until it is mended: nothing is
// known of what the project wants kept. Safe for concurrent use.
type policies struct {
	data string // data folder, for the key
	log  *slog.Logger

	mu       sync.Mutex
	byRoot   map[string]*policyState
	projects map[string]string // project → folder it was last seen in, for texts that come without one
}

type policyState struct {
	policy  *scope.Policy
	changed time.Time
	size    int64
	checked time.Time
}

// recheck is how long a file's state is believed without looking again.
const recheck = time.Second

func newPolicies(data string, log *slog.Logger) *policies {
	return &policies{data: data, log: log, byRoot: make(map[string]*policyState), projects: make(map[string]string)}
}

// of returns the policy for in, or nil.
func (p *policies) of(in scope.Input) *scope.Policy {
	p.mu.Lock()
	defer p.mu.Unlock()
	root := in.Root
	if root == "" {
		root = p.projects[in.Project]
	} else if in.Project != "" {
		p.projects[in.Project] = root
	}
	if root == "" {
		return nil
	}
	now := time.Now()
	s := p.byRoot[root]
	if s != nil && now.Sub(s.checked) < recheck {
		return s.policy
	}
	info, err := os.Stat(filepath.Join(root, policyFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.byRoot[root] = &policyState{checked: now}
		return nil
	case err == nil && s != nil && s.size == info.Size() && s.changed.Equal(info.ModTime()):
		s.checked = now
		return s.policy
	}
	next := &policyState{checked: now}
	if err == nil {
		next.changed, next.size = info.ModTime(), info.Size()
		next.policy, err = readPolicy(filepath.Join(root, policyFile), p.data)
	}
	if err != nil {
		p.log.Warn("a project's policy file is wrong; what is written there is kept PRIVATE until it is mended", "project", in.Project, "error", err)
		next.policy, _ = scope.NewPolicy(scope.PolicyOptions{Default: scope.Private})
	}
	p.byRoot[root] = next
	return next.policy
}

// readPolicy reads and checks a policy file.
func readPolicy(path, data string) (*scope.Policy, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPolicyFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxPolicyFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", policyFile, maxPolicyFile)
	}
	k := koanf.New(".")
	values, err := toml.Parser().Unmarshal(b)
	if err == nil {
		err = k.Load(confmap.Provider(values, ""), nil)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", policyFile, err)
	}
	var file struct {
		DefaultScope string   `koanf:"default_scope"`
		Cues         []string `koanf:"cues"`
		Patterns     []struct {
			Name    string `koanf:"name"`
			Kind    string `koanf:"kind"`
			Pattern string `koanf:"pattern"`
		} `koanf:"patterns"`
		Allow []string `koanf:"allow"`
	}
	for _, key := range k.Keys() {
		if top, _, _ := strings.Cut(key, "."); top != "default_scope" && top != "cues" && top != "patterns" && top != "allow" {
			return nil, fmt.Errorf("%s: unknown key %q; known are default_scope, cues, patterns, allow", policyFile, top)
		}
	}
	if err := k.Unmarshal("", &file); err != nil {
		return nil, fmt.Errorf("%s: %w", policyFile, err)
	}
	o := scope.PolicyOptions{Cues: file.Cues, Allow: file.Allow}
	if file.DefaultScope != "" {
		if o.Default, err = scope.Parse(file.DefaultScope); err != nil || o.Default.Cloud() {
			return nil, fmt.Errorf("%s: default_scope is not PROJECT or PRIVATE", policyFile)
		}
	}
	for _, r := range file.Patterns {
		o.Patterns = append(o.Patterns, scope.PolicyRule{Name: r.Name, Kind: r.Kind, Pattern: r.Pattern})
	}
	if len(o.Allow) > 0 {
		if o.AllowKey, err = allowKey(data, false); err != nil {
			return nil, fmt.Errorf("%s: allow: %w", policyFile, err)
		}
	}
	return scope.NewPolicy(o)
}

// allowKey reads the key of the allow-lists; with create it is made where there is none.
func allowKey(data string, create bool) ([]byte, error) {
	path := filepath.Join(data, allowKeyFile)
	b, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) || !create {
		return b, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	b = make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) { // somebody else was faster
		return os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	_, err = f.Write(b)
	return b, errors.Join(err, f.Sync(), f.Close())
}

func newPolicy(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy", Short: "Check a project's " + policyFile + ", and allow values in it", GroupID: "server", Args: cobra.NoArgs,
		Long: policyFile + " in a project's folder says what is sensitive there:\n\n" +
			"  default_scope = \"PROJECT\"            # or PRIVATE: scope of what is not sensitive\n" +
			"  cues = [\"launch phrase\"]             # words after which the project says secrets\n" +
			"  allow = [\"3f1c…\"]                    # values that are no secrets: elderzan policy allow\n" +
			"  [[patterns]]                         # forms of the project's own secrets, in RE2 syntax\n" +
			"  name = \"badge\"\n  kind = \"personal\"\n  pattern = '\\bBADGE-\\d{4}\\b'\n",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check [FOLDER]", Short: "Read the policy file of a folder and say what is wrong with it", Args: cobra.MaximumNArgs(1),
			RunE: func(_ *cobra.Command, args []string) error { return a.checkPolicy(append(args, ".")[0]) },
		},
		&cobra.Command{
			Use: "allow", Short: "Read a value from standard input and print the digest that allows it", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return a.allowValue() },
		},
	)
	return cmd
}

func (a *app) checkPolicy(folder string) error {
	data, err := dataFolder(a.data)
	if err != nil {
		return err
	}
	p, err := readPolicy(filepath.Join(folder, policyFile), data)
	if errors.Is(err, fs.ErrNotExist) {
		return hint(fmt.Errorf("there is no %s in this folder, and none is needed", policyFile), "what one may say: elderzan policy --help")
	}
	if err != nil {
		return hint(err, "see: elderzan policy --help")
	}
	def := "the program's"
	if p.Default() != 0 {
		def = p.Default().String()
	}
	if a.json {
		return writeJSON(a.out, map[string]any{"valid": true, "default_scope": def, "cues": len(p.Cues())})
	}
	_, err = fmt.Fprintf(a.out, "%s is valid: default scope %s, cues of its own: %d\n", policyFile, def, len(p.Cues()))
	return err
}

// allowValue reads the value from the input, where no list of processes and no shell history shows it.
func (a *app) allowValue() error {
	data, err := dataFolder(a.data)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(a.in, maxPolicyFile))
	if err != nil {
		return err
	}
	v := strings.TrimRight(string(b), "\r\n")
	if v == "" {
		return hint(errors.New("no value on standard input"), "elderzan policy allow < FILE")
	}
	key, err := allowKey(data, true)
	if err != nil {
		return fmt.Errorf("key of the allow-list: %w", err)
	}
	_, err = fmt.Fprintf(a.out, "allow = [%q]\n", scope.AllowDigest(key, v))
	return err
}
