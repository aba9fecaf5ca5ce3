package kube

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/disruption"
	"github.com/kerf-autoscaler/kerf/internal/resource"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Cluster is a cluster and its cloud, in virtual time. It does by itself what goes on in any cluster: controllers make pods,
// a scheduler binds them, kubelets start them, machines boot and are taken back, nodes that are deleted are drained. It
// launches and deletes no node of its own accord: that is what [Cluster.Launch] and [Cluster.Delete] are for.
//
// Objects that it hands out are never written to again; when something changes, there is a new object. It is for one
// goroutine.
type Cluster struct {
	*Clock
	config  Config
	chance  chance
	index   resource.Index
	market  *market
	pools   map[string]*v1.NodePool
	serial  map[string]int // of names, by what they begin with
	listens []func(Event)
	news    []Event // not told yet
	telling bool

	workloads []*workload // in the order in which they came
	byName    map[string]*workload
	budgets   []*budget
	waiting   []*pod // not bound, in the order in which they came
	machines  []*machine
	byNode    map[string]*machine
	notices   []cloudprovider.Interruption

	scheduling bool // a pass of the scheduler is due
}

// Event is something that has happened in a [Cluster].
type Event struct {
	Kind EventKind
	// Pod is the pod that it happened to, as it is now; nil if it happened to a node.
	Pod *corev1.Pod
	// Node is the name of the node, and of its NodeClaim; empty for a pod without one.
	Node string
	// Waited is how long a pod that has been bound, or deleted before it was, had waited for a node.
	Waited time.Duration
}

// EventKind is what has happened.
type EventKind string

const (
	// PodCreated: there is a new pod, which waits for a node.
	PodCreated EventKind = "PodCreated"
	// PodUnschedulable: the scheduler has found no node for a waiting pod. It is told each time that it has tried.
	PodUnschedulable EventKind = "PodUnschedulable"
	// PodBound: a waiting pod has got a node.
	PodBound EventKind = "PodBound"
	// PodReady: a pod has started.
	PodReady EventKind = "PodReady"
	// PodEvicted: a pod is being evicted.
	PodEvicted EventKind = "PodEvicted"
	// PodLost: a pod is gone because its machine is.
	PodLost EventKind = "PodLost"
	// PodGone: a pod is gone, whatever the reason.
	PodGone EventKind = "PodGone"
	// Launched: a machine has been ordered.
	Launched EventKind = "Launched"
	// LaunchFailed: the cloud had none of the choices of a launch. There is no claim.
	LaunchFailed EventKind = "LaunchFailed"
	// Registered: the node of a machine has joined.
	Registered EventKind = "Registered"
	// Initialized: a node takes pods for good.
	Initialized EventKind = "Initialized"
	// Leaving: a node is being deleted, and drained.
	Leaving EventKind = "Leaving"
	// Interrupted: the cloud has given notice that it will take a machine back.
	Interrupted EventKind = "Interrupted"
	// Gone: a machine is gone, and no longer paid for.
	Gone EventKind = "Gone"
	// Repriced: prices, or what is in stock, have changed.
	Repriced EventKind = "Repriced"
)

// NewCluster makes a cluster without nodes and pods. Errors name the field of the configuration.
func NewCluster(config Config) (*Cluster, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	names := []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourcePods}
	for _, t := range config.InstanceTypes {
		for name := range t.Capacity {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	c := &Cluster{
		Clock: NewClock(config.Start), config: config, chance: chance(config.Seed), index: resource.NewIndex(slices.Compact(names)...),
		market: newMarket(config.InstanceTypes), pools: map[string]*v1.NodePool{}, serial: map[string]int{},
		byName: map[string]*workload{}, byNode: map[string]*machine{},
	}
	for _, pool := range config.NodePools {
		c.pools[pool.Name] = pool
	}
	if config.Weather.PriceNoise > 0 {
		c.After(time.Hour, c.reprice)
	}
	return c, nil
}

// Listen has hear called with everything that happens, in order, after it has. What hear makes happen is told when all have
// heard what came before.
func (c *Cluster) Listen(hear func(Event)) { c.listens = append(c.listens, hear) }

func (c *Cluster) tell(e Event) {
	c.news = append(c.news, e)
	if c.telling {
		return
	}
	c.telling = true
	for len(c.news) > 0 {
		next := c.news[0]
		c.news = c.news[1:]
		for _, hear := range c.listens {
			hear(next)
		}
	}
	c.news, c.telling = nil, false
}

// name makes a name that nothing had before.
func (c *Cluster) name(prefix string) string {
	c.serial[prefix]++
	return fmt.Sprintf("%s-%05d", prefix, c.serial[prefix])
}

// reprice moves spot prices on, hour by hour.
func (c *Cluster) reprice() {
	c.market.drift(c.chance, c.config.Weather.PriceNoise)
	c.tell(Event{Kind: Repriced})
	c.After(time.Hour, c.reprice)
}

// Rate is what all machines cost now, in dollars per hour.
func (c *Cluster) Rate() float64 {
	total := 0.0
	for _, m := range c.machines {
		total += c.market.price(m.key)
	}
	return total
}

// Nodes is how many machines there are: on their way, in use, and not gone yet.
func (c *Cluster) Nodes() int { return len(c.machines) }

// Offering is what the node was bought as; false if there is no such node.
func (c *Cluster) Offering(node string) (cloudprovider.OfferingKey, bool) {
	m := c.byNode[node]
	if m == nil {
		return cloudprovider.OfferingKey{}, false
	}
	return m.key, true
}

// Snapshot is all facts as they are now.
func (c *Cluster) Snapshot() scheduling.Snapshot {
	s := scheduling.Snapshot{
		Now:           c.Now(),
		Pods:          make([]*corev1.Pod, 0, len(c.waiting)),
		Nodes:         make([]scheduling.Node, 0, len(c.machines)),
		NodePools:     slices.Clone(c.config.NodePools),
		InstanceTypes: make(map[string][]*cloudprovider.InstanceType, len(c.pools)),
		DaemonPods:    append([]*corev1.Pod{}, c.config.DaemonPods...),
		Namespaces:    append([]*corev1.Namespace{}, c.config.Namespaces...),
	}
	for _, p := range c.waiting {
		s.Pods = append(s.Pods, p.object)
	}
	for _, m := range c.machines {
		s.Nodes = append(s.Nodes, scheduling.Node{Node: m.node, Claim: m.claim, Pods: m.bound()})
	}
	types := slices.Clone(c.market.current)
	for _, pool := range c.config.NodePools {
		s.InstanceTypes[pool.Name] = types
	}
	return s
}

// Input is all facts that a planner of disruptions wants to know and the cluster can tell.
func (c *Cluster) Input() disruption.Input {
	return disruption.Input{
		Snapshot:             c.Snapshot(),
		PodDisruptionBudgets: c.PodDisruptionBudgets(),
		Interruptions:        slices.Clone(c.notices),
	}
}

// PodDisruptionBudgets are all of them, with their status as it is now, sorted by namespace and name.
func (c *Cluster) PodDisruptionBudgets() []*policyv1.PodDisruptionBudget {
	out := make([]*policyv1.PodDisruptionBudget, 0, len(c.budgets))
	for _, b := range c.budgets {
		object := b.object.DeepCopy()
		object.Status = b.status()
		out = append(out, object)
	}
	slices.SortFunc(out, func(a, b *policyv1.PodDisruptionBudget) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return out
}
