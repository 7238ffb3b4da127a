package main

import (
	"os"
	"path/filepath"
)

// modelFolder finds the folder of the embedded model's weights: the setting, else beside the program as the build and
// the installation leave it, else the set-up's cache. It returns the installed place where there is none, for the error.
func modelFolder(configured string) string {
	if configured != "" {
		return configured
	}
	var places []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		places = append(places, filepath.Join(dir, "model"), filepath.Join(dir, "..", "share", "elderzan-model"), filepath.Join(dir, "..", "share", "elderzan", "model"))
	}
	if dir := os.Getenv("ELDERZAN_MODEL"); dir != "" {
		places = append(places, dir)
	}
	if cache, err := os.UserCacheDir(); err == nil {
		found, _ := filepath.Glob(filepath.Join(cache, "elderzan", "models", "all-MiniLM-L6-v2-fp16-*"))
		places = append(places, found...)
	}
	for _, dir := range places {
		if _, err := os.Stat(filepath.Join(dir, "tokenizer.json")); err == nil {
			return dir
		}
	}
	if len(places) == 0 {
		return "model"
	}
	return places[0]
}
