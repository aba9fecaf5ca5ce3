// Package peercases reads the tables that say of each of the peer's cases where it is proven, and checks that the proofs are
// there. It is for tests.
package peercases
