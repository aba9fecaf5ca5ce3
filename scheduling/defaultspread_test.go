package scheduling

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

func zonal(action corev1.UnsatisfiableConstraintAction) corev1.TopologySpreadConstraint {
	return corev1.TopologySpreadConstraint{MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: action}
}

func ownedPod(name, version, kind, owner string, l map[string]string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: l}}
	if owner != "" {
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: version, Kind: kind, Name: owner, Controller: ptr.To(true)}}
	}
	return pod
}

func byLabels(pairs map[string]string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: pairs}
}

func TestDefaultConstraintsSelectByServicesAndController(t *testing.T) {
	tier := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpExists}}}
	profile := SchedulerProfile{
		DefaultConstraints: []corev1.TopologySpreadConstraint{zonal(corev1.DoNotSchedule), zonal(corev1.ScheduleAnyway)},
		Selectors: []PodSelector{
			{Kind: "Service", Namespace: "shop", Name: "web", Selector: byLabels(map[string]string{"app": "web"})},
			{Kind: "Service", Namespace: "shop", Name: "all", Selector: byLabels(map[string]string{"team": "a"})},
			{Kind: "Service", Namespace: "shop", Name: "none"},
			{Kind: "Service", Namespace: "elsewhere", Name: "web", Selector: byLabels(map[string]string{"app": "web", "x": "y"})},
			{Kind: "ReplicaSet", Namespace: "shop", Name: "web-1", Selector: byLabels(map[string]string{"app": "web", "hash": "1"})},
			{Kind: "ReplicaSet", Namespace: "elsewhere", Name: "web-2", Selector: byLabels(map[string]string{"x": "y"})},
			{Kind: "ReplicaSet", Namespace: "shop", Name: "stranger", Selector: byLabels(map[string]string{"app": "db"})},
			{Kind: "ReplicaSet", Namespace: "shop", Name: "broad", Selector: &metav1.LabelSelector{}},
			{Kind: "StatefulSet", Namespace: "shop", Name: "db", Selector: &tier},
			{Kind: "ReplicationController", Namespace: "shop", Name: "old", Selector: byLabels(map[string]string{"app": "old"})},
		},
	}
	web := map[string]string{"app": "web"}
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want string // the selector; empty for no constraints
	}{
		"nobody selects it":            {ownedPod("p", "", "", "", map[string]string{"app": "x"}), ""},
		"a Service":                    {ownedPod("p", "", "", "", web), "app=web"},
		"two Services":                 {ownedPod("p", "", "", "", map[string]string{"app": "web", "team": "a"}), "app=web,team=a"},
		"a Service and a ReplicaSet":   {ownedPod("p", "apps/v1", "ReplicaSet", "web-1", web), "app=web,hash=1"},
		"a ReplicaSet":                 {ownedPod("p", "apps/v1", "ReplicaSet", "web-1", nil), "app=web,hash=1"},
		"a StatefulSet":                {ownedPod("p", "apps/v1", "StatefulSet", "db", web), "app=web,tier"},
		"a ReplicationController":      {ownedPod("p", "v1", "ReplicationController", "old", nil), "app=old"},
		"a controller that overrides":  {ownedPod("p", "v1", "ReplicationController", "old", web), "app=old"},
		"a ReplicaSet that disagrees":  {ownedPod("p", "apps/v1", "ReplicaSet", "stranger", web), "app=web,app in (db)"},
		"a ReplicaSet of all":          {ownedPod("p", "apps/v1", "ReplicaSet", "broad", nil), ""},
		"a ReplicaSet of elsewhere":    {ownedPod("p", "apps/v1", "ReplicaSet", "web-2", nil), ""},
		"a ReplicaSet that is unknown": {ownedPod("p", "apps/v1", "ReplicaSet", "gone", web), "app=web"},
		"another group's ReplicaSet":   {ownedPod("p", "example.com/v1", "ReplicaSet", "web-1", web), "app=web"},
		"a Job":                        {ownedPod("p", "batch/v1", "Job", "web-1", nil), ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := c.pod.DeepCopy()
			spread := newDefaultSpread(profile)
			got := spread.of(c.pod)
			require.Equal(t, got, spread.of(c.pod), "the second time")
			require.Equal(t, before, c.pod)
			if c.want == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 2)
			for i := range got {
				selector, err := metav1.LabelSelectorAsSelector(got[i].LabelSelector)
				require.NoError(t, err)
				want, err := labels.Parse(c.want)
				require.NoError(t, err)
				require.Equal(t, want.String(), selector.String())
				require.Nil(t, profile.DefaultConstraints[i].LabelSelector)
				got[i].LabelSelector = nil
				require.Equal(t, profile.DefaultConstraints[i], got[i])
			}
		})
	}
}

func TestConstraintsOfItsOwnKeepTheDefaultsAway(t *testing.T) {
	pod := ownedPod("p", "", "", "", map[string]string{"app": "web"})
	pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 3, TopologyKey: "rack", WhenUnsatisfiable: corev1.ScheduleAnyway}}
	profile := SchedulerProfile{
		DefaultConstraints: []corev1.TopologySpreadConstraint{zonal(corev1.DoNotSchedule)},
		Selectors:          []PodSelector{{Kind: "Service", Namespace: "shop", Name: "web", Selector: byLabels(pod.Labels)}},
	}
	require.Equal(t, pod.Spec.TopologySpreadConstraints, newDefaultSpread(profile).of(pod))
	require.Empty(t, newDefaultSpread(SchedulerProfile{Selectors: profile.Selectors}).of(ownedPod("q", "", "", "", pod.Labels)))
}

// Pods that no Service tells apart share what was worked out once; those that one does tell apart do not.
func TestDefaultConstraintsAreSharedByThePodsOfAController(t *testing.T) {
	spread := newDefaultSpread(SchedulerProfile{
		DefaultConstraints: []corev1.TopologySpreadConstraint{zonal(corev1.DoNotSchedule)},
		Selectors: []PodSelector{
			{Kind: "Service", Namespace: "shop", Name: "first", Selector: byLabels(map[string]string{"index": "0"})},
			{Kind: "StatefulSet", Namespace: "shop", Name: "db", Selector: byLabels(map[string]string{"app": "db"})},
		},
	})
	pod := func(index, name string) []corev1.TopologySpreadConstraint {
		return spread.of(ownedPod("db-"+index, "apps/v1", "StatefulSet", "db", map[string]string{"app": "db", "index": index, "name": name}))
	}
	require.Same(t, &pod("1", "a")[0], &pod("1", "b")[0])
	require.NotEqual(t, pod("0", "a"), pod("1", "a"))
}

func TestProfilesThatCannotBeTrueAreRefused(t *testing.T) {
	good := zonal(corev1.DoNotSchedule)
	with := func(change func(*corev1.TopologySpreadConstraint)) SchedulerProfile {
		c := good
		change(&c)
		return SchedulerProfile{DefaultConstraints: []corev1.TopologySpreadConstraint{c}, Selectors: []PodSelector{}}
	}
	plain := ownedPod("p", "", "", "", nil)
	spread := ownedPod("q", "", "", "", nil)
	spread.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: "rack", WhenUnsatisfiable: corev1.ScheduleAnyway}}
	gated := ownedPod("r", "", "", "", nil)
	gated.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "wait"}}
	unknown := SchedulerProfile{DefaultConstraints: []corev1.TopologySpreadConstraint{good}}
	for name, c := range map[string]struct {
		profile SchedulerProfile
		pods    []*corev1.Pod
		want    string // empty: accepted
	}{
		"no skew":      {with(func(c *corev1.TopologySpreadConstraint) { c.MaxSkew = 0 }), nil, "Profile.DefaultConstraints[0].maxSkew: must be above 0, is 0"},
		"no key":       {with(func(c *corev1.TopologySpreadConstraint) { c.TopologyKey = "" }), nil, "Profile.DefaultConstraints[0].topologyKey: must not be empty"},
		"no label key": {with(func(c *corev1.TopologySpreadConstraint) { c.TopologyKey = "a b" }), nil, "Profile.DefaultConstraints[0].topologyKey: name part"},
		"no action":    {with(func(c *corev1.TopologySpreadConstraint) { c.WhenUnsatisfiable = "" }), nil, `Profile.DefaultConstraints[0].whenUnsatisfiable: must be DoNotSchedule or ScheduleAnyway, is ""`},
		"a selector":   {with(func(c *corev1.TopologySpreadConstraint) { c.LabelSelector = byLabels(nil) }), nil, "Profile.DefaultConstraints[0].labelSelector: must be empty"},
		"label keys":   {with(func(c *corev1.TopologySpreadConstraint) { c.MatchLabelKeys = []string{"a"} }), nil, "Profile.DefaultConstraints[0].matchLabelKeys: must be empty"},
		"no domains":   {with(func(c *corev1.TopologySpreadConstraint) { c.MinDomains = ptr.To[int32](0) }), nil, "Profile.DefaultConstraints[0].minDomains: must be above 0, is 0"},
		"an unknown policy": {with(func(c *corev1.TopologySpreadConstraint) {
			c.NodeTaintsPolicy = ptr.To[corev1.NodeInclusionPolicy]("Maybe")
		}), nil, `Profile.DefaultConstraints[0].nodeTaintsPolicy: must be Honor or Ignore, is "Maybe"`},
		"a repetition":          {SchedulerProfile{DefaultConstraints: []corev1.TopologySpreadConstraint{good, zonal(corev1.ScheduleAnyway), good}}, nil, "Profile.DefaultConstraints[2]: has the topologyKey and whenUnsatisfiable of Profile.DefaultConstraints[0]"},
		"selectors unknown":     {unknown, []*corev1.Pod{spread, plain}, "Pods[shop/p].spec.topologySpreadConstraints: follow from Profile.DefaultConstraints and need Profile.Selectors"},
		"nobody needs them":     {unknown, []*corev1.Pod{spread, gated}, ""},
		"there are none":        {SchedulerProfile{DefaultConstraints: unknown.DefaultConstraints, Selectors: []PodSelector{}}, []*corev1.Pod{plain}, ""},
		"an empty name":         {SchedulerProfile{SchedulerNames: []string{"a", ""}}, nil, "Profile.SchedulerNames[1]: must not be empty"},
		"an unknown controller": {SchedulerProfile{Selectors: []PodSelector{{Kind: "Job", Namespace: "a", Name: "b"}}}, nil, "Profile.Selectors[Job a/b].Kind: must be Service"},
		"a name twice":          {SchedulerProfile{Selectors: []PodSelector{{Kind: "Service", Namespace: "a", Name: "b"}, {Kind: "Service", Namespace: "a", Name: "b"}}}, nil, "Profile.Selectors[Service a/b]: occurs twice"},
		"a broken selector": {SchedulerProfile{Selectors: []PodSelector{{Kind: "ReplicaSet", Namespace: "a", Name: "b", Selector: &metav1.LabelSelector{
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "x", Operator: "Like"}},
		}}}}, nil, `Profile.Selectors[ReplicaSet a/b].Selector: "Like" is not a valid label selector operator`},
		"a Service with expressions": {SchedulerProfile{Selectors: []PodSelector{{Kind: "Service", Namespace: "a", Name: "b", Selector: &metav1.LabelSelector{
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "x", Operator: metav1.LabelSelectorOpExists}},
		}}}}, nil, "Profile.Selectors[Service a/b].Selector.matchExpressions: must be empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Compile(Snapshot{Pods: c.pods, Nodes: []Node{}, NodePools: nil, DaemonPods: []*corev1.Pod{}, Profile: c.profile})
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}
