package portal

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Verifier asks an outside provider whether a captcha was solved. An error means
// that the provider could not be asked.
type Verifier interface {
	Verify(ctx context.Context, response string, from netip.Addr) (bool, error)
}

// Captcha is the widget of an outside provider on a form's page. Its script then
// runs on the page: that is the organisation's own choice, form by form.
type Captcha struct {
	Script  string   `json:"script"`  // https address
	Class   string   `json:"class"`   // of the element that the script looks for
	SiteKey string   `json:"sitekey"` // data-sitekey of that element
	Field   string   `json:"field"`   // name of the input that the widget adds
	Origins []string `json:"origins"` // further sites that the widget loads from
}

// HTTPVerifier asks by the request that the common providers share: a form with
// secret, response and remoteip, answered with {"success": true}.
type HTTPVerifier struct {
	URL    string
	Secret string
	Client *http.Client
}

// Verify implements Verifier.
func (v *HTTPVerifier) Verify(ctx context.Context, response string, from netip.Addr) (bool, error) {
	form := url.Values{"secret": {v.Secret}, "response": {response}}
	if from.IsValid() {
		form.Set("remoteip", from.String())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return false, errs.Wrap(err, errs.Invalid, "portal.captcha", "the captcha's provider has no usable address")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := v.Client.Do(req)
	if err != nil {
		return false, errs.Wrap(err, errs.Unavailable, "portal.captcha", "the captcha's provider does not answer")
	}
	defer res.Body.Close()
	var answer struct {
		Success bool `json:"success"`
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(text, &answer) != nil {
		return false, errs.New(errs.Unavailable, "portal.captcha", "the captcha's provider gives no usable answer")
	}
	return answer.Success, nil
}
