package endpoint

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

func TestAsksInTheProtocol(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Split struct {
				Columns []string `json:"columns"`
				Data    [][]any  `json:"data"`
			} `json:"dataframe_split"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("Content-Type") != "application/json" {
			t.Error(err, r.Method, r.Header)
		}
		if len(in.Split.Columns) != 2 || len(in.Split.Data) != 4 || in.Split.Data[1][0] != nil || in.Split.Data[0][1] != 3.0 {
			t.Errorf("%+v", in)
		}
		fmt.Fprint(w, `{"predictions":[0.25,[0.3,0.7],{"probability":0.5},1]}`)
	}))
	defer s.Close()
	c, err := New(Options{URL: s.URL + "/invocations", Token: "secret", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Predict(t.Context(), []string{"job", "age"}, [][]any{{"x", 3.0}, {nil, 1.0}, {"a", 2.0}, {"b", nil}})
	if err != nil || fmt.Sprint(p) != "[0.25 0.7 0.5 1]" {
		t.Errorf("%v %v", p, err)
	}
}

func TestRefusesAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `[]`, `{"predictions":[]}`, `{"predictions":["a"]}`, `{"predictions":[null]}`, `{"predictions":[1.5]}`, `{"predictions":[[]]}`, `{"predictions":[{"x":1}]}`, `{"predictions":[0.1,0.2]}`} {
		if _, err := predictions([]byte(text), 1); errs.CodeOf(err) != "scoring.endpoint_answer" {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTimeLimitAndBreaker(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	let := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		select {
		case <-let:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(let)
	c, err := New(Options{URL: s.URL, Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for range trips + 3 {
		if _, last = c.Predict(t.Context(), []string{"a"}, [][]any{{1.0}}); !errs.Has(last, errs.Unavailable) {
			t.Fatal(last)
		}
	}
	if errs.CodeOf(last) != "scoring.endpoint_resting" || calls.Load() > trips {
		t.Errorf("%v after %d calls", last, calls.Load())
	}
	for _, bad := range []string{"", "ftp://x", "http://", "file:///etc/passwd"} {
		if _, err := New(Options{URL: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
