package scheduling

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/bitset"
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
	d := p.final.diagnose(class)
	p.problem.rename(&d, class, pod)
	out.NodeCount, out.Nodes, out.Pools = len(p.problem.nodes), d.nodes, d.pools
	out.Nearest = d.nearest.text()
	return out
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
	for c := range s.p.classes {
		cl := &s.p.classes[c]
		left := cl.pods[next[c]:]
		if len(left) == 0 {
			continue
		}
		verdict, rejections := s.verdict(int32(c))
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
func (s *solver) verdict(c int32) (Verdict, []Rejection) {
	if field := s.p.classes[c].unsupported; field != "" {
		return NotEvaluated, []Rejection{{Code: NotSupported, Key: field, Count: 1}}
	}
	if s.stopped && !s.looked.Has(int(c)) {
		return NotEvaluated, []Rejection{{Code: EffortExhausted, Key: s.spentOption(), Count: 1}}
	}
	if cl := &s.p.classes[c]; s.leavesOut(cl) && !s.stopped {
		return Infeasible, []Rejection{s.groupReason(cl.group)}
	}
	d := s.diagnose(c)
	var all []Rejection
	nodes := 0
	for _, r := range d.nodes {
		nodes += r.Count
	}
	possible := nodes < len(s.p.nodes)
	for _, pool := range d.pools {
		for _, r := range pool.Rejections {
			possible = possible || r.Code == EffortExhausted
			all = append(all, r)
		}
	}
	if s.p.classes[c].reserved {
		if reasons, waits := s.awaited(c); waits {
			return NotEvaluated, reasons
		}
	}
	if possible {
		return NotEvaluated, []Rejection{{Code: EffortExhausted, Key: s.spentOption(), Count: 1}}
	}
	all = append(all, d.nodes...)
	slices.SortStableFunc(all, func(a, b Rejection) int {
		return cmp.Or(cmp.Compare(a.Code.depth(), b.Code.depth()), cmp.Compare(b.Count, a.Count))
	})
	if len(all) == 0 {
		all = []Rejection{s.nothingToLaunch(d)}
	}
	return Infeasible, all
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

// depth orders codes by how near the host came to taking the pod.
func (c Code) depth() int {
	switch c {
	case MinValues, GroupIncomplete:
		return 0
	case NodePoolLimit:
		return 1
	case NoAvailableOffering:
		return 2
	case InsufficientResource:
		return 3
	case TopologySpread, PodAffinity, PodAntiAffinity, HostPortInUse, VolumeConflict:
		return 4
	case RequirementConflict:
		return 5
	case UntoleratedTaint:
		return 6
	case NotSupported, EffortExhausted, Nominated:
		return 7
	}
	return 8
}

// String is the explanation as an aligned tree.
func (e Explanation) String() string {
	switch {
	case e.Assignment != nil && e.Launch != nil:
		o := e.Launch.Offering()
		return fmt.Sprintf("%s is expected on launch %s (%s, %s)\n", e.Pod, e.Launch.Name, offeringText(o.OfferingKey), money(o.Price))
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
	fmt.Fprintf(&b, "%s is unplaced: 0/%d nodes and 0/%d instance types fit\n", e.Pod, e.NodeCount, types)
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
	case e.Types == 0 && e.Offered == 0:
		return "0 considered: the provider lists no instance types"
	case e.Types == 0 && e.Unmet != "":
		return fmt.Sprintf("0 considered: none of %d instance types meets %s", e.Offered, e.Unmet)
	case e.Types == 0:
		return fmt.Sprintf("0 considered: none of %d instance types meets the pool's requirements", e.Offered)
	case len(e.Rejections) == 1 && e.Rejections[0].Code == NodePoolLimit:
		return "0 considered: " + e.Rejections[0].String()
	}
	return joinReasons(e.Rejections)
}

func joinReasons(list []Rejection) string {
	parts := make([]string, len(list))
	for i, r := range list {
		parts[i] = fmt.Sprintf("%d %s", r.Count, r)
	}
	return strings.Join(parts, ", ")
}

// String is the reason in words, without its count and pool.
func (r Rejection) String() string {
	amounts := ""
	if r.Want != "" && r.Have != "" {
		amounts = fmt.Sprintf(" (want %s, have %s)", r.Want, r.Have)
	}
	switch r.Code {
	case InsufficientResource:
		if r.Used != "" {
			return r.volumeText()
		}
		return "insufficient " + r.Key + amounts
	case UntoleratedTaint:
		return "untolerated taint " + r.Key
	case RequirementConflict:
		return strings.TrimSpace(shortKey(r.Key) + " " + r.Want)
	case PodAntiAffinity:
		return "anti-affinity over " + shortKey(r.Key)
	case PodAffinity:
		if r.Want == absentLabel {
			return "affinity over " + shortKey(r.Key) + ", which is absent"
		}
		return "no pod that affinity over " + shortKey(r.Key) + " asks for"
	case TopologySpread:
		if r.Want == absentLabel {
			return "topology spread over " + shortKey(r.Key) + ", which is absent"
		}
		return fmt.Sprintf("topology spread over %s (max skew %s, would be %s)", shortKey(r.Key), r.Want, r.Have)
	case NodePoolLimit:
		if amount(r.Used) < amount(r.Have) {
			return fmt.Sprintf("limit %s %s too low (%s used, %s with one more node)", r.Key, r.Have, r.Used, r.Want)
		}
		return fmt.Sprintf("limit %s %s reached (%s used)", r.Key, r.Have, r.Used)
	case NoAvailableOffering:
		if r.Have != "" {
			return "stock " + r.Key + " used up"
		}
		return strings.TrimSpace("no available offering in " + r.Key)
	case MinValues:
		return "too few values of " + shortKey(r.Key) + amounts
	case NotSupported:
		return "not supported: " + r.Key
	case Nominated:
		return "nominated to node " + r.Key
	case EffortExhausted:
		return "not looked at: " + r.Key + " is used up"
	case HostPortInUse:
		return "host port " + r.Key + " in use"
	case GroupIncomplete:
		return fmt.Sprintf("group %s incomplete (want %s, have %s)", r.Key, r.Want, r.Have)
	case VolumeConflict:
		return strings.TrimSpace(r.Key + " " + r.Want)
	}
	return strings.TrimSpace(string(r.Code) + " " + r.Key + amounts)
}

// absentLabel is what a Rejection wants in vain when a constraint between pods is over a label that the node lacks.
const absentLabel = "absent"

// text says what would have to change for the near miss to be a hit.
func (m miss) text() string {
	if len(m.reasons) == 0 {
		return ""
	}
	parts := make([]string, len(m.reasons))
	for i, r := range m.reasons {
		parts[i] = r.remedy()
	}
	where := m.where
	if m.what != "" && m.reasons[0].Code != NodePoolLimit {
		where += ", " + m.what
	}
	return where + ": " + strings.Join(parts, ", and ")
}

func (r Rejection) remedy() string {
	switch r.Code {
	case InsufficientResource:
		if r.Used != "" {
			return "detach a volume of " + r.Key
		}
		return fmt.Sprintf("lower the request for %s from %s to %s", r.Key, r.Want, r.Have)
	case UntoleratedTaint:
		return "tolerate " + r.Key
	case RequirementConflict:
		return "allow " + shortKey(r.Key) + " other than asked"
	case NodePoolLimit:
		return fmt.Sprintf("raise limit %s from %s to %s", r.Key, r.Have, r.Want)
	case NoAvailableOffering:
		return "wait for " + r.Key
	case MinValues:
		return fmt.Sprintf("lower minValues of %s from %s to %s", shortKey(r.Key), r.Want, r.Have)
	case PodAntiAffinity:
		return "drop the anti-affinity over " + shortKey(r.Key)
	case HostPortInUse:
		return "free host port " + r.Key
	case TopologySpread:
		if r.Want == absentLabel {
			return "drop the topology spread over " + shortKey(r.Key)
		}
		return fmt.Sprintf("raise maxSkew over %s from %s to %s", shortKey(r.Key), r.Want, r.Have)
	case PodAffinity:
		if r.Want == absentLabel {
			return "drop the affinity over " + shortKey(r.Key)
		}
		return "run a pod that affinity over " + shortKey(r.Key) + " asks for"
	case VolumeConflict:
		return "use other storage: " + r.String()
	case GroupIncomplete, NotSupported, Nominated, EffortExhausted:
	}
	return r.String()
}

// shortKey is how reasons write a well-known key.
func shortKey(key string) string {
	switch key {
	case corev1.LabelTopologyZone:
		return "zone"
	case corev1.LabelTopologyRegion:
		return "region"
	case corev1.LabelHostname:
		return "hostname"
	case corev1.LabelArchStable:
		return "arch"
	case corev1.LabelOSStable:
		return "os"
	case corev1.LabelInstanceTypeStable:
		return "instance-type"
	case v1.CapacityTypeLabelKey:
		return "capacity-type"
	case v1.NodePoolLabelKey:
		return "nodepool"
	}
	return key
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
