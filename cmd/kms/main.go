// Command elderzan-kms wraps and unwraps a master key by the KMS of a cloud: AWS, Google, Azure, or Vault's transit engine.
// elderzan starts it when kms_url names one of them, asks one question (see kmswire), and it ends. It is a program of its own
// since the libraries of the clouds are larger than all of elderzan and would cost every start.
//
// Who it is to the cloud, it finds as the clouds' own programs do, in the environment and their files: AWS_*, ~/.aws;
// GOOGLE_APPLICATION_CREDENTIALS; AZURE_*; VAULT_ADDR and VAULT_TOKEN.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"gocloud.dev/secrets"
	_ "gocloud.dev/secrets/awskms"
	_ "gocloud.dev/secrets/azurekeyvault"
	_ "gocloud.dev/secrets/gcpkms"
	_ "gocloud.dev/secrets/hashivault"

	"github.com/elderzan/elderzan/security/keyring/kms/kmswire"
)

// maxQuestion bounds what is read, in bytes.
const maxQuestion = 256 << 10

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "elderzan-kms is started by elderzan when kms_url names the KMS of a cloud; see: elderzan keys wrap --help")
		os.Exit(2)
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "elderzan-kms:", err)
		os.Exit(1)
	}
}

// serve answers one question.
func serve(in io.Reader, out io.Writer) error {
	var q kmswire.Question
	if err := json.NewDecoder(io.LimitReader(in, maxQuestion)).Decode(&q); err != nil {
		return fmt.Errorf("read the question: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(q.Seconds)*time.Second)
	defer cancel()
	answers := make(chan kmswire.Answer, 1)
	go func() { answers <- answer(ctx, &q) }() // Vault's library knows no deadline
	var a kmswire.Answer
	select {
	case a = <-answers:
	case <-ctx.Done():
		a = kmswire.Answer{Kind: kmswire.Unavailable, Error: fmt.Sprintf("no answer within %d seconds", q.Seconds)}
	}
	return json.NewEncoder(out).Encode(a)
}

func answer(ctx context.Context, q *kmswire.Question) kmswire.Answer {
	u, err := url.Parse(q.URL)
	if err != nil || !slices.Contains([]string{"awskms", "gcpkms", "azurekeyvault", "hashivault"}, u.Scheme) {
		return kmswire.Answer{Kind: kmswire.BadURL, Error: "it names no KMS that elderzan-kms knows"}
	}
	k, err := secrets.DefaultURLMux().OpenKeeperURL(ctx, u)
	if err != nil {
		return failed(q, kmswire.BadURL, err)
	}
	defer func() { _ = k.Close() }() // the program ends
	var data []byte
	switch q.Op {
	case kmswire.Wrap:
		data, err = k.Encrypt(ctx, q.Data)
	case kmswire.Unwrap:
		data, err = k.Decrypt(ctx, q.Data)
	default:
		return kmswire.Answer{Kind: kmswire.BadURL, Error: fmt.Sprintf("%q cannot be asked for; elderzan and elderzan-kms are of different builds", q.Op)}
	}
	if err != nil {
		return failed(q, kindOf(err), err)
	}
	return kmswire.Answer{Data: data}
}

// maxText bounds an error's text, in bytes.
const maxText = 600

// failed puts an error on one line, without what the URL may hold beside the key's name.
func failed(q *kmswire.Question, kind kmswire.Failure, err error) kmswire.Answer {
	name, query, _ := strings.Cut(q.URL, "?")
	text := strings.ReplaceAll(err.Error(), q.URL, name)
	if query != "" {
		text = strings.ReplaceAll(text, query, "…")
	}
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return kmswire.Answer{Kind: kind, Error: text}
}
