// Package product runs the product as a child process of a benchmark, so that
// its processor time and memory can be told from the load generator's.
package product

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/rapport-platform/rapport"
)

// ServeCommand makes this program be the product, by the embedding API that
// the command rapport uses. It obeys lines on its standard input ("profile
// FILE", "end") and stops when that is closed, so that none stays behind.
const ServeCommand = "serve-the-product"

// Serve is the product, in the child. Its environment is that of the command rapport.
func Serve() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := rapport.FromEnv(os.Getenv)
	o.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	server, err := rapport.New(o)
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	if err := server.Ready(ctx); err != nil {
		return err
	}
	fmt.Println(server.URL())
	var profile *os.File
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch {
		case word == "profile":
			if profile, err = os.Create(rest); err == nil {
				err = pprof.StartCPUProfile(profile)
			}
		case word == "end" && profile != nil:
			pprof.StopCPUProfile()
			err = profile.Close()
			profile = nil
		}
		if err != nil {
			return err
		}
	}
	ended, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	return server.Shutdown(ended)
}

// Product is the running child, and how to talk to it as administrator.
type Product struct {
	URL, Token string
	Cmd        *exec.Cmd
	stdin      io.WriteCloser
	Client     *http.Client
	stopped    bool
}

// Password is the administrator's.
const Password = "a password for the bench"

// Start starts the product on a folder and waits until records can be used. Of
// the environment given, the later of two equal names counts.
func Start(ctx context.Context, data, database string, env ...string) (*Product, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(data, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	// The child outlives ctx until Stop, which lets it end in good order.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, ServeCommand)
	cmd.Env = append(os.Environ(), "RAPPORT_ADDR=127.0.0.1:0", "RAPPORT_DATA="+data, "RAPPORT_DATABASE="+database, "RAPPORT_SAMPLE=1",
		"RAPPORT_TRUSTED_PROXIES=127.0.0.0/8", "RAPPORT_ADMIN_PASSWORD="+Password)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 512, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}
	p := &Product{Cmd: cmd, stdin: in, Client: &http.Client{Transport: transport, Timeout: 20 * time.Second}}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("the product did not start: %w: %s", err, text), p.Stop())
	}
	p.URL = strings.TrimSpace(line)
	admin, err := rapport.Admin(ctx, rapport.Options{Addr: "127.0.0.1:0", Data: data, Database: database})
	if err == nil {
		defer admin.Close()
		p.Token, err = admin.CreateToken(ctx, "admin", "bench", time.Hour)
	}
	if err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// Command sends a line to the child: see ServeCommand.
func (p *Product) Command(line string) error {
	_, err := io.WriteString(p.stdin, line+"\n")
	return err
}

// Stop lets the product end in good order, and ends it if it does not.
func (p *Product) Stop() error {
	if p.stopped {
		return nil
	}
	p.stopped = true
	p.Client.CloseIdleConnections()
	if err := p.stdin.Close(); err != nil {
		return err
	}
	timer := time.AfterFunc(40*time.Second, func() { _ = p.Cmd.Process.Kill() })
	defer timer.Stop()
	return p.Cmd.Wait()
}
