package disruption

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/fake"
	"github.com/kerf-autoscaler/kerf/scheduling"
)

// stamped writes the hash of the pool, of that version, to both objects.
func stamped(in *Input, n *scheduling.Node, version string) {
	pool := in.NodePools[0]
	for _, o := range []*metav1.ObjectMeta{&pool.ObjectMeta, &n.Claim.ObjectMeta} {
		metav1.SetMetaDataAnnotation(o, v1.NodePoolHashAnnotationKey, pool.Hash())
		metav1.SetMetaDataAnnotation(o, v1.NodePoolHashVersionAnnotationKey, version)
	}
}

func TestDrifted(t *testing.T) {
	wants := func(operator corev1.NodeSelectorOperator, values ...string) func(*Input, *scheduling.Node) {
		return func(in *Input, n *scheduling.Node) {
			n.Claim.Labels["tier"], n.Claim.Labels["size"] = "web", "5"
			key := "tier"
			if operator == corev1.NodeSelectorOpGt || operator == corev1.NodeSelectorOpLt {
				key = "size"
			}
			in.NodePools[0].Spec.Template.Spec.Requirements = []v1.NodeRequirement{{Key: key, Operator: operator, Values: values}}
		}
	}
	lists := func(types ...*cloudprovider.InstanceType) func(*Input, *scheduling.Node) {
		return func(in *Input, _ *scheduling.Node) { in.InstanceTypes["general"] = types }
	}
	reserved := func(options ...fake.TypeOption) func(*Input, *scheduling.Node) {
		return func(in *Input, n *scheduling.Node) {
			n.Node.Labels[v1.CapacityTypeLabelKey], n.Claim.Labels[v1.CapacityTypeLabelKey] = v1.CapacityTypeReserved, v1.CapacityTypeReserved
			in.InstanceTypes["general"] = []*cloudprovider.InstanceType{fake.InstanceType("large", "4", "16Gi", options...)}
		}
	}
	template := func(edit func(*v1.NodeClaimTemplate)) func(*Input, *scheduling.Node) {
		return func(in *Input, n *scheduling.Node) {
			stamped(in, n, v1.NodePoolHashVersion)
			edit(&in.NodePools[0].Spec.Template)
		}
	}
	for _, tt := range []struct {
		name string
		edit func(in *Input, n *scheduling.Node)
		want string // the detail; empty for no drift
	}{
		{"as it should be", nil, ""},
		{"the provider says so", func(in *Input, _ *scheduling.Node) { in.Drifted["n"] = "ImageDrifted" }, "ImageDrifted"},
		{"the provider has said so of another", func(in *Input, _ *scheduling.Node) { in.Drifted["m"] = "ImageDrifted" }, ""},
		{"nobody manages it", func(in *Input, n *scheduling.Node) { in.Drifted["n"], n.Claim = "ImageDrifted", nil }, ""},
		{"the pool does not exist", func(in *Input, _ *scheduling.Node) { in.Drifted["n"], in.NodePools = "ImageDrifted", []*v1.NodePool{} }, ""},
		{"the launch is not certain", func(in *Input, n *scheduling.Node) {
			in.Drifted["n"] = "ImageDrifted"
			condition(n, v1.ConditionTypeLaunched, metav1.ConditionUnknown, "", noon)
		}, ""},
		{"the launch has failed", func(in *Input, n *scheduling.Node) {
			in.Drifted["n"] = "ImageDrifted"
			condition(n, v1.ConditionTypeLaunched, metav1.ConditionFalse, "", noon)
		}, ""},
		{"nobody has asked the provider, who said so before", func(in *Input, n *scheduling.Node) {
			in.Drifted = nil
			condition(n, v1.ConditionTypeDrifted, metav1.ConditionTrue, "ImageDrifted", noon)
		}, "ImageDrifted"},
		{"the provider no longer says so", func(_ *Input, n *scheduling.Node) {
			condition(n, v1.ConditionTypeDrifted, metav1.ConditionTrue, "ImageDrifted", noon)
		}, ""},
		{"what can be seen needs no memory", func(in *Input, n *scheduling.Node) {
			in.Drifted = nil
			condition(n, v1.ConditionTypeDrifted, metav1.ConditionTrue, v1.ReasonRequirementsDrifted, noon)
		}, ""},

		{"another value", wants(corev1.NodeSelectorOpIn, "db"), v1.ReasonRequirementsDrifted},
		{"one more value", wants(corev1.NodeSelectorOpIn, "web", "db"), ""},
		{"not this value", wants(corev1.NodeSelectorOpNotIn, "web"), v1.ReasonRequirementsDrifted},
		{"another key", func(in *Input, _ *scheduling.Node) {
			in.NodePools[0].Spec.Template.Spec.Requirements = []v1.NodeRequirement{{Key: "team", Operator: corev1.NodeSelectorOpIn, Values: []string{"a"}}}
		}, v1.ReasonRequirementsDrifted},
		{"any value", wants(corev1.NodeSelectorOpExists), ""},
		{"no value", wants(corev1.NodeSelectorOpDoesNotExist), v1.ReasonRequirementsDrifted},
		{"more than 10", wants(corev1.NodeSelectorOpGt, "10"), v1.ReasonRequirementsDrifted},
		{"less than 1", wants(corev1.NodeSelectorOpLt, "1"), v1.ReasonRequirementsDrifted},
		{"more than 4", wants(corev1.NodeSelectorOpGt, "4"), ""},
		{"requirements come before the provider", func(in *Input, n *scheduling.Node) {
			wants(corev1.NodeSelectorOpIn, "db")(in, n)
			in.Drifted["n"] = "ImageDrifted"
		}, v1.ReasonRequirementsDrifted},

		{"no label of a type", func(_ *Input, n *scheduling.Node) {
			delete(n.Node.Labels, corev1.LabelInstanceTypeStable)
			delete(n.Claim.Labels, corev1.LabelInstanceTypeStable)
		}, v1.ReasonInstanceTypeNotFound},
		{"another type only", lists(fake.InstanceType("small", "2", "4Gi", fake.OnDemand("a", 1))), v1.ReasonInstanceTypeNotFound},
		{"the type is sold nowhere", lists(fake.InstanceType("large", "4", "16Gi")), v1.ReasonInstanceTypeNotFound},
		{"the type is sold elsewhere", lists(fake.InstanceType("large", "4", "16Gi", fake.OnDemand("b", 1))), v1.ReasonInstanceTypeNotFound},
		{"the type is sold out", lists(fake.InstanceType("large", "4", "16Gi", fake.OnDemand("a", 1, fake.Unavailable))), ""},
		{"nothing is sold at all", lists(), ""},
		{"the lists are not known", func(in *Input, _ *scheduling.Node) { in.InstanceTypes = nil }, ""},
		{"a reservation that goes on", reserved(fake.Reserved("a", 0, "ours", 1), fake.OnDemand("a", 1)), ""},
		{"a reservation alone", reserved(fake.Reserved("a", 0, "ours", 1)), ""},
		{"a reservation that has ended", reserved(fake.OnDemand("a", 1)), ""},
		{"a reservation where only spot is left", reserved(fake.Spot("a", 1)), v1.ReasonInstanceTypeNotFound},
		{"a reservation where nothing is left", reserved(), v1.ReasonInstanceTypeNotFound},

		{"the template is the same", template(func(*v1.NodeClaimTemplate) {}), ""},
		{"annotations", template(func(o *v1.NodeClaimTemplate) { o.Annotations = map[string]string{"a": "b"} }), v1.ReasonNodePoolDrifted},
		{"labels", template(func(o *v1.NodeClaimTemplate) { o.Labels = map[string]v1.LabelValue{"a": "b"} }), v1.ReasonNodePoolDrifted},
		{"taints", template(func(o *v1.NodeClaimTemplate) { o.Spec.Taints = []v1.Taint{{Key: "a", Effect: "NoSchedule"}} }), v1.ReasonNodePoolDrifted},
		{"startup taints", template(func(o *v1.NodeClaimTemplate) { o.Spec.StartupTaints = []v1.Taint{{Key: "a", Effect: "NoSchedule"}} }), v1.ReasonNodePoolDrifted},
		{"the class", template(func(o *v1.NodeClaimTemplate) { o.Spec.NodeClassRef.Name = "other" }), v1.ReasonNodePoolDrifted},
		{"the expiry", template(func(o *v1.NodeClaimTemplate) { o.Spec.ExpireAfter = v1.After(time.Hour) }), v1.ReasonNodePoolDrifted},
		{"the grace period", template(func(o *v1.NodeClaimTemplate) {
			o.Spec.TerminationGracePeriod = &metav1.Duration{Duration: time.Hour}
		}), v1.ReasonNodePoolDrifted},
		{"the template comes before the requirements", func(in *Input, n *scheduling.Node) {
			template(func(o *v1.NodeClaimTemplate) { o.Annotations = map[string]string{"a": "b"} })(in, n)
			wants(corev1.NodeSelectorOpIn, "db")(in, n)
		}, v1.ReasonNodePoolDrifted},
		{"no hash on the claim", func(in *Input, n *scheduling.Node) {
			template(func(o *v1.NodeClaimTemplate) { o.Annotations = map[string]string{"a": "b"} })(in, n)
			delete(n.Claim.Annotations, v1.NodePoolHashAnnotationKey)
		}, ""},
		{"no version on the claim", func(in *Input, n *scheduling.Node) {
			template(func(o *v1.NodeClaimTemplate) { o.Annotations = map[string]string{"a": "b"} })(in, n)
			delete(n.Claim.Annotations, v1.NodePoolHashVersionAnnotationKey)
		}, ""},
		{"the hash on the pool is not needed for one's own version", func(in *Input, n *scheduling.Node) {
			template(func(o *v1.NodeClaimTemplate) { o.Annotations = map[string]string{"a": "b"} })(in, n)
			in.NodePools[0].Annotations = nil
		}, v1.ReasonNodePoolDrifted},
		{"a foreign version, and the pool has another", func(in *Input, n *scheduling.Node) {
			stamped(in, n, v1.NodePoolHashVersion)
			n.Claim.Annotations[v1.NodePoolHashVersionAnnotationKey], n.Claim.Annotations[v1.NodePoolHashAnnotationKey] = "v3", "1"
		}, ""},
		{"a foreign version, the same on both, and other hashes", func(in *Input, n *scheduling.Node) {
			stamped(in, n, "v3")
			n.Claim.Annotations[v1.NodePoolHashAnnotationKey] = "1"
		}, v1.ReasonNodePoolDrifted},
		{"a foreign version, and the hashes agree", func(in *Input, n *scheduling.Node) {
			stamped(in, n, "v3")
			in.NodePools[0].Spec.Template.Annotations = map[string]string{"a": "b"}
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := facts(member("n", "general"))
			if tt.edit != nil {
				tt.edit(&in, &in.Nodes[0])
			}
			p := ask(t, in, Options{})
			why, ok := p.drifted(p.by["n"])
			require.Equal(t, tt.want != "", ok)
			require.Equal(t, tt.want, why.detail)
			if ok {
				require.Equal(t, v1.ReasonDrifted, why.reason)
			}
		})
	}
}

func TestDriftCountsFromItsCondition(t *testing.T) {
	in := facts(member("n", "general"))
	in.Drifted["n"] = "ImageDrifted"
	condition(&in.Nodes[0], v1.ConditionTypeDrifted, metav1.ConditionTrue, "ImageDrifted", noon.Add(-time.Minute))
	p := ask(t, in, Options{})
	why, _ := p.drifted(p.by["n"])
	require.Equal(t, noon.Add(-time.Minute), why.since)
}

// A list may be incomplete just after a launch.
func TestYoungNodesDoNotDriftForALackOfOfferings(t *testing.T) {
	in := facts(member("n", "general"))
	in.InstanceTypes["general"] = []*cloudprovider.InstanceType{fake.InstanceType("small", "2", "4Gi", fake.OnDemand("a", 1))}
	in.Nodes[0].Claim.CreationTimestamp = metav1.NewTime(noon.Add(-59 * time.Minute))
	p := ask(t, in, Options{})
	why, ok := p.drifted(p.by["n"])
	require.False(t, ok)
	require.Equal(t, noon.Add(time.Minute), why.next)
}
