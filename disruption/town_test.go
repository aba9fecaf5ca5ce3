package disruption_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// now is when decisions of tests are taken; what is there has been there for a day.
var now = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// house is an initialised node as the launch asks for, with its claim and pods.
func house(name string, l *scheduling.Launch, pods []*corev1.Pod, since time.Time) scheduling.Node {
	born := metav1.NewTime(since)
	node := l.Node.DeepCopy()
	node.Name, node.UID, node.CreationTimestamp = name, types.UID("node/"+name), born
	node.Spec.ProviderID = "fake:///" + name
	node.Labels[corev1.LabelHostname] = name
	node.Labels[v1.InitializedLabelKey], node.Labels[v1.RegisteredLabelKey] = "true", "true"
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	claim := &v1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("claim/" + name), CreationTimestamp: born, Labels: maps.Clone(node.Labels)}}
	claim.Status.NodeName, claim.Status.ProviderID = name, node.Spec.ProviderID
	for _, c := range []string{v1.ConditionTypeLaunched, v1.ConditionTypeRegistered, v1.ConditionTypeInitialized} {
		claim.Status.Conditions = append(claim.Status.Conditions, v1.ClaimCondition{Type: c, Status: metav1.ConditionTrue, LastTransitionTime: born})
	}
	bound := make([]*corev1.Pod, len(pods))
	for i, pod := range pods {
		bound[i] = onNode(pod, name)
	}
	return scheduling.Node{Node: node, Claim: claim, Pods: bound}
}

// onNode is the pod running on the node.
func onNode(pod *corev1.Pod, node string) *corev1.Pod {
	out := *pod
	out.Spec.NodeName = node
	out.Status.Phase = corev1.PodRunning
	return &out
}

// inhabited is the input in which the plan for the snapshot has been carried out a day ago: launches are nodes, and nothing
// waits but what the plan leaves out.
func inhabited(s scheduling.Snapshot, plan *scheduling.Plan) disruption.Input {
	pods := map[types.NamespacedName]*corev1.Pod{}
	for _, pod := range s.Pods {
		pods[nameOf(pod)] = pod
	}
	s.Now = now
	s.Nodes = slices.Clone(s.Nodes)
	at := map[string][]*corev1.Pod{}
	for _, a := range plan.Assignments {
		at[a.Node] = append(at[a.Node], pods[a.Pod])
		delete(pods, a.Pod)
	}
	for i := range s.Nodes {
		name := s.Nodes[i].Name()
		s.Nodes[i].Pods = slices.Clone(s.Nodes[i].Pods)
		for _, pod := range at[name] {
			s.Nodes[i].Pods = append(s.Nodes[i].Pods, onNode(pod, name))
		}
	}
	for i := range plan.Launches {
		l := &plan.Launches[i]
		s.Nodes = append(s.Nodes, house(l.Name, l, at[l.Name], now.Add(-24*time.Hour)))
	}
	s.Pods = []*corev1.Pod{}
	for _, u := range plan.Unplaced {
		if pod := pods[u.Pod]; pod != nil {
			s.Pods = append(s.Pods, pod)
		}
	}
	for _, pool := range s.NodePools {
		pool.Spec.Disruption.Budgets = []v1.Budget{{Nodes: "100%"}}
	}
	return disruption.Input{Snapshot: s, PodDisruptionBudgets: []*policyv1.PodDisruptionBudget{}}
}

// lose is the input without a share of its running pods, chosen by the seed.
func lose(in disruption.Input, share float64, seed uint64) disruption.Input {
	random := rand.New(rand.NewPCG(seed, 7))
	in.Nodes = slices.Clone(in.Nodes)
	for i := range in.Nodes {
		in.Nodes[i].Pods = slices.DeleteFunc(slices.Clone(in.Nodes[i].Pods), func(*corev1.Pod) bool { return random.Float64() < share })
	}
	return in
}

// carriedOut is the input once the commands have been carried out: nodes are gone, launches are nodes, pods have moved.
func carriedOut(t testing.TB, in disruption.Input, commands []disruption.Command, after time.Duration) disruption.Input {
	t.Helper()
	gone := map[string]bool{}
	goesTo := map[types.NamespacedName]string{}
	var launches []scheduling.Launch
	for i := range commands {
		for _, n := range commands[i].Remove {
			require.False(t, gone[n], "two commands remove %s", n)
			gone[n] = true
		}
		for _, m := range commands[i].Moves {
			goesTo[m.Pod] = m.Node
		}
		launches = append(launches, commands[i].Replace...)
	}
	in.Now = in.Now.Add(after)
	rename := map[string]string{}
	for i := range launches {
		rename[launches[i].Name] = fmt.Sprintf("%s-t%d", launches[i].Name, in.Now.Unix())
	}
	arrivals := map[string][]*corev1.Pod{}
	for _, n := range in.Nodes {
		if !gone[n.Name()] {
			continue
		}
		for _, pod := range n.Pods {
			to, moves := goesTo[nameOf(pod)]
			if renamed, isLaunch := rename[to]; isLaunch {
				to = renamed
			}
			if moves {
				arrivals[to] = append(arrivals[to], pod)
			}
		}
	}
	var nodes []scheduling.Node
	for _, n := range in.Nodes {
		name := n.Name()
		if gone[name] {
			continue
		}
		n.Pods = slices.Clone(n.Pods)
		for _, pod := range arrivals[name] {
			n.Pods = append(n.Pods, onNode(pod, name))
		}
		nodes = append(nodes, n)
	}
	for i := range launches {
		name := rename[launches[i].Name]
		nodes = append(nodes, house(name, &launches[i], arrivals[name], in.Now))
	}
	in.Nodes = nodes
	return in
}

// price is what the nodes cost together.
func price(in disruption.Input) float64 {
	total := 0.0
	for _, n := range in.Nodes {
		if n.Node == nil {
			continue
		}
		for _, t := range in.InstanceTypes[n.Node.Labels[v1.NodePoolLabelKey]] {
			if t.Name != n.Node.Labels[corev1.LabelInstanceTypeStable] {
				continue
			}
			for _, o := range t.Offerings {
				if o.Zone == n.Node.Labels[corev1.LabelTopologyZone] && o.CapacityType == n.Node.Labels[v1.CapacityTypeLabelKey] {
					total += o.Price
					break
				}
			}
		}
	}
	return total
}

// boundOf is a proven lower bound of what nodes for all running pods can cost.
func boundOf(t testing.TB, in disruption.Input) float64 {
	t.Helper()
	s := in.Snapshot
	s.Nodes = []scheduling.Node{}
	for _, n := range in.Nodes {
		for _, pod := range n.Pods {
			waiting := *pod
			waiting.Spec.NodeName = ""
			waiting.Status = corev1.PodStatus{Phase: corev1.PodPending}
			s.Pods = append(slices.Clip(s.Pods), &waiting)
		}
	}
	p, err := scheduling.Compile(s)
	require.NoError(t, err)
	b, err := p.LowerBound(t.Context())
	require.NoError(t, err)
	return b.Price
}

// firstFit packs as Karpenter does: pods by CPU and memory, the largest first; each goes to the machine with the fewest pods
// that still has a type on which all fit, or to a new one. In the end each machine is the cheapest type that holds its pods.
// Pods have no constraints but what they ask for, and one NodePool launches everything, in one zone.
func firstFit(t testing.TB, s scheduling.Snapshot) disruption.Input {
	t.Helper()
	pool := s.NodePools[0]
	problem := s
	problem.Pods = []*corev1.Pod{}
	type machine struct {
		used [3]float64
		pods []*corev1.Pod
		fits []int
	}
	list := s.InstanceTypes[pool.Name]
	room := make([][3]float64, len(list))
	over := daemonLoad(s)
	for i, typ := range list {
		a := typ.Allocatable()
		room[i] = [3]float64{a.Cpu().AsApproximateFloat64() - over[0], a.Memory().AsApproximateFloat64() - over[1], a.Pods().AsApproximateFloat64() - over[2]}
	}
	pods := slices.Clone(s.Pods)
	slices.SortStableFunc(pods, func(a, b *corev1.Pod) int {
		x, y := load(a), load(b)
		return cmp.Or(-cmp.Compare(x[0], y[0]), -cmp.Compare(x[1], y[1]))
	})
	var machines []*machine
	for _, pod := range pods {
		asks := load(pod)
		fitting := func(used [3]float64, among []int) []int {
			var out []int
			for _, i := range among {
				if used[0]+asks[0] <= room[i][0] && used[1]+asks[1] <= room[i][1] && used[2]+1 <= room[i][2] {
					out = append(out, i)
				}
			}
			return out
		}
		slices.SortStableFunc(machines, func(a, b *machine) int { return cmp.Compare(len(a.pods), len(b.pods)) })
		placed := false
		for _, m := range machines {
			if fits := fitting(m.used, m.fits); len(fits) > 0 {
				m.fits, m.pods, placed = fits, append(m.pods, pod), true
				m.used = [3]float64{m.used[0] + asks[0], m.used[1] + asks[1], m.used[2] + 1}
				break
			}
		}
		if placed {
			continue
		}
		all := make([]int, len(list))
		for i := range all {
			all[i] = i
		}
		fits := fitting([3]float64{}, all)
		require.NotEmpty(t, fits, "no type holds %s", pod.Name)
		machines = append(machines, &machine{used: [3]float64{asks[0], asks[1], 1}, pods: []*corev1.Pod{pod}, fits: fits})
	}
	plan := &scheduling.Plan{}
	for n, m := range machines {
		best := slices.MinFunc(m.fits, func(a, b int) int { return cloudprovider.CompareInstanceTypes(list[a], list[b]) })
		plan.Launches = append(plan.Launches, launchOf(t, s, pool, list[best], fmt.Sprintf("%s-%d", pool.Name, n+1)))
		for _, pod := range m.pods {
			plan.Assignments = append(plan.Assignments, scheduling.Assignment{Pod: nameOf(pod), Node: plan.Launches[n].Name, Launch: true})
		}
	}
	return inhabited(s, plan)
}

// launchOf is a launch of the type, as the engine would make it: it is asked to place a pod where nothing else can be bought.
func launchOf(t testing.TB, s scheduling.Snapshot, pool *v1.NodePool, typ *cloudprovider.InstanceType, name string) scheduling.Launch {
	t.Helper()
	key := "launch/" + typ.Name
	if l, known := launchCache[t.Name()+key]; known {
		return renamed(l, name)
	}
	s.InstanceTypes = map[string][]*cloudprovider.InstanceType{pool.Name: {typ}}
	s.Pods = []*corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "default"}, Spec: corev1.PodSpec{SchedulerName: "default-scheduler", Containers: []corev1.Container{{Name: "x"}}}}}
	s.Nodes = []scheduling.Node{}
	plan, err := scheduling.Solve(t.Context(), s, scheduling.Options{})
	require.NoError(t, err)
	require.Len(t, plan.Launches, 1)
	launchCache[t.Name()+key] = plan.Launches[0]
	return renamed(plan.Launches[0], name)
}

var launchCache = map[string]scheduling.Launch{}

func renamed(l scheduling.Launch, name string) scheduling.Launch {
	l.Name = name
	return l
}

func load(pod *corev1.Pod) [3]float64 {
	var out [3]float64
	for i := range pod.Spec.Containers {
		r := pod.Spec.Containers[i].Resources.Requests
		out[0] += r.Cpu().AsApproximateFloat64()
		out[1] += r.Memory().AsApproximateFloat64()
	}
	out[2] = 1
	return out
}

func daemonLoad(s scheduling.Snapshot) [3]float64 {
	var out [3]float64
	for _, pod := range s.DaemonPods {
		asks := load(pod)
		for i := range out {
			out[i] += asks[i]
		}
	}
	return out
}

func nameOf(pod *corev1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}
}
