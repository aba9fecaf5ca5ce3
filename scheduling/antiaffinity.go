package scheduling

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
)

// Required pod anti-affinity. Every distinct term of any pod (waiting, bound or of a DaemonSet) is one antiTerm; a pod
// owns the terms that it states and is selected by the terms that match its namespace and labels. Two pods exclude each
// other from a domain of the term's topology key when one owns a term that selects the other: the scheduler checks both
// directions. Terms over hostnames are heeded while a node is filled, all others when pods are given to cells (assign.go).

// antiTerm is one distinct required anti-affinity term, a port of the host (hostport.go) or a disk (disk.go).
type antiTerm struct {
	matcher     int32
	topologyKey string
	name        string // tells terms apart
}

// host reports whether the term keeps pods off one host rather than a wider domain.
func (t *antiTerm) host() bool { return t.topologyKey == corev1.LabelHostname }

// podTies is how one pod relates to the terms over hostnames: those it owns and those that select it.
type podTies struct{ owns, selectedBy bitset.Set }

// company is why two pods with conflicting ties may not share a host: a port or a disk, the first by name, or else their
// anti-affinity.
func (t *terms) company(a, b podTies) Rejection {
	first := -1
	for i := range t.local.All() {
		if a.owns.Has(i) && b.selectedBy.Has(i) || b.owns.Has(i) && a.selectedBy.Has(i) {
			if first < 0 || t.anti[i].name < t.anti[first].name {
				first = i
			}
		}
	}
	if first < 0 {
		return Rejection{Code: PodAntiAffinity, Key: corev1.LabelHostname}
	}
	if port := t.matchers[t.anti[first].matcher].port; port != nil {
		return Rejection{Code: HostPortInUse, Key: port.String()}
	}
	return t.matchers[t.anti[first].matcher].disk.inUse()
}

// against are the terms over domains wider than a host whose matchers are these, by name.
func (t *terms) against(matches bitset.Set) []int32 {
	var out []int32
	for m := range matches.All() {
		for _, n := range t.antiOf[m] {
			if !t.anti[n].host() {
				out = append(out, n)
			}
		}
	}
	slices.SortFunc(out, func(a, b int32) int { return strings.Compare(t.anti[a].name, t.anti[b].name) })
	return out
}

// conflict reports whether two pods with those ties may not share a host.
func (t podTies) conflict(o podTies) bool {
	return t.owns.Intersects(o.selectedBy) || o.owns.Intersects(t.selectedBy)
}

// beyond is the ties without those that end with the node itself, whatever other nodes are called: ports and disks.
func (t podTies) beyond(local bitset.Set) podTies {
	out := podTies{owns: t.owns.Clone(), selectedBy: t.selectedBy.Clone()}
	out.owns.AndNot(local)
	out.selectedBy.AndNot(local)
	return out
}

func (t podTies) with(o podTies) podTies {
	t.owns.Or(o.owns)
	t.selectedBy.Or(o.selectedBy)
	return t
}

func (t podTies) empty() bool { return t.owns.Empty() && t.selectedBy.Empty() }

// requiredAnti are the pod's required anti-affinity terms.
func requiredAnti(pod *corev1.Pod) []corev1.PodAffinityTerm {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
		return nil
	}
	return pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// addAnti notes the pod's anti-affinity terms, ports and disks and returns their ids.
func (t *terms) addAnti(f *findings, x printer, pod *corev1.Pod, path string, known bool) []int32 {
	owned := append(t.addPorts(x, pod), t.addDisks(x, pod)...)
	for i := range requiredAnti(pod) {
		term := &requiredAnti(pod)[i]
		where := fmt.Sprintf("%s.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[%d]", path, i)
		selector, ok := readTerm(f, where, pod, term, known)
		if !ok {
			continue
		}
		owned = append(owned, t.antiTerm(x, t.matcher(x, matcher{selectors: []podSelector{selector}}), term.TopologyKey))
	}
	return owned
}

// readTerm is what a term selects; false, and a finding, if nobody can tell.
func readTerm(f *findings, where string, pod *corev1.Pod, term *corev1.PodAffinityTerm, known bool) (podSelector, bool) {
	selector, field, err := affinitySelector(pod, term)
	switch {
	case err != nil:
		f.add(where+"."+field, "%v", err)
		return selector, false
	case term.TopologyKey == "":
		f.add(where+".topologyKey", "must not be empty")
		return selector, false
	case selector.byLabels != nil && !known:
		f.add(where+".namespaceSelector", "needs the namespaces, and Namespaces is nil (unknown)")
		return selector, false
	}
	return selector, true
}

func (t *terms) antiTerm(x printer, matcher int32, key string) int32 {
	h := x.text(key).number(uint64(matcher) + 1)
	id, known := t.antiIDs[h]
	if !known {
		id = int32(len(t.anti))
		t.antiIDs[h] = id
		t.anti = append(t.anti, antiTerm{matcher: matcher, topologyKey: key, name: t.matchers[matcher].text() + " " + key})
	}
	return id
}

// ties relates a pod to the terms over hostnames, given those that it owns and the matchers that it matches.
func (t *terms) ties(owned []int32, matches bitset.Set) podTies {
	out := podTies{owns: bitset.New(len(t.anti)), selectedBy: bitset.New(len(t.anti))}
	for _, id := range owned {
		if t.anti[id].host() {
			out.owns.Add(int(id))
		}
	}
	for m := range matches.All() {
		for _, id := range t.antiOf[m] {
			if t.anti[id].host() {
				out.selectedBy.Add(int(id))
			}
		}
	}
	return out
}
