package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

const (
	maxAnswer = 4 << 20 // bytes
	maxRows   = 1000    // in one request
	trips     = 5       // failures in a row that open the breaker
	rest      = 10 * time.Second
)

// Options say which endpoint is asked, and how.
type Options struct {
	URL     string
	Token   string        // sent as a bearer token; "" sends none
	Timeout time.Duration // of one request
	Client  *http.Client  // nil makes one that follows no redirects
}

// Client asks one endpoint. It is safe for concurrent use.
type Client struct {
	o       Options
	breaker *gobreaker.CircuitBreaker[[]float64]
}

// New makes a client. Nothing is asked yet.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errs.New(errs.Invalid, "scoring.endpoint", "the endpoint's address must begin with http:// or https:// and name a host")
	}
	if o.Timeout <= 0 {
		o.Timeout = 300 * time.Millisecond
	}
	if o.Client == nil {
		o.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Client{o: o, breaker: gobreaker.NewCircuitBreaker[[]float64](gobreaker.Settings{
		Name: "scoring endpoint", Timeout: rest, ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= trips },
		// That the caller gave up says nothing about the endpoint.
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, context.Canceled) },
	})}, nil
}

// Predict gives the chance of each row. Errors are Unavailable: the caller falls back.
func (c *Client) Predict(ctx context.Context, columns []string, rows [][]any) ([]float64, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	if len(rows) > maxRows {
		return nil, errs.New(errs.TooLarge, "scoring.endpoint_rows", "at most %d leads can be asked about at once", maxRows)
	}
	out, err := c.breaker.Execute(func() ([]float64, error) { return c.ask(ctx, columns, rows) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, errs.Wrap(err, errs.Unavailable, "scoring.endpoint_resting", "the endpoint failed several times in a row and is left alone for a while")
	}
	if err != nil && errs.KindOf(err) == errs.Internal {
		err = errs.Wrap(err, errs.Unavailable, "scoring.endpoint_away", "the endpoint did not answer in time")
	}
	return out, err
}

func (c *Client) ask(ctx context.Context, columns []string, rows [][]any) ([]float64, error) {
	body, err := json.Marshal(map[string]any{"dataframe_split": map[string]any{"columns": columns, "data": rows}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if c.o.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.o.Token)
	}
	res, err := c.o.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errs.New(errs.Unavailable, "scoring.endpoint_status", "the endpoint answers with status %d", res.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxAnswer {
		return nil, errAnswer("is too long")
	}
	return predictions(text, len(rows))
}
