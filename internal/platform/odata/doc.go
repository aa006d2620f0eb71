// Package odata speaks OData 4.0 as the Dataverse Web API does: it turns URL
// and body text into the query tree and records, and records and definitions
// into JSON and CSDL. It knows no HTTP and reads no record itself.
//
// The map: names.go (names on the wire ↔ columns and relations), lexer.go,
// filter.go, operand.go, lambda.go, functions.go, dates.go ($filter text to
// query.Node), condition.go and fiscal.go (Dataverse's named conditions),
// options.go, apply.go and expand.go (the query options), fetch*.go (FetchXML,
// both ways), sql*.go (?sql=), key.go and path.go (resource paths), read.go (request bodies), write.go, cell.go and format.go (rows
// as JSON, annotations), csdl.go ($metadata).
//
// No input makes it panic; length and nesting are limited; every error is of
// kind Invalid or Unsupported and says where in the text the trouble is.
package odata
