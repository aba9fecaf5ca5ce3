// Package requirement says which values of a node label are acceptable, and computes with such statements. NodePools,
// instance types, offerings, nodes and pods all speak about labels in these terms, so whether two of them go together
// is always the same question: does the intersection leave anything?
//
// A [Requirement] is a set. Its possible members are all values that the label could have, and one more: "absent", for
// a node that does not carry the label. A node satisfies the requirement if what it has under the key is a member.
//
//	made by                 values               absent   Operator
//	In(key, v...)           those listed         no       In
//	NotIn(key, v...)        all but the listed   yes      NotIn
//	Exists(key)             all                  no       Exists
//	DoesNotExist(key)       none                 yes      DoesNotExist
//	Gt, Lt, Gte, Lte        integers in bounds   no       Exists
//	Any(key)                all                  yes      NotIn
//	In ∩ another In         none                 no       DoesNotExist, and Empty is true
//
// Intersection is the only operation that makes new sets, and it is exact: a value is in r.Intersect(o) if it is in r
// and in o. Hence the order in which requirements are combined never matters. Equal sets have one representation, so
// Equal and String may be relied upon: String is fit to be a map key.
//
// # Values
//
// Values are strings and compared as strings, except by bounds. A bound admits what reads as a decimal integer between
// 0 and 2^63-1. There are no negative numbers among the values of labels (they start with a letter or a digit), which
// is why Gte(key, -3) equals Gte(key, 0), and Lt(key, 0) is empty. Excluding 4 and 5 between bounds 4 and 5 leaves
// nothing. The spelling "04" satisfies the bounds too, as it does for kube-scheduler, but a requirement is not kept
// alive for the sake of such spellings.
//
// MinValues is carried along for NodePools that want a choice of several values. It does not take part in the algebra:
// the larger of two survives, even where no value does.
//
// # Sets of requirements
//
// A [Set] has at most one requirement for each key, in the order of the keys; a key that it does not mention is
// unrestricted ([Any]). [Set.Match] asks about a node whose labels are known, [Set.Compatible] about one that is yet to
// be made, [Set.Conflict] for the reason why two sets do not go together.
//
// Requirement and Set are immutable values, safe to copy and to share between goroutines. Has, Intersects and Match do
// not allocate. The package knows no operator's syntax but its own, no alias of a label key and no other package:
// [New] and [Requirement.Entries] translate from and to the entries that API objects carry.
package requirement
