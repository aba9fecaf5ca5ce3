package kube

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/internal/resource"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// machine is a NodeClaim, its node and its pods.
type machine struct {
	claim   *v1.NodeClaim
	node    *corev1.Node // nil until it has registered
	key     cloudprovider.OfferingKey
	free    resource.Vector
	total   resource.Vector
	pods    []*pod
	daemons []*corev1.Pod
	list    []*corev1.Pod // of both, as last handed out
	stale   bool
	leaving bool
	ending  bool // drained, and shutting down
	gone    bool
	by      time.Time // when it is forced to go; zero if never
}

func (m *machine) name() string { return m.claim.Name }

// bound are the pods of the node, as one list that nobody writes to.
func (m *machine) bound() []*corev1.Pod {
	if m.stale || m.list == nil {
		m.list = make([]*corev1.Pod, 0, len(m.pods)+len(m.daemons))
		for _, p := range m.pods {
			m.list = append(m.list, p.object)
		}
		m.list = append(m.list, m.daemons...)
		m.stale = false
	}
	return m.list
}

func (m *machine) add(p *pod) {
	m.pods = append(m.pods, p)
	m.free.Sub(p.of.demand, 1)
	m.stale = true
}

func (m *machine) drop(p *pod) {
	m.pods = slices.DeleteFunc(m.pods, func(other *pod) bool { return other == p })
	m.free.Add(p.of.demand)
	m.stale = true
}

// touch notes that a pod has come or gone.
func (m *machine) touch(now time.Time) {
	claim := *m.claim
	claim.Status.LastPodEventTime = metav1.NewTime(now)
	m.claim = &claim
}

// Launch orders the machine that a plan wants, and returns the name of its NodeClaim, which becomes that of the node. The
// choices are tried in their order. If the cloud has none of them, the error says so; it is no defect of the launch.
func (c *Cluster) Launch(l scheduling.Launch) (string, error) {
	pool := c.pools[l.NodePool]
	if pool == nil {
		return "", fmt.Errorf("launch %s: there is no NodePool %q", l.Name, l.NodePool)
	}
	name := c.name(l.NodePool)
	for _, choice := range l.Choices {
		t, offering := c.market.find(choice.OfferingKey)
		if t == nil || !offering.Launchable() {
			continue
		}
		if c.chance.unit("stock", name, choice.String()) < c.config.Weather.OutOfStock {
			c.runOut(choice.OfferingKey)
			continue
		}
		c.order(name, pool, &l, t, offering)
		return name, nil
	}
	c.tell(Event{Kind: LaunchFailed, Node: name})
	return "", &cloudprovider.Error{Kind: cloudprovider.ErrInsufficientCapacity, Message: "launch " + l.Name}
}

// runOut leaves the cloud without the offering for a while.
func (c *Cluster) runOut(key cloudprovider.OfferingKey) {
	until := c.Now().Add(c.config.Weather.OutOfStockFor)
	c.market.setOut(key, until)
	c.tell(Event{Kind: Repriced})
	c.At(until, func() {
		c.market.setOut(key, time.Time{})
		c.tell(Event{Kind: Repriced})
	})
}

// order buys the machine.
func (c *Cluster) order(name string, pool *v1.NodePool, l *scheduling.Launch, t *cloudprovider.InstanceType, o *cloudprovider.Offering) {
	now := metav1.NewTime(c.Now())
	template := pool.Spec.Template
	claim := &v1.NodeClaim{ObjectMeta: metav1.ObjectMeta{
		Name: name, UID: types.UID("nodeclaim/" + name), CreationTimestamp: now, Generation: 1,
		Labels: labelsOf(l, t, o), Annotations: maps.Clone(template.Annotations), Finalizers: []string{v1.TerminationFinalizer},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: v1.Group + "/" + v1.Version, Kind: "NodePool", Name: pool.Name, UID: pool.UID}},
	}}
	if claim.Annotations == nil {
		claim.Annotations = map[string]string{}
	}
	claim.Annotations[v1.NodePoolHashAnnotationKey] = pool.Hash()
	claim.Annotations[v1.NodePoolHashVersionAnnotationKey] = v1.NodePoolHashVersion
	claim.Labels[v1.NodePoolLabelKey] = pool.Name
	claim.Spec = v1.NodeClaimSpec{
		Taints: template.Spec.Taints, StartupTaints: template.Spec.StartupTaints, Requirements: template.Spec.Requirements,
		Resources: v1.ResourceRequirements{Requests: l.Requests}, NodeClassRef: template.Spec.NodeClassRef,
		TerminationGracePeriod: template.Spec.TerminationGracePeriod, ExpireAfter: template.Spec.ExpireAfter,
	}
	claim.Status = v1.NodeClaimStatus{
		ProviderID: "fake:///" + name, Capacity: t.Capacity, Allocatable: t.Allocatable(),
		Conditions: []metav1.Condition{condition(v1.ConditionTypeLaunched, now)},
	}
	m := &machine{claim: claim, key: t.Key(o), total: c.index.Capacity(claim.Status.Allocatable)}
	m.free = m.total.Clone()
	c.machines = append(c.machines, m)
	c.byNode[name] = m
	c.market.use(m.key.StockKey, 1)
	c.tell(Event{Kind: Launched, Node: name})
	boot, own := c.config.Timing.BootByPool[pool.Name]
	if !own {
		boot = c.config.Timing.Boot
	}
	c.After(c.chance.within(boot, "boot", name), func() { c.register(m) })
	if rate := c.config.Weather.Interruptions; rate > 0 && m.key.CapacityType == v1.CapacityTypeSpot {
		c.After(c.chance.wait(rate, "interruption", name), func() { c.interrupt(m) })
	}
}

// labelsOf are the labels of the launch's node when it is bought as this offering, which need not be its first choice: what
// the types decide follows the type, and where that leaves several values, the launch.
func labelsOf(l *scheduling.Launch, t *cloudprovider.InstanceType, o *cloudprovider.Offering) map[string]string {
	var wanted []requirement.Requirement
	out := map[string]string{}
	for key, value := range l.Node.Labels {
		if key == corev1.LabelHostname {
			continue
		}
		wanted = append(wanted, requirement.In(key, value))
		if t.Requirements.Get(key).Intersects(requirement.In(key, value)) {
			out[key] = value
		}
	}
	maps.Copy(out, t.Labels(o, requirement.NewSet(wanted...)))
	return out
}

func condition(kind string, now metav1.Time) metav1.Condition {
	return metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: kind, LastTransitionTime: now, ObservedGeneration: 1}
}

// register lets the machine's node join, with its daemons.
func (c *Cluster) register(m *machine) {
	if m.gone || m.leaving {
		return
	}
	now := metav1.NewTime(c.Now())
	claim := *m.claim
	claim.Status.NodeName = claim.Name
	claim.Status.Conditions = append(slices.Clone(claim.Status.Conditions), condition(v1.ConditionTypeRegistered, now))
	m.claim = &claim
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: claim.Name, UID: types.UID("node/" + claim.Name), CreationTimestamp: now,
		Labels: maps.Clone(claim.Labels), Annotations: maps.Clone(claim.Annotations), Finalizers: claim.Finalizers,
	}}
	node.Labels[corev1.LabelHostname] = claim.Name
	node.Labels[v1.RegisteredLabelKey] = "true"
	node.Spec = corev1.NodeSpec{ProviderID: claim.Status.ProviderID, Taints: slices.Concat(claim.Spec.Taints, claim.Spec.StartupTaints)}
	node.Status = corev1.NodeStatus{
		Capacity: claim.Status.Capacity, Allocatable: claim.Status.Allocatable,
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", LastTransitionTime: now}},
	}
	m.node = node
	for _, template := range c.config.DaemonPods {
		if bare := *node; admits(withTaints(&bare, claim.Spec.Taints), template) {
			m.daemons = append(m.daemons, fake.Pod(template.Name+"-"+claim.Name, fake.PodFunc(func(p *corev1.Pod) {
				name := p.Name
				*p = *template.DeepCopy()
				p.Name, p.UID, p.OwnerReferences = name, types.UID(template.Namespace+"/"+name), nil
				p.Status.StartTime = &now
			}), fake.Owner("DaemonSet", template.Name), fake.OnNode(claim.Name)))
			m.free.Sub(c.demand(template), 1)
		}
	}
	m.stale = true
	c.tell(Event{Kind: Registered, Node: m.name()})
	c.wakeScheduler()
	c.After(c.chance.within(c.config.Timing.Initialize, "initialize", m.name()), func() { c.initialize(m) })
}

func withTaints(node *corev1.Node, taints []corev1.Taint) *corev1.Node {
	node.Spec.Taints = taints
	return node
}

// initialize makes the node one that takes pods for good.
func (c *Cluster) initialize(m *machine) {
	if m.gone || m.leaving {
		return
	}
	now := metav1.NewTime(c.Now())
	claim := *m.claim
	claim.Status.Conditions = append(slices.Clone(claim.Status.Conditions), condition(v1.ConditionTypeInitialized, now), condition(v1.ConditionTypeReady, now))
	m.claim = &claim
	node := *m.node
	node.Labels = maps.Clone(node.Labels)
	node.Labels[v1.InitializedLabelKey] = "true"
	node.Spec.Taints = slices.DeleteFunc(slices.Clone(node.Spec.Taints), func(t corev1.Taint) bool {
		return slices.ContainsFunc(claim.Spec.StartupTaints, func(s corev1.Taint) bool { return s.MatchTaint(&t) })
	})
	m.node = &node
	c.tell(Event{Kind: Initialized, Node: m.name()})
	c.wakeScheduler()
}

// interrupt gives notice that the cloud takes the machine back.
func (c *Cluster) interrupt(m *machine) {
	if m.gone {
		return
	}
	deadline := c.Now().Add(c.config.Weather.Notice)
	c.notices = append(c.notices, cloudprovider.Interruption{
		ID: "interruption/" + m.name(), ProviderID: m.claim.Status.ProviderID, Kind: cloudprovider.InterruptionReclaim, Deadline: deadline,
	})
	c.tell(Event{Kind: Interrupted, Node: m.name()})
	c.At(deadline, func() { c.lose(m) })
}

// Initialized reports whether the node of that name takes pods for good.
func (c *Cluster) Initialized(node string) bool {
	m := c.byNode[node]
	return m != nil && m.node != nil && m.node.Labels[v1.InitializedLabelKey] == "true"
}

// Disrupt puts the taint of nodes that are about to go onto the node, or takes it off. A node that is not there, has not
// registered or is being deleted is left as it is.
func (c *Cluster) Disrupt(name string, taint bool) {
	m := c.byNode[name]
	if m == nil || m.node == nil || m.leaving {
		return
	}
	c.taint(m, taint)
	if !taint {
		c.wakeScheduler()
	}
}

func (c *Cluster) taint(m *machine, taint bool) {
	disrupted := v1.DisruptedTaint()
	node := *m.node
	node.Spec.Taints = slices.DeleteFunc(slices.Clone(node.Spec.Taints), func(t corev1.Taint) bool { return t.MatchTaint(&disrupted) })
	if taint {
		node.Spec.Taints = append(node.Spec.Taints, disrupted)
	}
	m.node = &node
}

// Delete deletes the node's claim: the node is drained, and the machine goes once that is done. What is being deleted
// already, or not there, is left as it is.
func (c *Cluster) Delete(name string) {
	m := c.byNode[name]
	if m == nil || m.leaving {
		return
	}
	m.leaving = true
	now := ptr.To(metav1.NewTime(c.Now()))
	claim := *m.claim
	claim.DeletionTimestamp = now
	if grace := claim.Spec.TerminationGracePeriod; grace != nil {
		m.by = c.Now().Add(grace.Duration)
		claim.Annotations = maps.Clone(claim.Annotations)
		claim.Annotations[v1.NodeClaimTerminationTimestampAnnotationKey] = m.by.UTC().Format(time.RFC3339)
	}
	m.claim = &claim
	if m.node != nil {
		c.taint(m, true)
		m.node.DeletionTimestamp = now // taint has just made this object
	}
	c.tell(Event{Kind: Leaving, Node: m.name()})
	c.drain(m)
}

// lose takes the machine away with everything on it.
func (c *Cluster) lose(m *machine) {
	if m.gone {
		return
	}
	m.gone = true
	c.machines = slices.DeleteFunc(c.machines, func(other *machine) bool { return other == m })
	delete(c.byNode, m.name())
	c.market.use(m.key.StockKey, -1)
	c.notices = slices.DeleteFunc(c.notices, func(n cloudprovider.Interruption) bool { return n.ProviderID == m.claim.Status.ProviderID })
	for _, p := range slices.Clone(m.pods) {
		c.tell(Event{Kind: PodLost, Pod: p.object, Node: m.name()})
		c.vanish(p)
	}
	c.tell(Event{Kind: Gone, Node: m.name()})
}
