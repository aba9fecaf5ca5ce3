package v1alpha1_test

import (
	"fmt"
	"math"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/apis/v1alpha1"
)

func overlay(price, adjustment *string) *v1alpha1.NodeOverlay {
	return &v1alpha1.NodeOverlay{Spec: v1alpha1.NodeOverlaySpec{
		Requirements: []v1alpha1.OverlayRequirement{}, Price: price, PriceAdjustment: adjustment,
	}}
}

func TestAdjustPrice(t *testing.T) {
	for _, tt := range []struct {
		adjustment string
		base, want float64
	}{
		{"+0", 1, 1},
		{"+0.25", 1, 1.25},
		{"+.5", 1, 1.5},
		{"-0.25", 1, 0.75},
		{"-1", 1, 0},
		{"-2", 1, 0},
		{"+10%", 2, 2.2},
		{"+100%", 2, 4},
		{"+250%", 2, 7},
		{"+.5%", 200, 201},
		{"-25%", 2, 1.5},
		{"-12.5%", 8, 7},
		{"-99.9%", 1000, 1},
		{"-100%", 2, 0},
		{"+10%", 0, 0},
		{"+10", 0, 10},
	} {
		t.Run(fmt.Sprintf("%v%s", tt.base, tt.adjustment), func(t *testing.T) {
			price, err := overlay(nil, &tt.adjustment).AdjustPrice(tt.base)
			require.NoError(t, err)
			require.InDelta(t, tt.want, price, 1e-9)
			require.GreaterOrEqual(t, price, 0.0)
			require.False(t, math.Signbit(price))
		})
	}
	price, err := overlay(ptr.To("0.75"), nil).AdjustPrice(2)
	require.NoError(t, err)
	require.Equal(t, 0.75, price)
	price, err = overlay(nil, nil).AdjustPrice(2)
	require.NoError(t, err)
	require.Equal(t, 2.0, price)
}

func TestAdjustPriceKeepsTheBaseOnError(t *testing.T) {
	for name, o := range map[string]*v1alpha1.NodeOverlay{
		"both":       overlay(ptr.To("1"), ptr.To("+1")),
		"price":      overlay(ptr.To("1 dollar"), nil),
		"adjustment": overlay(nil, ptr.To("10%")),
	} {
		price, err := o.AdjustPrice(2)
		require.Error(t, err, name)
		require.Equal(t, 2.0, price, name)
	}
	_, err := overlay(nil, ptr.To("10%")).AdjustPrice(2)
	require.ErrorContains(t, err, `"10%"`)
}

// The hand-written parsers accept what the patterns of the manifest do, unless it is too large for a number.
func FuzzPrices(f *testing.F) {
	for _, s := range []string{"+1", "-0.25", "+.5", "+10%", "-12.5%", "-100%", "-100.0%", "-.5%", "1", "", "+", "%", "-%", "+5.", "1.5", "+1e3", "٣", "+0x1p4", "+1_0"} {
		f.Add(s)
	}
	price := regexp.MustCompile(`^\d+(\.\d+)?$`)
	adjustment := regexp.MustCompile(`^(([+-]{1}(\d*\.?\d+))|(\+{1}\d*\.?\d+%)|(^(-\d{1,2}(\.\d+)?%)$)|(-100%))$`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 300 {
			return
		}
		got, err := overlay(&text, nil).AdjustPrice(2)
		require.Equal(t, price.MatchString(text), err == nil)
		require.GreaterOrEqual(t, got, 0.0)
		got, err = overlay(nil, &text).AdjustPrice(2)
		require.Equal(t, adjustment.MatchString(text), err == nil)
		require.GreaterOrEqual(t, got, 0.0)
	})
}

const exampleOverlay = `apiVersion: karpenter.sh/v1alpha1
kind: NodeOverlay
metadata:
  name: negotiated
spec:
  capacity:
    example.com/gpu: "1"
  priceAdjustment: -12.5%
  requirements:
  - key: karpenter.sh/capacity-type
    operator: In
    values:
    - on-demand
  weight: 10
status:
  conditions:
  - lastTransitionTime: "2026-01-05T10:00:00Z"
    message: ""
    reason: ValidationSucceeded
    status: "True"
    type: ValidationSucceeded
`

func TestNodeOverlayRoundTrip(t *testing.T) {
	var o v1alpha1.NodeOverlay
	require.NoError(t, yaml.UnmarshalStrict([]byte(exampleOverlay), &o))
	require.Empty(t, v1alpha1.ValidateNodeOverlay(&o))
	out, err := yaml.Marshal(&o)
	require.NoError(t, err)
	require.Equal(t, exampleOverlay, string(out))
	require.Equal(t, v1.NodeRequirement{Key: "karpenter.sh/capacity-type", Operator: "In", Values: []string{"on-demand"}},
		o.Spec.Requirements[0].NodeRequirement())

	c := o.DeepCopy()
	*c.Spec.PriceAdjustment = "+1"
	*c.Spec.Weight = 1
	c.Spec.Requirements[0].Values[0] = "spot"
	c.Spec.Capacity["example.com/gpu"] = resource.MustParse("2")
	c.Status.Conditions[0].Reason = "Other"
	out, err = yaml.Marshal(&o)
	require.NoError(t, err)
	require.Equal(t, exampleOverlay, string(out))

	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	_, err = scheme.New(v1alpha1.GroupVersion().WithKind("NodeOverlay"))
	require.NoError(t, err)
}

func ExampleNodeOverlay_AdjustPrice() {
	o := &v1alpha1.NodeOverlay{Spec: v1alpha1.NodeOverlaySpec{PriceAdjustment: ptr.To("-12.5%")}}
	price, err := o.AdjustPrice(0.80)
	fmt.Printf("$%.2f/h %v\n", price, err)
	// Output: $0.70/h <nil>
}
