package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// goVersion is the release of Go whose standard library the weights are trained on.
const goVersion = "go1.26.8"

// A source is a released module, fixed by its checksum, or the standard library, fixed by its release, where the module is empty. Its texts speak of
// software, mostly without a secret; those of accounts and translations speak of passwords and tokens all the time.
type source struct {
	module, sum string
	under       string   // folder inside; "" means all
	names       []string // ends of the names of the files to read; nil means those of wanted
	limit       int      // texts to take, at even distances
}

var gitea = source{module: "code.gitea.io/gitea@v1.24.6", sum: "h1:BrHATK2cfr/hkJc8cc2W/1lWTVhyCxa1NQMHvEVeLWM="}

// sources are all under permissive licences or the MPL; what is learnt from them is how words follow each other.
var sources = []source{
	{sum: goVersion, under: "src", limit: 40000},
	gitea.part("options/locale", 16000, "ja-JP.ini"),
	gitea.part("options/locale", 8000, "en-US.ini"),
	gitea.part("options/locale", 8000, "de-DE.ini", "fr-FR.ini", "es-ES.ini", "it-IT.ini", "nl-NL.ini", "pt-BR.ini", "sv-SE.ini", "ko-KR.ini", "zh-CN.ini"),
	gitea.part("", 12000),
	{module: "github.com/prometheus/prometheus@v0.305.0", sum: "h1:UO/LsM32/E9yBDtvQj8tN+WwhbyWKR10lO35vmFLx0U=", limit: 20000},
	{module: "github.com/hashicorp/terraform@v1.5.7", sum: "h1:HL+iEBdp6mC/tqQM1F5jA5y32CbxXPwyiNQyYSXVzw0=", limit: 25000},
	{module: "github.com/open-policy-agent/opa@v1.4.2", sum: "h1:ag4upP7zMsa4WE2p1pwAFeG4Pn3mNwfAx9DLhhJfbjU=", limit: 15000},
	{module: "github.com/argoproj/argo-cd/v2@v2.14.11", sum: "h1:vkw8Ib/fOGsWD7HSUw8+5yXbXPYkGIJqs0wA2h9MX2s=", limit: 25000},
	{module: "github.com/aws/aws-sdk-go-v2/service/iam@v1.47.0", sum: "h1:ni7WcJSR88TBcGsuhXCjp8brXJfijI55jb7wB6vFiJo=", limit: 6000},
	{module: "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider@v1.57.0", sum: "h1:S9xUAMGe9nJvQOgv0hbiBO5jSP9i71LkMIyao9/jArY=", limit: 6000},
	{module: "github.com/aws/aws-sdk-go-v2/service/secretsmanager@v1.39.0", sum: "h1:4cI0izhZpHNep5CkZdcME1kSvFGSb38hd8DoOftIiho=", limit: 3000},
}

func (s source) part(under string, limit int, names ...string) source {
	s.under, s.limit, s.names = under, limit, names
	return s
}

// folder returns where the texts of a source lie, after fetching the module if it is not there.
func (s source) folder() (string, error) {
	if s.module == "" {
		if v := runtime.Version(); v != s.sum {
			return "", fmt.Errorf("the weights are trained on the standard library of %s, and this is %s; use that release", s.sum, v)
		}
		root, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			return "", fmt.Errorf("go env GOROOT: %w", err)
		}
		return filepath.Join(strings.TrimSpace(string(root)), s.under), nil
	}
	cmd := exec.Command("go", "mod", "download", "-json", s.module)
	cmd.Dir = os.TempDir() // outside of this module, whose go.mod does not name it
	b, err := cmd.Output()
	var got struct{ Dir, Sum, Error string }
	if jerr := json.Unmarshal(b, &got); jerr != nil || err != nil {
		return "", fmt.Errorf("fetch %s: %s: %w", s.module, got.Error, cmp.Or(err, jerr))
	}
	if got.Sum != s.sum {
		return "", fmt.Errorf("%s: checksum %s, want %s", s.module, got.Sum, s.sum)
	}
	return filepath.Join(got.Dir, s.under), nil
}

// wants reports whether the file at path is one to read.
func (s source) wants(path string) bool {
	if s.names == nil {
		return wanted(path)
	}
	for _, n := range s.names {
		if strings.HasSuffix(path, n) {
			return true
		}
	}
	return false
}
