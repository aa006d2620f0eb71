package files

import (
	"context"
	"encoding/json"
	"io"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/job"
)

// Scan is what the scan for viruses found.
type Scan int64

// The findings. The numbers stand in the database.
const (
	Unscanned Scan = iota // no scanner was set when it came
	Waiting               // nobody may have it yet
	Clean
	Infected // its bytes are gone
)

// ScanKind is the kind of the jobs that scan.
const ScanKind = "files.scan"

// Scanner looks for viruses. found names one; "" is clean. An error that is
// errs.Unavailable means that it is to be asked again later.
type Scanner interface {
	Scan(ctx context.Context, content io.Reader) (found string, err error)
}

// ErrHeld is what content gives that waits for its scan, ErrInfected what was found bad.
var (
	ErrHeld     = &errs.Error{Kind: errs.Unavailable, Code: "files.held", Message: "the file waits to be scanned for viruses; it can be opened when it has been found clean", RetryAfter: 10e9}
	ErrInfected = errs.New(errs.Forbidden, "files.infected", "a virus was found in the file: it was removed and can't be opened")
)

// Scanning tells whether there is a scanner.
func (s *Store) Scanning() bool { return s.o.Scanner != nil }

// OnScanned has somebody told what a scan found, in the transaction that notes
// it. It is called before the jobs run.
func (s *Store) OnScanned(f func(ctx context.Context, tx *sqldb.Tx, in Info) error) {
	s.scanned = append(s.scanned, f)
}

// Scans is the handler of the jobs that scan. While the scanner is away they wait
// and are tried again; the files are held back as long.
func (s *Store) Scans() job.Handler {
	return job.Handler{Run: func(ctx context.Context, j *job.Job) error {
		var key id.ID
		if err := json.Unmarshal(j.Payload, &key); err != nil {
			return job.Permanent(err)
		}
		in, err := s.info(ctx, key)
		if errs.CodeOf(err) == ErrNoFile.Code {
			return nil
		}
		if err == nil && in.Scan == Infected { // we were stopped before its bytes were gone
			return s.forgetBytes(ctx, key)
		}
		if err != nil || in.Scan != Waiting {
			return err
		}
		if s.o.Scanner == nil {
			return errs.New(errs.Unavailable, "files.no_scanner", "no scanner is set any more")
		}
		r, err := s.openAny(ctx, contentName(key), in.KeyID != "")
		if err != nil {
			return err
		}
		defer r.Close()
		found, err := s.o.Scanner.Scan(ctx, r)
		if err != nil {
			return err
		}
		if in.Scan = Clean; found != "" {
			in.Scan = Infected
		}
		if err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
			if err := set1(tx, key, "scan", int64(in.Scan)); err != nil {
				return err
			}
			now, err := s.InfoIn(tx, key) // it may have been attached to a row meanwhile
			if errs.CodeOf(err) == ErrNoFile.Code {
				return j.Done(tx)
			}
			if err != nil {
				return err
			}
			for _, tell := range s.scanned {
				if err := tell(ctx, tx, now); err != nil {
					return err
				}
			}
			if in.Scan == Infected {
				return nil // the job ends when its bytes are gone
			}
			return j.Done(tx)
		}); err != nil || in.Scan == Clean {
			return err
		}
		return s.forgetBytes(ctx, key)
	}}
}

// forgetBytes drops the content and leaves its description.
func (s *Store) forgetBytes(ctx context.Context, key id.ID) error {
	if err := s.o.Bucket.Delete(ctx, contentName(key)); err != nil && errs.CodeOf(missing(err)) != "files.gone" {
		return broken(err)
	}
	return nil
}

func (in Info) mayOpen() error {
	switch in.Scan {
	case Waiting:
		return ErrHeld
	case Infected:
		return ErrInfected
	}
	return nil
}
