package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Unplaced lists the pods that a plan made with the default options calls infeasible and that could have a home: on a
// node of the final state, or on one more launch within what is left of limits and stock. It also lists reasons that are
// not true of any node or instance type. It does not ask whether other pods could have been left out instead.
func Unplaced(s scheduling.Snapshot, p *scheduling.Plan) []Violation {
	return UnplacedWith(s, p, scheduling.Options{})
}

// UnplacedWith is [Unplaced] for a plan made with those options. MinValues, Reserved and MaxPodsShare are
// the options that count.
func UnplacedWith(s scheduling.Snapshot, p *scheduling.Plan, opts scheduling.Options) []Violation {
	u := &unplacedChecker{world: newWorld(&s, p), relaxed: opts.MinValues == scheduling.MinValuesBestEffort, maxPods: podsShare(p, opts), known: map[string]*facts{}}
	u.sequence() // for what it promises to claims
	for _, entry := range p.Unplaced {
		pod := u.pending[entry.Pod]
		if entry.Verdict == scheduling.NotEvaluated && opts.Reserved != scheduling.ReservedStrict && u.mayWait(entry) {
			u.add(Answer, podObject(entry.Pod), "is left for the next round, which the options do not ask for")
		}
		if pod == nil || entry.Verdict != scheduling.Infeasible {
			continue
		}
		object := podObject(entry.Pod)
		if u.waitsForOthers(entry, pod) {
			continue
		}
		f := u.factsOf(pod)
		for _, h := range f.homes {
			u.add(RoomLeft, object, "could run on %s", h)
		}
		if f.print != "" {
			u.add(CouldLaunch, object, "could run on a further %s", f.print)
		}
		for _, r := range entry.Rejections {
			u.checkRejection(object, f, r)
		}
	}
	return u.list
}

// podsShare is how many of the waiting pods a launch may hold.
func podsShare(p *scheduling.Plan, opts scheduling.Options) int {
	if opts.MaxPodsShare == 0 {
		return math.MaxInt
	}
	return max(1, int(opts.MaxPodsShare*float64(p.Stats.Pods)+1e-6))
}

type unplacedChecker struct {
	*world
	report
	relaxed bool
	maxPods int // that a launch may hold
	known   map[string]*facts
}

// facts are what the final state holds against one kind of pod.
type facts struct {
	homes []string // hosts that would take the pod
	print string   // a blueprint that would
	nodes map[reason]bool
	pools map[string]map[reason]bool
}

// factsOf finds the facts; pods that differ in nothing but their name share them. Generic ephemeral volumes have claims
// that go by the pod's name.
func (u *unplacedChecker) factsOf(pod *corev1.Pod) *facts {
	shape := pod.DeepCopy()
	if !slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Ephemeral != nil }) {
		shape.Name, shape.UID, shape.CreationTimestamp.Time = "", "", u.s.Now
	}
	group := ""
	if g := u.groupOf(pod); g != nil {
		group = g.Name
	}
	text, err := json.Marshal([]any{group, shape})
	if err != nil {
		panic(err) // a pod is plain data
	}
	f, ok := u.known[string(text)]
	if !ok {
		f = u.find(pod)
		u.known[string(text)] = f
	}
	return f
}

func (u *unplacedChecker) find(pod *corev1.Pod) *facts {
	f := &facts{nodes: map[reason]bool{}, pools: map[string]map[reason]bool{}}
	for _, h := range u.hosts {
		reasons := append(u.turnedAway(pod, h), u.groupReasons(pod, h)...)
		if len(reasons) == 0 && (h.launch == nil || len(h.placed) < u.maxPods && u.staysFlexible(h, pod)) {
			f.homes = append(f.homes, h.node.Name)
		}
		note(f.nodes, reasons)
	}
	taken := u.taken()
	for _, p := range u.pools {
		found := map[reason]bool{}
		f.pools[p.source.Name] = found
		if p.refused > 0 || len(p.prints) == 0 {
			found[reason{code: scheduling.RequirementConflict}] = true
		}
		refusals, able := make([][]reason, len(p.prints)), map[string]bool{}
		for i, b := range p.prints {
			with, h := u.beside(b)
			refusals[i] = append(with.turnedAway(pod, h), u.groupReasons(pod, h)...)
			if len(refusals[i]) == 0 && u.sold(b) {
				able[b.typ.Name] = true
			}
		}
		short := u.short(p, able)
		for _, key := range short {
			found[reason{scheduling.MinValues, key}] = true
		}
		for i, b := range p.prints {
			reasons := refusals[i]
			if stock := b.stockKey(); !b.offering.Available || b.offering.Stock != nil && u.stockSize(stock) <= taken[stock] {
				reasons = append(reasons, reason{scheduling.NoAvailableOffering, ""})
			}
			for _, resource := range u.exceeded(p, b) {
				reasons = append(reasons, reason{scheduling.NodePoolLimit, string(resource)})
			}
			note(found, reasons)
			if len(reasons) == 0 && (u.relaxed || len(short) == 0) && f.print == "" {
				f.print = fmt.Sprintf("%s %v of pool %s with labels %v", b.typ.Name, keyOf(b.typ, b.offering), p.source.Name, b.labels)
			}
		}
	}
	return f
}

func note(set map[reason]bool, reasons []reason) {
	for _, r := range reasons {
		if r.code == "Leaving" {
			r.code = scheduling.RequirementConflict
		}
		set[r] = true
	}
}

// short lists the pool's minValues that those types do not meet.
func (w *world) short(p *pool, able map[string]bool) []string {
	values := w.variety(p, func(b *blueprint) bool { return able[b.typ.Name] })
	wanted := minimums(p)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if values[key] < wanted[key] {
			out = append(out, key)
		}
	}
	return out
}

// staysFlexible reports whether enough types could host the launch if the pod joined it.
func (u *unplacedChecker) staysFlexible(h *host, pod *corev1.Pod) bool {
	p := u.pool(h.launch.NodePool)
	if u.relaxed || p == nil {
		return true
	}
	joined := *h
	joined.placed = append(slices.Clone(h.placed), pod)
	with := *u.world
	with.hosts = slices.Clone(u.hosts)
	with.hosts[slices.Index(with.hosts, h)] = &joined
	return with.staysVaried(&joined, p)
}

// staysVaried reports whether enough types could host the launch as it is for the pool's minValues.
func (w *world) staysVaried(h *host, p *pool) bool {
	if len(minimums(p)) == 0 {
		return true
	}
	able := map[string]bool{}
	for _, b := range p.prints {
		if !able[b.typ.Name] && w.sold(b) && w.holds(h, b, h.placed) {
			able[b.typ.Name] = true
		}
	}
	return len(w.short(p, able)) == 0
}

// everywhere reports whether the code is a reason of some node or of some pool's types.
func (f *facts) everywhere(code scheduling.Code) bool {
	for _, list := range append(slices.Collect(maps.Values(f.pools)), f.nodes) {
		for have := range list {
			if have.code == code {
				return true
			}
		}
	}
	return false
}

// checkRejection looks for a node, or a type of the pool, of which the rejection is true.
func (u *unplacedChecker) checkRejection(object string, f *facts, r scheduling.Rejection) {
	where, hosts := f.nodes, len(u.hosts)
	if r.Code == scheduling.InsufficientResource && r.Used != "" { // attached volumes, which the engine counts as a resource
		r.Code = scheduling.VolumeConflict
	}
	if r.Code == scheduling.VolumeConflict && r.Pool == "" && f.everywhere(r.Code) { // it may lie in the pod
		return
	}
	if r.Pool != "" {
		where, hosts = f.pools[r.Pool], max(len(u.s.InstanceTypes[r.Pool]), 1) // a pool for which nothing is listed counts as one
	}
	exact := r.Code == scheduling.InsufficientResource || r.Code == scheduling.NodePoolLimit || r.Code == scheduling.MinValues
	for have := range where {
		if have.code == r.Code && (!exact || have.key == r.Key) && r.Count >= 1 && r.Count <= hosts {
			return
		}
	}
	if r.Pool == "" && (r.Code == scheduling.RequirementConflict || r.Code == scheduling.VolumeConflict) && len(u.hosts) == 0 && u.nothingToLaunch() {
		return
	}
	u.add(Reason, object, "%+v is true of nothing", r)
}

func (w *world) nothingToLaunch() bool {
	for _, p := range w.pools {
		if len(p.prints) > 0 {
			return false
		}
	}
	return true
}
