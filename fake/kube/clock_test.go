package kube_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/fake/kube"
)

func TestTheClockKeepsOrder(t *testing.T) {
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	clock := kube.NewClock(start)
	var happened []string
	note := func(what string) func() {
		return func() { happened = append(happened, clock.Now().Sub(start).String()+" "+what) }
	}
	clock.After(2*time.Second, note("second"))
	clock.After(time.Second, func() {
		note("first")()
		clock.After(0, note("at once"))
		clock.At(start, note("too late"))
		clock.After(time.Second, note("third"))
	})
	clock.After(time.Hour, note("never"))

	at, more := clock.Next()
	require.True(t, more)
	require.Equal(t, start.Add(time.Second), at)
	clock.RunUntil(start.Add(time.Minute))
	require.Equal(t, []string{"1s first", "1s at once", "1s too late", "2s second", "2s third"}, happened)
	require.Equal(t, start.Add(time.Minute), clock.Now())
	require.True(t, clock.Step())
	require.False(t, clock.Step())
	require.Equal(t, start.Add(time.Hour), clock.Now())
}
