package v1_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

func read[T any](t *testing.T, file string) (*T, string) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var out T
	require.NoError(t, yaml.UnmarshalStrict(data, &out))
	return &out, string(data)
}

func pool(t *testing.T) *v1.NodePool {
	t.Helper()
	p, _ := read[v1.NodePool](t, "testdata/roundtrip/nodepool.yaml")
	return p
}

// What is read is what is written: no field is lost, renamed or added.
func TestRoundTrips(t *testing.T) {
	p, text := read[v1.NodePool](t, "testdata/roundtrip/nodepool.yaml")
	require.Empty(t, v1.ValidateNodePool(p))
	out, err := yaml.Marshal(p)
	require.NoError(t, err)
	require.YAMLEq(t, text, string(out))

	c, text := read[v1.NodeClaim](t, "testdata/roundtrip/nodeclaim.yaml")
	require.Empty(t, v1.ValidateNodeClaim(c))
	out, err = yaml.Marshal(c)
	require.NoError(t, err)
	require.YAMLEq(t, text, string(out))
}

// Objects that have little are written with little.
func TestUnsetFieldsAreLeftOut(t *testing.T) {
	out, err := json.Marshal(v1.NodePoolSpec{Template: v1.NodeClaimTemplate{Spec: v1.NodeClaimTemplateSpec{
		Requirements: []v1.NodeRequirement{}, NodeClassRef: &v1.NodeClassReference{},
	}}})
	require.NoError(t, err)
	require.JSONEq(t, `{"template":{"metadata":{},"spec":{"requirements":[],"nodeClassRef":{"group":"","kind":"","name":""}}}}`, string(out))
	out, err = json.Marshal(v1.NodeClaimStatus{})
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(out))
}

func TestDefaultsOfANodePool(t *testing.T) {
	var p v1.NodePool
	v1.SetDefaultsNodePool(&p)
	require.Equal(t, 720*time.Hour, *p.Spec.Template.Spec.ExpireAfter.Duration)
	require.Equal(t, "720h", p.Spec.Template.Spec.ExpireAfter.String())
	require.Equal(t, "0s", p.Spec.Disruption.ConsolidateAfter.String())
	require.Equal(t, v1.ConsolidationPolicyWhenEmptyOrUnderutilized, p.Spec.Disruption.ConsolidationPolicy)
	require.Equal(t, []v1.Budget{{Nodes: "10%"}}, p.Spec.Disruption.Budgets)
	require.Nil(t, p.Spec.Weight)

	again := p.DeepCopy()
	v1.SetDefaultsNodePool(again)
	require.Equal(t, &p, again)

	full := pool(t)
	v1.SetDefaultsNodePool(full)
	require.Equal(t, pool(t), full, "what is set stays")

	never := v1.NodePool{Spec: v1.NodePoolSpec{Disruption: v1.Disruption{ConsolidateAfter: v1.Never(), Budgets: []v1.Budget{}}}}
	v1.SetDefaultsNodePool(&never)
	require.Nil(t, never.Spec.Disruption.ConsolidateAfter.Duration)
	require.Empty(t, never.Spec.Disruption.Budgets)

	partial := v1.NodePool{Spec: v1.NodePoolSpec{Disruption: v1.Disruption{Budgets: []v1.Budget{{Reasons: []v1.DisruptionReason{v1.ReasonEmpty}}}}}}
	v1.SetDefaultsNodePool(&partial)
	require.Equal(t, "10%", partial.Spec.Disruption.Budgets[0].Nodes)
}

func TestDefaultsOfANodeClaim(t *testing.T) {
	var c v1.NodeClaim
	v1.SetDefaultsNodeClaim(&c)
	require.Equal(t, "720h", c.Spec.ExpireAfter.String())
	c.Spec.ExpireAfter = v1.Never()
	v1.SetDefaultsNodeClaim(&c)
	require.Nil(t, c.Spec.ExpireAfter.Duration)
}

// A copy shares nothing that can be written to.
func TestDeepCopiesAreIndependent(t *testing.T) {
	original := pool(t)
	before, err := json.Marshal(original)
	require.NoError(t, err)
	c := original.DeepCopy()
	require.Equal(t, original, c)
	c.Annotations["a"] = "b"
	template := &c.Spec.Template
	template.Labels["a"] = "b"
	template.Annotations["a"] = "b"
	*template.Spec.ExpireAfter.Duration = time.Hour
	template.Spec.TerminationGracePeriod.Duration = time.Hour
	template.Spec.Requirements[0].Values[0] = "other"
	*template.Spec.Requirements[2].MinValues = 9
	template.Spec.Taints[0].Key = "other"
	template.Spec.StartupTaints[0].Key = "other"
	template.Spec.NodeClassRef.Name = "other"
	c.Spec.Limits[corev1.ResourceCPU] = c.Spec.Limits["nodes"]
	*c.Spec.Weight = 1
	*c.Spec.Disruption.ConsolidateAfter.Duration = time.Hour
	c.Spec.Disruption.Budgets[0].Reasons[0] = v1.ReasonUnderutilized
	*c.Spec.Disruption.Budgets[1].Schedule = "@daily"
	c.Spec.Disruption.Budgets[1].Duration.Duration = time.Hour
	c.Status.Conditions[0].Reason = "Other"
	c.Status.Resources[corev1.ResourceCPU] = c.Status.Resources["nodes"]
	after, err := json.Marshal(original)
	require.NoError(t, err)
	require.JSONEq(t, string(before), string(after))
}

func TestTheSchemeKnowsTheKinds(t *testing.T) {
	scheme := runtime.NewScheme()
	require.NoError(t, v1.AddToScheme(scheme))
	for _, kind := range []string{"NodePool", "NodePoolList", "NodeClaim", "NodeClaimList"} {
		object, err := scheme.New(v1.GroupVersion().WithKind(kind))
		require.NoError(t, err)
		require.NotNil(t, object.DeepCopyObject())
	}
	require.True(t, scheme.IsVersionRegistered(v1.GroupVersion()))
	require.Equal(t, "nodepools.karpenter.sh", v1.Resource("nodepools").String())
	// Conditions are the common type, so that the common functions take them.
	require.IsType(t, []metav1.Condition{}, v1.NodeClaimStatus{}.Conditions)
	require.IsType(t, []corev1.Taint{}, v1.NodeClaimSpec{}.Taints)
	require.IsType(t, map[string]string{}, v1.TemplateMeta{}.Labels)
}
