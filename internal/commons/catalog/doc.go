// Package catalog holds what is sold and at what price: products in families
// and bundles, the units they are counted in, price lists with their items,
// and discount lists, with their table definitions (tables/*.yaml).
package catalog
