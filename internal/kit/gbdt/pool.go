package gbdt

import (
	"sync"
	"sync/atomic"
)

// pool runs numbered tasks on a fixed number of goroutines, the caller among
// them. Which of them does which task is left to chance: results must not
// depend on it.
type pool struct {
	threads int
	work    []chan *batchOfTasks // of each thread but the caller's
	done    sync.WaitGroup
}

type batchOfTasks struct {
	next  atomic.Int64
	tasks int
	do    func(task, thread int)
	left  sync.WaitGroup
}

func newPool(threads int) *pool {
	p := &pool{threads: max(1, threads)}
	for thread := 1; thread < p.threads; thread++ {
		work := make(chan *batchOfTasks, 1)
		p.work = append(p.work, work)
		p.done.Add(1)
		go func() {
			defer p.done.Done()
			for b := range work {
				b.drain(thread)
				b.left.Done()
			}
		}()
	}
	return p
}

// close ends the goroutines and waits for them.
func (p *pool) close() {
	for _, work := range p.work {
		close(work)
	}
	p.done.Wait()
}

func (b *batchOfTasks) drain(thread int) {
	for {
		task := b.next.Add(1) - 1
		if task >= int64(b.tasks) {
			return
		}
		b.do(int(task), thread)
	}
}

// worthwhile is how many small steps of work outweigh waking a thread.
const worthwhile = 1 << 16

// worth gives the number of threads for so many small steps of work.
func (p *pool) worth(steps int) int { return max(1, min(p.threads, steps/worthwhile)) }

// run does the tasks 0 to tasks-1 and returns when all are done. thread is 0 to
// threads-1 and names the goroutine, for scratch memory of its own.
func (p *pool) run(tasks int, do func(task, thread int)) { p.runOn(p.threads, tasks, do) }

// runOn is run on fewer threads.
func (p *pool) runOn(threads, tasks int, do func(task, thread int)) {
	if tasks == 1 || threads == 1 {
		for task := range tasks {
			do(task, 0)
		}
		return
	}
	b := &batchOfTasks{tasks: tasks, do: do}
	for thread := range min(threads, tasks) - 1 {
		b.left.Add(1)
		p.work[thread] <- b
	}
	b.drain(0)
	b.left.Wait()
}
