package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// SignatureHeader carries "t=<seconds since 1970>,v1=<hex>": HMAC-SHA256 under the
// signing secret of the seconds, a full stop and the body.
const SignatureHeader = "x-rapport-signature"

// Client sends to addresses of others. It never follows a redirect, and never
// connects to an address of a private network that is not allowed: the check is
// made on the address that is really connected to, so that no name leads around it.
type Client struct {
	http    *http.Client
	allowed []netip.Prefix
}

// NewClient makes a client. allowed are private networks that may be reached all
// the same, such as that of a service beside this one.
func NewClient(allowed []netip.Prefix, timeout time.Duration) *Client {
	c := &Client{allowed: allowed}
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error { return c.guard(address) }}
	c.http = &http.Client{Timeout: timeout,
		Transport:     &http.Transport{Proxy: nil, DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

// ErrAddress refuses addresses of private networks.
var ErrAddress = errs.New(errs.Forbidden, "webhook.address", "this address belongs to a private network, which web hooks may not reach; an administrator can allow it by RAPPORT_WEBHOOK_NETWORKS")

// special are networks that are nobody's on the internet, beside those that
// netip knows to be private, of this host or of many.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
}

func (c *Client) guard(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrAddress
	}
	return c.reachable(to.Addr().Unmap().WithZone(""))
}

func (c *Client) reachable(a netip.Addr) error {
	for _, p := range c.allowed {
		if p.Contains(a) {
			return nil
		}
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast() {
		return ErrAddress
	}
	for _, p := range special {
		if p.Contains(a) {
			return ErrAddress
		}
	}
	return nil
}

// CheckURL refuses an address that could never be sent to. Plain http is taken
// only where private networks are allowed.
func (c *Client) CheckURL(text string) error {
	bad := func(why string) error {
		return errs.InvalidFields("webhook.url", "the address can't be used: "+why, []errs.Field{{Name: "url", Code: "invalid", Message: why}})
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return bad("an address looks like https://example.com/path")
	case u.Scheme != "https" && (u.Scheme != "http" || len(c.allowed) == 0):
		return bad("it must begin with https://")
	case u.User != nil:
		return bad("it must hold no user and no password")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		if c.reachable(a.Unmap().WithZone("")) != nil {
			return bad("it belongs to a private network")
		}
	}
	return nil
}

// Ask posts JSON and gives what the other side answers, of at most so many bytes.
func (c *Client) Ask(ctx context.Context, address string, header http.Header, body []byte, most int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, errs.New(errs.Invalid, "webhook.url", "the address can't be used")
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "rapport/1")
	res, err := c.http.Do(r)
	if err != nil {
		if errors.Is(err, ErrAddress) {
			return nil, ErrAddress
		}
		return nil, errs.Wrap(err, errs.Unavailable, "webhook.failed", "the address did not answer")
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errs.New(errs.Unavailable, "webhook.status", "the address answered %d", res.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "webhook.failed", "the answer broke off")
	}
	if int64(len(text)) > most {
		return nil, errs.New(errs.Unavailable, "webhook.answer", "the answer is over %d bytes", most)
	}
	return text, nil
}

// Reply is what an address answered.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request and gives what the other side answers, whatever the status,
// with a body of at most so many bytes. The error is ErrAddress, or Unavailable where
// there was no whole answer.
func (c *Client) Do(r *http.Request, most int64) (Reply, error) {
	r.Header.Set("User-Agent", "rapport/1")
	res, err := c.http.Do(r)
	if err != nil {
		if errors.Is(err, ErrAddress) {
			return Reply{}, ErrAddress
		}
		return Reply{}, errs.Wrap(err, errs.Unavailable, "webhook.failed", "the address did not answer")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return Reply{}, errs.Wrap(err, errs.Unavailable, "webhook.failed", "the answer broke off")
	}
	if int64(len(text)) > most {
		return Reply{}, errs.New(errs.Unavailable, "webhook.answer", "the answer is over %d bytes", most)
	}
	return Reply{res.StatusCode, res.Header, text}, nil
}

// Sign gives the value of the signature header.
func Sign(secret []byte, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Post sends; nil means that the other side has taken it.
func (c *Client) Post(ctx context.Context, address string, headers map[string]string, body, secret []byte, now time.Time) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errs.New(errs.Invalid, "webhook.url", "the address can't be used")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "rapport-webhook/1")
	for name, v := range headers {
		r.Header[name] = []string{v}
	}
	if len(secret) > 0 {
		r.Header[SignatureHeader] = []string{Sign(secret, now, body)}
	}
	res, err := c.http.Do(r)
	if err != nil {
		if errors.Is(err, ErrAddress) {
			return ErrAddress
		}
		return errs.Wrap(err, errs.Unavailable, "webhook.failed", "the address did not answer")
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again; what it says does not matter
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return errs.New(errs.Unavailable, "webhook.status", "the address answered %d", res.StatusCode)
	}
	return nil
}
