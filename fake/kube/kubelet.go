package kube

import (
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// bind gives a waiting pod its node. The kubelet then starts it.
func (c *Cluster) bind(p *pod, m *machine) {
	object := *p.object
	object.Spec.NodeName = m.name()
	object.Status.StartTime = ptr.To(metav1.NewTime(c.Now()))
	p.object, p.machine = &object, m
	m.add(p)
	m.touch(c.Now())
	c.tell(Event{Kind: PodBound, Pod: p.object, Node: m.name(), Waited: c.Now().Sub(p.since)})
	c.After(c.chance.within(c.config.Timing.Start, "start", string(object.UID)), func() { c.started(p) })
}

func (c *Cluster) started(p *pod) {
	if p.gone || p.terminating {
		return
	}
	object := *p.object
	object.Status.Phase = corev1.PodRunning
	object.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(c.Now())}}
	p.change(&object)
	p.ready = true
	p.of.healthy++
	c.tell(Event{Kind: PodReady, Pod: p.object, Node: p.machine.name()})
	if p.of.Kind == Job {
		run := p.of.Run + c.chance.within(Span{0, p.of.RunJitter}, "run", string(object.UID))
		c.After(run, func() { c.finished(p) })
	}
}

// finished is the end of a pod of a job.
func (c *Cluster) finished(p *pod) {
	if p.gone || p.terminating {
		return
	}
	p.of.replicas = max(0, p.of.replicas-1)
	c.vanish(p)
}

// change replaces the object of a pod.
func (p *pod) change(object *corev1.Pod) {
	p.object = object
	if p.machine != nil {
		p.machine.stale = true
	}
}

// remove deletes the pod: at once if it waits, else after it has stopped.
func (c *Cluster) remove(p *pod) { c.removeWithin(p, time.Duration(1<<62)) }

// removeWithin deletes the pod and gives it so much time to stop at the most.
func (c *Cluster) removeWithin(p *pod, most time.Duration) {
	if p.terminating {
		return
	}
	p.terminating = true
	p.of.alive = nil
	if p.ready {
		p.of.healthy--
	}
	if p.machine == nil {
		c.vanish(p)
		return
	}
	grace := time.Duration(ptr.Deref(p.object.Spec.TerminationGracePeriodSeconds, 30)) * time.Second
	object := *p.object
	object.DeletionTimestamp = ptr.To(metav1.NewTime(c.Now().Add(min(grace, most))))
	object.DeletionGracePeriodSeconds = ptr.To(int64(min(grace, most) / time.Second))
	p.change(&object)
	stop := min(c.chance.within(c.config.Timing.Stop, "stop", string(object.UID)), grace, most)
	c.After(stop, func() { c.vanish(p) })
}

// vanish is the end of the pod.
func (c *Cluster) vanish(p *pod) {
	if p.gone {
		return
	}
	p.gone = true
	if p.ready && !p.terminating {
		p.of.healthy--
	}
	p.terminating = true
	p.of.pods = slices.DeleteFunc(p.of.pods, func(other *pod) bool { return other == p })
	p.of.alive = nil
	event := Event{Kind: PodGone, Pod: p.object}
	if m := p.machine; m != nil {
		m.drop(p)
		m.touch(c.Now())
		event.Node = m.name()
	} else {
		event.Waited = c.Now().Sub(p.since)
		c.waiting = slices.DeleteFunc(c.waiting, func(other *pod) bool { return other == p })
	}
	c.tell(event)
	if p.machine != nil && p.machine.leaving {
		c.drained(p.machine)
	}
	c.reconcile(p.of)
	c.wakeScheduler() // there is room, or a constraint less
}

func itoa(n int) string { return strconv.Itoa(n) }
