// Package signing shows members the documents that they are asked to sign, on the
// page of the record, and takes their signatures. Nothing of it needs a script.
//
// Addresses below /member/r/{table}/{id}/signing/:
//
//	GET  {signatory}/document      what is to be signed, shown by the browser
//	GET  {signatory}/certificate   the certificate, when all have signed
//	POST {signatory}/sign          name, agrees, sha256
//	POST {signatory}/decline       reason
//
// The map: section.go (the part of the page, and the requests), words.go (texts),
// section.html.
package signing
