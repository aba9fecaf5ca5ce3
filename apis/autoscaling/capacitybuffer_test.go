package autoscaling_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kerf-autoscaler/kerf/apis/autoscaling"
)

const exampleBuffer = `apiVersion: autoscaling.x-k8s.io/v1beta1
kind: CapacityBuffer
metadata:
  name: room
  namespace: default
spec:
  limits:
    cpu: "10"
  percentage: 20
  provisioningStrategy: buffer.x-k8s.io/active-capacity
  replicas: 2
  scalableRef:
    apiGroup: apps
    kind: Deployment
    name: web
status:
  conditions:
  - lastTransitionTime: "2026-01-05T10:00:00Z"
    message: ""
    reason: Resolved
    status: "True"
    type: ReadyForProvisioning
  podTemplateGeneration: 3
  podTemplateRef:
    name: web-chunk
  provisioningStrategy: buffer.x-k8s.io/active-capacity
  replicas: 4
`

func TestCapacityBufferRoundTrip(t *testing.T) {
	var b autoscaling.CapacityBuffer
	require.NoError(t, yaml.UnmarshalStrict([]byte(exampleBuffer), &b))
	require.Empty(t, autoscaling.ValidateCapacityBuffer(&b))
	out, err := yaml.Marshal(&b)
	require.NoError(t, err)
	require.Equal(t, exampleBuffer, string(out))

	c := b.DeepCopy()
	*c.Spec.ProvisioningStrategy = "other"
	*c.Spec.Replicas, *c.Spec.Percentage = 1, 1
	c.Spec.ScalableRef.Name = "other"
	c.Spec.Limits["cpu"] = resource.MustParse("1")
	c.Status.PodTemplateRef.Name = "other"
	*c.Status.PodTemplateGeneration = 1
	out, err = yaml.Marshal(&b)
	require.NoError(t, err)
	require.Equal(t, exampleBuffer, string(out))
}

func TestDefaultStrategy(t *testing.T) {
	var b autoscaling.CapacityBuffer
	autoscaling.SetDefaultsCapacityBuffer(&b)
	require.Equal(t, autoscaling.StrategyActiveCapacity, *b.Spec.ProvisioningStrategy)
	*b.Spec.ProvisioningStrategy = "other"
	autoscaling.SetDefaultsCapacityBuffer(&b)
	require.Equal(t, "other", *b.Spec.ProvisioningStrategy)
}

func TestTheSchemeKnowsTheKinds(t *testing.T) {
	scheme := runtime.NewScheme()
	require.NoError(t, autoscaling.AddToScheme(scheme))
	for _, kind := range []string{"CapacityBuffer", "CapacityBufferList"} {
		object, err := scheme.New(autoscaling.GroupVersion().WithKind(kind))
		require.NoError(t, err)
		require.NotNil(t, object.DeepCopyObject())
	}
}

func ExampleValidateCapacityBuffer() {
	b := &autoscaling.CapacityBuffer{Spec: autoscaling.CapacityBufferSpec{
		PodTemplateRef: &autoscaling.LocalObjectRef{Name: "chunk"},
	}}
	autoscaling.SetDefaultsCapacityBuffer(b)
	fmt.Println(autoscaling.ValidateCapacityBuffer(b).ToAggregate())
	// Output: spec.replicas: Required value: with podTemplateRef, replicas or limits must be set
}
