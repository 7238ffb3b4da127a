package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/elderzan/elderzan/cmd/internal/clients"
)

// httpServed stands for the address that is served, where --http names none.
const httpServed = "served"

// tokenStays is how long a client's former token goes on being valid after setup has made a new one: until the client has
// been started anew.
const tokenStays = time.Hour

// remoteServer fills in where clients reach the memory over HTTP, and returns those of them that take an address.
func (a *app) remoteServer(ctx context.Context, f setupFlags, chosen []clients.Client, s *clients.Server) ([]clients.Client, error) {
	if f.project {
		return nil, hint(errors.New("a token does not belong into a project's files, which others read"), "elderzan setup --http without --project")
	}
	takes := slices.DeleteFunc(slices.Clone(chosen), func(c clients.Client) bool { return !c.Remote() })
	if len(takes) < len(chosen) && !f.all || len(takes) == 0 {
		return nil, hint(errors.New("the file of Claude Desktop takes no address"), "elderzan setup claude-desktop has it start the program")
	}
	s.URL = f.http
	if f.http == httpServed {
		got, err := a.callHTTP(ctx, httpArgs{Action: "status"})
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(got.URLs, func(u string) bool { return strings.HasPrefix(u, "http") })
		if i < 0 {
			return nil, hint(errors.New("MCP is not served over HTTP"), `set http_listen = "127.0.0.1:7420" in config.toml and type elderzan stop; or while a terminal stays open: elderzan serve --http 127.0.0.1:7420`)
		}
		s.URL = got.URLs[i]
	}
	if u, err := url.Parse(s.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, hint(fmt.Errorf("%q is no address", s.URL), "elderzan setup --http=http://127.0.0.1:7420/mcp "+takes[0].Name)
	}
	return takes, nil
}

// clientToken makes a token that bears the client's name, or revokes it where the client is disconnected. A dry run makes none.
func (a *app) clientToken(ctx context.Context, c clients.Client, f setupFlags) (string, error) {
	switch {
	case f.dryRun:
		return hiddenToken, nil
	case f.undo:
		_, err := a.callHTTP(ctx, httpArgs{Action: "revoke", Name: c.Name})
		if err != nil && strings.Contains(err.Error(), "there is no token") {
			err = nil
		}
		return "", err
	}
	got, err := a.callHTTP(ctx, httpArgs{Action: "token", Name: c.Name, Keep: tokenStays})
	return got.Token, err
}

// hiddenToken is what stands for a token on a screen.
const hiddenToken = "elz_…"

var token = regexp.MustCompile(`elz_[A-Z2-7]{26}`)

func hideTokens(text string) string { return token.ReplaceAllString(text, hiddenToken) }
