package signature

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
)

// From is where a member signs from, and how it came in.
type From struct {
	Address  string
	Agent    string
	Method   string    // link, password
	SignedIn time.Time // when it came in
	Lang     string    // "en" or "de"
}

// Evidence is what is kept of a signature. Its text is sealed as it stands.
type Evidence struct {
	Request  id.ID     `json:"request"`
	Signer   id.ID     `json:"signatory"`
	Document string    `json:"document"`
	SHA256   string    `json:"sha256"`
	Size     int64     `json:"size"`
	Media    string    `json:"mediaType"`
	Contact  id.ID     `json:"contact"`
	Name     string    `json:"name"`
	Typed    string    `json:"typedName"`
	Email    string    `json:"email,omitempty"`
	Read     time.Time `json:"readOn"`
	At       time.Time `json:"signedOn"`
	Address  string    `json:"address"`
	Agent    string    `json:"userAgent"`
	Method   string    `json:"signInMethod"`
	SignedIn time.Time `json:"signedInOn"`
	Consent  string    `json:"consent"`
	Provider string    `json:"provider,omitempty"`
}

const sealPlace = "signature evidence"

// Consent is what who signs agrees to.
func Consent(lang string) string {
	if lang == "de" {
		return "Ich habe das Dokument gelesen und stimme ihm zu. Mein getippter Name gilt als meine Unterschrift."
	}
	return "I have read the document and agree to it. My typed name counts as my signature."
}

// seal gives the text of the evidence and its seal.
func (s *Service) seal(e Evidence) (text, seal string, err error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return "", "", err
	}
	return string(raw), hex.EncodeToString(s.c.Keys.Sign(sealPlace, raw)), nil
}

// sealed reads evidence whose seal holds.
func (s *Service) sealed(text, seal string) (e Evidence, ok bool) {
	raw, err := hex.DecodeString(seal)
	if err != nil || !s.c.Keys.Signed(sealPlace, []byte(text), raw) {
		return e, false
	}
	return e, json.Unmarshal([]byte(text), &e) == nil
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
