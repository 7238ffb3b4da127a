package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const awsURL = "awskms://alias/elderzan?region=eu-central-1&context_purpose=memory"

var awsKeys = aws.Credentials{AccessKeyID: "AKIATESTTESTTESTTEST", SecretAccessKey: "secret+of/the+test+account+0123456789abc"}

// newAWS is the JSON protocol of AWS KMS 2014-11-01 with Signature Version 4.
func newAWS(t *testing.T, c *clouds) *versions {
	key := newVersions()
	t.Setenv("AWS_ACCESS_KEY_ID", awsKeys.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", awsKeys.SecretAccessKey)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CA_BUNDLE", "") // of who runs the test
	c.serve(t, "kms.eu-central-1.amazonaws.com", "443", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		refuse := func(kind, text string) {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": text})
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			refuse("SerializationException", err.Error())
			return
		}
		if err := checkSignature(r, body); err != nil {
			refuse("InvalidSignatureException", err.Error())
			return
		}
		var in struct {
			KeyId                     string
			Plaintext, CiphertextBlob []byte
			EncryptionContext         map[string]string
		}
		if err := json.Unmarshal(body, &in); err != nil {
			refuse("SerializationException", err.Error())
			return
		}
		context := []byte(fmt.Sprint(in.EncryptionContext))
		switch r.Header.Get("X-Amz-Target") {
		case "TrentService.Encrypt":
			if in.KeyId != "alias/elderzan" {
				refuse("NotFoundException", "Alias arn:aws:kms:eu-central-1:111122223333:"+in.KeyId+" is not found.")
				return
			}
			_, out := key.encrypt(in.Plaintext, context)
			_ = json.NewEncoder(w).Encode(map[string]any{"CiphertextBlob": out, "KeyId": in.KeyId, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
		case "TrentService.Decrypt":
			out, ok := key.decrypt(in.CiphertextBlob, context)
			if !ok {
				refuse("InvalidCiphertextException", "")
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"Plaintext": out, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
		default:
			refuse("UnknownOperationException", "")
		}
	}))
	return key
}

// checkSignature signs the request anew, with the headers that its signature names, and compares.
func checkSignature(r *http.Request, body []byte) error {
	given := r.Header.Get("Authorization")
	fields := map[string]string{}
	for _, part := range strings.Split(strings.TrimPrefix(given, "AWS4-HMAC-SHA256 "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > 15*time.Minute {
		return fmt.Errorf("signature of another time")
	}
	again, err := http.NewRequestWithContext(r.Context(), r.Method, "https://"+r.Host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	for _, name := range strings.Split(fields["SignedHeaders"], ";") {
		if name != "host" && name != "content-length" {
			again.Header.Set(name, r.Header.Get(name))
		}
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(r.Context(), awsKeys, again, hex.EncodeToString(sum[:]), "kms", "eu-central-1", at); err != nil {
		return err
	}
	if again.Header.Get("Authorization") != given {
		return fmt.Errorf("the signature does not match")
	}
	return nil
}
