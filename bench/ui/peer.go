package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// theirs builds and starts the peer with as many rows, and goes through its pages.
func theirs(ctx context.Context, dir string, s settings) ([]figure, error) {
	binary := filepath.Join(dir, "pocketbase")
	build := exec.CommandContext(ctx, "go", "build", "-C", "bench/webapi/pocketbase", "-o", binary, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("building it: %w", err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := free.Addr().String()
	if err := free.Close(); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, "-dir", filepath.Join(dir, "theirs"), "-addr", addr, "-rows", fmt.Sprint(s.rows))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}()
	if err := ready(ctx, "http://"+addr+"/bench/ready"); err != nil {
		return nil, err
	}
	return browse(ctx, s, "theirs", "PEER_URL=http://"+addr, "PEER_USER=bench@example.com", "PEER_PASSWORD=a password for the bench")
}

// ready waits until the peer has made its rows and answers.
func ready(ctx context.Context, url string) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			return answer.Body.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}
