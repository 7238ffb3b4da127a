package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/scope"
	"github.com/elderzan/elderzan/security"
)

// setting is one line of the configuration: its key in config.toml, its default, and what it does.
type setting struct {
	key   string
	value any
	help  string
}

// settings is the whole configuration; `elderzan config` prints it. The environment spells a key ELDERZAN_ followed
// by the key in capitals with "_" for ".".
var settings = []setting{
	{"default_scope", "PROJECT", "scope of a memory that is not sensitive and that nothing else decides: PROJECT or PRIVATE"},
	{"engine_idle", "15m", "how long the engine stays after its last client has left"},
	{"log_level", "info", "debug, info, warn or error; the log is DIR/engine.log"},
	{"metrics_listen", "", "address of this machine, such as 127.0.0.1:9464, at which Prometheus reads /metrics; empty: none"},
	{"traces_endpoint", "", "address of an OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318, for spans of calls, without any text; empty: none"},
	{"traces_headers", "", "what the collector wants to see of us: name=value with commas; secret, better given as ELDERZAN_TRACES_HEADERS"},
	{"traces_share", "1", "share of the calls that are traced, 0 to 1, where the client has not begun a trace"},
	{"http_listen", "", "address at which the engine speaks MCP over HTTP: 127.0.0.1:7420, or unix: and a path; others need TLS; empty: none"},
	{"http_hosts", "", "names under which that address is reached besides localhost and those of the certificate, with commas"},
	{"http_origins", "", "web pages of other origins that may use it, such as https://app.example, with commas"},
	{"http_tls_cert", "", "PEM file of the certificate for http_listen, which then speaks TLS 1.3"},
	{"http_tls_key", "", "PEM file of that certificate's key"},
	{"http_client_ca", "", "PEM file of the authority whose certificates clients must show; the name in one is the user it acts for"},
	{"model_dir", "", "folder of the embedded model's weights; empty: found beside the program or in the cache"},
	{"kms_url", "", "what keeps the master key: empty for the file master.key, or passphrase:, keyring:, pkcs11:…, base64key://, awskms://…, gcpkms://…, azurekeyvault://…, hashivault://…; set by `elderzan keys wrap`"},
	{"passphrase_file", "", "file, mode 0600, that holds the passphrase for kms_url = \"passphrase:\"; ELDERZAN_PASSPHRASE wins"},
	{"embedding.provider", "builtin", "builtin (offline) or openai (any OpenAI-compatible server; never sees PRIVATE or sensitive text)"},
	{"embedding.base_url", "https://api.openai.com/v1", "address of the OpenAI-compatible server"},
	{"embedding.model", "text-embedding-3-small", "model of the OpenAI-compatible server"},
	{"embedding.api_key", "", "key for that server; better given as ELDERZAN_EMBEDDING_API_KEY"},
	{"backup.folder", "", "folder of the backups that `elderzan backup` makes, outside of the data folder"},
	{"backup.keep_last", 7, "newest backups that `elderzan backup prune` keeps"},
	{"backup.keep_daily", 7, "days of which it keeps the newest backup"},
	{"backup.keep_weekly", 5, "weeks of which it keeps the newest backup"},
	{"backup.keep_monthly", 12, "months of which it keeps the newest backup"},
	{"replica.folder", "", "folder, best on another disk, of a replica that follows the memory every few seconds and is opened when that is damaged; empty: none"},
	{"embedding.shorten", "false", "true: cut longer vectors to 768 dimensions, for models trained for that"},
	{"embedding.former_api_key", "", "key for the server of the model before, while everything is embedded anew; empty: embedding.api_key where the server is the same"},
	{"hybrid_mode_enabled", true, "false keeps everything on this machine, at once and without loss; true goes on where it was"},
	{"cloud_database_url", "", "postgres://LOGIN:PASSWORD@HOST:5432/DATABASE of the cloud, in place of what cloud init or an invite gave; several hosts with commas; secret, better given as ELDERZAN_CLOUD_DATABASE_URL"},
	{"cloud_ssl_cert_path", "", "PEM file of the authority that vouches for the cloud's server; empty: what cloud init or an invite gave, else the system's"},
	{"cloud_tls_pins", "", "pins of the server's keys, sha256/…, with commas: two or more, one of them a backup (elderzan cloud pins lists them); empty: what cloud init or an invite gave"},
	{"sync_interval", "300s", "longest time between two looks at the cloud; changes on either side are exchanged at once"},
	{"report.every", "", "weekly, monthly or quarterly: the engine writes a report at the end of each period; empty: none"},
	{"report.folder", "", "folder for those reports; empty: reports in the data folder"},
	{"report.format", "html", "html or markdown"},
	{"cloud_cold_limit", "100GB", "how much GLOBAL a team keeps at hand in the cloud; beyond it, what was not changed for cloud_cold_age goes to cold storage, once a day; 0: never"},
	{"cloud_cold_age", "8760h", "how long a GLOBAL memory has to stay unchanged before it may go there"},
	{"embedding.timeout", "20s", "longest wait for one request to that server"},
}

// config is the validated configuration of one process.
type config struct {
	Data          string // data folder, absolute
	DefaultScope  scope.Scope
	EngineIdle    time.Duration
	LogLevel      string
	ModelDir      string
	MetricsListen string // "" for none
	HTTP          httpConfig
	Traces        tracesConfig
	Embedding     embeddingConfig
	Backup        backupConfig
	Keys          keysConfig
	Cloud         cloudConfig
	Report        reportConfig
}

type embeddingConfig struct {
	Provider     string
	BaseURL      string
	Model        string
	APIKey       security.Secret
	FormerAPIKey security.Secret
	Shorten      bool
	Timeout      time.Duration
}

// dataFolder returns the data folder that the flag or the environment names.
func dataFolder(flag string) (string, error) {
	dir, err := link.DataFolder(flag)
	if err != nil {
		return "", hint(err, "name a folder: --data DIR")
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return "", hint(fmt.Errorf("the data folder %s is a file", dir), "name a folder: --data DIR")
	}
	return dir, nil
}

// loadConfig reads the defaults, DIR/config.toml and the environment, the later winning, and validates the result.
func loadConfig(dir string) (config, error) {
	k, err := readSettings(dir)
	if err != nil {
		return config{}, err
	}
	return validate(dir, k)
}

// readSettings returns the values in force, not yet validated.
func readSettings(dir string) (*koanf.Koanf, error) {
	k := koanf.New(".")
	defaults := map[string]any{}
	for _, s := range settings {
		defaults[s.key] = s.value
	}
	if err := k.Load(confmap.Provider(defaults, "."), nil); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	path := filepath.Join(dir, "config.toml")
	if err := k.Load(file.Provider(path), toml.Parser()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, hint(fmt.Errorf("settings: %s cannot be read: %w", path, err), "mend the file, or move it away to go on with the defaults")
	}
	if err := k.Load(env.Provider(".", env.Opt{Prefix: "ELDERZAN_", TransformFunc: fromEnvironment}), nil); err != nil {
		return nil, fmt.Errorf("settings: environment: %w", err)
	}
	for _, key := range k.Keys() {
		if _, known := defaults[key]; !known {
			return nil, hint(fmt.Errorf("settings: %s: unknown key %q", path, key), "list the keys: elderzan config")
		}
	}
	return k, nil
}

// fromEnvironment turns ELDERZAN_EMBEDDING_MODEL into embedding.model; variables that name no setting are left out,
// since other parts of the program read some of their own.
func fromEnvironment(name, value string) (string, any) {
	name = strings.ToLower(strings.TrimPrefix(name, "ELDERZAN_"))
	for _, s := range settings {
		if strings.ReplaceAll(s.key, ".", "_") == name {
			return s.key, value
		}
	}
	return "", nil
}

func validate(dir string, k *koanf.Koanf) (config, error) {
	c := config{Data: dir, LogLevel: k.String("log_level"), ModelDir: k.String("model_dir")}
	bad := func(key, want string) error {
		return hint(fmt.Errorf("settings: %s is not %s", key, want), fmt.Sprintf("change it in %s or in the environment", filepath.Join(dir, "config.toml")))
	}
	var err error
	if c.DefaultScope, err = scope.Parse(k.String("default_scope")); err != nil || c.DefaultScope.Cloud() {
		return c, bad("default_scope", "PROJECT or PRIVATE")
	}
	if c.EngineIdle, err = time.ParseDuration(k.String("engine_idle")); err != nil || c.EngineIdle < time.Second {
		return c, bad("engine_idle", "a span of a second or more, such as 15m")
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		return c, bad("log_level", "debug, info, warn or error")
	}
	if c.MetricsListen = k.String("metrics_listen"); c.MetricsListen != "" && !loopbackAddress(c.MetricsListen) {
		return c, bad("metrics_listen", "a port of this machine, such as 127.0.0.1:9464")
	}
	if err := c.Traces.read(k, bad); err != nil {
		return c, err
	}
	if err := c.HTTP.read(k, bad); err != nil {
		return c, err
	}
	c.Keys = keysConfig{URL: k.String("kms_url"), PassphraseFile: k.String("passphrase_file")}
	if err := c.Report.read(dir, k, bad); err != nil {
		return c, err
	}
	if err := c.Backup.read(dir, k, bad); err != nil {
		return c, err
	}
	if err := c.Cloud.read(k, bad); err != nil {
		return c, err
	}
	c.Embedding = embeddingConfig{
		Provider: k.String("embedding.provider"), BaseURL: k.String("embedding.base_url"), Model: k.String("embedding.model"),
		FormerAPIKey: security.NewSecret([]byte(k.String("embedding.former_api_key"))), Shorten: k.Bool("embedding.shorten"),
		APIKey: security.NewSecret([]byte(k.String("embedding.api_key"))),
	}
	if c.Embedding.Timeout, err = time.ParseDuration(k.String("embedding.timeout")); err != nil || c.Embedding.Timeout <= 0 {
		return c, bad("embedding.timeout", "a span such as 20s")
	}
	switch c.Embedding.Provider {
	case "builtin":
	case "openai":
		u, err := url.Parse(c.Embedding.BaseURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return c, bad("embedding.base_url", "an http or https address")
		}
		if c.Embedding.Model == "" {
			return c, bad("embedding.model", "the name of a model")
		}
	default:
		return c, bad("embedding.provider", "builtin or openai")
	}
	return c, nil
}
