// Package read reads the records of files that people bring: CSV of any
// delimiter and the usual encodings, and XLSX workbooks. It knows nothing of
// tables; what a value means is for others to say.
//
// The map: source.go (Open, what every reader gives), csv.go (records with their
// lines), sniff.go (encoding and delimiter), xlsx.go (sheets of a workbook),
// zip.go (what a workbook may unpack to), header.go (names of columns), bad.go
// (the file of refused rows).
//
// Files are untrusted. A record, a header, the number of columns and what a
// workbook unpacks to are bounded; nothing is evaluated: of a formula the value
// that the workbook keeps counts. An error about one record names its line and
// leaves the reader usable; Fatal tells those that end it.
package read
