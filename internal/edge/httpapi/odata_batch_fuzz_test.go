package httpapi

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// FuzzBatch reads batches: whatever comes is a list of operations within the
// limits, or the sender's fault.
func FuzzBatch(f *testing.F) {
	op := "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 1\r\n\r\nPOST /api/data/v9.2/leads HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"lastname\":\"x\",\"parentaccountid@odata.bind\":\"$1\"}\r\n"
	for _, s := range []string{
		"--b\r\n" + op + "--b--\r\n",
		"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" + op + "--c\r\n" + strings.ReplaceAll(op, "ID: 1", "ID: 2") + "--c--\r\n--b--\r\n",
		strings.ReplaceAll("--b\r\n"+op+"--b--\r\n", "\r\n", "\n"),
		"--b\r\n\r\nGET leads?$filter=a eq 'b c' HTTP/1.1\r\n\r\n\r\n--b--", "--b--", "", "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
	} {
		f.Add(s, "$1/x")
	}
	f.Fuzz(func(t *testing.T, body, target string) {
		r := httptest.NewRequest(http.MethodPost, "/api/data/v9.2/$batch", bytes.NewBufferString(body))
		r.Header.Set("Content-Type", "multipart/mixed; boundary=b")
		q := &request{r: r, base: "http://x/api/data/v9.2/"}
		items, err := q.readBatch()
		if err != nil {
			if !errs.Has(err, errs.Invalid) {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		n := 0
		for _, item := range items {
			ops := item.set
			if item.op != nil {
				ops = append(ops, item.op)
			}
			for _, op := range ops {
				n++
				if strings.ContainsAny(op.contentID, "\r\n") {
					t.Fatalf("%q: content id %q", body, op.contentID)
				}
				if _, err := referBody(op.body, map[string]string{"1": "leads(x)"}); err != nil && !errs.Has(err, errs.Invalid) {
					t.Fatalf("%q: %v", body, err)
				}
			}
		}
		if len(items) == 0 || n > maxBatch {
			t.Fatalf("%q: %d items, %d operations", body, len(items), n)
		}
		if _, err := refer(target, map[string]string{"1": "leads(x)"}); err != nil && !errs.Has(err, errs.Invalid) {
			t.Fatalf("%q: %v", target, err)
		}
	})
}
