package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

const (
	azureURL    = "azurekeyvault://team.vault.azure.net/keys/master/v1"
	azureTenant = "11111111-2222-3333-4444-555555555555"
)

// azureKey is an RSA key with versions. Without one in the URL the newest counts, also for what an older one encrypted.
type azureKey struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
}

func (k *azureKey) rotate(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = append(k.keys, key)
}

func (k *azureKey) version(name string) (*rsa.PrivateKey, string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, key := range k.keys {
		if v := fmt.Sprintf("v%d", i+1); name == v || name == "" && i == len(k.keys)-1 {
			return key, v
		}
	}
	return nil, ""
}

// newAzure is the REST interface of Azure Key Vault 7.x, with its challenge, and the token endpoint of Microsoft Entra.
func newAzure(t *testing.T, c *clouds) *azureKey {
	key := &azureKey{}
	key.rotate(t)
	t.Setenv("AZURE_TENANT_ID", azureTenant)
	t.Setenv("AZURE_CLIENT_ID", "99999999-8888-7777-6666-555555555555")
	t.Setenv("AZURE_CLIENT_SECRET", "client secret of the test")
	token := rand.Text()
	const login = "https://login.microsoftonline.com/" + azureTenant
	answer := func(w http.ResponseWriter, code int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(v)
	}
	c.serve(t, "login.microsoftonline.com", "443", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/discovery/instance"):
			answer(w, 200, map[string]any{"tenant_discovery_endpoint": login + "/v2.0/.well-known/openid-configuration", "metadata": []map[string]any{{
				"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net", "aliases": []string{"login.microsoftonline.com", "login.windows.net"},
			}}})
		case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
			answer(w, 200, map[string]any{"token_endpoint": login + "/oauth2/v2.0/token", "authorization_endpoint": login + "/oauth2/v2.0/authorize", "issuer": login + "/v2.0"})
		case r.URL.Path == "/"+azureTenant+"/oauth2/v2.0/token":
			if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_secret") != "client secret of the test" || !strings.Contains(r.FormValue("scope"), "https://vault.azure.net/.default") {
				answer(w, 401, map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."})
				return
			}
			answer(w, 200, map[string]any{"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})
		default:
			http.NotFound(w, r)
		}
	}))
	c.serve(t, "team.vault.azure.net", "443", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.Header().Set("WWW-Authenticate", `Bearer authorization="`+login+`", resource="https://vault.azure.net"`)
			answer(w, 401, map[string]any{"error": map[string]string{"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer or PoP token."}})
			return
		}
		parts := strings.Split(r.URL.Path, "/") // "", keys, name, version, what to do
		var in struct{ Alg, Value string }
		if len(parts) != 5 || r.Method != "POST" || r.URL.Query().Get("api-version") == "" || json.NewDecoder(r.Body).Decode(&in) != nil || in.Alg != "RSA-OAEP-256" {
			answer(w, 400, map[string]any{"error": map[string]string{"code": "BadParameter", "message": "not understood"}})
			return
		}
		version, name := key.version(parts[3])
		if parts[2] != "master" || version == nil {
			answer(w, 404, map[string]any{"error": map[string]string{"code": "KeyNotFound", "message": "A key with (name/id) " + parts[2] + " was not found in this key vault."}})
			return
		}
		value, err := base64.RawURLEncoding.DecodeString(in.Value)
		var out []byte
		if err == nil && parts[4] == "encrypt" {
			out, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, &version.PublicKey, value, nil)
		} else if err == nil {
			out, err = rsa.DecryptOAEP(sha256.New(), nil, version, value, nil)
		}
		if err != nil {
			answer(w, 400, map[string]any{"error": map[string]string{"code": "BadParameter", "message": "The parameter is incorrect."}})
			return
		}
		answer(w, 200, map[string]any{"kid": "https://team.vault.azure.net/keys/master/" + name, "value": base64.RawURLEncoding.EncodeToString(out)})
	}))
	return key
}
