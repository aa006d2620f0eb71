package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// report writes the results as Markdown.
func report(rows int, all []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Import and export of %d leads\n\n%s, %s, %d processors, load at the end %s. `go run ./bench/transfer -rows %d`\n\n", rows,
		time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.NumCPU(), load(), rows)
	b.WriteString("The whole product runs, with its followers. Processor time is that of the product, followers included, and then of PostgreSQL's own processes. Instances of processes, search and lake come behind the import. The peer writes no change rows, no ids, no indexes, and checks nothing.\n\n")
	b.WriteString("| database | rows/s | processor time a row, product | server | peak memory | refused | search behind at the end, changes | peer into a bare table, rows/s | times as long |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range all {
		n := float64(r.Created + r.Refused)
		own, times := "–", "–"
		if r.PeerTook > 0 {
			own, times = fmt.Sprintf("%.0f (%s)", float64(rows)/r.PeerTook, r.Peer), fmt.Sprintf("%.1f", r.Took/r.PeerTook)
		}
		fmt.Fprintf(&b, "| %s | **%.0f** | %.0f µs | %s | %d MiB | %d | %d | %s | %s |\n", r.Database, n/r.Took, r.CPU/n*1e6, ofServer(r, n), r.Peak>>20, r.Refused, r.Behind, own, times)
	}
	b.WriteString("\n| database | export | rows/s | MiB | peak memory of the process so far |\n|---|---|---:|---:|---:|\n")
	for _, r := range all {
		for _, e := range r.Exports {
			fmt.Fprintf(&b, "| %s | %s | %.0f | %d | %d MiB |\n", r.Database, e.Format, float64(e.Rows)/e.Took, e.Bytes>>20, e.Peak>>20)
		}
	}
	for _, r := range all {
		if c := r.Caught; c.Took > 0 {
			fmt.Fprintf(&b, "\nOn %s search then had %d changes to take in, and took %.0f s for %d of them (%.0f µs of the process a change, all followers included); peak memory of the process %d MiB.\n", r.Database, c.Changes, c.Took, c.Changes-c.Left, c.CPU/max(1, float64(c.Changes-c.Left))*1e6, c.Peak>>20)
		}
	}
	return b.String()
}

// ofServer tells the processor time that the database's own processes took for a row.
func ofServer(r result, rows float64) string {
	if r.ServerCPU == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f µs", r.ServerCPU/rows*1e6)
}

// load gives the machine's load of the last minute, on Linux.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}
