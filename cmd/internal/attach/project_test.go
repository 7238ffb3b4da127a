package attach

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestProject(t *testing.T) {
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	const remote = "[core]\n\tbare = false\n[remote \"upstream\"]\n\turl = https://github.com/other/x\n[remote \"origin\"]\n\tfetch = +refs\n\turl = git@github.com:Owner/Repo.git\n[branch \"main\"]\n\tremote = origin\n"
	write(t, home+"/repo/.git/config", remote)
	write(t, home+"/repo/sub/dir/file", "")
	write(t, home+"/repo/.git/worktrees/wt/commondir", "../..\n")
	write(t, home+"/wt/.git", "gitdir: "+home+"/repo/.git/worktrees/wt\n")
	write(t, home+"/repo/.git/worktrees/abs/commondir", home+"/repo/.git\n")
	write(t, home+"/abs/.git", "gitdir: ../repo/.git/worktrees/abs\n")
	write(t, home+"/repo/mod/.git", "gitdir: ../.git/modules/mod\n")
	write(t, home+"/repo/.git/modules/mod/config", "[remote \"origin\"]\n\turl = https://gitlab.com/a/b/c.git\n")
	write(t, home+"/plain/file", "")
	write(t, home+"/noremote/.git/config", "[core]\n")
	write(t, home+"/noconfig/.git/HEAD", "")
	write(t, home+"/badfile/.git", "what\n")
	write(t, home+"/.git/config", remote) // dotfiles
	if err := os.Symlink(home+"/repo/sub", home+"/link"); err != nil {
		t.Fatal(err)
	}
	for cwd, want := range map[string][3]string{
		"/repo":         {"github.com/owner/repo", "/repo", "github.com/owner/repo"},
		"/repo/sub/dir": {"github.com/owner/repo", "/repo", "github.com/owner/repo"},
		"/link":         {"github.com/owner/repo", "/repo", "github.com/owner/repo"},
		"/wt":           {"github.com/owner/repo", "/wt", "github.com/owner/repo"},
		"/abs":          {"github.com/owner/repo", "/abs", "github.com/owner/repo"},
		"/repo/mod":     {"gitlab.com/a/b/c", "/repo/mod", "gitlab.com/a/b/c"},
		"/plain":        {"plain", "/plain", ""},
		"/noremote":     {"noremote", "/noremote", ""},
		"/noconfig":     {"noconfig", "/noconfig", ""},
		"/badfile":      {"badfile", "/badfile", ""},
		"/gone":         {"gone", "/gone", ""},
		"":              {},
	} {
		name, root, remote := Project(home + cwd)
		if want[1] != "" {
			want[1] = home + want[1]
		}
		if got := [3]string{name, root, remote}; got != want {
			t.Errorf("Project(~%s) = %q, want %q", cwd, got, want)
		}
	}
	for _, cwd := range []string{"", "/", os.TempDir()} {
		if name, root, remote := Project(cwd); name+root+remote != "" {
			t.Errorf("Project(%q) = %q, %q, %q", cwd, name, root, remote)
		}
	}
	t.Setenv("HOME", "")
	if name, _, _ := Project(home + "/plain"); name == "" {
		t.Error("without a home folder there are no projects")
	}
}

func TestNormalRemote(t *testing.T) {
	const want = "github.com/owner/repo"
	for _, url := range []string{
		"https://github.com/owner/repo", "https://github.com/Owner/Repo.git", "http://github.com/owner/repo.git/",
		"https://x-access-token:ghp_s3cret@github.com/owner/repo.git", "https://ghp_s3cret@github.com/owner/repo",
		"https://github.com:443/owner/repo?token=s3cret#s3cret", "ssh://git@github.com:22/owner/repo.git",
		"git@github.com:owner/repo.git", "github.com:owner/repo", "git://github.com/owner/repo.git",
		"s3cret@github.com:owner/repo.git?access=s3cret",
	} {
		if got := normalRemote(url); got != want {
			t.Errorf("normalRemote(%s) = %q, want %q", url, got, want)
		}
	}
	for _, url := range []string{
		"", "/srv/git/repo.git", "../repo", "./a:b", "file:///srv/git/repo", "C:\\repo", "c:repo", "https://", "https://github.com/",
		"https://[::1/x", "host:", "https://github.com/owner/user:s3cret@evil/repo", "https://h/%zz", "https:// h/x", "host:a b",
	} {
		if got := normalRemote(url); got != "" {
			t.Errorf("normalRemote(%s) = %q, want nothing", url, got)
		}
	}
}

func TestConfigValues(t *testing.T) {
	for text, want := range map[string]string{
		"[remote \"origin\"]\nurl = \"https://github.com/o/n\" ; comment\n":                  "github.com/o/n",
		"[remote \"origin\"]\nurl = https://github.com/o/n # comment\n":                      "github.com/o/n",
		"[REMOTE \"origin\"]\nURL=https://github.com/o/n\n":                                  "github.com/o/n",
		"[remote \"Origin\"]\nurl = https://github.com/o/n\n":                                "",
		"[remote \"origin\"]\n[branch \"x\"]\nurl = https://github.com/o/n\n":                "",
		"[remote \"origin\"]\npushurl = https://github.com/o/p\nurl = github.com:o/n\nurl=x": "github.com/o/n",
	} {
		path := filepath.Join(t.TempDir(), "config")
		write(t, path, text)
		if got := origin(path); got != want {
			t.Errorf("origin of %q = %q, want %q", text, got, want)
		}
	}
	if got := origin(filepath.Join(t.TempDir(), "none")); got != "" {
		t.Errorf("origin without a file = %q", got)
	}
}

// FuzzNormalRemote puts a token where tokens are put, and holds that it never comes out.
func FuzzNormalRemote(f *testing.F) {
	for _, s := range []string{"https://%s@github.com/o/n", "https://u:%s@h/o/n.git", "%s@h:o/n", "https://h/o/n?t=%s", "ssh://%s:x@h:22/o/n#%s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, form string) {
		const token = "tok3nt0k3n"
		url := strings.ReplaceAll(form, "%s", token)
		got := normalRemote(url)
		if strings.ContainsAny(got, "@ \n") {
			t.Errorf("normalRemote(%q) = %q", url, got)
		}
		if user, _, ok := strings.Cut(url, "@"); ok && strings.Count(url, token) == 1 && strings.Contains(user, token) && strings.Contains(got, token) {
			t.Errorf("normalRemote(%q) = %q tells the token", url, got)
		}
	})
}
