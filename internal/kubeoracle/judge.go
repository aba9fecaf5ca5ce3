package kubeoracle

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// Judge holds a plan for the snapshot, made with those options, against the real kube-scheduler. No finding means that
// they agree. Inputs are not modified. An error means that the question could not be asked.
func Judge(ctx context.Context, s scheduling.Snapshot, plan *scheduling.Plan, options scheduling.Options) ([]Finding, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	st, err := newState(ctx, &s, plan, options)
	if err != nil {
		return nil, err
	}
	left := st.sequence(ctx)
	for _, l := range left {
		st.add(Finding{Check: Sequence, Pod: nameOf(l.pod), Node: l.pod.Spec.NodeName, Plugin: l.why.plugin, Message: l.why.message})
		st.board.place(l.pod)
	}
	st.final(ctx, len(left) == 0)
	st.unplaced(ctx)
	return st.findings, nil
}

// final asks for each placed pod whether it passes on its node, everything else staying where it is.
func (st *state) final(ctx context.Context, hasOrder bool) {
	for _, pod := range st.placed {
		st.board.take(pod)
		_, r := st.try(ctx, unbound(pod), pod.Spec.NodeName)
		st.board.place(pod)
		if r.none() {
			continue
		}
		st.add(Finding{
			Check: Final, Pod: nameOf(pod), Node: pod.Spec.NodeName, Plugin: r.plugin, Message: r.message,
			OrderDependent: hasOrder && r.plugin == spreadPlugin,
		})
	}
}

// The plugins that look at pods elsewhere. The verdict of the first on a pod can be tipped by pods that come later.
const (
	spreadPlugin   = "PodTopologySpread"
	affinityPlugin = "InterPodAffinity"
)

// unbound is the pod as the scheduler sees it before it binds it.
func unbound(pod *corev1.Pod) *corev1.Pod { return on(pod, "") }
