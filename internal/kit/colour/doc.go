// Package colour makes the colours of a page from one accent that anybody may
// choose, so that every text keeps the contrast that WCAG AA asks for, in the light
// scheme and in the dark one.
package colour
