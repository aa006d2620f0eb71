package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/test/fixture"
)

const documents = `
table: rpt_document
set: rpt_documents
label: {en: Document}
plural: {en: Documents}
id: rpt_documentid
name: name
ownership: user
columns:
  - {name: name, type: text, label: {en: Name}}
  - {name: paper, type: file, max_kb: 9000, label: {en: Paper}}
  - {name: small, type: file, max_kb: 1, accept: [text/plain], label: {en: Small}}
  - {name: entityimage, type: image, label: {en: Image}}
`

func picture(t *testing.T, w, h int) string {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		p.Set(x, x%h, color.RGBA{200, uint8(x), 10, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFileColumns(t *testing.T) {
	t.Parallel()
	eachAPIOf(t, fixture.With(t, documents), func(t *testing.T, a *api) {
		key := a.must("rpt_document", record.Row{"name": "a"}).ID("rpt_documentid")
		row := "rpt_documents(" + key.String() + ")"
		raw := "Content-Type: application/octet-stream"
		a.do("GET", row+"/paper/$value", "").want(204)
		text := strings.Repeat("The quick brown fox. ", 100)
		a.do("PATCH", row+"/paper", text, raw, "x-ms-file-name: report%20one.txt").want(204)
		got := a.do("GET", row+"/paper/$value", "").want(200)
		if got.body != text || got.header.Get("x-ms-file-name") != "report%20one.txt" || got.header.Get("x-ms-file-size") != fmt.Sprint(len(text)) {
			t.Errorf("%d bytes, %v", len(got.body), got.header)
		}
		if part := a.do("GET", row+"/paper/$value", "", "Range: bytes=4-8").want(206); part.body != "quick" || part.header.Get("Content-Range") != fmt.Sprintf("bytes 4-8/%d", len(text)) {
			t.Errorf("a range gives %q, %s", part.body, part.header.Get("Content-Range"))
		}
		if part := a.do("GET", row+"/paper", "", "Range: bytes=4-8").want(206); !strings.Contains(part.body, `"value":"cXVpY2s="`) {
			t.Errorf("as text: %s", part.body)
		}
		a.do("GET", row+"/paper", "", "Range: bytes=9999-").want(400)
		if shown := a.do("GET", row, "").want(200); !strings.Contains(shown.body, `"paper_name":"report one.txt"`) || !strings.Contains(shown.body, `"paper":"`) {
			t.Error(shown.body)
		}
		// What can't be taken.
		a.do("PUT", row+"/paper", text, raw).wantError(400, "0x80040203", "files.name")
		a.do("PUT", row+"/paper", "MZ program", raw, "x-ms-file-name: a.txt").wantError(400, "0x80040203", "files.media_type")
		a.do("PUT", row+"/paper", "x", raw, "x-ms-file-name: a.exe").wantError(400, "0x80040203", "files.media_type")
		a.do("PUT", row+"/paper", "<html><script>x</script>", raw, "x-ms-file-name: a.txt").wantError(400, "0x80040203", "files.media_type")
		a.do("PUT", row+"/small", "%PDF-1.7", raw, "x-ms-file-name: a.pdf").wantError(400, "0x80040203", "files.media_type")
		a.do("PUT", row+"/small", strings.Repeat("x", 1025), raw, "x-ms-file-name: a.txt").wantError(413, "0x80044331", "files.too_large")
		if again := a.do("GET", row+"/paper/$value", "").want(200); again.body != text {
			t.Error("a refused file has changed the one that is there")
		}
		// The content of another record, or of nobody, can't be taken over.
		other := a.must("rpt_document", record.Row{"name": "b"}).ID("rpt_documentid")
		mine, _ := a.store.Get(access.AsSystem(t.Context(), "test"), "rpt_document", key, nil, nil)
		a.do("PATCH", "rpt_documents("+other.String()+")", `{"paper":"`+mine.ID("paper").String()+`"}`).wantError(400, "0x80040203", "record.invalid")
		// Access follows the row.
		reader := a.user("Reader", map[string]access.Depth{"lead": access.Global})
		a.as(reader, "GET", row+"/paper/$value", "").want(403)
		a.as(reader, "PUT", row+"/paper", "x", raw, "x-ms-file-name: a.txt").want(404)
		a.do("DELETE", row+"/paper", "").want(204)
		a.do("GET", row+"/paper/$value", "").want(204)
	})
}

func TestFileInChunks(t *testing.T) {
	t.Parallel()
	eachAPIOf(t, fixture.With(t, documents), func(t *testing.T, a *api) {
		key := a.must("rpt_document", record.Row{"name": "a"}).ID("rpt_documentid")
		row := "rpt_documents(" + key.String() + ")"
		const chunk = 1 << 20
		content := strings.Repeat("0123456789abcdef", 5*chunk/2/16) // two and a half chunks
		begun := a.do("PATCH", row+"/paper", "", "x-ms-transfer-mode: chunked", "x-ms-file-name: large.txt").want(200)
		session := begun.header.Get("Location")
		if begun.header.Get("x-ms-chunk-size") == "" || !strings.Contains(session, "sessiontoken=") {
			t.Fatal(begun.header)
		}
		send := func(from, to int) *odataReply {
			return a.do("PATCH", session, content[from:to], "Content-Type: application/octet-stream", "x-ms-file-name: large.txt", fmt.Sprintf("Content-Range: bytes %d-%d/%d", from, to-1, len(content)))
		}
		send(0, chunk).want(206)
		send(2*chunk, len(content)).wantError(409, "0x80040237", "files.gap")
		send(0, chunk).want(206) // once more, as after a connection that broke
		a.do("GET", row+"/paper/$value", "").want(204)
		send(chunk, 2*chunk).want(206)
		send(2*chunk, len(content)).want(204)
		if got := a.do("GET", row+"/paper/$value", "").want(200); got.body != content {
			t.Errorf("%d of %d bytes have come back", len(got.body), len(content))
		}
		send(0, chunk).want(404) // the upload is over
		a.do("PATCH", session+"x", "x", "Content-Range: bytes 0-0/1").want(400)
	})
}

func TestPicturesAndNotes(t *testing.T) {
	t.Parallel()
	eachAPIOf(t, fixture.With(t, documents), func(t *testing.T, a *api) {
		large := picture(t, 600, 300)
		encoded := base64.StdEncoding.EncodeToString([]byte(large))
		made := a.do("POST", "rpt_documents", `{"name":"a","entityimage":"`+encoded+`"}`, "Prefer: return=representation").want(201)
		key := made.json["rpt_documentid"].(string)
		row := "rpt_documents(" + key + ")"
		if made.json["entityimageid"] == nil || made.json["entityimage_url"] == nil || made.json["entityimage"] != nil {
			t.Error(made.body)
		}
		if got := a.do("GET", row+"/entityimage/$value?size=full", "").want(200); got.body != large || got.header.Get("Content-Type") != "image/png" {
			t.Errorf("%d bytes of %s", len(got.body), got.header.Get("Content-Type"))
		}
		small, err := png.Decode(strings.NewReader(a.do("GET", row+"/entityimage/$value", "").want(200).body))
		if err != nil || small.Bounds().Dx() != 144 || small.Bounds().Dy() != 72 {
			t.Errorf("the small form is %v, %v", small, err)
		}
		shown := a.do("GET", row+"?$select=entityimage", "").want(200)
		data, err := base64.StdEncoding.DecodeString(fmt.Sprint(shown.json["entityimage"]))
		if err != nil || !strings.HasPrefix(string(data), "\x89PNG") {
			t.Errorf("%v in %.200s", err, shown.body)
		}
		// A drawing could bring a script along; it is no picture here, whatever it says it is.
		for hostile, code := range map[string]string{"GIF89a is no picture": "files.picture", "\x89PNG\r\n\x1a\n<svg onload=alert(1)>": "files.picture",
			`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>`: "files.media_type"} {
			for _, kind := range []string{"application/octet-stream", "image/svg+xml", "image/png"} {
				a.do("PUT", row+"/entityimage", hostile, "Content-Type: "+kind).wantError(400, "0x80040203", code)
			}
		}
		a.do("PATCH", row, `{"entityimage":"no base64!"}`).wantError(400, "0x80040203", "record.invalid")
		a.do("PATCH", row, `{"entityimage":null}`).want(204)
		a.do("GET", row+"/entityimage/$value", "").want(204)

		body := base64.StdEncoding.EncodeToString([]byte("a note's paper"))
		note := a.do("POST", "annotations", `{"subject":"s","filename":"paper.txt","documentbody":"`+body+`"}`, "Prefer: return=representation").want(201)
		if note.json["isdocument"] != true || note.json["filesize"] != float64(14) || note.json["mimetype"] != "text/plain" || note.json["filename"] != "paper.txt" || note.json["documentbody"] != nil {
			t.Error(note.body)
		}
		noted := "annotations(" + note.json["annotationid"].(string) + ")"
		if got := a.do("GET", noted+"?$select=documentbody", "").want(200); got.json["documentbody"] != body {
			t.Error(got.body)
		}
		if got := a.do("GET", noted+"/documentbody/$value", "").want(200); got.body != "a note's paper" {
			t.Error(got.body)
		}
		// What is replaced or deleted is collected; what is in use or in the bin stays.
		names := func() (n int) {
			rows, err := a.db.Query(t.Context(), "SELECT count(*) FROM filecontent")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				if err := rows.Scan(&n); err != nil {
					t.Fatal(err)
				}
			}
			return n
		}
		before := names()
		a.clock.Advance(2 * time.Hour)
		if err := a.files.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := names(); before < 2 || n != before-1 {
			t.Errorf("%d of %d contents are left, the picture that was taken out should be gone", n, before)
		}
		a.do("DELETE", noted, "").want(204)
		if err := a.files.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := names(); n != before-1 {
			t.Errorf("%d contents are left, that of the note in the bin should stay", n)
		}
	})
}
