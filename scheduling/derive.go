package scheduling

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// What if: the problem as it would be without some nodes, or with some more pods. A derived problem is a Problem like any
// other, and gives the plan that compiling the changed snapshot gives.

// Without is the snapshot in which the named nodes are gone, and the pods on them that their controllers make anew are
// waiting pods, unbound. These are the pods that a drain moves (see [Snapshot.Drained]), and those besides that a drain
// would wait for: that a pod asks not to be disrupted does not keep it on a node that is gone. Other pods are gone with
// their node: those of DaemonSets, static ones, those without a controller, those that have run to their end, and those
// that are being deleted (of a StatefulSet these come back, too).
//
// All else stays as it is: volumes that are bound stay bound, and where a volume is reached from a node that is gone
// alone, its pod has no place. What the node had no longer counts towards its pool's limits. A name that no node has is
// an error. s is not modified.
func (s Snapshot) Without(nodes ...string) (Snapshot, error) {
	gone := make(map[string]bool, len(nodes))
	for _, name := range nodes {
		gone[name] = true
	}
	pods, rest := slices.Clip(s.Pods), make([]Node, 0, len(s.Nodes))
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if !gone[n.Name()] {
			rest = append(rest, *n)
			continue
		}
		delete(gone, n.Name())
		for _, pod := range n.Pods {
			if comesBack(pod) {
				pods = append(pods, successor(pod))
			}
		}
	}
	for _, name := range nodes {
		if gone[name] {
			return Snapshot{}, noSuchNode(name)
		}
	}
	s.Pods, s.Nodes = pods, rest
	return s, nil
}

// Without is the problem in which the named nodes are gone and their pods wait: what compiling [Snapshot.Without] gives,
// which says which pods these are. Names that no node has are an error, and so is a pod that comes to wait and needs a
// fact that the snapshot does not have. p is not modified.
//
// The first call of Without or With on a problem takes about as long as compiling it did; what it finds out is kept for all
// further calls, on the problem and on those derived from it, which take a small part of that. What derived problems cannot
// share is compiled anew each time: snapshots with groups, nominated pods, nodes that share a hostname or DaemonSets with
// anti-affinity over a zone and the like, and pods with volumes that depend on other pods or count against a limit.
func (p *Problem) Without(nodes ...string) (*Problem, error) {
	gone := slices.Clone(p.gone)
	for _, name := range nodes {
		i, known := p.family.place(name)
		if !known || p.isGone(int(i)) {
			return nil, noSuchNode(name)
		}
		gone = append(gone, i)
	}
	slices.Sort(gone)
	return p.family.derive(slices.Compact(gone), p.more)
}

// With is the problem with further waiting pods: what compiling the snapshot with these pods in Pods gives. Errors are
// those of [Compile]. Neither p nor the pods are modified, and the pods must not change while the problem is in use.
func (p *Problem) With(pods ...*corev1.Pod) (*Problem, error) {
	return p.family.derive(p.gone, slices.Concat(p.more, pods))
}

// place is where in Problem.nodes the node is.
func (f *family) place(name string) (int32, bool) {
	if u := f.universe(); u != nil {
		i, known := u.nodeOf[name]
		return i, known
	}
	i := slices.IndexFunc(f.root.nodes, func(n node) bool { return n.object.Name == name })
	return int32(i), i >= 0
}

// derive is the family's first problem without the nodes and with more waiting pods.
func (f *family) derive(gone []int32, more []*corev1.Pod) (*Problem, error) {
	if u := f.universe(); u != nil {
		if q := u.pick(gone, more); q != nil {
			return q, nil
		}
	}
	names := make([]string, len(gone))
	for i, g := range gone {
		names[i] = f.root.nodes[g].object.Name
	}
	s, err := f.root.snapshot.Without(names...)
	if err != nil {
		return nil, err
	}
	s.Pods = slices.Concat(s.Pods, more)
	return Compile(s)
}

func noSuchNode(name string) error {
	return fmt.Errorf("without node %q: the snapshot has no such node", name)
}
