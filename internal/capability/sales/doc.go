// Package sales is selling: leads, from their arrival to being qualified or not, and opportunities, with
// their table definitions (tables/*.yaml).
package sales
