package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// client is one caller with a connection of its own.
type client struct {
	http  *http.Client
	base  string
	token string
}

func newClient(base, token string) *client {
	return &client{http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 120 * time.Second}, base: base, token: token}
}

// do sends one request and reads the whole answer; into may be nil.
func (c *client) do(ctx context.Context, method, path string, body, into any, header ...string) error {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(text)
	}
	at := path
	if !strings.HasPrefix(path, "http") {
		at = c.base + path
	}
	req, err := http.NewRequestWithContext(ctx, method, at, in)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", c.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, res.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

type result struct {
	rate     float64
	p50, p99 time.Duration
	requests int
	work     time.Duration // processor time of the server for one request, what follows it included as far as it falls into the round
}

// turns counts requests over the whole run, so that no two create the same.
var turns atomic.Int64

// round lets clients ask for a while, each one request after another.
func round(ctx context.Context, length time.Duration, clients int, work func(context.Context, *client, int) error) (result, error) {
	times, failed := make([][]time.Duration, clients), atomic.Pointer[error]{}
	var all sync.WaitGroup
	began := time.Now()
	for i := range clients {
		all.Go(func() {
			c := &client{}
			for time.Since(began) < length && failed.Load() == nil && ctx.Err() == nil {
				at := time.Now()
				if err := work(ctx, c, int(turns.Add(1))); err != nil {
					failed.Store(&err)
					return
				}
				times[i] = append(times[i], time.Since(at))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := failed.Load(); err != nil {
		return result{}, *err
	}
	sorted := slices.Concat(times...)
	if len(sorted) == 0 {
		return result{}, ctx.Err()
	}
	slices.Sort(sorted)
	return result{rate: float64(len(sorted)) / took.Seconds(), p50: sorted[len(sorted)/2], p99: sorted[len(sorted)*99/100], requests: len(sorted)}, ctx.Err()
}

// processor gives the processor time that a process has taken so far.
func processor(pid int) (time.Duration, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("no processor time of process %d", pid)
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, err // the kernel counts hundredths of a second
}

func median(all []result) result {
	slices.SortFunc(all, func(a, b result) int { return int(a.rate - b.rate) })
	return all[len(all)/2]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

// idleMemory tells what each process holds once it has come to rest.
func idleMemory(ctx context.Context, ours, theirs side) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(20 * time.Second):
	}
	a, err := resident(ours.pid())
	if err != nil {
		return "", err
	}
	b, err := resident(theirs.pid())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Idle memory (resident, 20 s after starting on the filled database): product %d MiB (aim: under 150), PocketBase %d MiB.\n\n", a, b), nil
}

func resident(pid int) (int, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("no resident size of process %d", pid)
	}
	kib, err := strconv.Atoi(fields[0])
	return kib / 1024, err
}

// lead gives the columns of a row, the same on both sides.
func lead(n int) map[string]any {
	return map[string]any{"subject": fmt.Sprint("Lead ", n), "firstname": fmt.Sprint("First", n%997), "lastname": fmt.Sprint("Last", n), "companyname": fmt.Sprint("Company ", n%5003),
		"emailaddress1": fmt.Sprintf("new%d@example.com", n), "mobilephone": fmt.Sprintf("+4930%08d", n), "address1_line1": fmt.Sprint("Street ", n), "address1_city": fmt.Sprint("City ", n%100),
		"address1_postalcode": fmt.Sprintf("%05d", n%99999), "description": "made for the benchmark", "leadsourcecode": 1 + n%10, "estimatedamount": n % 50000}
}
