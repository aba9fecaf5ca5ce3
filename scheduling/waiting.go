package scheduling

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
)

// waiting is a pod that wants a home, with a print of its spec: reading a hundred thousand pods takes longer than all
// that is done with them, so what can be learned at first sight is noted.
type waiting struct {
	pod  *corev1.Pod
	spec print128
	// volumes is set where the spec alone does not tell what the pod's volumes ask for, nominated where the scheduler has
	// found the pod a node.
	volumes, nominated bool
}

// waitingPods are the snapshot's pods without those that are nobody's concern, sorted by name.
func (p *Problem) waitingPods(f *findings, x printer) []waiting {
	source := p.snapshot.Pods
	all := make([]waiting, len(source))
	var odd atomic.Bool
	inChunks(len(source), func(from, to int) {
		spread := newDefaultSpread(p.snapshot.Profile) // remembers, and belongs to one goroutine
		for i := from; i < to; i++ {
			switch pod := source[i]; {
			case pod == nil || pod.Spec.NodeName != "":
				odd.Store(true)
			case wanted(pod, p.snapshot.Profile):
				all[i] = waiting{
					pod: pod, spec: x.spec(pod, spread.of(pod)),
					volumes: usesVolumes(&pod.Spec) || len(disks(pod)) > 0, nominated: pod.Status.NominatedNodeName != "",
				}
			}
		}
	})
	if odd.Load() {
		for i, pod := range source {
			if pod == nil {
				f.add(fmt.Sprintf("Pods[%d]", i), "is nil")
			} else if pod.Spec.NodeName != "" {
				f.add(podPath(pod)+".spec.nodeName", "is bound to node %q already: such pods belong to Nodes", pod.Spec.NodeName)
			}
		}
	}
	all = slices.DeleteFunc(all, func(w waiting) bool { return w.pod == nil })
	if ascending(all) {
		return all
	}
	all = sorted(all)
	if !ascending(all) {
		for i := 1; i < len(all); i++ {
			if comparePods(all[i-1].pod, all[i].pod) == 0 {
				f.add(podPath(all[i].pod), "occurs twice")
			}
		}
	}
	return all
}

// ascending reports whether the pods are in order and no name occurs twice.
func ascending(list []waiting) bool {
	var broken atomic.Bool
	inChunks(len(list), func(from, to int) {
		for i := max(from, 1); i < to && !broken.Load(); i++ {
			if comparePods(list[i-1].pod, list[i].pod) >= 0 {
				broken.Store(true)
			}
		}
	})
	return !broken.Load()
}

// sorted are the pods in the order of comparePods.
func sorted(list []waiting) []waiting {
	known := map[string]int32{} // namespaces
	groupOf := make([]int32, len(list))
	var sizes []int
	for i := range list {
		namespace := list[i].pod.Namespace
		if i > 0 && namespace == list[i-1].pod.Namespace {
			groupOf[i] = groupOf[i-1]
		} else if group, seen := known[namespace]; seen {
			groupOf[i] = group
		} else {
			groupOf[i] = int32(len(sizes))
			known[namespace] = groupOf[i]
			sizes = append(sizes, 0)
		}
		sizes[groupOf[i]]++
	}
	groups, all := make([][]spelled, len(sizes)), make([]spelled, len(list))
	for g, n := range sizes {
		groups[g], all = all[:0:n], all[n:]
	}
	for i, g := range groupOf {
		groups[g] = append(groups[g], spelled{waiting: &list[i]})
	}
	out := make([]waiting, 0, len(list))
	for _, namespace := range sortedKeys(known) {
		group := groups[known[namespace]]
		sortSpelled(group, 0)
		for i := range group {
			out = append(out, *group[i].waiting)
		}
	}
	return out
}

// spelled is a pod with some letters of its name as a number, so that most comparisons need not read the name.
type spelled struct {
	letters uint64
	*waiting
}

// sortSpelled sorts pods of one namespace whose names agree up to a position: by the letters from there on, and those
// that agree in these by the next ones.
func sortSpelled(list []spelled, at int) {
	const few = 8
	byName := func(a, b spelled) int { return strings.Compare(a.pod.Name, b.pod.Name) }
	if len(list) < few {
		slices.SortFunc(list, byName)
		return
	}
	for i := range list {
		list[i].letters = lettersAt(list[i].pod.Name, at)
	}
	slices.SortFunc(list, func(a, b spelled) int { return cmp.Compare(a.letters, b.letters) })
	var runs [][]spelled // those that agree
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].letters == list[0].letters {
			n++
		}
		runs, list = append(runs, list[:n]), list[n:]
	}
	inChunks(len(runs), func(from, to int) {
		for _, run := range runs[from:to] {
			switch {
			case len(run) == 1:
			case run[0].letters&0xff == 0: // the names end here
				slices.SortFunc(run, byName)
			default:
				sortSpelled(run, at+8)
			}
		}
	})
}

// lettersAt is the eight bytes of a text from a position on, with zeros behind its end, as a number that compares as
// they do.
func lettersAt(s string, at int) uint64 {
	var word [8]byte
	copy(word[:], s[min(at, len(s)):])
	return binary.BigEndian.Uint64(word[:])
}
