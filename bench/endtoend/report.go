package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// tables writes what one database came to.
func tables(b *strings.Builder, engine string, phases []outcome, peers []peer) {
	fmt.Fprintf(b, "### %s\n\n| leads/s asked | sent | form answered p50 | p99 | visible p50 | p99 | worst | not seen within 90 s | product's CPU a lead | others' CPU |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n", engine)
	greatest := 0.0
	for _, o := range phases {
		asked := fmt.Sprint(o.rate)
		if o.rate == 0 {
			asked = "as fast as taken"
			greatest = o.perSecond()
		}
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s | **%s** | %s | %d | %s | %.2f cores |\n", asked, o.sent, ms(o.a50), ms(o.a99), ms(o.v50), ms(o.v99), ms(o.vMax), o.missing,
			ms(o.cpu.product/time.Duration(o.sent)), o.cpu.others.Seconds()/o.cpu.wall.Seconds())
	}
	if greatest == 0 {
		return
	}
	fmt.Fprintf(b, "\nAs fast as they are taken, %.0f leads/s go all the way.\n\n| the same rows by the driver alone | leads/s | product ÷ driver |\n|---|---:|---:|\n", greatest)
	for _, p := range peers {
		fmt.Fprintf(b, "| %s | %.0f | **%.2f** |\n", p.name, p.rate, greatest/p.rate)
	}
	b.WriteString("\n")
}

func report(s settings, text string) string {
	return fmt.Sprintf(`# From the form to the Web API

Date: %s. Machine: %d cores, %s/%s, %s. Command: `+"`go run ./bench/endtoend -out bench/endtoend/RESULTS.md`"+`
(warm-up %s at 50 leads/s, then %s at each rate, then %d leads from %d visitors as fast as they are answered).

Leads arrive at fixed times; all times count from the moment a lead was due to be sent. "Visible" is when one
poller, which asks the Web API for new leads every %s, has it in hand: that is the resolution, and the polling
is part of the load. Every answer to a visitor and every commit is flushed to disk. "Others' CPU" is what programs
that don't belong to the measurement used meanwhile. The driver alone writes one lead's rows (%s) into
the same database with the same indexes, without HTTP, event log, rules, checks or reading anything.

%s`, time.Now().Format("2006-01-02"), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), s.warm, s.length, s.burst, s.clients, pollEvery, copied, text)
}
