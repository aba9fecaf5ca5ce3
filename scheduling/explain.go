package scheduling

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/phrase"
)

// Explanation is what became of one pod, and why. Its String is the form that users see.
type Explanation struct {
	// Pod is the pod asked about.
	Pod types.NamespacedName
	// Assignment is set when the pod has a place, Unplaced when it was left out; neither when the plan knows no such pod.
	Assignment *Assignment
	Unplaced   *Unplaced
	// Launch is the launch that the pod is expected on, if it is one.
	Launch *Launch
	// Member is the member that the pod's group lacks, of which Nodes, Pools and Nearest speak; empty when they speak of Pod.
	Member types.NamespacedName
	// NodeCount is how many nodes exist or are on their way; Nodes counts why each does not take the pod.
	NodeCount int
	Nodes     []Rejection
	// Pools says the same of each NodePool's instance types, heaviest pool first.
	Pools []PoolExplanation
	// Nearest is the smallest change found that would make room for the pod, in words; empty if there is none.
	Nearest string

	own bool // the reason lies in the pod, whatever nodes there are
}

// PoolExplanation is why a NodePool does not launch a node for a pod.
type PoolExplanation struct {
	// Pool is the NodePool's name.
	Pool string
	// Offered is how many instance types the provider lists for the pool, Types how many of them the pool's own
	// requirements admit.
	Offered, Types int
	// Unmet is a requirement of the pool that no instance type meets, set when Types is 0 and there is such a one.
	Unmet string
	// Rejections count each type once, for the offering that came nearest.
	Rejections []Rejection
}

// Explain says what became of a pod. The answer describes the state that the plan ends in.
func (p *Plan) Explain(pod types.NamespacedName) Explanation {
	out := Explanation{Pod: pod}
	if i, ok := slices.BinarySearchFunc(p.Assignments, pod, func(a Assignment, name types.NamespacedName) int {
		return compareNames(a.Pod, name)
	}); ok {
		out.Assignment = &p.Assignments[i]
		for l := range p.Launches {
			if p.Launches[l].Name == out.Assignment.Node {
				out.Launch = &p.Launches[l]
			}
		}
		return out
	}
	i, ok := slices.BinarySearchFunc(p.Unplaced, pod, func(u Unplaced, name types.NamespacedName) int {
		return compareNames(u.Pod, name)
	})
	if !ok || p.problem == nil {
		return out
	}
	out.Unplaced = &p.Unplaced[i]
	class, found := p.problem.classOfPod(pod)
	if !found || p.problem.classes[class].unsupported != "" {
		out.own = true
		return out
	}
	d := p.final.diagnosisOf(&out, class)
	out.NodeCount, out.Nodes, out.Pools = p.problem.nodeCount(), d.nodes, d.pools
	out.Nearest = d.nearest.text()
	return out
}

// diagnosisOf is the diagnosis for the pod asked about, which is of the class, or for the member that its group lacks.
func (s *solver) diagnosisOf(e *Explanation, class int32) diagnosis {
	if held := s.out[s.p.classes[class].group]; s.leavesOut(&s.p.classes[class]) {
		if held.why == nil {
			e.own = true
			return diagnosis{}
		}
		e.Member = s.lastOf(held.member)
		return *held.why
	}
	var l *ledger
	if s.ledger != nil {
		l = s.ledger.clone()
	}
	d := s.scene(l).diagnose(class)
	s.p.rename(&d, class, e.Pod)
	return d
}

func (p *Problem) classOfPod(pod types.NamespacedName) (int32, bool) {
	i, ok := slices.BinarySearchFunc(p.pods, pod, func(o *corev1.Pod, name types.NamespacedName) int {
		return compareNames(podName(o), name)
	})
	if !ok {
		return 0, false
	}
	return p.classOf[i], true
}

// writeUnplaced lists the pods without a home. next[c] is how many of a class have one.
func (s *solver) writeUnplaced(plan *Plan, next []int) {
	placed := func(pod *corev1.Pod) bool {
		_, found := slices.BinarySearchFunc(plan.Assignments, podName(pod), func(a Assignment, name types.NamespacedName) int {
			return compareNames(a.Pod, name)
		})
		return found
	}
	sc := s.scene(s.ledger)
	for c := range s.p.classes {
		cl := &s.p.classes[c]
		left := cl.pods[next[c]:]
		if len(left) == 0 {
			continue
		}
		verdict, rejections := s.verdict(sc, int32(c))
		for _, i := range left {
			v, why := s.volumeVerdict(s.p.pods[i], cl, placed, verdict, rejections)
			plan.Unplaced = append(plan.Unplaced, Unplaced{Pod: podName(s.p.pods[i]), Verdict: v, Rejections: why})
		}
	}
	for _, kept := range s.p.promises {
		plan.Unplaced = append(plan.Unplaced, kept.unplaced())
	}
	slices.SortFunc(plan.Unplaced, func(a, b Unplaced) int { return compareNames(a.Pod, b.Pod) })
}

// verdict is why a class with pods left over was left out.
func (s *solver) verdict(sc *scene, c int32) (Verdict, []Rejection) {
	if field := s.p.classes[c].unsupported; field != "" {
		return NotEvaluated, []Rejection{{Code: NotSupported, Key: field, Count: 1}}
	}
	if s.stopped && (!s.looked.Has(int(c)) || s.leavesOut(&s.p.classes[c])) {
		return NotEvaluated, []Rejection{{Code: EffortExhausted, Key: s.spentOption(), Count: 1}}
	}
	if cl := &s.p.classes[c]; s.leavesOut(cl) && !s.stopped {
		return Infeasible, s.groupReasons(cl.group)
	}
	d := sc.diagnose(c)
	if s.p.classes[c].reserved {
		if reasons, waits := s.awaited(c); waits {
			return NotEvaluated, reasons
		}
	}
	if d.fits {
		return NotEvaluated, []Rejection{{Code: EffortExhausted, Key: s.spentOption(), Count: 1}}
	}
	if len(d.all) == 0 {
		d.all = []Rejection{s.nothingToLaunch(d)}
	}
	return Infeasible, d.all
}

// nothingToLaunch is the reason when there is no node and no instance type to give one.
func (s *solver) nothingToLaunch(d diagnosis) Rejection {
	offered := 0
	for _, pool := range d.pools {
		offered += pool.Offered
	}
	if offered > 0 {
		return Rejection{Code: RequirementConflict, Want: "no instance type meets the requirements of any NodePool", Count: offered}
	}
	return Rejection{Code: RequirementConflict, Want: "no NodePool can launch anything", Count: 1}
}

// spentOption is the option that kept a pod from being placed.
func (s *solver) spentOption() string {
	switch {
	case s.stopped:
		return "Effort"
	case s.opts.MaxLaunches > 0 && s.launches >= int64(s.opts.MaxLaunches):
		return "MaxLaunches"
	case s.opts.MaxPrice > 0:
		return "MaxPrice"
	}
	return "Effort"
}

// String is the explanation as an aligned tree.
func (e Explanation) String() string {
	switch {
	case e.Assignment != nil && e.Launch != nil:
		o := e.Launch.Offering()
		return fmt.Sprintf("%s is expected on launch %s (%s, %s)\n", e.Pod, e.Launch.Name, offeringText(o.OfferingKey), phrase.Money(o.Price))
	case e.Assignment != nil:
		return fmt.Sprintf("%s is expected on node %s\n", e.Pod, e.Assignment.Node)
	case e.Unplaced == nil:
		return fmt.Sprintf("%s is not part of the plan: no such waiting pod, or not one that the scheduler would bind\n", e.Pod)
	case e.Unplaced.Verdict == NotEvaluated, e.own:
		return fmt.Sprintf("%s is unplaced: %s\n", e.Pod, e.Unplaced.Rejections[0])
	}
	types := 0
	for _, pool := range e.Pools {
		types += pool.Types
	}
	var b strings.Builder
	subject := fmt.Sprintf("%s is unplaced:", e.Pod)
	if e.Member.Name != "" {
		r := e.Unplaced.Rejections[0]
		r.Detail = ""
		subject = fmt.Sprintf("%s %s; %s has no place:", subject, r, e.Member)
	}
	fmt.Fprintf(&b, "%s 0/%d nodes and 0/%d instance types fit\n", subject, e.NodeCount, types)
	width := len("nearest")
	for _, pool := range e.Pools {
		width = max(width, len("pool "+pool.Pool))
	}
	line := func(head, text string) { fmt.Fprintf(&b, "  %-*s  %s\n", width, head, text) }
	if e.NodeCount > 0 {
		line("nodes", joinReasons(e.Nodes))
	}
	for _, pool := range e.Pools {
		line("pool "+pool.Pool, pool.text())
	}
	if e.Nearest != "" {
		line("nearest", e.Nearest)
	}
	return b.String()
}

func (e PoolExplanation) text() string {
	switch {
	case e.Types == 0:
		return "0 considered: " + e.nothingMeets()
	case len(e.Rejections) == 1 && e.Rejections[0].Code == NodePoolLimit:
		return "0 considered: " + e.Rejections[0].String()
	}
	return joinReasons(e.Rejections)
}

// nothingMeets says what no type of the pool meets.
func (e PoolExplanation) nothingMeets() string {
	if e.Offered == 0 {
		return "the provider lists no instance types"
	}
	return fmt.Sprintf("none of %d instance types meets %s", e.Offered, cmp.Or(e.Unmet, "the pool's requirements"))
}

// shortfall is what share of the wanted amount is missing, between 0 and 1; 0 if the reason is not about amounts.
func shortfall(r Rejection) float64 {
	want, have := amount(r.Want), amount(r.Have)
	if want <= 0 {
		return 0
	}
	return 1 - have/want
}

func amount(text string) float64 {
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return 0
	}
	return q.AsApproximateFloat64()
}

func onlySig(p *Problem, sig int32) bitset.Set {
	s := bitset.New(len(p.sigs))
	s.Add(int(sig))
	return s
}
