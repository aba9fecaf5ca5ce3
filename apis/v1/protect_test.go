package v1_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

func TestPodsAskNotToBeDisruptedForeverOrForAWhile(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	hourAgo := metav1.NewTime(now.Add(-time.Hour))
	for _, test := range []struct {
		value string
		start *metav1.Time
		until time.Time
		ok    bool
	}{
		{"true", nil, time.Time{}, true},
		{"true", &hourAgo, time.Time{}, true},
		{"90m", &hourAgo, now.Add(30 * time.Minute), true},
		{"60m", &hourAgo, time.Time{}, false},
		{"90m", nil, time.Time{}, true},
		{"-1h", &hourAgo, time.Time{}, false},
		{"0s", nil, time.Time{}, false},
		{"yes", &hourAgo, time.Time{}, false},
		{"", nil, time.Time{}, false},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1.DoNotDisruptAnnotationKey: test.value}}, Status: corev1.PodStatus{StartTime: test.start}}
		until, ok := v1.DoNotDisrupt(pod, now)
		require.Equal(t, test.ok, ok, test.value)
		require.Equal(t, test.until, until, test.value)
	}
	_, ok := v1.DoNotDisrupt(&corev1.Pod{}, now)
	require.False(t, ok)
}
