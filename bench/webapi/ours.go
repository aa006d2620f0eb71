package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"

	"github.com/rapport-platform/rapport/bench/internal/product"
)

type ours struct {
	p    *product.Product
	c    *client
	ids  []string
	deep string // link of the page deep into the table
}

// startOurs starts the product, lets it write one lead, stops it, fills the
// table with copies, and starts it again.
func startOurs(ctx context.Context, dir string, s settings) (*ours, error) {
	data := filepath.Join(dir, "ours")
	p, err := product.Start(ctx, data, "", "RAPPORT_SAMPLE=0")
	if err != nil {
		return nil, err
	}
	var made struct{ Leadid string }
	err = newClient(p.URL, "Bearer "+p.Token).do(ctx, http.MethodPost, set, lead(0), &made, "Prefer", "return=representation")
	if e := p.Stop(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	o := &ours{}
	if o.ids, err = product.Fill(ctx, filepath.Join(data, "rapport.db"), s.rows, nil); err != nil {
		return nil, fmt.Errorf("filling the product's table: %w", err)
	}
	if o.p, err = product.Start(ctx, data, "", "RAPPORT_SAMPLE=0"); err != nil {
		return nil, err
	}
	o.c = newClient(o.p.URL, "Bearer "+o.p.Token)
	return o, nil
}

const set = "/api/data/v9.2/leads"

func (o *ours) pid() int    { return o.p.Cmd.Process.Pid }
func (o *ours) stop() error { return o.p.Stop() }

// columns are asked for on both sides alike.
const columns = "subject,firstname,lastname,companyname,emailaddress1,mobilephone,address1_city,leadsourcecode,estimatedamount"

// findDeep walks to the page after so many rows, as a client would.
func (o *ours) findDeep(ctx context.Context, after int) error {
	next := set + "?$select=" + columns + ",createdon&$orderby=createdon"
	for seen := 0; seen < after; {
		var page struct {
			Next  string `json:"@odata.nextLink"`
			Value []any
		}
		if err := o.c.do(ctx, http.MethodGet, next, nil, &page, "Prefer", "odata.maxpagesize=5000"); err != nil {
			return err
		}
		if page.Next == "" {
			return fmt.Errorf("the table ends after %d rows", seen+len(page.Value))
		}
		seen, next = seen+len(page.Value), page.Next
	}
	o.deep = next
	return nil
}

func (o *ours) work(kind string) func(context.Context, *client, int) error {
	one := func(n int) string { return set + "(" + o.ids[n%len(o.ids)] + ")" }
	switch kind {
	case "create":
		return func(ctx context.Context, _ *client, n int) error {
			return o.c.do(ctx, http.MethodPost, set, lead(n), nil, "Prefer", "return=representation")
		}
	case "update":
		return func(ctx context.Context, _ *client, n int) error {
			return o.c.do(ctx, http.MethodPatch, one(n), map[string]any{"companyname": fmt.Sprint("Changed ", n), "estimatedamount": n}, nil, "Prefer", "return=representation")
		}
	case "read by id":
		return func(ctx context.Context, _ *client, n int) error {
			return o.c.do(ctx, http.MethodGet, one(n)+"?$select="+columns, nil, nil)
		}
	case "list of 50":
		return func(ctx context.Context, _ *client, n int) error {
			return o.c.do(ctx, http.MethodGet, set+"?$select="+columns+"&$filter="+url.QueryEscape(fmt.Sprintf("leadsourcecode eq %d and statecode eq 0", 1+n%10))+"&$orderby=createdon%20desc&$top=50", nil, nil)
		}
	}
	return func(ctx context.Context, _ *client, _ int) error {
		return o.c.do(ctx, http.MethodGet, o.deep, nil, nil, "Prefer", "odata.maxpagesize=50")
	}
}
