package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elderzan/elderzan/cmd/internal/attach"
	"github.com/elderzan/elderzan/cmd/internal/link"
	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/memory/storage"
	"github.com/elderzan/elderzan/security/keyring"
	"github.com/elderzan/elderzan/security/keyring/kms"
)

type keysArgs struct {
	Action string `json:"action"` // status, rotate or retire
}

// keys answers the commands about the keys at rest.
func (a *admin) keys(ctx context.Context, st *stack, in keysArgs) (any, error) {
	c := a.caller(ctx)
	if err := st.service.Authorize(ctx, c, "keys"); err != nil {
		return nil, err
	}
	note := memory.Audit{User: c.User, Client: c.Client, Session: c.Session}
	var err error
	switch in.Action {
	case "rotate":
		err = st.store.RotateKeys(ctx, note)
	case "retire":
		err = st.store.RetireKeys(ctx, note)
	}
	if errors.Is(err, storage.ErrKeys) {
		err = hint(err, "elderzan keys status")
	}
	if err != nil {
		return nil, err
	}
	return st.store.KeyStatus(ctx)
}

func newKeys(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "Show, rotate and move the keys that seal everything at rest", GroupID: "server", Args: unknownCommand,
		Long: "Everything on the disk is sealed under keys that are derived from one master key: SQLite, RocksDB's values, the vector\n" +
			"files, PRIVATE memories once more, the audit log, the hashes that find duplicates. The master key is in the file\n" +
			"master.key, or wrapped by what kms_url names. Losing it loses the data: keep a copy apart.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeysStatus(a), newKeysRotate(a), newKeysRetire(a), newKeysWrap(a))
	return cmd
}

// callKeys calls the engine and returns what it says of the keys.
func (a *app) callKeys(ctx context.Context, action string) (json.RawMessage, storage.KeyStatus, error) {
	var raw json.RawMessage
	var st storage.KeyStatus
	s, err := a.session(ctx)
	if err != nil {
		return nil, st, err
	}
	defer s.Close()
	if err := s.Call(ctx, adminPrefix+"keys", keysArgs{Action: action}, &raw); err != nil {
		return nil, st, err
	}
	return raw, st, json.Unmarshal(raw, &st)
}

func newKeysStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Say which keys there are and what is still sealed under older ones", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			raw, _, err := a.callKeys(cmd.Context(), "status")
			if err != nil {
				return err
			}
			return a.print(raw, showKeys)
		},
	}
}

func showKeys(w io.Writer, raw json.RawMessage) error {
	var st storage.KeyStatus
	if err := json.Unmarshal(raw, &st); err != nil {
		return err
	}
	fmt.Fprintf(w, "key %s, generation %d, in %s\n", st.ID, st.Generation, st.Source)
	if doing := st.Renewal.String(); doing != "" {
		fmt.Fprintln(w, doing)
	}
	if st.Older > 0 {
		fmt.Fprintf(w, "%d values in RocksDB are under older keys\n", st.Older)
	}
	switch {
	case len(st.Held) < 2:
		fmt.Fprintln(w, "nothing is under an older key")
	case st.Retirable:
		fmt.Fprintf(w, "nothing is under an older key any more; the older ones can be forgotten: elderzan keys retire\n")
	default:
		fmt.Fprintf(w, "older keys are held: %s\n", st.NotYet)
	}
	return nil
}

func newKeysRotate(a *app) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Make a new master key, and seal everything anew under it", Args: cobra.NoArgs,
		Long: "rotate makes a new master key and with it new keys for SQLite, RocksDB, the vector files, PRIVATE memories, the audit log\n" +
			"and the hashes of texts. The engine starts anew: SQLite is written anew before it answers, the rest follows in the\n" +
			"background while it does. A crash at any moment loses nothing. The older key still opens what it sealed until\n" +
			"`elderzan keys retire`.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if wait {
				if _, _, err := a.waitRenewed(cmd.Context()); err != nil {
					return err
				}
			}
			_, st, err := a.callKeys(cmd.Context(), "rotate")
			if err != nil {
				return err
			}
			if err := a.reopen(cmd.Context()); err != nil {
				return err
			}
			if st.Source != "" && !a.json && !strings.Contains(st.Source, "(wrapped by ") {
				fmt.Fprintf(a.err, "the master key is a new one: keep a copy of %s apart, in place of the older copy\n", st.Source)
			}
			ask := func(ctx context.Context) (json.RawMessage, storage.KeyStatus, error) {
				return a.callKeys(ctx, "status")
			}
			if wait {
				ask = a.waitRenewed
			}
			raw, _, err := ask(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(raw, showKeys)
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "return only when everything is sealed under the new key")
	return cmd
}

// waitRenewed asks until nothing is being sealed anew any more.
func (a *app) waitRenewed(ctx context.Context) (json.RawMessage, storage.KeyStatus, error) {
	for {
		raw, st, err := a.callKeys(ctx, "status")
		if err != nil || st.Renewal.Part == "" || st.Renewal.Err != "" {
			return raw, st, err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return nil, st, ctx.Err()
		}
	}
}

// reopen has the store opened anew: the engine ends, and whoever needs it next starts another.
func (a *app) reopen(ctx context.Context) error {
	if a.inProcess {
		return nil // the store is closed already
	}
	dir, err := dataFolder(a.data)
	if err != nil {
		return err
	}
	_, err = attach.Control(ctx, dir, link.KindStop)
	if errors.Is(err, attach.ErrNoEngine) || errors.Is(err, attach.ErrRestarted) {
		return nil
	}
	return err
}

func newKeysRetire(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "retire", Short: "Forget the older master keys, once nothing is sealed under them", Args: cobra.NoArgs,
		Long: "retire forgets the master keys before the present one. It refuses while anything is still sealed under one of them. What\n" +
			"it keeps of them are the keys that past audit entries and backup repositories are read with. The stores within\n" +
			"backups that were made before the rotation can then be restored with a copy of the older master key alone.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return hint(errors.New("after this, backups made before the rotation need a copy of the older master key"), "make a backup, then: elderzan keys retire --yes")
			}
			raw, _, err := a.callKeys(cmd.Context(), "retire")
			if err != nil {
				return err
			}
			return a.print(raw, showKeys)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "that backups made before need the older key is known")
	return cmd
}

func newKeysWrap(a *app) *cobra.Command {
	var to string
	var create bool
	cmd := &cobra.Command{
		Use: "wrap --to URL", Short: "Have the master key kept by a passphrase, the system's keyring, a token or a KMS", Args: cobra.NoArgs,
		Long: "wrap moves the master key from where it is to what URL names, sets kms_url, and removes the old copy:\n\n" +
			"  file:                        the file master.key, readable by its owner\n" +
			"  passphrase:                  a passphrase, asked for here; the engine takes it from ELDERZAN_PASSPHRASE or passphrase_file\n" +
			"  keyring:                     the operating system's keyring\n" +
			"  pkcs11:token=T;object=O?module-path=FILE&pin-source=file:FILE    a hardware token or HSM; else ELDERZAN_PKCS11_PIN\n" +
			"  base64key://                 a key in ELDERZAN_KMS_KEY\n" +
			"  awskms://KEY?region=REGION   AWS KMS; KEY is an id, or alias/NAME\n" +
			"  gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K    Google Cloud KMS\n" +
			"  azurekeyvault://V.vault.azure.net/keys/K/VERSION    Azure Key Vault; name the version, or wrap anew when it rotates\n" +
			"  hashivault://KEY             Vault's transit engine, at VAULT_ADDR with VAULT_TOKEN\n\n" +
			"The last four are spoken to by the program elderzan-kms beside elderzan, with the credentials that the cloud's own programs use.\n" +
			"It is unwrapped once when the engine starts: while it runs, the keeper may be away.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return hint(errors.New("no destination is named"), "elderzan keys wrap --to passphrase:")
			}
			return a.wrapKey(cmd.Context(), to, create)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "URL of what keeps the key from now on; file: for the key file")
	cmd.Flags().BoolVar(&create, "create-key", false, "make the wrapping key in the token if it has none of that name")
	return cmd
}

func (a *app) wrapKey(ctx context.Context, to string, create bool) error {
	dir, err := dataFolder(a.data)
	if err != nil {
		return err
	}
	c, err := loadConfig(dir)
	if err != nil {
		return err
	}
	from, err := c.Keys.source(ctx, dir)
	if err != nil {
		return err
	}
	url, next, err := a.destination(ctx, dir, c, to, create)
	if err != nil {
		return err
	}
	if err := keyring.Move(ctx, from, next); err != nil {
		return keyError(err)
	}
	if err := setSettings(dir, map[string]string{"kms_url": url}); err != nil {
		return err
	}
	if err := a.reopen(ctx); err != nil {
		return err
	}
	old := keyring.KeyFileName
	if url == "" {
		old = keyring.WrappedFileName
	}
	if (url == "") != (c.Keys.URL == "") { // else the new one has taken the old one's file
		if err := a.dropOldKey(ctx, dir, next, old); err != nil {
			return err
		}
	}
	if a.json {
		return writeJSON(a.out, map[string]any{"source": next.String(), "kms_url": kms.Describe(url)})
	}
	fmt.Fprintf(a.out, "the master key is kept in %s\n", next)
	return nil
}

// destination returns the setting and the source for a --to.
func (a *app) destination(ctx context.Context, dir string, c config, to string, create bool) (url string, _ keyring.Source, err error) {
	switch to {
	case "file:", "file":
		return "", keyring.NewFileSource(dir), nil
	case "keyring:", "keyring":
		to = "keyring:" + strings.ToLower(rand.Text()[:12]) // names the entry, wherever the folder goes
	}
	ask := c.Keys
	o := ask.options(a.askPassphrase)
	o.CreateKey = create
	keeper, err := kms.Open(ctx, to, o)
	if err != nil {
		return "", nil, hint(err, "elderzan keys wrap --help")
	}
	return to, keyring.NewWrappedSource(dir, keeper), nil
}

// dropOldKey removes the old copy, unless a rotation has meanwhile put another key there.
func (a *app) dropOldKey(ctx context.Context, dir string, now keyring.Source, name string) error {
	key, err := now.Load(ctx)
	if err != nil {
		return keyError(err)
	}
	defer key.Wipe()
	if name == keyring.KeyFileName {
		old, err := keyring.NewFileSource(dir).Load(ctx)
		if err != nil {
			return err
		}
		defer old.Wipe()
		if !old.Equal(key) {
			return hint(errors.New("the key was rotated meanwhile; the old copy stays"), "wrap it again: elderzan keys wrap")
		}
	}
	return keyring.Remove(dir, name)
}

// keyError adds the next command to errors of keepers.
func keyError(err error) error {
	if errors.Is(err, keyring.ErrRefused) || errors.Is(err, keyring.ErrUnavailable) {
		return hint(err, "elderzan keys wrap --help")
	}
	return err
}

// keyAlert warns of a key that lies in the clear beside the wrapped one.
func keyAlert(dir, url string) []string {
	if url == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, keyring.KeyFileName)); err != nil {
		return nil
	}
	return []string{"the master key lies in " + filepath.Join(dir, keyring.KeyFileName) + " though kms_url keeps it: run `elderzan keys wrap` once more, or remove the file"}
}
