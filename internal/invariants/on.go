//go:build race || invariants

package invariants

// On is true in builds that check themselves.
const On = true
