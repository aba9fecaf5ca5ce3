package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/options"
	karpsched "sigs.k8s.io/karpenter/pkg/scheduling"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	kerf "github.com/kerf-autoscaler/kerf/scheduling"
)

// peer is a snapshot that Karpenter's scheduler can be asked about, again and again.
type peer struct {
	snapshot *kerf.Snapshot
	keys     []string
	catalog  *catalog
	cluster  *cluster
	pods     []*corev1.Pod
	options  kerf.Options
	workers  int
}

// answer is what one run of Karpenter's scheduler came to.
type answer struct {
	plan *kerf.Plan
	took time.Duration
	// early is set where the deadline passed before all pods were looked at.
	early bool
}

// newPeer converts all that Karpenter needs to plan for those pods of the snapshot.
func newPeer(ctx context.Context, s *kerf.Snapshot, pods []*corev1.Pod, o kerf.Options, workers int) (*peer, error) {
	p := &peer{snapshot: s, keys: providerKeys(s), options: o, workers: workers}
	for _, pod := range pods {
		pod = pod.DeepCopy()
		if pod.UID == "" {
			pod.UID = types.UID(pod.Namespace + "/" + pod.Name)
		}
		pod.Status.Phase = corev1.PodPending
		p.pods = append(p.pods, pod)
	}
	defer speak(p.keys, s.Vocabulary)()
	var err error
	if p.catalog, err = newCatalog(s, p.keys); err != nil {
		return nil, err
	}
	if p.cluster, err = newCluster(p.context(ctx), s); err != nil {
		return nil, err
	}
	return p, nil
}

// context carries Karpenter's options: its defaults, but for what the snapshot's planner is asked to do.
func (p *peer) context(ctx context.Context) context.Context {
	o := &options.Options{}
	fs := &options.FlagSet{FlagSet: flag.NewFlagSet("karpenter", flag.ContinueOnError)}
	o.AddFlags(fs)
	var args []string
	if p.options.Preferences == kerf.PreferencesIgnore {
		args = append(args, "--preference-policy="+string(options.PreferencePolicyIgnore))
	}
	if p.options.MinValues == kerf.MinValuesBestEffort {
		args = append(args, "--min-values-policy="+string(options.MinValuesPolicyBestEffort))
	}
	if err := o.Parse(fs, args...); err != nil {
		panic(err) // the flags are Karpenter's own
	}
	return options.ToContext(injection.WithControllerName(ctx, "provisioner"), o)
}

// run solves once.
func (p *peer) run(ctx context.Context, timeout time.Duration) (*answer, error) {
	defer speak(p.keys, p.snapshot.Vocabulary)()
	ctx = p.context(ctx)
	nodes := p.cluster.active()
	start := time.Now()
	pods, volumes := p.admitted(ctx)
	opts := []scheduling.Options{
		scheduling.DisableReservedCapacityFallback,
		scheduling.NumConcurrentReconciles(p.workers),
		scheduling.MinValuesPolicy(options.FromContext(ctx).MinValuesPolicy),
	}
	if options.FromContext(ctx).PreferencePolicy == options.PreferencePolicyIgnore {
		opts = append(opts, scheduling.IgnorePreferences)
	}
	topology, err := scheduling.NewTopology(ctx, p.cluster.client, p.cluster.state, nodes, p.catalog.pools, p.catalog.types, pods, opts...)
	if err != nil {
		return nil, fmt.Errorf("karpenter: counting topology: %w", err)
	}
	scheduler := scheduling.NewScheduler(ctx, p.cluster.client, p.catalog.pools, p.cluster.state, nodes, topology, p.catalog.types,
		p.cluster.daemons, events.NewRecorder(&record.FakeRecorder{}), clock.RealClock{}, volumes, nil, opts...)
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	results, err := scheduler.Solve(limited, pods)
	early := errors.Is(err, context.DeadlineExceeded)
	if err != nil && !early {
		return nil, fmt.Errorf("karpenter: %w", err)
	}
	results = results.TruncateInstanceTypes(ctx, scheduling.MaxInstanceTypes)
	took := time.Since(start)
	plan, err := p.plan(results)
	return &answer{plan: plan, took: took, early: early}, err
}

// admitted are the pods that the provisioner does not refuse at once, and what their volumes require.
func (p *peer) admitted(ctx context.Context) ([]*corev1.Pod, map[types.UID][]karpsched.Requirements) {
	volumes := map[types.UID][]karpsched.Requirements{}
	topology := scheduling.NewVolumeTopology(p.cluster.client)
	var out []*corev1.Pod
	for _, pod := range p.pods {
		if hasMatchFields(pod) || topology.ValidatePersistentVolumeClaims(ctx, pod) != nil {
			continue
		}
		required, err := topology.GetRequirements(ctx, pod)
		if err != nil {
			continue
		}
		if len(required) > 0 {
			volumes[pod.UID] = required
		}
		out = append(out, pod)
	}
	return out, volumes
}

// hasMatchFields reports whether a required term of the pod looks at fields, which Karpenter refuses.
func hasMatchFields(pod *corev1.Pod) bool {
	a := pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return false
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		if len(term.MatchFields) > 0 {
			return true
		}
	}
	return false
}

// launch is the cheapest way to buy what a claim asks for.
type launch struct {
	source   *cloudprovider.InstanceType
	offering *cloudprovider.Offering
}

// cheapest is the cheapest available offering that the claim admits; by name and zone where prices are equal.
func (p *peer) cheapest(claim *scheduling.NodeClaim) (launch, bool) {
	var best launch
	found := false
	for _, t := range claim.InstanceTypeOptions {
		for _, o := range t.Offerings {
			if !o.Available || !claim.Requirements.IsCompatible(o.Requirements, karpsched.AllowUndefinedWellKnownLabels) {
				continue
			}
			l := launch{p.catalog.sources[t], p.catalog.offerings[o]}
			if !found || cloudprovider.CompareChoices(l.choice(), best.choice()) < 0 {
				best, found = l, true
			}
		}
	}
	return best, found
}

func (l launch) choice() cloudprovider.Choice {
	return cloudprovider.Choice{OfferingKey: l.source.Key(l.offering), Price: l.offering.Price}
}

// labelsOf are the labels of the claim itself: those of its pool, and those that its pods made it settle. Karpenter draws
// values at random where several would do; here it is the first.
func labelsOf(claim *scheduling.NodeClaim, wanted requirement.Set) map[string]string {
	labels := maps.Clone(claim.Labels)
	for r := range wanted.All() {
		key := r.Key()
		if karpv1.WellKnownLabels.Has(key) || karpv1.RestrictedLabels.Has(key) ||
			key == karpv1.NodeRegisteredLabelKey || key == karpv1.NodeInitializedLabelKey {
			continue
		}
		if value, ok := r.Pick(); ok {
			labels[key] = value
		}
	}
	return labels
}
