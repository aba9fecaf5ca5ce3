package kube

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	podresources "k8s.io/component-helpers/resource"

	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// Kinds of workloads.
const (
	// ReplicaSet makes a pod anew as soon as one is on its way out. Pods have names of their own.
	ReplicaSet = "ReplicaSet"
	// StatefulSet numbers its pods, and makes one anew when its predecessor is gone.
	StatefulSet = "StatefulSet"
	// Job makes pods that run to their end. One that is evicted starts again from the beginning.
	Job = "Job"
)

// Workload is a controller and the pods that it keeps up.
type Workload struct {
	// Kind is one of the constants above; empty means ReplicaSet.
	Kind string
	// Pod is the template: its namespace and name are the workload's. Required.
	Pod *corev1.Pod
	// Run is how long pods of a Job run, from when they are ready. Required for jobs, not allowed for others.
	Run time.Duration
	// RunJitter is by how much longer they may run, as chance has it.
	RunJitter time.Duration
}

// workload is a Workload at work.
type workload struct {
	Workload
	demand   resource.Vector
	replicas int // how many pods it wants
	healthy  int // how many are ready and not terminating
	pods     []*pod
	alive    []*pod // those of pods that are not terminating; nil if nobody knows
	budgets  []*budget
	linked   bool // the scheduler looks at other pods before it binds one of these
	matters  bool // the scheduler looks at one of these before it binds another
}

// pod is a pod and what is going on with it.
type pod struct {
	object      *corev1.Pod
	of          *workload
	machine     *machine // nil while it waits
	since       time.Time
	ready       bool
	terminating bool
	gone        bool
}

// key is the name by which a cluster knows a workload.
func (w *Workload) key() string { return w.Pod.Namespace + "/" + w.Pod.Name }

// AddWorkload adds a workload without pods; see [Cluster.Scale]. Errors name the workload.
func (c *Cluster) AddWorkload(spec Workload) error {
	if spec.Pod == nil || spec.Pod.Name == "" {
		return fmt.Errorf("a workload without a name")
	}
	name := spec.key()
	if c.byName[name] != nil {
		return fmt.Errorf("workload %s: there is one already", name)
	}
	spec.Kind = cmp.Or(spec.Kind, ReplicaSet)
	if spec.Kind != ReplicaSet && spec.Kind != StatefulSet && spec.Kind != Job {
		return fmt.Errorf("workload %s: kind %q is none of ReplicaSet, StatefulSet and Job", name, spec.Kind)
	}
	if (spec.Kind == Job) != (spec.Run > 0) || spec.RunJitter < 0 {
		return fmt.Errorf("workload %s: a Job needs a positive time to run, and nothing else may have one", name)
	}
	if len(spec.Pod.Spec.Volumes) > 0 || spec.Pod.Spec.NodeName != "" {
		return fmt.Errorf("workload %s: volumes and spec.nodeName are not simulated", name)
	}
	spec.Pod = spec.Pod.DeepCopy()
	if metav1.GetControllerOf(spec.Pod) == nil {
		spec.Pod = fake.Pod(spec.Pod.Name, fake.PodFunc(func(p *corev1.Pod) { *p = *spec.Pod }), fake.Owner(spec.Kind, spec.Pod.Name))
	}
	w := &workload{Workload: spec, demand: c.demand(spec.Pod)}
	c.workloads, c.byName[name] = append(c.workloads, w), w
	for _, b := range c.budgets {
		b.cover(w)
	}
	c.markLinked()
	return nil
}

// demand is what the scheduler counts for the pod.
func (c *Cluster) demand(object *corev1.Pod) resource.Vector {
	list := podresources.PodRequests(object, podresources.PodResourcesOptions{})
	list[corev1.ResourcePods] = *resource.Quantity(corev1.ResourcePods, 1)
	return c.index.Demand(list)
}

// Scale says how many pods the workload of that namespace and name is to have. For a Job that is how many are still to run
// to their end; it goes down by itself. An unknown workload and a negative number are errors.
func (c *Cluster) Scale(namespace, name string, replicas int) error {
	w := c.byName[namespace+"/"+name]
	if w == nil {
		return fmt.Errorf("workload %s/%s: there is none", namespace, name)
	}
	if replicas < 0 {
		return fmt.Errorf("workload %s/%s: %d replicas", namespace, name, replicas)
	}
	w.replicas = replicas
	c.reconcile(w)
	return nil
}

// Replicas is how many pods the workload is to have; false if there is no such workload.
func (c *Cluster) Replicas(namespace, name string) (int, bool) {
	w := c.byName[namespace+"/"+name]
	if w == nil {
		return 0, false
	}
	return w.replicas, true
}

// active are the pods that are not on their way out.
func (w *workload) active() []*pod {
	if w.alive == nil {
		w.alive = make([]*pod, 0, len(w.pods))
		for _, p := range w.pods {
			if !p.terminating {
				w.alive = append(w.alive, p)
			}
		}
	}
	return w.alive
}

// reconcile makes and deletes pods until there are as many as there are to be.
func (c *Cluster) reconcile(w *workload) {
	active := w.active()
	for extra := len(active) - w.replicas; extra > 0; extra-- {
		c.remove(w.victim())
	}
	for missing := w.replicas - len(active); missing > 0; missing-- {
		if !c.create(w) {
			break
		}
	}
}

// create makes one more pod; false if it has to wait until a predecessor is gone.
func (c *Cluster) create(w *workload) bool {
	name := ""
	if w.Kind == StatefulSet {
		used := map[string]bool{}
		for _, p := range w.pods {
			used[p.object.Name] = true
		}
		for i := 0; i < w.replicas && name == ""; i++ {
			if candidate := w.Pod.Name + "-" + strconv.Itoa(i); !used[candidate] {
				name = candidate
			}
		}
		if name == "" {
			return false
		}
	} else {
		name = c.name(w.Pod.Name)
	}
	object := *w.Pod // shares what the template has, and nobody writes to it
	object.Name = name
	object.UID = types.UID(c.name(w.key() + "/" + name))
	object.CreationTimestamp = metav1.NewTime(c.Now())
	p := &pod{object: &object, of: w, since: c.Now()}
	w.pods, w.alive = append(w.pods, p), nil
	c.waiting = append(c.waiting, p)
	c.tell(Event{Kind: PodCreated, Pod: p.object})
	c.wakeScheduler()
	return true
}

// victim is the pod that the controller deletes first: one that waits before one that runs, one that is not ready before one
// that is, one that shares its node with more of its like, the younger one. A StatefulSet deletes the last.
func (w *workload) victim() *pod {
	active := w.active()
	if w.Kind == StatefulSet {
		return slices.MaxFunc(active, func(a, b *pod) int {
			return cmp.Or(cmp.Compare(len(a.object.Name), len(b.object.Name)), cmp.Compare(a.object.Name, b.object.Name))
		})
	}
	company := map[*machine]int{}
	for _, p := range active {
		company[p.machine]++
	}
	order := func(holds bool) int {
		if holds {
			return 0
		}
		return 1
	}
	return slices.MinFunc(active, func(a, b *pod) int {
		return cmp.Or(
			cmp.Compare(order(a.machine == nil), order(b.machine == nil)),
			cmp.Compare(order(!a.ready), order(!b.ready)),
			cmp.Compare(company[b.machine], company[a.machine]),
			b.since.Compare(a.since),
			cmp.Compare(b.object.Name, a.object.Name),
		)
	})
}

// Pods are all pods of the workload as they are now, terminating ones included, in the order in which they came.
func (c *Cluster) Pods(namespace, name string) []*corev1.Pod {
	w := c.byName[namespace+"/"+name]
	if w == nil {
		return nil
	}
	out := make([]*corev1.Pod, 0, len(w.pods))
	for _, p := range w.pods {
		out = append(out, p.object)
	}
	return out
}
