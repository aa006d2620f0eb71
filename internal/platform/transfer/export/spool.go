package export

import (
	"errors"
	"io"
	"os"
	"sync"

	"github.com/rapport-platform/rapport/internal/ground/diskfile"
)

// holdBack is how many bytes are there before the first leave: an export that
// fails before gives its reason instead of a broken file.
const holdBack = 1 << 20

// lost is an error of the receiver's.
type lost struct{ error }

func (l *lost) Unwrap() error { return l.error }

// spool is a file between the database and the receiver: rows are read as fast
// as the disk takes them, however slowly they are fetched, so that no moment of
// the database is held for a slow line. The file has no name any more once it is
// open, where the system allows it.
type spool struct {
	file *os.File
	to   io.Writer

	mu      sync.Mutex
	more    sync.Cond
	written int64
	ended   bool  // no more comes
	dropped bool  // what is there is of no use
	lost    error // the receiver's
	sent    chan struct{}
}

func newSpool(dir string, to io.Writer) (*spool, error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, diskfile.Full(err)
		}
	}
	f, err := os.CreateTemp(dir, "export-*")
	if err != nil {
		return nil, diskfile.Full(err)
	}
	_ = os.Remove(f.Name()) // where it can't go now, it goes at the end
	s := &spool{file: f, to: to, sent: make(chan struct{})}
	s.more.L = &s.mu
	go s.send()
	return s, nil
}

// Write fails once the receiver has.
func (s *spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	lost := s.lost
	s.mu.Unlock()
	if lost != nil {
		return 0, lost
	}
	n, err := s.file.Write(p)
	s.mu.Lock()
	s.written += int64(n)
	s.mu.Unlock()
	s.more.Signal()
	return n, diskfile.Full(err)
}

// send gives on what has been written. A panic of the receiver's is an error:
// this is no request's goroutine.
func (s *spool) send() {
	defer close(s.sent)
	var at int64
	buf := make([]byte, 64<<10)
	for {
		upTo, end := s.ready(at)
		for at < upTo {
			n, err := s.file.ReadAt(buf[:min(int64(len(buf)), upTo-at)], at)
			if n > 0 {
				_, err = s.to.Write(buf[:n])
			}
			if err != nil {
				s.mu.Lock()
				s.lost = &lost{err}
				s.mu.Unlock()
				return
			}
			at += int64(n)
		}
		if end {
			return
		}
	}
}

// ready waits until there is more to give on than there was, or no more will come.
func (s *spool) ready(at int64) (upTo int64, end bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.ended && (s.written <= at || s.written < holdBack) {
		s.more.Wait()
	}
	if s.dropped {
		return at, true
	}
	return s.written, s.ended
}

// close ends the spool: err is why no more comes, nil at the end. It waits until
// the receiver has all, and gives what went wrong.
func (s *spool) close(err error) error {
	s.mu.Lock()
	s.ended, s.dropped = true, err != nil
	s.mu.Unlock()
	s.more.Signal()
	<-s.sent
	name := s.file.Name()
	e := s.file.Close()
	if e2 := os.Remove(name); e2 != nil && !errors.Is(e2, os.ErrNotExist) {
		e = errors.Join(e, e2)
	}
	if err == nil {
		err = errors.Join(s.lost, e)
	}
	return err
}
