package attach

import (
	"bufio"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Project tells which project the folder cwd belongs to: root is the git work tree around it and remote that
// repository's origin as "host/owner/name"; name is remote, else the root's base name. Without a repository, cwd itself
// is the project. The home folder, the file system's root and temporary folders' roots are no projects: all three
// results are then "". No git program is needed, and no credentials of a remote's URL are ever part of a result.
func Project(cwd string) (name, root, remote string) {
	dir, err := filepath.Abs(cwd)
	if err != nil || cwd == "" {
		return "", "", ""
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	root, config := findRepository(dir)
	if root == "" {
		root = dir
	} else {
		remote = origin(config)
	}
	if noProject(root) {
		return "", "", ""
	}
	if remote != "" {
		return remote, root, remote
	}
	return filepath.Base(root), root, ""
}

func noProject(dir string) bool {
	if dir == string(filepath.Separator) || dir == filepath.Clean(os.TempDir()) {
		return true
	}
	home, err := os.UserHomeDir()
	if err != nil || home == "" {
		return false
	}
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	return dir == home
}

// findRepository returns the work tree around dir and its configuration file, or "".
func findRepository(dir string) (root, config string) {
	for !noProject(dir) { // a home folder under version control is not a project of everything below it
		git := filepath.Join(dir, ".git")
		if info, err := os.Stat(git); err == nil {
			if !info.IsDir() {
				git = gitDir(git)
			}
			if git != "" {
				return dir, filepath.Join(commonDir(git), "config")
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", ""
		}
		dir = parent
	}
	return "", ""
}

// gitDir reads the .git file of a worktree or submodule.
func gitDir(file string) string {
	path, ok := strings.CutPrefix(firstLine(file), "gitdir:")
	if path = strings.TrimSpace(path); !ok || path == "" {
		return ""
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(file), path)
	}
	return path
}

// commonDir returns the folder that holds the configuration for git folder git: a worktree's is its main repository's.
func commonDir(git string) string {
	path := firstLine(filepath.Join(git, "commondir"))
	switch {
	case path == "":
		return git
	case filepath.IsAbs(path):
		return path
	}
	return filepath.Join(git, path)
}

func firstLine(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Scan()
	return strings.TrimSpace(s.Text())
}

// origin returns the normalised URL of the remote "origin" in a git configuration file, or "".
func origin(config string) string {
	f, err := os.Open(config)
	if err != nil {
		return ""
	}
	defer f.Close()
	var in bool
	s := bufio.NewScanner(f)
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "[") {
			section, rest, _ := strings.Cut(strings.Trim(line, "[]"), " ")
			in = strings.EqualFold(section, "remote") && strings.TrimSpace(rest) == `"origin"`
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && in && strings.EqualFold(strings.TrimSpace(key), "url") {
			return normalRemote(unquoteConfig(strings.TrimSpace(value)))
		}
	}
	return ""
}

// unquoteConfig removes a git value's quotes and what follows it as a comment.
func unquoteConfig(v string) string {
	if v, ok := strings.CutPrefix(v, `"`); ok {
		v, _, _ = strings.Cut(v, `"`)
		return v
	}
	if i := strings.IndexAny(v, " \t"); i >= 0 {
		v = v[:i]
	}
	return v
}

// normalRemote turns the URL of a remote into "host/owner/name". User names, passwords, ports, queries and the ".git"
// at the end are dropped, and with them every place a token can hide in. A path on this machine, and anything that
// cannot be understood, is "".
func normalRemote(remote string) string {
	var host, path string
	if strings.Contains(remote, "://") {
		u, err := url.Parse(remote)
		if err != nil || u.Scheme == "file" {
			return ""
		}
		host, path = u.Hostname(), u.Path
	} else {
		var ok bool
		host, path, ok = strings.Cut(remote, ":") // user@host:path
		if !ok || strings.ContainsAny(host, `/\`) || len(host) < 2 {
			return ""
		}
		host = host[strings.LastIndexByte(host, '@')+1:]
		path, _, _ = strings.Cut(path, "?")
	}
	path = strings.Trim(path, "/")
	path = strings.TrimSuffix(path, ".git")
	path = strings.TrimPrefix(path, "~")
	odd := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`@:\`, r) }
	if host == "" || path == "" || strings.ContainsFunc(host+path, odd) {
		return ""
	}
	return strings.ToLower(host) + "/" + strings.ToLower(path)
}
