package scheduling

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// A universe grows when a pod comes that is of no class in it. What is there stays as it is, so that problems picked from it
// earlier are not disturbed: a larger universe is another one, which shares all but the lists that have become longer.

// find is the class of a waiting pod; false if there is none like it. print is of its kind.
func (u *universe) find(pod *corev1.Pod) (class int32, print print128, ok bool) {
	x := u.index
	x.mu.Lock()
	spreads := x.spread.of(pod)
	x.mu.Unlock()
	print = x.printer.spec(pod, spreads)
	if len(disks(pod)) > 0 {
		print = print.join(u.volumePrint(x.printer, pod))
	}
	kind, known := x.ids[print]
	if !known {
		return 0, print, false
	}
	class, ok = x.classes[u.labelled(kind, pod)]
	return class, print, ok
}

func (u *universe) labelled(kind int32, pod *corev1.Pod) labelled {
	g := labelled{kind: kind}
	if len(u.terms.matchers) > 0 {
		g.labels = u.terms.labels(u.index.printer, pod)
	}
	return g
}

// admit is the class of a waiting pod in the family's universe, which grows if it has to; false if only compiling anew tells
// what becomes of the pod: it has volumes, speaks of other pods as no other does, or asks for a resource that nobody else
// asks for.
func (f *family) admit(pod *corev1.Pod) (*universe, int32, bool) {
	if usesVolumes(&pod.Spec) {
		return nil, 0, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.all
	class, print, known := u.find(pod)
	if known {
		return u, class, true
	}
	grown, class, ok := u.with(pod, print)
	if ok {
		f.all = grown
	}
	return grown, class, ok
}

// with is the universe with a class for the pod. print is of its kind.
func (u *universe) with(pod *corev1.Pod, print print128) (*universe, int32, bool) {
	requests := u.requests(pod)
	for name, quantity := range requests {
		if _, counted := u.dims.Position(name); !counted && !quantity.IsZero() {
			return nil, 0, false
		}
	}
	problem, out, x := *u.Problem, *u, *u.index
	out.Problem, out.index = &problem, &x
	x.ids, x.classes, x.sigs = maps.Clone(x.ids), maps.Clone(x.classes), maps.Clone(x.sigs)
	k, known := x.ids[print]
	if !known {
		made, ok := u.lonely(pod)
		if !ok {
			return nil, 0, false
		}
		k = int32(len(x.kinds))
		x.ids[print] = k
		x.kinds = append(slices.Clip(x.kinds), made)
	}
	made := &x.kinds[k]
	ask := made.constraints.print(x.printer)
	for i := range made.wishes {
		ask = ask.join(made.wishes[i].print(x.printer))
	}
	ask = x.printer.resources(requests).join(u.volumePrint(x.printer, pod)).join(ask)
	matches := u.terms.matches(pod)
	like := class{
		priority: priority(pod), unsupported: unsupportedField(pod), perNode: endless, ties: u.terms.ties(made.constraints.anti, matches),
		cell: -1, topo: &related{constraints: made.constraints, matches: matches}, demand: u.dims.Demand(requests),
	}
	sig := signature{pod: pod, shunned: u.shunnedBy(like.ties)}
	like.sig, known = x.sigs[u.sigPrint(x.printer, pod, sig.shunned)]
	if !known {
		like.sig = int32(len(u.sigs))
		sig.root = like.sig
		x.sigs[u.sigPrint(x.printer, pod, sig.shunned)] = like.sig
		u.compileSignature(&sig)
		problem.sigs = append(slices.Clip(problem.sigs), sig)
	}
	c := int32(len(u.classes))
	like.root, like.base = c, c
	problem.classes = append(slices.Clip(problem.classes), like)
	problem.roomySets = newRoomySets(len(problem.classes))
	x.kindOf, x.asks = slices.Clip(x.kindOf), slices.Clip(x.asks)
	x.note(&problem, out.labelled(k, pod), c, ask)
	uses, owns := out.askedBy(c)
	out.uses, out.owns = append(slices.Clip(out.uses), uses), append(slices.Clip(out.owns), owns)
	return &out, c, true
}

// lonely is the kind of a pod that says nothing about other pods; false if it does.
func (u *universe) lonely(pod *corev1.Pod) (kind, bool) {
	x := u.index
	x.mu.Lock()
	spreads := x.spread.of(pod)
	x.mu.Unlock()
	a := pod.Spec.Affinity
	if len(spreads) > 0 || a != nil && (a.PodAffinity != nil || a.PodAntiAffinity != nil) || holdsOfHost(pod) {
		return kind{}, false
	}
	f := &findings{}
	checkPod(f, podPath(pod), pod)
	made := kind{pod: pod, constraints: &constraints{}, wishes: u.terms.wishes(f, x.printer, pod, podPath(pod), nil, true)}
	return made, f.err() == nil
}
