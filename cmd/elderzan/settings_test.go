package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSetSettings(t *testing.T) {
	for name, tc := range map[string]struct {
		before string
		values map[string]string
		want   string
	}{
		"no file":        {"", map[string]string{"kms_url": "passphrase:", "embedding.model": "m"}, "embedding.model = \"m\"\nkms_url = \"passphrase:\"\n"},
		"replaced":       {"# mine\nkms_url = \"\" # old\nlog_level = \"info\"\n", map[string]string{"kms_url": "keyring:x"}, "# mine\nkms_url = \"keyring:x\"\nlog_level = \"info\"\n"},
		"within a table": {"[embedding]\nprovider = \"builtin\"\n", map[string]string{"embedding.provider": "openai"}, "[embedding]\nprovider = \"openai\"\n"},
		"new in a table": {"log_level = \"info\"\n[embedding]\n# here\n[replica]\nfolder = \"/r\"\n", map[string]string{"embedding.model": "m", "kms_url": "u"},
			"kms_url = \"u\"\nlog_level = \"info\"\n[embedding]\nmodel = \"m\"\n# here\n[replica]\nfolder = \"/r\"\n"},
		"dotted": {"embedding.model = 'a'\n", map[string]string{"embedding.model": `b"c`}, "embedding.model = \"b\\\"c\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "config.toml")
			if tc.before != "" {
				if err := os.WriteFile(path, []byte(tc.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := setSettings(dir, tc.values); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil || string(got) != tc.want {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
	t.Setenv("ELDERZAN_KMS_URL", "keyring:")
	if err := setSettings(t.TempDir(), map[string]string{"kms_url": "passphrase:"}); err == nil {
		t.Error("a change that the environment hides was made")
	}
}
