package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

type theirs struct {
	cmd   *exec.Cmd
	c     *client
	ids   []string
	deep  int
	ended bool
}

// startTheirs builds and starts the peer on a fresh folder with its rows.
func startTheirs(ctx context.Context, dir string, s settings) (*theirs, error) {
	binary := filepath.Join(dir, "pocketbase")
	build := exec.CommandContext(ctx, "go", "build", "-C", "bench/webapi/pocketbase", "-o", binary, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("building the peer (run this from the root of the project): %w", err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := free.Addr().String()
	if err := free.Close(); err != nil {
		return nil, err
	}
	t := &theirs{deep: s.deep, cmd: exec.CommandContext(ctx, binary, "-dir", filepath.Join(dir, "theirs"), "-addr", addr, "-rows", fmt.Sprint(s.rows))}
	t.cmd.Stderr = os.Stderr
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	t.c = newClient("http://"+addr, "")
	if err := t.signIn(ctx); err != nil {
		return nil, fmt.Errorf("%w (%v)", err, t.stop())
	}
	for page := 1; len(t.ids) < 2000 && page <= 4; page++ {
		var found struct{ Items []struct{ ID string } }
		if err := t.c.do(ctx, http.MethodGet, fmt.Sprintf("%s?skipTotal=1&perPage=500&fields=id&page=%d", records, page), nil, &found); err != nil {
			return nil, fmt.Errorf("%w (%v)", err, t.stop())
		}
		for _, row := range found.Items {
			t.ids = append(t.ids, row.ID)
		}
	}
	return t, nil
}

func (t *theirs) signIn(ctx context.Context) error {
	var err error
	for range 600 { // it makes its rows first
		if err = t.c.do(ctx, http.MethodGet, "/bench/ready", nil, nil); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
	if err != nil {
		return err
	}
	var signed struct{ Token string }
	err = t.c.do(ctx, http.MethodPost, "/api/collections/users/auth-with-password", map[string]string{"identity": "bench@example.com", "password": "a password for the bench"}, &signed)
	t.c.token = signed.Token
	return err
}

const records = "/api/collections/leads/records"

func (t *theirs) pid() int { return t.cmd.Process.Pid }

func (t *theirs) stop() error {
	if t.ended {
		return nil
	}
	t.ended = true
	if err := t.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	err := t.cmd.Wait()
	if err != nil && strings.Contains(err.Error(), "signal") {
		return nil
	}
	return err
}

func (t *theirs) work(kind string) func(context.Context, *client, int) error {
	one := func(n int) string { return records + "/" + t.ids[n%len(t.ids)] }
	switch kind {
	case "create":
		return func(ctx context.Context, _ *client, n int) error {
			return t.c.do(ctx, http.MethodPost, records, lead(n), nil)
		}
	case "update":
		return func(ctx context.Context, _ *client, n int) error {
			return t.c.do(ctx, http.MethodPatch, one(n), map[string]any{"companyname": fmt.Sprint("Changed ", n), "estimatedamount": n}, nil)
		}
	case "read by id":
		return func(ctx context.Context, _ *client, n int) error {
			return t.c.do(ctx, http.MethodGet, one(n)+"?fields=id,"+columns, nil, nil)
		}
	case "list of 50":
		return func(ctx context.Context, _ *client, n int) error {
			return t.c.do(ctx, http.MethodGet, records+"?skipTotal=1&perPage=50&sort=-created&fields=id,"+columns+"&filter="+url.QueryEscape(fmt.Sprintf("leadsourcecode = %d && statecode = 0", 1+n%10)), nil, nil)
		}
	}
	return func(ctx context.Context, _ *client, _ int) error {
		return t.c.do(ctx, http.MethodGet, fmt.Sprintf("%s?skipTotal=1&perPage=50&sort=created&fields=id,%s&page=%d", records, columns, t.deep/50), nil, nil)
	}
}
