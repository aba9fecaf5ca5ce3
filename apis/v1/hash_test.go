package v1_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// The value is stored on objects: whoever changes it changes NodePoolHashVersion too.
func TestTheHashIsPinned(t *testing.T) {
	require.Equal(t, "kerf-1", v1.NodePoolHashVersion)
	require.Equal(t, "14695981039346656037", (&v1.NodePool{}).Hash(), "the hash of an empty text")
	require.Equal(t, "13957291597735978401", pool(t).Hash())
}

func TestTheHashCoversTheTemplate(t *testing.T) {
	base := pool(t).Hash()
	for name, change := range map[string]func(*v1.NodeClaimTemplate){
		"label":         func(c *v1.NodeClaimTemplate) { c.Labels["a"] = "b" },
		"empty label":   func(c *v1.NodeClaimTemplate) { c.Labels["a"] = "" },
		"annotation":    func(c *v1.NodeClaimTemplate) { c.Annotations["a"] = "b" },
		"no labels":     func(c *v1.NodeClaimTemplate) { c.Labels = nil },
		"taint":         func(c *v1.NodeClaimTemplate) { c.Spec.Taints = append(c.Spec.Taints, v1.DisruptedTaint()) },
		"taint value":   func(c *v1.NodeClaimTemplate) { c.Spec.Taints[0].Value = "" },
		"startup taint": func(c *v1.NodeClaimTemplate) { c.Spec.StartupTaints = nil },
		"taints exchanged": func(c *v1.NodeClaimTemplate) {
			c.Spec.Taints, c.Spec.StartupTaints = c.Spec.StartupTaints, c.Spec.Taints
		},
		"class":               func(c *v1.NodeClaimTemplate) { c.Spec.NodeClassRef.Name = "other" },
		"grace period":        func(c *v1.NodeClaimTemplate) { c.Spec.TerminationGracePeriod = &metav1.Duration{Duration: time.Hour} },
		"no grace period":     func(c *v1.NodeClaimTemplate) { c.Spec.TerminationGracePeriod = nil },
		"zero grace period":   func(c *v1.NodeClaimTemplate) { c.Spec.TerminationGracePeriod = &metav1.Duration{} },
		"expiry":              func(c *v1.NodeClaimTemplate) { c.Spec.ExpireAfter = v1.After(time.Hour) },
		"no expiry":           func(c *v1.NodeClaimTemplate) { c.Spec.ExpireAfter = v1.Never() },
		"quotes in a label":   func(c *v1.NodeClaimTemplate) { c.Labels[`a" "b`] = "" },
		"quotes in a value":   func(c *v1.NodeClaimTemplate) { c.Labels["a"] = `b" "` },
		"label to annotation": func(c *v1.NodeClaimTemplate) { c.Labels, c.Annotations = c.Annotations, c.Labels },
	} {
		t.Run(name, func(t *testing.T) {
			p := pool(t)
			change(&p.Spec.Template)
			require.NotEqual(t, base, p.Hash())
		})
	}
}

func TestTheHashCoversNothingElse(t *testing.T) {
	base := pool(t).Hash()
	for name, change := range map[string]func(*v1.NodePool){
		"name":               func(p *v1.NodePool) { p.Name = "other" },
		"requirements":       func(p *v1.NodePool) { p.Spec.Template.Spec.Requirements = nil },
		"weight":             func(p *v1.NodePool) { p.Spec.Weight = nil },
		"limits":             func(p *v1.NodePool) { p.Spec.Limits = v1.Limits{corev1.ResourceCPU: resource.MustParse("1")} },
		"disruption":         func(p *v1.NodePool) { p.Spec.Disruption = v1.Disruption{} },
		"replicas":           func(p *v1.NodePool) { p.Spec.Replicas = ptr.To[int64](1) },
		"status":             func(p *v1.NodePool) { p.Status = v1.NodePoolStatus{} },
		"text of a duration": func(p *v1.NodePool) { p.Spec.Template.Spec.ExpireAfter = v1.After(336 * time.Hour) },
		"order of taints": func(p *v1.NodePool) {
			taints := append(p.Spec.Template.Spec.Taints, p.Spec.Template.Spec.Taints...)
			slices.Reverse(taints)
			p.Spec.Template.Spec.Taints = taints
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := pool(t)
			change(p)
			require.Equal(t, base, p.Hash())
		})
	}
	empty := v1.NodePool{}
	empty.Spec.Template.Labels = map[string]string{}
	empty.Spec.Template.Spec.Taints = []corev1.Taint{}
	require.Equal(t, (&v1.NodePool{}).Hash(), empty.Hash())
}
