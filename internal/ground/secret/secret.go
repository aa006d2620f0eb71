// Package secret seals short secrets that must be read again, such as a
// signing key of a web hook or the seed of a one-time password, so that the
// database and its backups alone give nobody a way in. What only has to be
// compared is hashed instead, by package auth.
//
// It also signs what must not be changed unnoticed, such as the seals of the
// change log.
//
// A sealed text is AES-256-GCM under a key that lies beside the database, or is
// given from outside where several nodes share one database. Keys of files are
// derived from it, one for each file.
//
// Several keys make a ring: the first seals and signs, the others still open what
// they once sealed. To change the key, put a new one before the old ones.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// File is the name of the key's file in the data folder.
const File = "secret.key"

// prefix names the form, so that another can follow it one day.
const prefix = "s1:"

// Box seals and opens texts, and signs. It is safe for concurrent use.
type Box struct {
	aead   cipher.AEAD
	mac    []byte // signs; derived from the key
	files  []byte // keys of files come from it; derived from the key
	public string // names the key without giving it away
	older  []*Box // of a ring: what earlier keys open
}

// Open gives the box of an organisation: with the key given (64 hexadecimal
// digits; several with commas between, the newest first), else with those in the
// data folder, a line each, where one is made if there is none.
func Open(dir, key string) (*Box, error) {
	if key != "" {
		return parse(key, "RAPPORT_SECRET_KEY")
	}
	path := filepath.Join(dir, File)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var fresh [32]byte
		rand.Read(fresh[:]) // ends the program if the system has no randomness
		text = []byte(hex.EncodeToString(fresh[:]))
		if err = diskfile.Create(path, text); errors.Is(err, fs.ErrExist) {
			text, err = os.ReadFile(path) // another process was first
		}
	}
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "secret.file", "the key file %s can't be read or made", path)
	}
	return parse(strings.TrimSpace(string(text)), path)
}

// ringMost is how many keys a ring may have.
const ringMost = 20

func parse(text, where string) (*Box, error) {
	keys := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' || r == ' ' })
	if len(keys) == 0 || len(keys) > ringMost {
		return nil, errs.New(errs.Invalid, "secret.key", "%s must hold from 1 to %d keys of 64 hexadecimal digits", where, ringMost)
	}
	var first *Box
	for _, key := range keys {
		b, err := parseOne(key, where)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = b
		} else {
			first.older = append(first.older, b)
		}
	}
	return first, nil
}

func parseOne(key, where string) (*Box, error) {
	raw, err := hex.DecodeString(key)
	if err != nil || len(raw) != 32 {
		return nil, errs.New(errs.Invalid, "secret.key", "the key in %s must be 64 hexadecimal digits", where)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	mac, err := hkdf.Key(sha256.New, raw, nil, "rapport signature", sha256.Size)
	if err != nil {
		return nil, err
	}
	files, err := hkdf.Key(sha256.New, raw, nil, "rapport files", sha256.Size)
	if err != nil {
		return nil, err
	}
	name, err := hkdf.Key(sha256.New, raw, nil, "rapport key name", 8)
	return &Box{aead: aead, mac: mac, files: files, public: hex.EncodeToString(name)}, err
}

// FileKey gives the key of 32 bytes for one file, under the key of the ring that
// keyID names; place is as with Seal, salt is made anew for each time of writing.
func (b *Box) FileKey(keyID, place string, salt []byte) ([]byte, error) {
	for _, one := range append([]*Box{b}, b.older...) {
		if one.public == keyID {
			return hkdf.Key(sha256.New, one.files, salt, place, sha256.Size)
		}
	}
	return nil, errs.New(errs.Internal, "secret.ring", "a file is kept under a key that is not in the ring: put the earlier key behind the new one")
}

// KeyID names the key, so that what was signed under another can be told apart.
func (b *Box) KeyID() string { return b.public }

// Has tells whether a key is in the ring.
func (b *Box) Has(keyID string) bool {
	return b.public == keyID || slices.ContainsFunc(b.older, func(o *Box) bool { return o.public == keyID })
}

// Sign gives a signature of data for a place, as Seal takes one: an HMAC-SHA-256
// under a key derived from the box's. Only who has the key can make or check it.
func (b *Box) Sign(place string, data []byte) []byte {
	h := hmac.New(sha256.New, b.mac)
	h.Write([]byte(place))
	h.Write([]byte{0})
	h.Write(data)
	return h.Sum(nil)
}

// Signed tells whether a signature is that of data for the place.
func (b *Box) Signed(place string, data, signature []byte) bool {
	return hmac.Equal(b.Sign(place, data), signature) || slices.ContainsFunc(b.older, func(o *Box) bool { return o.Signed(place, data, signature) })
}

// Seal gives the text in which a secret is kept. place says what it is for, such
// as "totp 4711": it opens in that place only, so that nobody who can write to
// the database can move one secret to where another belongs.
func (b *Box) Seal(place string, plain []byte) string {
	nonce := make([]byte, b.aead.NonceSize())
	rand.Read(nonce)
	return prefix + base64.RawStdEncoding.EncodeToString(b.aead.Seal(nonce, nonce, plain, []byte(place)))
}

// Unseal gives the secret back. It fails if the text was not sealed for the
// place, was changed, or was sealed under another key.
func (b *Box) Unseal(place, sealed string) ([]byte, error) {
	bad := errs.New(errs.Internal, "secret.sealed", "a stored secret can't be opened: is the key file the one it was sealed with?")
	text, ok := strings.CutPrefix(sealed, prefix)
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if !ok || err != nil || len(raw) < b.aead.NonceSize() {
		return nil, bad
	}
	for _, one := range append([]*Box{b}, b.older...) {
		if plain, err := one.aead.Open(nil, raw[:b.aead.NonceSize()], raw[b.aead.NonceSize():], []byte(place)); err == nil {
			return plain, nil
		}
	}
	return nil, bad
}
