package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const googleURL = "gcpkms://projects/garden/locations/europe-west3/keyRings/memory/cryptoKeys/master"

// googleKMS is Cloud KMS v1 over gRPC.
type googleKMS struct {
	kmspb.UnimplementedKeyManagementServiceServer
	key   *versions
	token string
}

func (g *googleKMS) admit(ctx context.Context, name string) error {
	md, _ := metadata.FromIncomingContext(ctx)
	if a := md.Get("authorization"); len(a) != 1 || a[0] != "Bearer "+g.token {
		return status.Error(codes.Unauthenticated, "Request had invalid authentication credentials.")
	}
	if "gcpkms://"+name != googleURL {
		return status.Error(codes.NotFound, "CryptoKey "+name+" not found.")
	}
	return nil
}

func (g *googleKMS) Encrypt(ctx context.Context, in *kmspb.EncryptRequest) (*kmspb.EncryptResponse, error) {
	if err := g.admit(ctx, in.GetName()); err != nil {
		return nil, err
	}
	_, out := g.key.encrypt(in.GetPlaintext(), in.GetAdditionalAuthenticatedData())
	return &kmspb.EncryptResponse{Name: in.GetName() + "/cryptoKeyVersions/1", Ciphertext: out}, nil
}

func (g *googleKMS) Decrypt(ctx context.Context, in *kmspb.DecryptRequest) (*kmspb.DecryptResponse, error) {
	if err := g.admit(ctx, in.GetName()); err != nil {
		return nil, err
	}
	out, ok := g.key.decrypt(in.GetCiphertext(), in.GetAdditionalAuthenticatedData())
	if !ok {
		return nil, status.Error(codes.InvalidArgument, "Decryption failed: the ciphertext is invalid.")
	}
	return &kmspb.DecryptResponse{Plaintext: out}, nil
}

// newGoogle is Cloud KMS and the token endpoint, which takes a service account's signed word for who it is.
func newGoogle(t *testing.T, c *clouds) *versions {
	g := &googleKMS{key: newVersions(), token: rand.Text()}
	account, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(account)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "garden", "private_key_id": "1", "client_email": "memory@garden.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})), "token_uri": "https://oauth2.googleapis.com/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	c.serve(t, "oauth2.googleapis.com", "443", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		parts := strings.Split(r.FormValue("assertion"), ".")
		if len(parts) == 3 && r.FormValue("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
			sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
			sig, err := base64.RawURLEncoding.DecodeString(parts[2])
			if err == nil && rsa.VerifyPKCS1v15(&account.PublicKey, crypto.SHA256, sum[:], sig) == nil {
				_ = json.NewEncoder(w).Encode(map[string]any{"access_token": g.token, "token_type": "Bearer", "expires_in": 3599})
				return
			}
		}
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
	}))
	cert := c.certificate(t, "cloudkms.googleapis.com")
	s := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
	kmspb.RegisterKeyManagementServiceServer(s, g)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // until it is stopped
	}()
	t.Cleanup(func() { s.Stop(); <-done })
	c.send("cloudkms.googleapis.com:443", l.Addr().String())
	return g.key
}
