package scenario

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

func service(name, selector string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: shop}\nspec: {" + selector + "}\n"
}

func selects(pairs ...string) *metav1.LabelSelector {
	out := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		out.MatchLabels[pairs[i]] = pairs[i+1]
	}
	return out
}

func TestSelectorsOfServicesAndControllersAreKnown(t *testing.T) {
	const byTier = "selector: {matchLabels: {tier: front}}"
	for name, c := range map[string]struct {
		in   string
		want scheduling.PodSelector
	}{
		"Service":                  {service("web", "selector: {app: x}"), scheduling.PodSelector{Kind: "Service", Selector: selects("app", "x")}},
		"Service without a choice": {service("web", "clusterIP: None"), scheduling.PodSelector{Kind: "Service"}},
		"Deployment": {
			controller("apps/v1", "Deployment", "web", byTier, ""),
			scheduling.PodSelector{Kind: "ReplicaSet", Name: "web-1", Selector: selects("tier", "front", "pod-template-hash", "1")},
		},
		"Deployment without a selector": {
			controller("apps/v1", "Deployment", "web", "replicas: 1", ""),
			scheduling.PodSelector{Kind: "ReplicaSet", Name: "web-1", Selector: selects("app", "x", "pod-template-hash", "1")},
		},
		"ReplicaSet":  {controller("apps/v1", "ReplicaSet", "web", byTier, ""), scheduling.PodSelector{Kind: "ReplicaSet", Selector: selects("tier", "front")}},
		"StatefulSet": {controller("apps/v1", "StatefulSet", "web", byTier, ""), scheduling.PodSelector{Kind: "StatefulSet", Selector: selects("tier", "front")}},
		"ReplicationController": {
			controller("v1", "ReplicationController", "web", "selector: {tier: front}", ""),
			scheduling.PodSelector{Kind: "ReplicationController", Selector: selects("tier", "front")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Namespace = "shop"
			if c.want.Name == "" {
				c.want.Name = "web"
			}
			require.Equal(t, []scheduling.PodSelector{c.want}, read(t, c.in).Snapshot.Profile.Selectors)
		})
	}
	require.Empty(t, read(t, controller("batch/v1", "Job", "train", "parallelism: 1", "")).Snapshot.Profile.Selectors, "the scheduler asks no Job")
}

// The owner that the pods of a Deployment name is a ReplicaSet of the snapshot that selects them.
func TestPodsOfADeploymentAreSelectedByTheirOwner(t *testing.T) {
	s := read(t, controller("apps/v1", "Deployment", "web", "selector: {matchLabels: {app: x}}", "")).Snapshot
	owner, set := metav1.GetControllerOf(s.Pods[0]), s.Profile.Selectors[0]
	require.Equal(t, owner.Kind+" "+owner.Name, set.Kind+" "+set.Name)
	require.Equal(t, s.Pods[0].Labels, set.Selector.MatchLabels)
}

// A dump has the ReplicaSets of a Deployment with the hashes that they have in the cluster.
func TestReplicaSetsOfADumpReplaceTheOneThatADeploymentStandsFor(t *testing.T) {
	const spec = `spec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app}]}}}`
	s := read(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, uid: d-1}\n"+spec,
		"apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web-f00, uid: r-1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d-1}]}\n"+spec)
	require.Len(t, s.Snapshot.Profile.Selectors, 1)
	require.Equal(t, "web-f00", s.Snapshot.Profile.Selectors[0].Name)

	byHand := read(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"+spec, "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web-1}\n"+
		"spec: {replicas: 0, selector: {matchLabels: {a: b}}, template: {spec: {containers: [{name: app}]}}}")
	require.Len(t, byHand.Snapshot.Profile.Selectors, 1)
	require.Equal(t, selects("a", "b"), byHand.Snapshot.Profile.Selectors[0].Selector)
}

func TestSelectorsThatCannotBeTrueAreRefused(t *testing.T) {
	require.Contains(t, refuse(t, service("web", "selector: {a b: c}")), "document 1 (Service shop/web): spec.selector.matchLabels")
	require.Contains(t, refuse(t, controller("apps/v1", "Deployment", "web", "selector: {matchExpressions: [{key: a, operator: In}]}", "")),
		"document 1 (Deployment shop/web): spec.selector.matchExpressions[0].values")
}

func TestTheScenarioSaysHowTheSchedulerIsSetUp(t *testing.T) {
	s := read(t, `
apiVersion: kerf.dev/v1alpha1
kind: Scenario
spec:
  schedulerProfile:
    schedulerNames: [batch]
    defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]
  vocabulary: {wellKnown: [example.com/rack], aliases: {old: example.com/rack}}
`).Snapshot
	require.Equal(t, scheduling.SchedulerProfile{
		SchedulerNames:     []string{"batch"},
		DefaultConstraints: []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: corev1.DoNotSchedule}},
		Selectors:          []scheduling.PodSelector{},
	}, s.Profile)
	require.Equal(t, cloudprovider.Vocabulary{WellKnown: []string{"example.com/rack"}, Aliases: map[string]string{"old": "example.com/rack"}}, s.Vocabulary)
	require.Contains(t, refuse(t, "apiVersion: kerf.dev/v1alpha1\nkind: Scenario\nspec: {schedulerProfile: {schedulerName: x}}"),
		"spec.schedulerProfile.schedulerName: unknown field (did you mean schedulerNames?)")
}
