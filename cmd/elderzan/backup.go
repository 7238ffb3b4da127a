package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/memory/storage/backup"
	"github.com/elderzan/elderzan/security/keyring"
)

// backupConfig is where backups and the replica are, and which backups stay.
type backupConfig struct {
	Folder  string // "" for none
	Keep    backup.Keep
	Replica string // "" for none
}

func (b *backupConfig) read(dir string, k *koanf.Koanf, bad func(key, want string) error) error {
	for key, folder := range map[string]*string{"backup.folder": &b.Folder, "replica.folder": &b.Replica} {
		if *folder = k.String(key); *folder == "" {
			continue
		}
		if within, err := filepath.Rel(dir, *folder); !filepath.IsAbs(*folder) || err == nil && !strings.HasPrefix(within, "..") {
			return bad(key, "a whole path outside of the data folder")
		}
	}
	if b.Folder != "" && filepath.Clean(b.Folder) == filepath.Clean(b.Replica) {
		return bad("replica.folder", "another folder than that of the backups")
	}
	for key, n := range map[string]*int{
		"backup.keep_last": &b.Keep.Last, "backup.keep_daily": &b.Keep.Daily,
		"backup.keep_weekly": &b.Keep.Weekly, "backup.keep_monthly": &b.Keep.Monthly,
	} {
		var err error
		if *n, err = strconv.Atoi(k.String(key)); err != nil || *n < 0 {
			return bad(key, "a number, 0 or more")
		}
	}
	return nil
}

type backupArgs struct {
	Folder  string `json:"folder"`
	WithKey bool   `json:"with_key"`
	Indexes bool   `json:"indexes"`
}

type backupResult struct {
	backup.Info
	Folder  string `json:"folder"`
	TookMS  int64  `json:"took_ms"`
	PauseMS int64  `json:"pause_ms"` // how long writers were held up
}

// backup makes a backup from the process that holds the store.
func (a *admin) backup(ctx context.Context, st *stack, in backupArgs) (any, error) {
	repo, err := backup.Open(ctx, backup.Options{
		Folder: in.Folder, DataDir: st.store.Dir(), KeySource: st.keys, Create: true, Build: version, Logger: st.log, Progress: progressOf(ctx),
	})
	if err != nil {
		return nil, backupError(err)
	}
	info, err := repo.Create(ctx, st.store, backup.CreateOptions{WithKey: in.WithKey, Indexes: in.Indexes})
	if err != nil {
		return nil, backupError(err)
	}
	return backupResult{Info: info, Folder: in.Folder, TookMS: info.Took.Milliseconds(), PauseMS: info.Pause.Milliseconds()}, nil
}

// backupError adds the next command to errors that one helps against.
func backupError(err error) error {
	var damage *backup.DamageError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, backup.ErrNoRepository):
		return hint(err, "make the first backup: elderzan backup create --folder DIR")
	case errors.Is(err, backup.ErrNoBackup):
		return hint(err, "see which there are: elderzan backup list")
	case errors.Is(err, backup.ErrNotEmpty):
		return hint(err, "restore to another folder: --to DIR; or have the store replaced, which keeps it aside: --replace")
	case errors.Is(err, storage.ErrLocked):
		return hint(err, "end the engine first: elderzan stop")
	case errors.Is(err, keyring.ErrMissing), errors.Is(err, keyring.ErrWrongKey), errors.Is(err, backup.ErrOtherKey):
		return hint(err, "name the folder that holds the right master.key: --key DIR")
	case errors.As(err, &damage):
		return hint(err, "see which backups are whole: elderzan verify")
	}
	return err
}

// repositoryFlags are those of every command on backups.
type repositoryFlags struct {
	folder string
	key    string
}

func (f *repositoryFlags) add(cmd *cobra.Command, key bool) {
	cmd.Flags().StringVar(&f.folder, "folder", "", "folder of the backups (default the setting backup.folder)")
	if key {
		cmd.Flags().StringVar(&f.key, "key", "", "folder that holds the master.key of the backups (default the data folder, then the backups' own)")
	}
}

// resolve returns the data folder and the configuration with the flags in it.
func (f *repositoryFlags) resolve(a *app) (dir string, c config, err error) {
	if dir, err = dataFolder(a.data); err != nil {
		return "", c, err
	}
	if c, err = loadConfig(dir); err != nil {
		return "", c, err
	}
	if f.folder != "" {
		if c.Backup.Folder, err = filepath.Abs(f.folder); err != nil {
			return "", c, fmt.Errorf("folder of the backups: %w", err)
		}
	}
	if c.Backup.Folder == "" {
		return "", c, hint(errors.New("no folder for backups is named"), "name one: --folder DIR, or set backup.folder in "+filepath.Join(dir, "config.toml"))
	}
	if within, err := filepath.Rel(dir, c.Backup.Folder); err == nil && !strings.HasPrefix(within, "..") {
		return "", c, hint(errors.New("the folder of the backups is within the data folder: what destroys the one destroys the other"), "name another folder: --folder DIR")
	}
	return dir, c, nil
}

// repository opens the repository in this process: reading and pruning need the key and no store, and the repository's
// own lock keeps them apart from an engine that makes a backup.
func (f *repositoryFlags) repository(ctx context.Context, a *app, label string) (*backup.Repository, config, string, *bar, error) {
	dir, c, err := f.resolve(a)
	if err != nil {
		return nil, c, "", nil, err
	}
	b := a.bar(label)
	o := backup.Options{Folder: c.Backup.Folder, DataDir: dir, Build: version, Progress: b.set}
	if c.Keys.URL != "" {
		if o.KeySource, err = c.Keys.source(ctx, dir); err != nil {
			return nil, c, "", nil, err
		}
	}
	if f.key != "" {
		key := f.key
		if filepath.Base(key) == keyring.KeyFileName {
			key = filepath.Dir(key)
		}
		o.KeySource = keyring.NewFileSource(key)
	}
	r, err := backup.Open(ctx, o)
	return r, c, dir, b, backupError(err)
}

func newBackup(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "backup", Short: "Make, list and prune backups", GroupID: "server", Args: unknownCommand,
		Long: "A backup is the whole store at one moment, encrypted as it is, made while everything goes on. A second one costs what\n" +
			"has changed. The master key is not in it: keep a copy of master.key apart, or nothing can be restored.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBackupCreate(a), newBackupList(a), newBackupPrune(a))
	return cmd
}

func newBackupCreate(a *app) *cobra.Command {
	var f repositoryFlags
	var in backupArgs
	cmd := &cobra.Command{
		Use: "create", Short: "Make a backup, while the memory is in use", Args: cobra.NoArgs,
		Example: "  elderzan backup create --folder /media/disk/elderzan",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, c, err := f.resolve(a)
			if err != nil {
				return err
			}
			in.Folder = c.Backup.Folder
			if in.WithKey {
				fmt.Fprintf(a.err, "warning: the master key goes into %s as well: whoever has that folder can read every backup in it\n", in.Folder)
			}
			s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			b := a.bar("backup")
			var raw json.RawMessage
			err = callProgress(cmd.Context(), s, adminPrefix+"backup", in, &raw, b)
			b.end()
			if err != nil {
				return err
			}
			return a.print(raw, showBackup)
		},
	}
	f.add(cmd, false)
	cmd.Flags().BoolVar(&in.WithKey, "with-key", false, "put the master key into the folder too; whoever has the folder can then read it")
	cmd.Flags().BoolVar(&in.Indexes, "indexes", false, "take the vector index along: larger, and quicker to open after a restore")
	return cmd
}

func showBackup(w io.Writer, raw json.RawMessage) error {
	var r backupResult
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s  %s, %s, of which %s are new in %s; writers waited %d ms\n", r.ID, count(r.Memories, "memory", "memories"), megabytes(r.Bytes), megabytes(r.Stored), r.Folder, r.PauseMS)
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func newBackupList(a *app) *cobra.Command {
	var f repositoryFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List the backups, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, _, _, _, err := f.repository(cmd.Context(), a, "")
			if err != nil {
				return err
			}
			list, err := r.List(cmd.Context())
			if err != nil {
				return backupError(err)
			}
			if a.json {
				return writeJSON(a.out, map[string]any{"backups": list})
			}
			if len(list) == 0 {
				_, err := fmt.Fprintln(a.out, "no backups; elderzan backup create makes one")
				return err
			}
			t := newTable(a.out, "backup", "made", "memories", "size", "new in it")
			for _, i := range list {
				if i.Damage != "" {
					t.row(i.ID, "DAMAGED: "+i.Damage)
					continue
				}
				t.row(i.ID, i.Time.Local().Format(time.DateTime), strconv.Itoa(i.Memories), megabytes(i.Bytes), megabytes(i.Stored))
			}
			return t.flush()
		},
	}
	f.add(cmd, true)
	return cmd
}

func newBackupPrune(a *app) *cobra.Command {
	var f repositoryFlags
	var dry bool
	var keep backup.Keep
	cmd := &cobra.Command{
		Use: "prune", Short: "Remove old backups", Args: cobra.NoArgs,
		Long: "prune keeps the newest backups and the newest of each of the last days, weeks and months that have one, as the\n" +
			"settings backup.keep_* or the flags say, and removes the rest.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, c, _, _, err := f.repository(cmd.Context(), a, "")
			if err != nil {
				return err
			}
			k := c.Backup.Keep
			for name, to := range map[string][2]*int{
				"keep-last": {&keep.Last, &k.Last}, "keep-daily": {&keep.Daily, &k.Daily},
				"keep-weekly": {&keep.Weekly, &k.Weekly}, "keep-monthly": {&keep.Monthly, &k.Monthly},
			} {
				if cmd.Flags().Changed(name) {
					*to[1] = *to[0]
				}
			}
			res, err := r.Prune(cmd.Context(), k, dry)
			if err != nil {
				return backupError(err)
			}
			if a.json {
				return writeJSON(a.out, res)
			}
			verb := "removed"
			if dry {
				verb = "would be removed"
			}
			for _, id := range res.Removed {
				fmt.Fprintf(a.out, "%s  %s\n", id, verb)
			}
			fmt.Fprintf(a.out, "%d kept, %d %s, %s freed\n", len(res.Kept), len(res.Removed), verb, megabytes(res.Bytes))
			return nil
		},
	}
	f.add(cmd, true)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be removed")
	cmd.Flags().IntVar(&keep.Last, "keep-last", 0, "newest backups to keep")
	cmd.Flags().IntVar(&keep.Daily, "keep-daily", 0, "days to keep one of")
	cmd.Flags().IntVar(&keep.Weekly, "keep-weekly", 0, "weeks to keep one of")
	cmd.Flags().IntVar(&keep.Monthly, "keep-monthly", 0, "months to keep one of")
	return cmd
}

var errDamaged = errors.New("the backups have damage")

func newVerify(a *app) *cobra.Command {
	var f repositoryFlags
	var o backup.VerifyOptions
	cmd := &cobra.Command{
		Use: "verify [BACKUP]", Short: "Read every byte of the backups and compare it with what was written", GroupID: "server", Args: cobra.MaximumNArgs(1),
		Long: "verify reads every chunk of all backups, or of the one named. With --open it also restores the newest of them into a\n" +
			"temporary folder, opens it, and checks every engine against the record.",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, _, _, b, err := f.repository(cmd.Context(), a, "verify")
			if err != nil {
				return err
			}
			if len(args) > 0 {
				o.Backup = args[0]
			}
			v, err := r.Verify(cmd.Context(), o)
			b.end()
			if err != nil {
				return backupError(err)
			}
			if v.Backups == 0 && len(v.Damage) == 0 {
				return hint(fmt.Errorf("%w: there is none to verify", backup.ErrNoBackup), "make one: elderzan backup create")
			}
			return a.showVerified(&v)
		},
	}
	f.add(cmd, true)
	cmd.Flags().BoolVar(&o.Open, "open", false, "restore into a temporary folder, open and check")
	cmd.Flags().StringVar(&o.Temp, "temp", "", "where that folder is made (default the system's)")
	return cmd
}

func (a *app) showVerified(v *backup.Verified) error {
	damage := make([]string, 0, len(v.Damage)+len(v.Findings))
	for _, d := range v.Damage {
		damage = append(damage, d.Error())
	}
	for _, f := range v.Findings {
		damage = append(damage, f.String())
	}
	if a.json {
		err := writeJSON(a.out, map[string]any{"backups": v.Backups, "chunks": v.Chunks, "bytes": v.Bytes, "opened": v.Opened, "damage": damage})
		if err != nil {
			return err
		}
	} else {
		for _, d := range damage {
			fmt.Fprintln(a.out, d)
		}
		fmt.Fprintf(a.out, "%d backups, %d chunks, %s read; %d damaged\n", v.Backups, v.Chunks, megabytes(v.Bytes), len(damage))
		if v.Opened != "" {
			fmt.Fprintf(a.out, "%s was restored, opened and checked: %d findings\n", v.Opened, len(v.Findings))
		}
	}
	if len(damage) > 0 {
		return hint(errDamaged, "make a new backup now: elderzan backup create")
	}
	return nil
}

func newRestore(a *app) *cobra.Command {
	var f repositoryFlags
	var o backup.RestoreOptions
	cmd := &cobra.Command{
		Use: "restore [BACKUP]", Short: "Bring a backup back, by default the newest", GroupID: "server", Args: cobra.MaximumNArgs(1),
		Long: "restore verifies a backup and puts it in place as the data folder, or as the folder named by --to. A store that is\n" +
			"there is only replaced with --replace, which ends its engine, and then kept aside. What was purged after the backup was\n" +
			"made stays gone. Clients go on with what was restored.",
		Example: "  elderzan restore --folder /media/disk/elderzan --to /tmp/look",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, _, dir, b, err := f.repository(cmd.Context(), a, "restore")
			if err != nil {
				return err
			}
			if o.Dir == "" {
				o.Dir = dir
			}
			if o.Dir, err = filepath.Abs(o.Dir); err != nil {
				return fmt.Errorf("folder to restore to: %w", err)
			}
			if len(args) > 0 {
				o.Backup = args[0]
			}
			res, err := restoreFree(cmd.Context(), r, o)
			b.end()
			if err != nil {
				return backupError(err)
			}
			return a.showRestored(&res)
		},
	}
	f.add(cmd, true)
	cmd.Flags().StringVar(&o.Dir, "to", "", "folder to restore to (default the data folder)")
	cmd.Flags().BoolVar(&o.Replace, "replace", false, "replace the store that is there, and keep it aside in a folder beside the new one's files")
	return cmd
}

// restoreFree restores, and ends the engine of the store that is to be replaced. Clients that wait for news start another
// one as soon as there is none; so it may take more than one attempt to come before it.
func restoreFree(ctx context.Context, r *backup.Repository, o backup.RestoreOptions) (backup.Restored, error) {
	for attempt := 0; ; attempt++ {
		res, err := r.Restore(ctx, o)
		if !o.Replace || attempt == restoreAttempts || !errors.Is(err, storage.ErrLocked) {
			return res, err
		}
		if _, stop := attach.Control(ctx, o.Dir, link.KindStop); errors.Is(stop, attach.ErrNoEngine) {
			return res, err // it is another command's
		} else if stop != nil {
			return res, stop
		}
	}
}

const restoreAttempts = 10

func (a *app) showRestored(r *backup.Restored) error {
	if a.json {
		return writeJSON(a.out, map[string]any{
			"id": r.ID, "time": r.Time, "memories": r.Memories - r.Purged, "dir": r.Dir, "aside": r.Aside, "purged": r.Purged, "took_ms": r.Took.Milliseconds(),
		})
	}
	fmt.Fprintf(a.out, "%s restored to %s: %s, in %v\n", r.ID, r.Dir, count(r.Memories-r.Purged, "memory", "memories"), r.Took.Round(time.Millisecond))
	if r.Purged > 0 {
		fmt.Fprintf(a.out, "%d memories were purged after that backup and stay gone\n", r.Purged)
	}
	if r.Aside != "" {
		fmt.Fprintf(a.out, "what was there is kept in %s\n", r.Aside)
	}
	if _, err := os.Stat(filepath.Join(r.Dir, keyring.KeyFileName)); err != nil {
		fmt.Fprintln(a.out, "the master key is where it was; the folder opens with it alone")
	}
	return nil
}
