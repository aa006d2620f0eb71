package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/files"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
)

// refusal is an answer that trying again can't change.
type refusal struct{ why string }

func (r refusal) Error() string { return r.why }

// later is an answer that says when to try again.
type later struct {
	error
	wait time.Duration
}

func (l later) Unwrap() error { return l.error }

// errGone means that what was to be sent is there no more.
var errGone = errors.New("what was to be sent is there no more")

// call sends one request and gives the body of a good answer.
func (s *Service) call(ctx context.Context, cp *counterpart, method, path string, header http.Header, body []byte, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, cp.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, cp.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, refusal{"the address can't be used"}
	}
	for name, values := range header {
		r.Header[name] = values
	}
	token, err := s.secret(ctx, cp.id, secretToken)
	if err != nil {
		return nil, err
	}
	if len(token) > 0 {
		r.Header.Set("Authorization", "Bearer "+string(token))
	}
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "application/json, application/problem+json")
	}
	reply, err := s.c.Sender.Do(r, most)
	if err != nil {
		return nil, err
	}
	return judge(reply)
}

// judge tells a good answer from one to be tried again and one that is final.
func judge(reply webhook.Reply) ([]byte, error) {
	switch {
	case reply.Status >= 200 && reply.Status < 300:
		return reply.Body, nil
	case reply.Status == http.StatusNotFound:
		return nil, errs.Wrap(refusal{"404: " + problem(reply.Body)}, errs.NotFound, "exchange.missing", "the counterpart does not know this: %s", problem(reply.Body))
	case reply.Status == http.StatusRequestTimeout, reply.Status == http.StatusTooEarly, reply.Status == http.StatusTooManyRequests, reply.Status >= 500:
		err := errs.New(errs.Unavailable, "exchange.status", "the counterpart answered %d: %s", reply.Status, problem(reply.Body))
		if seconds, e := strconv.Atoi(reply.Header.Get("Retry-After")); e == nil && seconds > 0 {
			return nil, later{err, min(time.Duration(seconds)*time.Second, time.Hour)}
		}
		return nil, err
	}
	return nil, refusal{"the counterpart refused it with " + strconv.Itoa(reply.Status) + ": " + problem(reply.Body)}
}

// problem gives what an answer says of itself, in a line.
func problem(body []byte) string {
	var p struct{ Code, Title, Detail string }
	if json.Unmarshal(body, &p) != nil || p.Title == "" && p.Detail == "" {
		return clip(strings.ToValidUTF8(strings.Join(strings.Fields(string(body)), " "), "?"), 300)
	}
	return clip(strings.TrimSpace(p.Code+" "+p.Title+" "+p.Detail), 1000)
}

// getCase reads a case as the counterpart has it.
func (s *Service) getCase(ctx context.Context, cp *counterpart, key string) (remoteCase, error) {
	body, err := s.call(ctx, cp, http.MethodGet, "/cases/"+url.PathEscape(key), nil, nil, 16*mostBody)
	if err != nil {
		return remoteCase{}, err
	}
	return readCase(body, key)
}

// getContent reads the content of a document and checks it.
func (s *Service) getContent(ctx context.Context, cp *counterpart, key string, d *wireDocument) ([]byte, error) {
	body, err := s.call(ctx, cp, http.MethodGet, "/cases/"+url.PathEscape(key)+"/documents/"+url.PathEscape(d.ID)+"/content", http.Header{"Accept": {"application/octet-stream, application/problem+json"}}, nil, mostDocument)
	if err != nil {
		return nil, err
	}
	if int64(len(body)) != d.Size || digest(body) != d.SHA256 {
		return nil, nonsense("the content of document %s has not the size or the hash that was said", clip(d.ID, 100))
	}
	return body, nil
}

// send sends an intent and reads the answer.
func (s *Service) send(ctx context.Context, cp *counterpart, link, in record.Row) (remoteCase, error) {
	key := link.ID("rpt_recordid").String()
	path := "/cases/" + key
	method, media, body := http.MethodPut, "application/json", []byte(in.Text("rpt_payload"))
	switch in.Text("rpt_kind") {
	case kindCase:
	case kindFields:
		method, media = http.MethodPatch, "application/merge-patch+json"
	case kindStatus:
		path += "/status"
	case kindNote:
		method, path = http.MethodPost, path+"/notes"
	case kindNoteGone, kindDocumentGone:
		return s.sendRemoval(ctx, cp, key, in)
	case kindDocument, kindContent:
		d, content, err := s.document(ctx, in)
		if err != nil {
			return remoteCase{}, err
		}
		if in.Text("rpt_kind") == kindContent {
			path, media, body = path+"/documents/"+url.PathEscape(d.ID)+"/content", "application/octet-stream", content
			break
		}
		method, path = http.MethodPost, path+"/documents"
		if body, err = json.Marshal(d); err != nil {
			return remoteCase{}, err
		}
	default:
		return remoteCase{}, refusal{"there is no such kind of change: " + in.Text("rpt_kind")}
	}
	return s.change(ctx, cp, key, in, method, path, media, body)
}

// change sends one change of a case, and reads the case that is answered.
func (s *Service) change(ctx context.Context, cp *counterpart, key string, in record.Row, method, path, media string, body []byte) (remoteCase, error) {
	header := http.Header{"Idempotency-Key": {in.ID("rpt_exchangeintentid").String()}, "Exchange-Sequence": {strconv.FormatInt(in.Int("rpt_number"), 10)}}
	if media != "" {
		header.Set("Content-Type", media)
	}
	answer, err := s.call(ctx, cp, method, path, header, body, 16*mostBody)
	if err != nil {
		return remoteCase{}, err
	}
	got, err := readCase(answer, key)
	if err != nil { // whether it was done nobody knows: the same key tells
		return got, errs.Wrap(err, errs.Unavailable, "exchange.nonsense", "the answer makes no sense")
	}
	return got, nil
}

// sendRemoval sends that a note, or document, is gone. Where the counterpart answers
// that it does not know it, this is what was wanted, if it knows the case.
func (s *Service) sendRemoval(ctx context.Context, cp *counterpart, key string, in record.Row) (remoteCase, error) {
	var p removedPayload
	if err := json.Unmarshal([]byte(in.Text("rpt_payload")), &p); err != nil {
		return remoteCase{}, refusal{"the change can't be read"}
	}
	part := "/notes/"
	if in.Text("rpt_kind") == kindDocumentGone {
		part = "/documents/"
	}
	got, err := s.change(ctx, cp, key, in, http.MethodDelete, "/cases/"+key+part+url.PathEscape(p.ID), "", nil)
	if !errs.Has(err, errs.NotFound) {
		return got, err
	}
	if is, e := s.getCase(ctx, cp, key); e == nil && !is.has(p.ID) {
		return is, nil
	}
	return got, err
}

// document reads the document of a note. The description never changes for the
// same content, so that a request that is tried again is the same request.
func (s *Service) document(ctx context.Context, in record.Row) (wireDocument, []byte, error) {
	var p documentPayload
	if err := json.Unmarshal([]byte(in.Text("rpt_payload")), &p); err != nil {
		return wireDocument{}, nil, refusal{"the change can't be read"}
	}
	ctx = s.system(ctx, "document")
	row, err := s.c.Store.Get(ctx, tableNote, p.Note, nil, nil)
	if errs.Has(err, errs.NotFound) || err == nil && row.ID("documentbody") != p.File {
		return wireDocument{}, nil, errGone
	}
	if err != nil {
		return wireDocument{}, nil, err
	}
	info, err := s.c.Files.Info(ctx, tableNote, p.Note, "documentbody")
	if err != nil {
		return wireDocument{}, nil, gone(err)
	}
	if info.ID != p.File {
		return wireDocument{}, nil, errGone
	}
	if info.Size > mostDocument {
		return wireDocument{}, nil, refusal{"the document is over 25 MiB"}
	}
	d := wireDocument{ID: outsideID(row), Name: info.Name, MediaType: info.MediaType, Size: info.Size, SHA256: strings.ToLower(info.SHA256), CreatedOn: info.CreatedOn.UTC().Format(time.RFC3339)}
	if in.Text("rpt_kind") == kindDocument {
		return d, nil, nil
	}
	content, err := s.read(ctx, info)
	return d, content, err
}

func (s *Service) read(ctx context.Context, info files.Info) ([]byte, error) {
	f, err := s.c.Files.Open(ctx, info)
	if err != nil {
		return nil, gone(err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, mostDocument+1))
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "exchange.document", "the document can't be read at the moment")
	}
	return content, nil
}

func gone(err error) error {
	if errs.Has(err, errs.NotFound) {
		return errGone
	}
	return err
}
