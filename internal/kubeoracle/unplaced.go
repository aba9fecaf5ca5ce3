package kubeoracle

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	v1helper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
	kubescheduler "k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// unplaced asks for each pod called infeasible whether there is no place for it indeed. All placed pods are on the board.
func (st *state) unplaced(ctx context.Context) {
	known := map[string]string{}
	for _, u := range st.plan.Unplaced {
		pod, waits := st.pods[u.Pod]
		if !waits {
			st.add(Finding{Check: Malformed, Pod: u.Pod, Message: "no such pod waits"})
			continue
		}
		if u.Verdict != scheduling.Infeasible || st.waitsForOthers(&u) {
			continue
		}
		shape := st.shapeOf(pod)
		place, seen := known[shape]
		if !seen {
			place = st.placeFor(ctx, pod)
			known[shape] = place
		}
		if place != "" {
			st.add(Finding{Check: Unplaced, Pod: u.Pod, Node: place, Message: "is called infeasible, and every plugin accepts it there"})
		}
	}
}

// shapeOf is what two pods have in common that differ in name and identity only. The controller counts for default spread
// constraints, and the name where claims are called after it.
func (st *state) shapeOf(pod *corev1.Pod) string {
	name, together := "", ""
	if slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Ephemeral != nil }) {
		name = pod.Name
	}
	if g := st.groups[nameOf(pod)]; g != nil {
		together = g.source.Name
	}
	text, err := json.Marshal([]any{pod.Namespace, pod.Labels, pod.Spec, metav1.GetControllerOfNoCopy(pod), name, together})
	if err != nil {
		panic(err) // a pod is plain data
	}
	return string(text)
}

// placeFor is a node on which the pod could run; empty when there is none.
func (st *state) placeFor(ctx context.Context, pod *corev1.Pod) string {
	now := st.begin(ctx, pod)
	together := st.groups[nameOf(pod)]
	for _, info := range slices.Clone(st.board.nodes) {
		name := info.Node().Name
		if st.leaving[name] || !together.admits(info.Node().Labels) || !now.filter(ctx, info).none() {
			continue
		}
		if l, fresh := st.launches[name]; !fresh || len(l.Pods) < st.maxPods() && st.staysFlexible(l, pod) {
			return name
		}
	}
	for _, p := range st.pools {
		if f := st.furtherFor(ctx, p, pod, now); f != nil {
			return f.String()
		}
	}
	return ""
}

// maxPods is how many of the waiting pods a launch may hold.
func (st *state) maxPods() int {
	if st.options.MaxPodsShare == 0 {
		return st.plan.Stats.Pods
	}
	return max(1, int(st.options.MaxPodsShare*float64(st.plan.Stats.Pods)+1e-6))
}

// furtherFor is a further node of the pool on which the pod could run, within stock, limits and minValues.
func (st *state) furtherFor(ctx context.Context, p *pool, pod *corev1.Pod, now *cycle) *further {
	var able []*further
	strict := len(p.minimums) > 0 && st.options.MinValues != scheduling.MinValuesBestEffort
	for _, f := range p.further {
		if !st.sold(f) || !st.groups[nameOf(pod)].admits(f.node.Labels) || !strict && !st.affordable(f) || !st.accepts(ctx, f, pod, now) {
			continue
		}
		if !strict {
			return f
		}
		able = append(able, f)
	}
	for _, f := range able {
		if st.affordable(f) && st.varied(p, alike(able, st.cell(f.node.Labels), st.cell)) {
			return f
		}
	}
	return nil
}

// cell is the values that the labels have for all keys by which somebody tells nodes apart. A launch must be of one cell,
// whichever of its choices is bought: otherwise nobody knows whether constraints over zones and the like hold.
func (st *state) cell(labels map[string]string) string {
	var b strings.Builder
	for _, key := range st.keys {
		value, has := labels[key]
		fmt.Fprintf(&b, "%t %q ", has, value)
	}
	return b.String()
}

// alike are those of the nodes that are of the cell.
func alike(nodes []*further, cell string, of func(map[string]string) string) []*further {
	var out []*further
	for _, f := range nodes {
		if of(f.node.Labels) == cell {
			out = append(out, f)
		}
	}
	return out
}

// local are the plugins whose verdict on a node depends on that node and the pods on it alone, volumes being reserved as
// they are.
func local(plugin string) bool {
	switch plugin {
	case "NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit", preFilter,
		"VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone":
		return true
	}
	return false
}

// accepts reports whether the pod could run on the further node. now is the pod's cycle without that node: what the
// plugins say by it counts where they look at nothing but the node, otherwise they are asked again with the node there.
func (st *state) accepts(ctx context.Context, f *further, pod *corev1.Pod, now *cycle) bool {
	if local(now.failed.plugin) {
		return false // by what the pod asks for: no node changes that
	}
	info := st.info(f)
	if now.failed.none() {
		if r := now.filter(ctx, info); local(r.plugin) {
			return false
		}
	}
	st.board.addNode(info)
	defer st.board.removeNode(f.node.Name)
	_, r := st.try(ctx, pod, f.node.Name)
	return r.none()
}

// sold reports whether the node could be bought at all, what the plan buys aside.
func (st *state) sold(f *further) bool {
	return f.offering.Available && (f.offering.Stock == nil || st.stock(f.offering.Stock.Key) > 0)
}

// stock is how many machines there are of a supply: the smallest count that is stated.
func (st *state) stock(key string) int {
	size := -1
	for _, list := range st.s.InstanceTypes {
		for _, t := range list {
			for i := range t.Offerings {
				if s := t.Offerings[i].Stock; s != nil && s.Key == key && (size < 0 || s.Count < size) {
					size = s.Count
				}
			}
		}
	}
	return size
}

// affordable reports whether stock and limits allow the node beside those of the plan.
func (st *state) affordable(f *further) bool {
	if s := f.offering.Stock; s != nil {
		taken := 0
		for i := range st.plan.Launches {
			if st.plan.Launches[i].Choices[0].StockKey == s.Key {
				taken++
			}
		}
		if taken >= st.stock(s.Key) {
			return false
		}
	}
	for name, limit := range f.pool.source.Spec.Limits {
		total := resource.Quantity{}
		for _, node := range st.existing {
			if node.Labels["karpenter.sh/nodepool"] == f.pool.source.Name {
				total.Add(amount(node.Status.Capacity, name))
			}
		}
		for i := range st.plan.Launches {
			if l := &st.plan.Launches[i]; l.NodePool == f.pool.source.Name {
				for _, t := range st.s.InstanceTypes[l.NodePool] {
					if t.Name == l.Choices[0].InstanceType {
						total.Add(amount(t.Capacity, name))
						break
					}
				}
			}
		}
		total.Add(amount(f.typ.Capacity, name))
		if total.Cmp(limit) > 0 {
			return false
		}
	}
	return true
}

// amount is what a node counts against a limit.
func amount(capacity corev1.ResourceList, name corev1.ResourceName) resource.Quantity {
	if name == "nodes" {
		return *resource.NewQuantity(1, resource.DecimalSI)
	}
	return capacity[name]
}

// varied reports whether the nodes, which are of one cell, have as many values as the pool's minValues ask for, over all
// offerings of their types that are sold and of that cell.
func (st *state) varied(p *pool, able []*further) bool {
	types := map[string]bool{}
	cell := ""
	for _, f := range able {
		types[f.typ.Name] = true
		cell = st.cell(f.node.Labels)
	}
	for key, want := range p.minimums {
		values := map[string]bool{}
		for _, f := range p.further {
			if value, ok := f.node.Labels[key]; ok && types[f.typ.Name] && st.sold(f) && st.cell(f.node.Labels) == cell {
				values[value] = true
			}
		}
		if len(values) < want {
			return false
		}
	}
	return true
}

// staysFlexible reports whether enough types could host the launch if the pod joined it.
func (st *state) staysFlexible(l *scheduling.Launch, pod *corev1.Pod) bool {
	at := slices.IndexFunc(st.pools, func(p *pool) bool { return p.source.Name == l.NodePool })
	if at < 0 || len(st.pools[at].minimums) == 0 || st.options.MinValues == scheduling.MinValuesBestEffort {
		return true
	}
	p := st.pools[at]
	content := []*corev1.Pod{pod}
	for _, other := range st.placed {
		if other.Spec.NodeName == l.Name {
			content = append(content, unbound(other))
		}
	}
	var able []*further
	for _, f := range p.further {
		if st.sold(f) && st.cell(f.node.Labels) == st.cell(l.Node.Labels) && st.holds(f, content) {
			able = append(able, f)
		}
	}
	return st.varied(p, able)
}

// holds reports whether the node can host those pods together, as the kubelet, the taint plugin and the plugins for volumes
// see it.
func (st *state) holds(f *further, pods []*corev1.Pod) bool {
	info := st.info(f).SnapshotConcrete()
	for _, pod := range pods {
		if len(pod.Spec.Volumes) > 0 && !st.reached(info, pod) {
			return false
		}
		_, repelled := v1helper.FindMatchingUntoleratedTaint(klog.Background(), f.node.Spec.Taints, pod.Spec.Tolerations, hard, false)
		if repelled || len(kubescheduler.AdmissionCheck(pod, info, false)) > 0 {
			return false
		}
		info.AddPod(on(pod, f.node.Name))
	}
	return true
}

// reach asks a scheduler of its own whether a pod's volumes can be had on a node, as if no claim had been promised a volume
// or a node. The scheduler is set up when it is needed.
func reach(ctx context.Context, setUp func() (*scheduler, error)) func(node *framework.NodeInfo, pod *corev1.Pod) bool {
	var s *scheduler
	return func(node *framework.NodeInfo, pod *corev1.Pod) bool {
		if s == nil {
			var err error
			if s, err = setUp(); err != nil {
				panic(err) // another one was set up in the same way
			}
		}
		switch s.begin(ctx, pod).filter(ctx, node).plugin {
		case "NodeVolumeLimits", "VolumeBinding", "VolumeZone":
			return false
		}
		return true
	}
}

func hard(t *corev1.Taint) bool {
	return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
}
