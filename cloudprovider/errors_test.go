package cloudprovider_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
)

func kinds() []cloudprovider.ErrorKind {
	return []cloudprovider.ErrorKind{
		cloudprovider.ErrNotFound, cloudprovider.ErrInsufficientCapacity, cloudprovider.ErrQuotaExceeded,
		cloudprovider.ErrThrottled, cloudprovider.ErrNotReady, cloudprovider.ErrInvalid,
	}
}

func TestErrorIsItsKindAndNoOther(t *testing.T) {
	for _, kind := range kinds() {
		forms := map[string]error{
			"sentinel":         kind,
			"wrapped sentinel": fmt.Errorf("vm 12: %w", kind),
			"error":            &cloudprovider.Error{Kind: kind},
			"wrapped error":    fmt.Errorf("vm 12: %w", &cloudprovider.Error{Kind: kind, Err: io.EOF}),
			"joined":           errors.Join(io.EOF, &cloudprovider.Error{Kind: kind}),
			"kind of cause":    &cloudprovider.Error{Err: kind},
		}
		for form, err := range forms {
			for _, other := range kinds() {
				require.Equal(t, kind == other, errors.Is(err, other), "%s of %s is %s", form, kind, other)
			}
			require.Equal(t, kind, cloudprovider.KindOf(err), form)
		}
	}
}

func TestErrorIsFoundWithItsFields(t *testing.T) {
	spot := cloudprovider.OfferingKey{InstanceType: "small", Zone: "zone-a", CapacityType: "spot"}
	err := fmt.Errorf("create default: %w", &cloudprovider.Error{
		Kind: cloudprovider.ErrInsufficientCapacity, Offerings: []cloudprovider.OfferingKey{spot}, RetryAfter: time.Minute, Err: io.EOF,
	})
	found, ok := errors.AsType[*cloudprovider.Error](err)
	require.True(t, ok)
	require.Equal(t, []cloudprovider.OfferingKey{spot}, found.Offerings)
	require.Equal(t, time.Minute, found.RetryAfter)
	require.ErrorIs(t, err, io.EOF)
}

func TestKindOfPrefersTheOutermost(t *testing.T) {
	gone := &cloudprovider.Error{Kind: cloudprovider.ErrNotFound, Message: "subnet s-1"}
	notReady := &cloudprovider.Error{Kind: cloudprovider.ErrNotReady, Err: gone}
	require.Equal(t, cloudprovider.ErrNotReady, cloudprovider.KindOf(notReady))
	require.Equal(t, cloudprovider.ErrNotReady, cloudprovider.KindOf(fmt.Errorf("%w: %w", cloudprovider.ErrNotReady, gone)))
	require.Equal(t, cloudprovider.ErrThrottled, cloudprovider.KindOf(&cloudprovider.Error{Kind: cloudprovider.ErrThrottled, Err: notReady}))
}

func TestKindOfTheUnclassified(t *testing.T) {
	for _, err := range []error{nil, io.EOF, &cloudprovider.Error{}, &cloudprovider.Error{Err: io.EOF}, cloudprovider.ErrorKind("")} {
		require.Empty(t, cloudprovider.KindOf(err), "%v", err)
		require.NotErrorIs(t, err, cloudprovider.ErrNotFound)
	}
}

func TestErrorText(t *testing.T) {
	small := cloudprovider.OfferingKey{InstanceType: "small", Zone: "zone-a", CapacityType: "spot"}
	large := cloudprovider.OfferingKey{InstanceType: "large", Zone: "zone-b", CapacityType: "reserved", StockKey: "res-1"}
	for want, err := range map[string]error{
		"unclassified":              &cloudprovider.Error{},
		"unclassified: EOF":         &cloudprovider.Error{Err: io.EOF},
		"not found":                 cloudprovider.ErrNotFound,
		"not found: machine i-1":    &cloudprovider.Error{Kind: cloudprovider.ErrNotFound, Message: "machine i-1"},
		"throttled: slow down: EOF": &cloudprovider.Error{Kind: cloudprovider.ErrThrottled, Message: "slow down", Err: io.EOF},
		"invalid: EOF":              &cloudprovider.Error{Kind: cloudprovider.ErrInvalid, Err: io.EOF},
		"insufficient capacity of small/zone-a/spot, large/zone-b/reserved/res-1: sold out": &cloudprovider.Error{
			Kind: cloudprovider.ErrInsufficientCapacity, Offerings: []cloudprovider.OfferingKey{small, large}, Message: "sold out",
		},
	} {
		require.EqualError(t, err, want)
	}
}
