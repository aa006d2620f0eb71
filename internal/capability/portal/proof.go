package portal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Proof of work makes it dear to send many forms by machine. It goes by the
// protocol of ALTCHA: the visitor's browser looks for the number whose digest,
// behind the salt, is the challenge. The challenge is signed, ends, belongs to
// one form and counts once.

// Challenge is what a browser is asked to solve.
type Challenge struct {
	Algorithm string `json:"algorithm"` // SHA-256
	Challenge string `json:"challenge"` // hex digest of salt and number
	MaxNumber int    `json:"maxnumber"`
	Salt      string `json:"salt"` // with ?expires= and the form
	Signature string `json:"signature"`
}

// solution is what the browser sends back, as base64 of JSON.
type solution struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	Number    int64  `json:"number"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

const (
	proofLife = 30 * time.Minute
	proofWork = 60_000 // numbers at most: a fraction of a second in a browser
	proofHard = 240_000
	maxProofs = 100_000 // solutions remembered as used
)

// How a proof was found.
const (
	proofGood    = ""
	proofMissing = "no_proof"
	proofWrong   = "bad_proof"
	proofOld     = "old_proof"
	proofUsed    = "used_proof"
)

// NewChallenge makes a challenge for a form; harder while the form is under pressure.
func (s *Service) NewChallenge(form string) Challenge {
	most := proofWork
	if !s.pressedSince(form).IsZero() {
		most = proofHard
	}
	query := url.Values{"expires": {strconv.FormatInt(s.cfg.Clock.Now().Add(proofLife).Unix(), 10)}, "form": {form}}
	salt := rand.Text() + "?" + query.Encode()
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	number := int64(binary.BigEndian.Uint64(random[:]) % uint64(most))
	challenge := proofDigest(salt, number)
	return Challenge{Algorithm: "SHA-256", Challenge: challenge, MaxNumber: most, Salt: salt, Signature: s.signProof(challenge)}
}

func proofDigest(salt string, number int64) string {
	sum := sha256.Sum256([]byte(salt + strconv.FormatInt(number, 10)))
	return hex.EncodeToString(sum[:])
}

func (s *Service) signProof(challenge string) string {
	mac := hmac.New(sha256.New, s.cfg.Secret)
	mac.Write([]byte("proof\x00" + challenge))
	return hex.EncodeToString(mac.Sum(nil))
}

// checkProof tells how good a proof is: proofGood, or what is wrong with it. A
// good one is remembered with the submission it came with; the same submission
// sent again is no second use.
func (s *Service) checkProof(form, payload, submission string) string {
	if payload == "" {
		return proofMissing
	}
	if len(payload) > 2000 {
		return proofWrong
	}
	text, err := base64.StdEncoding.DecodeString(payload)
	var got solution
	if err != nil || json.Unmarshal(text, &got) != nil || got.Algorithm != "SHA-256" || got.Number < 0 ||
		!hmac.Equal([]byte(got.Signature), []byte(s.signProof(got.Challenge))) || proofDigest(got.Salt, got.Number) != got.Challenge {
		return proofWrong
	}
	_, rest, _ := strings.Cut(got.Salt, "?")
	query, err := url.ParseQuery(rest)
	if err != nil || query.Get("form") != form {
		return proofWrong
	}
	until, err := strconv.ParseInt(query.Get("expires"), 10, 64)
	now := s.cfg.Clock.Now()
	if err != nil || now.Unix() >= until {
		return proofOld
	}
	if !s.proofs.take(got.Challenge, submission, time.Unix(until, 0), now) {
		return proofUsed
	}
	return proofGood
}

// used remembers solutions until they end by themselves.
type used struct {
	mu    sync.Mutex
	known map[string]usedBy
	order []string // by when they came
}

type usedBy struct {
	submission string
	until      time.Time
}

// take tells whether the solution is new, or came with this submission before.
func (u *used) take(challenge, submission string, until, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if by, there := u.known[challenge]; there {
		return by.submission == submission
	}
	for len(u.order) > 0 && (len(u.order) >= maxProofs || !now.Before(u.known[u.order[0]].until)) {
		delete(u.known, u.order[0])
		u.order = u.order[1:]
	}
	if u.known == nil {
		u.known = map[string]usedBy{}
	}
	u.known[challenge] = usedBy{submission, until}
	u.order = append(u.order, challenge)
	return true
}

// pressure remembers which forms are sent more often than people would.
type pressure struct {
	mu    sync.Mutex
	since map[string]time.Time
	until map[string]time.Time
}

const pressureLasts = 10 * time.Minute

// press notes that a form came faster than it should.
func (p *pressure) press(form string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since == nil {
		p.since, p.until = map[string]time.Time{}, map[string]time.Time{}
	}
	if !now.Before(p.until[form]) {
		p.since[form] = now
	}
	p.until[form] = now.Add(pressureLasts)
}

func (s *Service) pressedSince(form string) time.Time {
	s.pressed.mu.Lock()
	defer s.pressed.mu.Unlock()
	if s.cfg.Clock.Now().Before(s.pressed.until[form]) {
		return s.pressed.since[form]
	}
	return time.Time{}
}

// WantsProof tells whether a page of the form is to ask for a proof of work now.
func (s *Service) WantsProof(f *Form) bool {
	return f.Protection.Proof == ProofAlways || f.Protection.Proof == ProofAuto && !s.pressedSince(f.Name).IsZero()
}
