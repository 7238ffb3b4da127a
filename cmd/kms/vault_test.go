package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const vaultURL = "hashivault://elderzan"

// newVault is the transit engine of Vault's HTTP interface.
func newVault(t *testing.T, c *clouds) *versions {
	key := newVersions()
	t.Setenv("VAULT_ADDR", "https://vault.example:8200")
	t.Setenv("VAULT_TOKEN", "hvs.token-of-the-test")
	t.Setenv("VAULT_MAX_RETRIES", "0")
	c.serve(t, "vault.example", "8200", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := func(code int, v any) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(v)
		}
		if r.Header.Get("X-Vault-Token") != "hvs.token-of-the-test" {
			answer(403, map[string]any{"errors": []string{"permission denied"}})
			return
		}
		var in struct{ Plaintext, Ciphertext string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			answer(400, map[string]any{"errors": []string{err.Error()}})
			return
		}
		switch r.URL.Path {
		case "/v1/transit/encrypt/elderzan":
			plain, err := base64.StdEncoding.DecodeString(in.Plaintext)
			if err != nil {
				answer(400, map[string]any{"errors": []string{"failed to base64-decode plaintext"}})
				return
			}
			version, out := key.encrypt(plain, nil)
			answer(200, map[string]any{"data": map[string]any{"ciphertext": fmt.Sprintf("vault:v%d:%s", version, base64.StdEncoding.EncodeToString(out)), "key_version": version}})
		case "/v1/transit/decrypt/elderzan":
			parts := strings.SplitN(in.Ciphertext, ":", 3)
			b, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
			out, ok := key.decrypt(b, nil)
			if len(parts) != 3 || parts[0] != "vault" || err != nil || !ok {
				answer(400, map[string]any{"errors": []string{"invalid ciphertext: unable to decrypt"}})
				return
			}
			answer(200, map[string]any{"data": map[string]any{"plaintext": base64.StdEncoding.EncodeToString(out)}})
		default:
			answer(400, map[string]any{"errors": []string{"encryption key not found"}})
		}
	}))
	return key
}
