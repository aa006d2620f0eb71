package app

import (
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

// Config is everything that can be set.
type Config struct {
	Addr            string // host:port to listen on
	Data            string // folder of everything that is kept
	Database        string // postgres:// address, or the path of an SQLite file
	NATS            string // address of an external NATS cluster; "" is embedded
	TLSCert         string // files of the certificate and its key; both or none
	TLSKey          string
	AdminPassword   string         // of the administrator, at the first start
	SecretKey       string         // 64 hexadecimal digits under which secrets are sealed, earlier ones behind it with commas between; "" keeps a key file in Data
	Clamd           string         // host:port or unix:/path of ClamAV's daemon, which scans files that come in; "" scans none
	Country         string         // the organisation's own, ISO alpha-2: phone numbers without a country belong to it
	WebhookNetworks []netip.Prefix // private networks that web hooks may reach all the same
	Proxies         []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto are believed
	Lake            string         // folder of the lake; "" is lake in the data folder, "off" switches it off
	SMTP            string         // mail server, smtp://name:password@host:587; "" sends no e-mail
	MailFrom        string         // address that e-mail comes from
	URL             string         // address under which people reach this server, for links in e-mail
	CaptchaURL      string         // where an outside provider is asked whether a captcha was solved; "" asks none
	CaptchaSecret   string         // sent along with it
	ScoringToken    string         // sent to an external scoring endpoint as a bearer token
	Sample          bool           // put the sample organisation in at the first start

	Logger *slog.Logger
	Clock  clock.Clock
	// Solutions holds the bundles that come with the product, UI the built interface.
	Solutions fs.FS
	UI        fs.FS
	// Program is how a person calls the program on the command line.
	Program string
	// Announce is told of what a person should read: progress, address, sign-in.
	Announce func(line string)
	// Passwords is the cost of password hashes; zero is the default. Tests make it cheap.
	Passwords auth.Params
}

// FromEnv reads the configuration from the environment.
func FromEnv(getenv func(string) string) Config {
	or := func(name, def string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return def
	}
	return Config{
		Addr: or("RAPPORT_ADDR", "127.0.0.1:8080"), Data: or("RAPPORT_DATA", "data"), Database: getenv("RAPPORT_DATABASE"), NATS: embedded(getenv("RAPPORT_NATS")),
		TLSCert: getenv("RAPPORT_TLS_CERT"), TLSKey: getenv("RAPPORT_TLS_KEY"), AdminPassword: getenv("RAPPORT_ADMIN_PASSWORD"), Lake: getenv("RAPPORT_LAKE"), ScoringToken: getenv("RAPPORT_SCORING_TOKEN"), SecretKey: getenv("RAPPORT_SECRET_KEY"), Clamd: getenv("RAPPORT_CLAMD"), Sample: getenv("RAPPORT_SAMPLE") == "1",
		CaptchaURL: getenv("RAPPORT_CAPTCHA_URL"), CaptchaSecret: getenv("RAPPORT_CAPTCHA_SECRET"),
		SMTP: getenv("RAPPORT_SMTP"), MailFrom: getenv("RAPPORT_MAIL_FROM"), URL: getenv("RAPPORT_URL"),
		Country: or("RAPPORT_COUNTRY", "US"), Proxies: prefixes(getenv("RAPPORT_TRUSTED_PROXIES")), WebhookNetworks: prefixes(getenv("RAPPORT_WEBHOOK_NETWORKS")),
	}
}

// prefixes reads a list of networks; what is none is refused by complete, as an
// invalid prefix.
func prefixes(list string) (out []netip.Prefix) {
	for _, one := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(one)
		if a, e := netip.ParseAddr(one); err != nil && e == nil {
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out
}

func embedded(v string) string {
	if strings.EqualFold(v, "embedded") {
		return ""
	}
	return v
}

// complete fills in what follows from the rest, and refuses what can't work.
func (c *Config) complete() error {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Program == "" {
		c.Program = "rapport"
	}
	if c.Announce == nil {
		c.Announce = func(string) {}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errs.New(errs.Invalid, "app.tls", "set both RAPPORT_TLS_CERT and RAPPORT_TLS_KEY, or neither")
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return errs.New(errs.Invalid, "app.address", "RAPPORT_ADDR must look like 127.0.0.1:8080, not %q", c.Addr)
	}
	for _, p := range c.Proxies {
		if !p.IsValid() {
			return errs.New(errs.Invalid, "app.proxies", "RAPPORT_TRUSTED_PROXIES must be networks such as 10.0.0.0/8, with commas between")
		}
	}
	for _, p := range c.WebhookNetworks {
		if !p.IsValid() {
			return errs.New(errs.Invalid, "app.webhook_networks", "RAPPORT_WEBHOOK_NETWORKS must be networks such as 10.0.0.0/8, with commas between")
		}
	}
	if err := writable(c.Data); err != nil {
		return err
	}
	switch {
	case strings.EqualFold(c.Lake, LakeOff):
		c.Lake = LakeOff
	case c.Lake == "":
		c.Lake = filepath.Join(c.Data, "lake")
	}
	if c.Database == "" {
		c.Database = filepath.Join(c.Data, "rapport.db")
	}
	return nil
}

// LakeOff as Config.Lake means that no lake is kept.
const LakeOff = "off"

// writable makes the data folder and tries to write in it.
func writable(dir string) error {
	bad := func(err error) error {
		return errs.Wrap(err, errs.Invalid, "app.data", "the data folder %s can't be written: choose another with RAPPORT_DATA", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return bad(err)
	}
	f, err := os.CreateTemp(dir, ".write-*")
	if err != nil {
		return bad(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
