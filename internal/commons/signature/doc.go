// Package signature has contacts sign documents by a click, and keeps the
// evidence: what exactly was signed (its SHA-256), who, when, from where, how the
// person had signed in, and what the person agreed to.
//
// A document (rpt_signaturerequest) goes to one contact or to several in an order
// (rpt_signatory). A member reads it, types the name and signs; whoever signed in
// longer ago signs in again first. Each signature's evidence is sealed with the
// installation's key, and stands in the change log, whose chain shows what was
// changed behind its back. When all have signed, a certificate is made, a PDF that
// is kept beside the document. rpt_VerifySignature works all of it out anew.
//
// A Provider can have a document signed elsewhere instead, and tells what became
// of it by Service.Outcome.
//
// This is a simple electronic signature, as click-to-sign is; it does not say that
// the person is who the address belongs to.
//
// The map: service.go (Config, providers, expiry), send.go (sending, withdrawing),
// member.go (reading, signing, declining), evidence.go (what is kept of it),
// certificate.go (the PDF), verify.go (working it out anew), tables.go (definitions
// of the tables), errors.go (codes).
package signature
