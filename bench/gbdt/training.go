package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rapport-platform/rapport/internal/kit/gbdt"
)

const (
	trees        = 100
	treeDepth    = 6
	learningRate = 0.1
)

// training times 100 trees of depth 6, ours and XGBoost's in turn.
func (b *bench) training() error {
	path := filepath.Join(b.dir, "train.f32")
	cols, label := synthetic(b.rows)
	if err := writeMatrix(path, cols, label); err != nil {
		return err
	}
	cols, label = nil, nil
	debug.FreeOSMemory()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	rows, threads := strconv.Itoa(b.rows), strconv.Itoa(b.threads)
	kinds := []struct {
		name string
		run  func() (*answer, error)
		best *answer
	}{
		{name: "ours", run: func() (*answer, error) { return b.process(self, "-worker", path, "-rows", rows, "-threads", threads) }},
		{name: "XGBoost hist, DMatrix", run: func() (*answer, error) { return b.peer("train", path, rows, threads, "dmatrix") }},
		{name: "XGBoost hist, QuantileDMatrix", run: func() (*answer, error) { return b.peer("train", path, rows, threads, "quantile") }},
		{name: "LightGBM", run: func() (*answer, error) { return b.peer("train", path, rows, threads, "lightgbm") }},
	}
	for range b.rounds {
		for i := range kinds {
			a, err := kinds[i].run()
			if err != nil {
				return err
			}
			k := &kinds[i]
			if k.best == nil {
				k.best = a
			}
			k.best.Seconds, k.best.CPU, k.best.Peak = min(k.best.Seconds, a.Seconds), min(k.best.CPU, a.CPU), min(k.best.Peak, a.Peak)
		}
	}
	fmt.Fprintf(b.out, "\n## Training: %d × %d, %d trees of depth %d, %d threads, best of %d rounds\n\n| | wall s | CPU s | peak memory MiB | training log-loss | wall ÷ ours | CPU ÷ ours | memory ÷ ours |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
		b.rows, columns, trees, treeDepth, b.threads, b.rounds)
	ours := kinds[0].best
	for _, k := range kinds {
		a := k.best
		fmt.Fprintf(b.out, "| %s | %.2f | %.2f | %.0f | %.5f | %.2f | %.2f | %.2f |\n", k.name, a.Seconds, a.CPU, a.Peak, a.Loss, a.Seconds/ours.Seconds, a.CPU/ours.CPU, a.Peak/ours.Peak)
	}
	x := min(kinds[1].best.Seconds, kinds[2].best.Seconds)
	memory := min(kinds[1].best.Peak, kinds[2].best.Peak)
	fmt.Fprintf(b.out, "\nOurs ÷ the faster of XGBoost's: wall **%.2f**; ours ÷ the leaner: peak memory **%.2f** (aim: at most 1.5 each, better 1.0).\n", ours.Seconds/x, ours.Peak/memory)
	return nil
}

// worker is one training in a process of its own.
func (b *bench) worker(path, profile string) error {
	d, err := readMatrix(path, b.rows)
	if err != nil {
		return err
	}
	runtime.GC()
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	p := gbdt.DefaultParams()
	p.Rounds, p.MaxDepth, p.MaxLeaves, p.DepthWise, p.LearningRate = trees, treeDepth, 0, true, learningRate
	p.RowFraction, p.ColumnFraction, p.MinDataInLeaf, p.MinSumHessian, p.Threads = 1, 1, 0, 1, b.threads
	before, start := cpuSeconds(), time.Now()
	m, _, err := gbdt.Train(b.ctx, d, nil, p)
	if err != nil {
		return err
	}
	a := answer{Seconds: time.Since(start).Seconds(), CPU: cpuSeconds() - before}
	sum := 0.0
	n := min(d.Rows(), 200_000)
	row := []float64(nil)
	for i := range n {
		row = d.Row(i, row)
		s := m.Margin(row)
		if d.Label[i] {
			s = -s
		}
		sum += max(s, 0) + math.Log1p(math.Exp(-math.Abs(s)))
	}
	a.Loss, a.Peak = sum/float64(n), peak()
	return json.NewEncoder(os.Stdout).Encode(a)
}

func cpuSeconds() float64 {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}

// peak gives the process's largest resident size so far, in MiB.
func peak() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(text), "\n") {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024
		}
	}
	return 0
}
