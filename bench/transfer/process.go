package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processor gives the processor time of this process so far, in seconds.
func processor() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// ticks is how many clock ticks a second /proc counts, on all systems that Go runs on.
const ticks = 100

// server gives the processor time of a database server and its children so far,
// those that have ended among them, in seconds; on Linux, else 0.
func server(pid int) float64 {
	if pid == 0 {
		return 0
	}
	own := strconv.Itoa(pid)
	sum := used(own, true)
	children, err := os.ReadFile("/proc/" + own + "/task/" + own + "/children")
	if err != nil {
		return 0
	}
	for child := range strings.FieldsSeq(string(children)) {
		sum += used(child, false)
	}
	return sum
}

// used gives the processor time of a process, with that of its children that have
// ended where asked for.
func used(pid string, ended bool) float64 {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0 // it has ended, and its parent has what it used
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])) // names may hold anything
	if len(f) < 15 {
		return 0
	}
	columns := f[11:13] // user and system
	if ended {
		columns = f[11:15]
	}
	sum := 0.0
	for _, v := range columns {
		n, _ := strconv.ParseFloat(v, 64) // the kernel writes numbers there
		sum += n / ticks
	}
	return sum
}

// forgetPeak has the peak of memory begin anew, on Linux: the tables are laid by
// the same process.
func forgetPeak() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peak gives the most memory that the process has had, in bytes, on Linux; else 0.
func peak() int64 { return status("VmHWM") }

func status(name string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		var kib int64
		if _, err := fmt.Sscanf(line, name+": %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}

// watcher looks at the process's memory while it runs.
type watcher struct {
	stop, done chan struct{}
}

// watch begins to tell of memory, where that was asked for.
func watch(s settings) *watcher {
	w := &watcher{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(w.done)
		if s.watch || s.live != "" {
			w.look(s)
		}
	}()
	return w
}

func (w *watcher) end() {
	close(w.stop)
	<-w.done
}

func (w *watcher) look(s settings) {
	most, told := uint64(0), time.Now()
	began := told
	for {
		select {
		case <-w.stop:
			return
		case <-time.After(100 * time.Millisecond):
		}
		live, inuse, mapped := memory()
		if s.live != "" && live > most+most/20 {
			most = live
			if err := writeProfile(s.live, "heap"); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		if s.watch && time.Since(told) >= time.Second {
			told = time.Now()
			fmt.Fprintf(os.Stderr, "%6.1fs live %4d MiB, heap %4d, Go %4d, anon %4d, file %4d, peak %4d, processor %.1fs\n", told.Sub(began).Seconds(), live>>20, inuse>>20, mapped>>20, status("RssAnon")>>20, status("RssFile")>>20, peak()>>20, processor())
		}
	}
}

// memory gives the bytes of Go's heap that the last collection left alive, those
// in use now, and all that Go has mapped and not given back.
func memory() (live, inuse, mapped uint64) {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64(), sample[1].Value.Uint64(), sample[2].Value.Uint64() - sample[3].Value.Uint64()
}

func writeProfile(path, name string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return pprof.Lookup(name).WriteTo(f, 0)
}

// profiled writes a profile of the processor time to a file until it is stopped;
// "" is none.
func profiled(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}
