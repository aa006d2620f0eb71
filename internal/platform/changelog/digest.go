package changelog

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// A row has two digests. That of its content (salt, values, address) can be kept
// when an erasure takes the content away; that of the row covers it and all else
// that the row says, and goes into the seal.

const digestSize = sha256.Size

// digester feeds a hash without two different rows ever giving the same bytes:
// every text comes with its length.
type digester struct {
	h   hash.Hash
	buf [8]byte
}

func newDigester(domain string) *digester {
	d := &digester{h: sha256.New()}
	d.text(domain)
	return d
}

func (d *digester) int(n int64) {
	binary.BigEndian.PutUint64(d.buf[:], uint64(n))
	d.h.Write(d.buf[:])
}

func (d *digester) text(s string) {
	d.int(int64(len(s)))
	d.h.Write([]byte(s))
}

func (d *digester) bytes(b []byte) {
	d.int(int64(len(b)))
	d.h.Write(b)
}

// image tells an image that is missing from one that is empty.
func (d *digester) image(b []byte) {
	if b == nil {
		d.int(-1)
		return
	}
	d.bytes(b)
}

func (d *digester) sum() (out [digestSize]byte) {
	d.h.Sum(out[:0])
	return out
}

// contentDigest is the digest of what an erasure may take away.
func contentDigest(salt id.ID, c *Change) [digestSize]byte {
	d := newDigester("rapport change content 1")
	d.bytes(salt[:])
	d.image(c.Before)
	d.image(c.After)
	d.text(c.Address)
	return d.sum()
}

// rowDigest is the digest of a row at its place in the log.
func rowDigest(pos int64, c *Change, content [digestSize]byte) [digestSize]byte {
	d := newDigester("rapport change 1")
	d.int(c.Seq)
	d.int(pos)
	d.int(c.At.UnixMicro())
	d.text(c.Table)
	d.bytes(c.Record[:])
	d.int(c.Version)
	d.int(int64(c.Op))
	d.bytes(c.Actor[:])
	d.bytes(c.OnBehalfOf[:])
	d.text(c.Origin)
	d.text(string(c.Channel))
	d.bytes(content[:])
	return d.sum()
}

// logged is a row with what its digest is made of.
type logged struct {
	Change
	pos    int64
	salt   id.ID
	digest string // of the content, in hexadecimal digits, where an erasure has taken it away
}

// sum gives the row's digest. A digest that can't be read gives one that fits nothing.
func (r *logged) sum() [digestSize]byte {
	if r.Erasure == id.Nil {
		return rowDigest(r.pos, &r.Change, contentDigest(r.salt, &r.Change))
	}
	var content [digestSize]byte
	if raw, err := hex.DecodeString(r.digest); err == nil && len(raw) == digestSize {
		copy(content[:], raw)
	}
	return rowDigest(r.pos, &r.Change, content)
}

// scanLogged reads rows of columns, followed by c.pos, c.salt and c.digest.
func (l *Log) scanLogged(rows *sqldb.Rows) (out []logged, err error) {
	err = l.eachLogged(rows, func(row logged) { out = append(out, row) })
	return out, err
}

func (l *Log) eachLogged(rows *sqldb.Rows, fn func(logged)) error {
	defer rows.Close()
	for rows.Next() {
		var r logged
		var salt any
		var digest sql.NullString
		if err := l.scan(rows, &r.Change, &r.Seq, &r.pos, &salt, &digest); err != nil {
			return err
		}
		d := decoder{d: l.db.Dialect()}
		if r.salt, r.digest = as[id.ID](&d, query.ID, salt), digest.String; d.err != nil {
			return d.err
		}
		fn(r)
	}
	return rows.Err()
}
