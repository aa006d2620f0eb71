// Package rapport is the embedding interface of Rapport, the self-hosted
// customer-engagement platform: New → Start → Ready → Shutdown. The program in
// cmd/rapport and the tests start the product through it alike.
//
// Where to go on: docs/ARCHITECTURE.md tells the way of a lead through the
// folders; internal/ground, kit, platform, commons, capability and edge are the
// floors, from the lowest to the highest.
package rapport
