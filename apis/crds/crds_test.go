package crds_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/kerf-autoscaler/kerf/apis/crds"
	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

// schema is the part of an OpenAPI schema that the tests look at.
type schema struct {
	Default    any               `json:"default"`
	Pattern    string            `json:"pattern"`
	MaxLength  *int              `json:"maxLength"`
	Enum       []string          `json:"enum"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Rules      []struct {
		Rule string `json:"rule"`
	} `json:"x-kubernetes-validations"`
}

// at walks down the properties; "[]" are the items.
func (s schema) at(path string) schema {
	for step := range strings.SplitSeq(path, ".") {
		name, list := strings.CutSuffix(step, "[]")
		s = s.Properties[name]
		if list {
			s = *s.Items
		}
	}
	return s
}

type definition struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Group string `json:"group"`
		Scope string `json:"scope"`
		Names struct {
			Kind       string   `json:"kind"`
			Plural     string   `json:"plural"`
			ShortNames []string `json:"shortNames"`
			Categories []string `json:"categories"`
		} `json:"names"`
		Versions []struct {
			Name    string `json:"name"`
			Columns []struct {
				Name string `json:"name"`
			} `json:"additionalPrinterColumns"`
			Schema struct {
				OpenAPI schema `json:"openAPIV3Schema"`
			} `json:"schema"`
			Subresources map[string]any `json:"subresources"`
		} `json:"versions"`
	} `json:"spec"`
}

func definitions(t *testing.T) map[string]definition {
	t.Helper()
	out := map[string]definition{}
	for _, manifest := range crds.Manifests() {
		var d definition
		require.NoError(t, yaml.Unmarshal(manifest.YAML, &d))
		require.Equal(t, "CustomResourceDefinition", d.Kind)
		require.Equal(t, d.Spec.Names.Plural+"."+d.Spec.Group, d.Metadata.Name)
		require.Equal(t, d.Spec.Group+"_"+d.Spec.Names.Plural+".yaml", manifest.Name)
		require.Len(t, d.Spec.Versions, 1)
		out[d.Spec.Names.Kind] = d
	}
	return out
}

func TestManifests(t *testing.T) {
	var got []string
	all := definitions(t)
	for _, manifest := range crds.Manifests() {
		got = append(got, manifest.Name)
	}
	require.Equal(t, []string{
		"autoscaling.x-k8s.io_capacitybuffers.yaml",
		"karpenter.sh_nodeclaims.yaml",
		"karpenter.sh_nodeoverlays.yaml",
		"karpenter.sh_nodepools.yaml",
	}, got)
	for kind, want := range map[string]string{
		"CapacityBuffer": "v1beta1 Namespaced [cb] [autoscaling] Strategy PodTemplate Replicas ConditionsType ConditionsStatus ConditionsReason Age",
		"NodeClaim":      "v1 Cluster [] [karpenter] Type Capacity Zone Node Ready Age ImageID ID NodePool NodeClass Drifted",
		"NodeOverlay":    "v1alpha1 Cluster [overlays] [karpenter] Ready Age Weight",
		"NodePool":       "v1 Cluster [] [karpenter] NodeClass Nodes Ready Age Weight CPU Memory",
	} {
		spec := all[kind].Spec
		text := fmt.Sprintln(spec.Versions[0].Name, spec.Scope, spec.Names.ShortNames, spec.Names.Categories)
		for _, column := range spec.Versions[0].Columns {
			text = strings.TrimSpace(text) + " " + column.Name
		}
		require.Equal(t, want, text)
		require.Contains(t, spec.Versions[0].Subresources, "status")
	}
	require.Contains(t, all["NodePool"].Spec.Versions[0].Subresources, "scale")
}

// The defaults of the manifest are those of the Go functions.
func TestDefaultsAgree(t *testing.T) {
	var p v1.NodePool
	v1.SetDefaultsNodePool(&p)
	spec := definitions(t)["NodePool"].Spec.Versions[0].Schema.OpenAPI.Properties["spec"]
	require.Equal(t, p.Spec.Template.Spec.ExpireAfter.String(), spec.at("template.spec.expireAfter").Default)
	require.Equal(t, p.Spec.Disruption.ConsolidateAfter.String(), spec.at("disruption.consolidateAfter").Default)
	require.Equal(t, string(p.Spec.Disruption.ConsolidationPolicy), spec.at("disruption.consolidationPolicy").Default)
	require.Equal(t, v1.DefaultBudgetNodes, spec.at("disruption.budgets[].nodes").Default)
	require.Equal(t, []any{map[string]any{"nodes": v1.DefaultBudgetNodes}}, spec.at("disruption.budgets").Default)
	claim := definitions(t)["NodeClaim"].Spec.Versions[0].Schema.OpenAPI.Properties["spec"]
	require.Equal(t, p.Spec.Template.Spec.ExpireAfter.String(), claim.at("expireAfter").Default)
}

// What the generator learns from schema.go alone: these rules vanish without a word if it stops being read.
func TestRulesOfForeignTypesArrive(t *testing.T) {
	all := definitions(t)
	for kind, path := range map[string]string{"NodePool": "spec.template.spec.", "NodeClaim": "spec."} {
		root := all[kind].Spec.Versions[0].Schema.OpenAPI
		for _, list := range []string{"taints[]", "startupTaints[]"} {
			require.NotEmpty(t, root.at(path+list+".key").Pattern)
			require.NotEmpty(t, root.at(path+list+".value").Pattern)
			require.Len(t, root.at(path+list+".effect").Enum, 3)
		}
		values := root.at(path + "requirements[].values[]")
		require.NotEmpty(t, values.Pattern)
		require.Equal(t, 63, *values.MaxLength)
		require.Empty(t, root.at(path+"requirements[].values").Pattern)
		require.Len(t, root.at(path+"requirements[]").Rules, 3)
		require.Len(t, root.at(path+"requirements[].operator").Enum, 8)
	}
	require.Len(t, all["NodePool"].Spec.Versions[0].Schema.OpenAPI.at("spec").Rules, 3)
	require.Equal(t, "self == oldSelf", all["NodeClaim"].Spec.Versions[0].Schema.OpenAPI.at("spec").Rules[0].Rule)
	require.Len(t, all["NodeOverlay"].Spec.Versions[0].Schema.OpenAPI.at("spec").Rules, 1)
	require.Len(t, all["CapacityBuffer"].Spec.Versions[0].Schema.OpenAPI.at("spec").Rules, 2)
}

func TestManifestsAreTheCallersOwn(t *testing.T) {
	crds.Manifests()[0].YAML[0] = 'x'
	require.Equal(t, byte('-'), crds.Manifests()[0].YAML[0])
}

func ExampleManifests() {
	for _, manifest := range crds.Manifests() {
		fmt.Println(manifest.Name)
	}
	// Output:
	// autoscaling.x-k8s.io_capacitybuffers.yaml
	// karpenter.sh_nodeclaims.yaml
	// karpenter.sh_nodeoverlays.yaml
	// karpenter.sh_nodepools.yaml
}
