// Package modelio reads and writes gradient-boosted trees in the formats of
// other programs.
//
//	lightgbm.go  ReadLightGBM: LightGBM's text format, versions 3 and 4
//	tree.go      one tree of that format
//	write.go     WriteLightGBM: our models in that format, for LightGBM and for storage
//	xgboost.go   ReadXGBoost: XGBoost's JSON and UBJSON, 1.x to 3.x
//	ubjson.go    UBJSON → JSON
//
// A model written by WriteLightGBM and read again gives the same margins to the
// last bit; names and levels travel in a line that LightGBM skips. Only models
// of a yes-or-no outcome are read. A file that is damaged, too large or of
// another kind is refused with a message that says where.
package modelio
