package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is processor time used.
type usage struct {
	product time.Duration // by the product's process
	ours    time.Duration // by this program and all that it started
	others  time.Duration // by everything else on the machine
	wall    time.Duration
	busy    time.Duration
	at      time.Time
}

// tick is the unit of processor times in /proc.
const tick = 10 * time.Millisecond

// processors reads what has been used so far. Where there is no /proc all is zero.
func processors(product int) usage {
	u := usage{at: time.Now()}
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return u
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line)[1:] {
		if n, err := strconv.ParseInt(f, 10, 64); err == nil && i < 8 && i != 3 && i != 4 { // without idle and waiting for a disk
			u.busy += time.Duration(n) * tick
		}
	}
	type process struct {
		parent int
		used   time.Duration
	}
	all := map[int]process{}
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		if len(f) < 15 {
			continue
		}
		parent, _ := strconv.Atoi(f[1])
		user, _ := strconv.ParseInt(f[11], 10, 64)
		system, _ := strconv.ParseInt(f[12], 10, 64)
		all[pid] = process{parent, time.Duration(user+system) * tick}
	}
	for pid, p := range all {
		if pid == product {
			u.product = p.used
		}
		for up, depth := pid, 0; up > 1 && depth < 10; up, depth = all[up].parent, depth+1 {
			if up == os.Getpid() {
				u.ours += p.used
				break
			}
		}
	}
	return u
}

func (u usage) since(before usage) usage {
	out := usage{product: u.product - before.product, ours: u.ours - before.ours, busy: u.busy - before.busy, wall: u.at.Sub(before.at)}
	out.others = max(0, out.busy-out.ours)
	return out
}
