package kube

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	schedulingcorev1 "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/resource"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// latency is how long after a change the scheduler has bound what it can.
const latency = 100 * time.Millisecond

// wakeScheduler has the scheduler look at the pods that wait.
func (c *Cluster) wakeScheduler() {
	if c.scheduling || len(c.waiting) == 0 {
		return
	}
	c.scheduling = true
	c.After(latency, c.schedule)
}

// schedule binds the waiting pods that have a place: those that other pods do not matter to one by one, to the node that has
// most left of what it has, as the kube-scheduler would by default; the others together, where the engine says.
func (c *Cluster) schedule() {
	c.scheduling = false
	queue := slices.Clone(c.waiting)
	slices.SortStableFunc(queue, func(a, b *pod) int { return priority(b) - priority(a) })
	var linked, left []*pod
	hopeless := map[*workload]bool{}
	for _, p := range queue {
		switch {
		case p.of.linked:
			linked = append(linked, p)
		case hopeless[p.of]:
			left = append(left, p)
		default:
			if m := c.roomiest(p.of); m != nil {
				c.bind(p, m)
			} else {
				hopeless[p.of] = true
				left = append(left, p)
			}
		}
	}
	if len(linked) > 0 {
		left = append(left, c.bindLinked(linked)...)
	}
	c.waiting = slices.DeleteFunc(c.waiting, func(p *pod) bool { return p.machine != nil })
	for _, p := range left {
		if !p.gone && p.machine == nil {
			c.tell(Event{Kind: PodUnschedulable, Pod: p.object})
		}
	}
}

func priority(p *pod) int {
	if p.object.Spec.Priority == nil {
		return 0
	}
	return int(*p.object.Spec.Priority)
}

// roomiest is the node that admits a pod of the workload and has the largest share of CPU and memory left with it; nil
// if none admits it.
func (c *Cluster) roomiest(w *workload) *machine {
	var best *machine
	most := 0.0
	for _, m := range c.machines {
		if m.node == nil || m.leaving || !m.free.Fits(w.demand) || !admits(m.node, w.Pod) {
			continue
		}
		score := 0.0
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if i, known := c.index.Position(name); known && m.total[i] > 0 {
				score += float64(m.free[i]-w.demand[i]) / float64(m.total[i])
			}
		}
		if best == nil || score > most {
			best, most = m, score
		}
	}
	return best
}

// admits reports whether the node's taints and labels admit the pod.
func admits(node *corev1.Node, pod *corev1.Pod) bool {
	if node.Spec.Unschedulable {
		return false
	}
	if _, bad := schedulingcorev1.FindMatchingUntoleratedTaint(klog.Logger{}, node.Spec.Taints, pod.Spec.Tolerations, func(t *corev1.Taint) bool {
		return t.Effect != corev1.TaintEffectPreferNoSchedule
	}, true); bad {
		return false
	}
	if len(pod.Spec.NodeSelector) == 0 && (pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil) {
		return true
	}
	match, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	return err == nil && match
}

// bindLinked binds the pods that have a place and returns the others.
func (c *Cluster) bindLinked(linked []*pod) (left []*pod) {
	var fit []*corev1.Pod
	fits := map[*workload]bool{} // whether there is a node with room, whatever is on it
	for _, p := range linked {
		if _, known := fits[p.of]; !known {
			fits[p.of] = c.roomiest(p.of) != nil
		}
		if fits[p.of] {
			fit = append(fit, p.object)
		}
	}
	if len(fit) == 0 {
		return linked
	}
	s := scheduling.Snapshot{Pods: fit, NodePools: []*v1.NodePool{}, Namespaces: append([]*corev1.Namespace{}, c.config.Namespaces...)}
	for _, m := range c.machines {
		if m.node != nil {
			s.Nodes = append(s.Nodes, c.sketch(m))
		}
	}
	plan, err := scheduling.Solve(context.Background(), s, scheduling.Options{Preferences: scheduling.PreferencesIgnore, Workers: 1})
	if err != nil {
		return linked // pods that the engine cannot read wait, as they would for a scheduler
	}
	place := make(map[string]string, len(plan.Assignments))
	for _, a := range plan.Assignments {
		place[a.Pod.String()] = a.Node
	}
	for _, p := range linked {
		if m := c.byNode[place[p.object.Namespace+"/"+p.object.Name]]; m != nil {
			c.bind(p, m)
		} else {
			left = append(left, p)
		}
	}
	return left
}

// sketch is the node with those of its pods alone that others may care about; what the rest takes is not there. It is the
// node as it is, so that taints count that are there only while it starts.
func (c *Cluster) sketch(m *machine) scheduling.Node {
	free := m.free.Clone()
	out := scheduling.Node{}
	for _, p := range m.pods {
		if p.of.matters {
			free.Add(p.of.demand)
			out.Pods = append(out.Pods, p.object)
		}
	}
	free.Clamp()
	node := *m.node
	node.Status.Capacity, node.Status.Allocatable = nil, corev1.ResourceList{}
	for i := range free {
		name := c.index.Name(i)
		node.Status.Allocatable[name] = *resource.Quantity(name, free[i])
	}
	out.Node = &node
	return out
}

// markLinked finds the workloads whose pods the scheduler cannot bind without a look at other pods, and those whose pods it
// looks at.
func (c *Cluster) markLinked() {
	for _, w := range c.workloads {
		w.linked = looksAround(&w.Pod.Spec)
		for _, other := range c.workloads {
			w.linked = w.linked || slices.ContainsFunc(antiAffinity(&other.Pod.Spec), func(t corev1.PodAffinityTerm) bool {
				return selects(t.LabelSelector, w.Pod)
			})
		}
	}
	for _, w := range c.workloads {
		w.matters = w.linked
		for _, other := range c.workloads {
			w.matters = w.matters || slices.ContainsFunc(selectors(&other.Pod.Spec), func(s *metav1.LabelSelector) bool {
				return selects(s, w.Pod)
			})
		}
	}
}

// looksAround reports whether the pod itself says something about other pods.
func looksAround(spec *corev1.PodSpec) bool {
	for _, container := range spec.Containers {
		for _, port := range container.Ports {
			if port.HostPort > 0 {
				return true
			}
		}
	}
	return len(selectors(spec)) > 0
}

// selectors are those of other pods that the pod must or must not be near.
func selectors(spec *corev1.PodSpec) []*metav1.LabelSelector {
	var out []*metav1.LabelSelector
	for _, t := range spec.TopologySpreadConstraints {
		if t.WhenUnsatisfiable == corev1.DoNotSchedule {
			out = append(out, t.LabelSelector)
		}
	}
	for _, term := range antiAffinity(spec) {
		out = append(out, term.LabelSelector)
	}
	if spec.Affinity != nil && spec.Affinity.PodAffinity != nil {
		for _, term := range spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			out = append(out, term.LabelSelector)
		}
	}
	return out
}

func antiAffinity(spec *corev1.PodSpec) []corev1.PodAffinityTerm {
	if spec.Affinity == nil || spec.Affinity.PodAntiAffinity == nil {
		return nil
	}
	return spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// selects reports whether the selector may mean pods like that one. Namespaces and keys added to selectors are not looked
// at: saying yes too often costs time alone.
func selects(selector *metav1.LabelSelector, pod *corev1.Pod) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err != nil || parsed.Matches(labels.Set(pod.Labels))
}
