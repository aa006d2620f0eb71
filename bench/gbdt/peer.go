package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed peer.py
var script []byte

// answer is what a process measured.
type answer struct {
	Seconds float64            `json:"seconds"`
	CPU     float64            `json:"cpu"`  // seconds of all threads
	Peak    float64            `json:"peak"` // MiB
	Loss    float64            `json:"loss"`
	Values  map[string]float64 `json:"values"`
	Text    map[string]string  `json:"text"`
}

// peer runs the Python side.
func (b *bench) peer(args ...string) (*answer, error) {
	path := filepath.Join(b.dir, "peer.py")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		return nil, err
	}
	return b.process(b.python, append([]string{path}, args...)...)
}

// process runs a program that prints an answer as its last line.
func (b *bench) process(name string, args ...string) (*answer, error) {
	cmd := exec.CommandContext(b.ctx, name, args...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, args, err, errors.String())
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var a answer
	if err := json.Unmarshal(lines[len(lines)-1], &a); err != nil {
		return nil, fmt.Errorf("%s printed %q: %w", name, out, err)
	}
	return &a, nil
}
