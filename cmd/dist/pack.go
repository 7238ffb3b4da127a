package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// walk calls do for every folder and file of a tree, in order of their names.
func walk(tree string, do func(rel string, info fs.FileInfo) error) error {
	return filepath.WalkDir(tree, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(tree, p)
		if err != nil || rel == "." {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return do(filepath.ToSlash(rel), info)
	})
}

func writeTar(to, tree, prefix string, when time.Time) (err error) {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	defer func() { err = errors.Join(err, w.Close(), z.Close(), f.Close()) }()
	return walk(tree, func(rel string, info fs.FileInfo) error {
		h, err := tar.FileInfoHeader(info, "")
		if err != nil {
			return err
		}
		h.Name, h.ModTime, h.Format = path.Join(prefix, rel), when, tar.FormatPAX
		h.AccessTime, h.ChangeTime = time.Time{}, time.Time{}
		h.Uid, h.Gid, h.Uname, h.Gname = 0, 0, "root", "root"
		if info.IsDir() {
			h.Name += "/"
		}
		if err := w.WriteHeader(h); err != nil || info.IsDir() {
			return err
		}
		return copyInto(w, filepath.Join(tree, filepath.FromSlash(rel)))
	})
}

func copyInto(w io.Writer, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// manifest describes an MCP bundle, by the format's version 0.3.
type manifest struct {
	Format      string            `json:"manifest_version"`
	Name        string            `json:"name"`
	Title       string            `json:"display_name"`
	Version     string            `json:"version"`
	Description string            `json:"description"`
	Author      map[string]string `json:"author"`
	License     string            `json:"license"`
	Server      bundleServer      `json:"server"`
	Tools       []bundleTool      `json:"tools"`
	Needs       map[string]any    `json:"compatibility"`
}

type bundleServer struct {
	Type  string         `json:"type"`
	Entry string         `json:"entry_point"`
	Start map[string]any `json:"mcp_config"`
}

type bundleTool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

func (r *release) manifest() manifest {
	m := manifest{
		Format: "0.3", Name: "elderzan", Title: "elderzan", Version: r.version,
		Description: "Long-term memory for agents: private by default, encrypted, on this machine.",
		Author:      map[string]string{"name": "elderzan"}, License: "Apache-2.0",
		Server: bundleServer{Type: "binary", Entry: "bin/elderzan", Start: map[string]any{
			"command": "${__dirname}/bin/elderzan", "args": []string{"serve"}, "env": map[string]string{},
		}},
		Needs: map[string]any{"platforms": []string{"linux"}},
	}
	for _, t := range [][2]string{
		{"remember", "Keep a decision, preference, fact or how-to"}, {"recall", "Bring back what matters for a need"},
		{"search", "Find memories by exact words and filters"}, {"classify", "Say where a text would be stored and why"},
		{"share", "Change how far a memory travels"}, {"revise", "Correct a memory"},
		{"forget", "Take a memory out of every answer"}, {"workspace", "Working notes under a key"},
		{"status", "Show what is stored"},
	} {
		m.Tools = append(m.Tools, bundleTool{t[0], t[1]})
	}
	return m
}

func (r *release) writeBundle(to string) (err error) {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	w := zip.NewWriter(f)
	defer func() { err = errors.Join(err, w.Close(), f.Close()) }()
	b, err := json.MarshalIndent(r.manifest(), "", "  ")
	if err != nil {
		return err
	}
	one, err := w.CreateHeader(&zip.FileHeader{Name: "manifest.json", Method: zip.Deflate, Modified: r.when})
	if err != nil {
		return err
	}
	if _, err := one.Write(append(b, '\n')); err != nil {
		return err
	}
	return walk(r.tree, func(rel string, info fs.FileInfo) error {
		if info.IsDir() {
			return nil
		}
		h := &zip.FileHeader{Name: rel, Method: zip.Deflate, Modified: r.when}
		h.SetMode(info.Mode())
		one, err := w.CreateHeader(h)
		if err != nil {
			return err
		}
		return copyInto(one, filepath.Join(r.tree, filepath.FromSlash(rel)))
	})
}
