package files

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"

	"github.com/minio/sio"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Sealed content is a head and a stream in the DARE 2.0 format: packages of 64
// KiB, each with AES-256-GCM, in their order, the last one marked. The head names
// the key of the ring and holds the salt by which the file's own key is derived,
// with the object's name: content that is moved to where another belongs, cut off
// or changed is not read.
const (
	sealMagic   = "RPF1"
	sealSalt    = 16
	sealHead    = len(sealMagic) + 8 + sealSalt
	sealPackage = 64 << 10
	sealExtra   = 32 // bytes that each package grows by
)

func sealConfig(key []byte) sio.Config {
	return sio.Config{MinVersion: sio.Version20, MaxVersion: sio.Version20, CipherSuites: []byte{sio.AES_256_GCM}, Key: key}
}

// writer begins an object of the bucket, sealed where there are keys, and gives
// the id of its key. To drop it, end its context before Close.
func (s *Store) writer(ctx context.Context, name string) (io.WriteCloser, string, error) {
	w, err := s.o.Bucket.NewWriter(ctx, name, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return nil, "", broken(err)
	}
	if s.o.Keys == nil {
		return w, "", nil
	}
	keyID := s.o.Keys.KeyID()
	raw, err := hex.DecodeString(keyID)
	if err != nil {
		return nil, "", err
	}
	salt := make([]byte, sealSalt)
	rand.Read(salt) // ends the program if the system has no randomness
	key, err := s.o.Keys.FileKey(keyID, "file "+name, salt)
	if err != nil {
		return nil, "", err
	}
	if _, err := w.Write(append(append([]byte(sealMagic), raw...), salt...)); err != nil {
		_ = w.Close()
		return nil, "", broken(err)
	}
	sealing, err := sio.EncryptWriter(onlyWrites{w}, sealConfig(key))
	if err != nil {
		return nil, "", err
	}
	return &sealedWriter{sealing, w}, keyID, nil
}

// onlyWrites keeps the sealing from closing what lies below, so that what it
// can't bring to its end is dropped.
type onlyWrites struct{ io.Writer }

type sealedWriter struct {
	io.WriteCloser
	below io.Closer
}

func (w *sealedWriter) Close() error {
	err := w.WriteCloser.Close()
	if e := w.below.Close(); err == nil {
		err = e
	}
	return err
}

// sealedReader reads sealed content from anywhere.
type sealedReader struct {
	ctx   context.Context
	store *Store
	name  string
	key   []byte
	size  int64 // of the content
	at    int64
	part  io.ReadCloser
	plain io.Reader
}

// unseal gives a reader of an object. mustSeal says that it has to be sealed.
func (s *Store) unseal(ctx context.Context, name string, mustSeal bool) (io.ReadSeekCloser, error) {
	r, err := s.o.Bucket.NewReader(ctx, name, nil)
	if err != nil {
		return nil, missing(err)
	}
	head := make([]byte, sealHead)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		_ = r.Close()
		return nil, broken(err)
	}
	if n < sealHead || string(head[:len(sealMagic)]) != sealMagic || s.o.Keys == nil {
		if mustSeal {
			_ = r.Close()
			return nil, errTampered
		}
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			_ = r.Close()
			return nil, broken(err)
		}
		return struct{ *blob.Reader }{r}, nil
	}
	size, err := sio.DecryptedSize(uint64(r.Size() - int64(sealHead)))
	if e := r.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, errTampered
	}
	key, err := s.o.Keys.FileKey(hex.EncodeToString(head[len(sealMagic):len(sealMagic)+8]), "file "+name, head[len(sealMagic)+8:])
	if err != nil {
		return nil, err
	}
	return &sealedReader{ctx: ctx, store: s, name: name, key: key, size: int64(size)}, nil
}

var errTampered = errs.New(errs.Internal, "files.sealed", "the content of the file was changed, or its key is gone")

func missing(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return errs.Wrap(errGone, errs.NotFound, "files.gone", "the content of the file is gone")
	}
	return broken(err)
}

func (r *sealedReader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.plain == nil {
		if err := r.begin(); err != nil {
			return 0, err
		}
	}
	n, err := r.plain.Read(p)
	r.at += int64(n)
	switch {
	case err == io.EOF && r.at == r.size:
		err = nil // the next call says so
	case err != nil:
		err = errTampered
	}
	return n, err
}

// begin opens the package in which the position lies.
func (r *sealedReader) begin() error {
	first := r.at / sealPackage
	part, err := r.store.o.Bucket.NewRangeReader(r.ctx, r.name, int64(sealHead)+first*(sealPackage+sealExtra), -1, nil)
	if err != nil {
		return missing(err)
	}
	config := sealConfig(r.key)
	config.SequenceNumber = uint32(first)
	plain, err := sio.DecryptReader(part, config)
	if err == nil {
		_, err = io.CopyN(io.Discard, plain, r.at%sealPackage)
	}
	if err != nil {
		_ = part.Close()
		return errTampered
	}
	r.part, r.plain = part, plain
	return nil
}

func (r *sealedReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errs.New(errs.Invalid, "files.seek", "there is nothing before the beginning of a file")
	}
	if offset == r.at {
		return offset, nil
	}
	r.at = offset
	return offset, r.Close()
}

func (r *sealedReader) Close() error {
	part := r.part
	r.part, r.plain = nil, nil
	if part == nil {
		return nil
	}
	return part.Close()
}

// reseal brings content that lies open, or under an earlier key, under the
// newest: what was there before there were keys, and after they were changed.
func (s *Store) reseal(ctx context.Context, in Info) error {
	for _, name := range []string{contentName(in.ID), thumbName(in.ID)} {
		if there, err := s.o.Bucket.Exists(ctx, name); err != nil || !there {
			if err != nil {
				return broken(err)
			}
			continue
		}
		if err := s.resealOne(ctx, name, in.KeyID != ""); err != nil {
			return err
		}
	}
	return s.set1(ctx, in.ID, "keyid", s.o.Keys.KeyID())
}

func (s *Store) resealOne(ctx context.Context, name string, sealed bool) error {
	r, err := s.unseal(ctx, name, sealed)
	if err != nil {
		return err
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, _, err := s.writer(ctx, name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		cancel()
		_ = w.Close() // it fails, as the context has ended: what was there stays
		return err
	}
	if err := w.Close(); err != nil {
		return broken(err)
	}
	return nil
}

// set1 writes one column of the description.
func (s *Store) set1(ctx context.Context, key id.ID, column string, value any) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return set1(tx, key, column, value) })
}

func set1(tx *sqldb.Tx, key id.ID, column string, value any) error {
	enc, err := query.Encode(tx.Dialect(), query.ID, key)
	if err != nil {
		return err
	}
	p := tx.Dialect().Placeholder
	_, err = tx.Exec("UPDATE filecontent SET "+column+" = "+p(1)+" WHERE fileid = "+p(2), value, enc)
	return err
}
