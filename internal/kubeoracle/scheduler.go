package kubeoracle

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/dynamic-resource-allocation/resourceslice/tracker"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/dynamicresources"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	"k8s.io/kubernetes/pkg/scheduler/util/assumecache"

	"github.com/kerf-autoscaler/kerf/scheduling"
)

// scheduler is kube-scheduler's framework over a board.
type scheduler struct {
	framework.Framework
	board *board
}

// newScheduler sets the framework up in the way kube-scheduler does, with the default profile as the cluster has changed
// it. The objects are what its informers see; nodes and pods come from the board. It lives until the context is cancelled.
func newScheduler(ctx context.Context, b *board, profile *scheduling.SchedulerProfile, objects []runtime.Object) (*scheduler, error) {
	config, err := latest.Default()
	if err != nil {
		return nil, fmt.Errorf("default configuration: %w", err)
	}
	setDefaultConstraints(&config.Profiles[0], profile.DefaultConstraints)
	metrics.Register()
	client := fake.NewSimpleClientset(objects...) //nolint:staticcheck // field management costs much and nobody writes
	factory := informers.NewSharedInformerFactory(client, 0)

	claims := assumecache.NewAssumeCache(klog.FromContext(ctx), factory.Resource().V1().ResourceClaims().Informer(), "ResourceClaim", "", nil)
	sliceOptions := tracker.Options{
		EnableDeviceTaintRules:   utilfeature.DefaultFeatureGate.Enabled(features.DRADeviceTaintRules),
		EnableConsumableCapacity: utilfeature.DefaultFeatureGate.Enabled(features.DRAConsumableCapacity),
		SliceInformer:            factory.Resource().V1().ResourceSlices(),
	}
	if sliceOptions.EnableDeviceTaintRules {
		sliceOptions.TaintInformer = factory.Resource().V1().DeviceTaintRules()
	}
	slices, err := tracker.StartTracker(ctx, sliceOptions)
	if err != nil {
		return nil, fmt.Errorf("resource slices: %w", err)
	}
	f, err := frameworkruntime.NewFramework(ctx, plugins.NewInTreeRegistry(), &config.Profiles[0],
		frameworkruntime.WithComponentConfigVersion(config.APIVersion),
		frameworkruntime.WithClientSet(client),
		frameworkruntime.WithInformerFactory(factory),
		frameworkruntime.WithSharedDRAManager(dynamicresources.NewDRAManager(ctx, claims, slices, factory)),
		frameworkruntime.WithSharedCSIManager(nodevolumelimits.NewCSIManager(factory.Storage().V1().CSINodes().Lister())),
		frameworkruntime.WithSnapshotSharedLister(b),
		frameworkruntime.WithPodGroupManager(b),
		frameworkruntime.WithParallelism(1),
	)
	if err != nil {
		return nil, fmt.Errorf("framework: %w", err)
	}
	factory.Start(ctx.Done())
	if result := factory.WaitForCacheSyncWithContext(ctx); result.Err != nil {
		return nil, fmt.Errorf("informers: %w", result.Err)
	}
	return &scheduler{Framework: f, board: b}, nil
}

// refusal is why a pod may not run on a node; the zero value means that it may.
type refusal struct{ plugin, message string }

func (r refusal) none() bool { return r == refusal{} }

func refused(status *fwk.Status) refusal {
	if status.IsSuccess() {
		return refusal{}
	}
	return refusal{plugin: status.Plugin(), message: status.Message()}
}

// cycle is the scheduling cycle of one pod: what the PreFilter plugins made of the board as it was.
type cycle struct {
	s      *scheduler
	pod    *corev1.Pod
	state  fwk.CycleState
	nodes  *fwk.PreFilterResult
	failed refusal // of PreFilter: no node will do
}

// begin runs the PreFilter plugins.
func (s *scheduler) begin(ctx context.Context, pod *corev1.Pod) *cycle {
	c := &cycle{s: s, pod: pod, state: framework.NewCycleState()}
	nodes, status, _ := s.RunPreFilterPlugins(ctx, c.state, pod)
	c.nodes, c.failed = nodes, refused(status)
	return c
}

// filter asks the Filter plugins about a node.
func (c *cycle) filter(ctx context.Context, node fwk.NodeInfo) refusal {
	if !c.failed.none() {
		return c.failed
	}
	if !c.nodes.AllNodes() && !c.nodes.NodeNames.Has(node.Node().Name) {
		return refusal{plugin: preFilter, message: "the node is not among those that the PreFilter plugins leave"}
	}
	return refused(c.s.RunFilterPlugins(ctx, c.state, c.pod, node))
}

// preFilter stands for the plugin where the PreFilter plugins together leave out a node.
const preFilter = "PreFilter"

// try runs a whole cycle for one node of the board.
func (s *scheduler) try(ctx context.Context, pod *corev1.Pod, node string) (*cycle, refusal) {
	c := s.begin(ctx, pod)
	info, err := s.board.Get(node)
	if err != nil {
		return c, refusal{plugin: "board", message: err.Error()}
	}
	return c, c.filter(ctx, info)
}
