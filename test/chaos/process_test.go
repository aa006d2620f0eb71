package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// soak tells whether the full forms are wanted.
func soak() bool { return os.Getenv("RAPPORT_SOAK") == "1" }

// binary builds the program once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "rapport-chaos-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "rapport")
	out, err := exec.Command("go", "build", "-o", path, "github.com/rapport-platform/rapport/cmd/rapport").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// process is the program, running by itself.
type process struct {
	t    *testing.T
	path string
	env  []string
	url  string
	data string
	cmd  *exec.Cmd
	done chan struct{}
}

// launch prepares a process on a free port; start runs it.
func launch(t *testing.T, database string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	data := t.TempDir()
	p := &process{t: t, path: path, url: "http://" + addr, data: data,
		env: append(os.Environ(), "RAPPORT_ADDR="+addr, "RAPPORT_DATA="+data, "RAPPORT_DATABASE="+database, "RAPPORT_SAMPLE=", "RAPPORT_TRUSTED_PROXIES=127.0.0.0/8", "RAPPORT_ADMIN_PASSWORD=a long password")}
	t.Cleanup(p.kill)
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(p.path, "serve")
	p.cmd.Env = p.env
	log, err := os.OpenFile(filepath.Join(p.data, "log.txt"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	log.Close()
	p.done = make(chan struct{})
	go func(c *exec.Cmd, done chan struct{}) { c.Wait(); close(done) }(p.cmd, p.done)
}

// kill ends the process as a pulled plug would.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill()
	<-p.done
	p.cmd = nil
}

// ready waits until the part of the program works.
func (p *process) ready(part string) {
	p.t.Helper()
	p.until("ready: "+part, func() bool {
		select {
		case <-p.done:
			text, _ := os.ReadFile(filepath.Join(p.data, "log.txt"))
			p.t.Fatalf("the program ended by itself:\n%s", text)
		default:
		}
		status, _, err := p.do(http.MethodGet, "/readyz?part="+part, nil, nil)
		return err == nil && status == http.StatusOK
	})
}

func (p *process) until(what string, ok func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(filepath.Join(p.data, "log.txt"))
			p.t.Fatalf("never came true: %s\n%s", what, text[max(0, len(text)-4000):])
		}
		time.Sleep(20 * time.Millisecond) // polling another process; the deadline decides, not this pause
	}
}

var client = &http.Client{Timeout: 10 * time.Second}

func (p *process) do(method, path string, header http.Header, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(context.WithoutCancel(p.t.Context()), method, p.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, text, err
}

// command runs one of the program's other commands.
func (p *process) command(args ...string) string {
	p.t.Helper()
	c := exec.Command(p.path, args...)
	c.Env = p.env
	out, err := c.Output()
	if err != nil {
		p.t.Fatalf("rapport %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

// lead is one event; address n has always the same data.
func lead(id string, n int) map[string]any {
	cities := [][2]string{{"Hamburg", "20095"}, {"München", "80331"}, {"Boston", "02110"}, {"Lyon", "69001"}}
	c := cities[n%len(cities)]
	return map[string]any{"specversion": "1.0", "id": id, "source": "/chaos", "type": "lead.created", "datacontenttype": "application/json",
		"data": map[string]any{"firstname": "Test", "lastname": fmt.Sprintf("Person %d", n), "emailaddress1": fmt.Sprintf("person%d@example.com", n),
			"address1_city": c[0], "address1_postalcode": c[1], "rpt_productinterest": "HOME", "context": map[string]any{"page": "https://example.com/home"}}}
}

// publish sends events until the program has taken them, however often it dies meanwhile.
func (p *process) publish(key string, events []map[string]any) {
	body, err := json.Marshal(events)
	if err != nil {
		p.t.Error(err)
		return
	}
	header := http.Header{"Content-Type": {"application/cloudevents-batch+json"}, "Aeg-Sas-Key": {key}}
	deadline := time.Now().Add(5 * time.Minute)
	for time.Now().Before(deadline) {
		status, text, err := p.do(http.MethodPost, "/api/events/leads", header, body)
		if err == nil && status == http.StatusOK {
			return
		}
		if err == nil && status < 500 {
			p.t.Errorf("publish: %d %s", status, text)
			return
		}
		time.Sleep(30 * time.Millisecond) // the program is down: try again
	}
	p.t.Error("events could not be published")
}
