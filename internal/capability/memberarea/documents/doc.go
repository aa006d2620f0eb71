// Package documents shows members what documents are asked of them, on the page of
// the record that needs them, and takes files in: by a plain form, or resumably by
// the tus protocol 1.0 (creation, creation-with-upload, termination, expiration)
// where the page's script runs.
//
// Addresses below /member/r/{table}/{id}/documents/:
//
//	POST {request}/send    a multipart form with files
//	GET  {file}/file       a file that the member has sent, as an attachment
//	POST {file}/remove     takes it back
//	any  upload, upload/…  tus; metadata: request, filename
//
// The map: section.go (the part of the page, and the requests), tus.go (resumable
// uploads), words.go (texts), section.html and upload.js.
package documents
