package portal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// NewToken gives the token of one showing of a form. It makes the second click
// on "send" the same event as the first, and remembers when the form was shown.
func (s *Service) NewToken(form string) string {
	body := strconv.FormatInt(s.cfg.Clock.Now().UnixMilli(), 36) + "." + rand.Text()
	return body + "." + s.sign(form, body)
}

func (s *Service) sign(form, body string) string {
	mac := hmac.New(sha256.New, s.cfg.Secret)
	mac.Write([]byte(form + "\x00" + body))
	return hex.EncodeToString(mac.Sum(nil)[:12])
}

// age tells how long ago a token was given out; false where that can't be told.
func (s *Service) age(form, token string) (time.Duration, bool) {
	at := strings.LastIndexByte(token, '.')
	if at < 0 || !hmac.Equal([]byte(token[at+1:]), []byte(s.sign(form, token[:at]))) {
		return 0, false
	}
	since, _, _ := strings.Cut(token, ".")
	ms, err := strconv.ParseInt(since, 36, 64)
	if err != nil {
		return 0, false
	}
	return s.cfg.Clock.Now().Sub(time.UnixMilli(ms)), true
}
