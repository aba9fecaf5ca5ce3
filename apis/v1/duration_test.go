package v1_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
)

type holder struct {
	D v1.NillableDuration `json:"d,omitzero"`
}

func TestNillableDurationKeepsItsText(t *testing.T) {
	for _, text := range []string{`{"d":"720h"}`, `{"d":"1h30m"}`, `{"d":"90m"}`, `{"d":"0s"}`, `{"d":"Never"}`, `{}`} {
		var h holder
		require.NoError(t, json.Unmarshal([]byte(text), &h))
		out, err := json.Marshal(h)
		require.NoError(t, err)
		require.Equal(t, text, string(out))
	}
}

func TestNillableDurationForgetsItsTextWhenItIsChanged(t *testing.T) {
	d, err := v1.ParseNillableDuration("90m")
	require.NoError(t, err)
	*d.Duration = 2 * time.Hour
	require.Equal(t, "2h0m0s", d.String())
	d.Duration = nil
	require.Equal(t, "Never", d.String())

	d = v1.Never()
	hour := time.Hour
	d.Duration = &hour
	require.Equal(t, "1h0m0s", d.String())
}

func TestNillableDurationTellsUnsetFromNever(t *testing.T) {
	var unset v1.NillableDuration
	require.True(t, unset.IsZero())
	require.False(t, v1.Never().IsZero())
	require.False(t, v1.After(0).IsZero())
	require.True(t, unset.Equal(v1.Never()))
	require.False(t, unset.Equal(v1.After(0)))
	minutes, err := v1.ParseNillableDuration("60m")
	require.NoError(t, err)
	require.True(t, minutes.Equal(v1.After(time.Hour)))
	out, err := json.Marshal(unset)
	require.NoError(t, err)
	require.Equal(t, "null", string(out))
}

func TestNillableDurationNamesWhatItCannotRead(t *testing.T) {
	for _, text := range []string{`"7d"`, `"never"`, `""`, `"1"`, `720`, `{}`, `true`} {
		var h holder
		require.ErrorContains(t, json.Unmarshal([]byte(`{"d":`+text+`}`), &h), text)
	}
	var h holder
	require.NoError(t, json.Unmarshal([]byte(`{"d":null}`), &h))
	require.True(t, h.D.IsZero())
}

// Whatever can be read is written as it was read, and means what Go says that it means.
func FuzzNillableDuration(f *testing.F) {
	for _, s := range []string{"Never", "720h", "1h30m10s", "1.5h", "-1h", "0", "", "7d", "9223372036854775807ns", "\xff", "+1h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := v1.ParseNillableDuration(text)
		want, wantErr := time.ParseDuration(text)
		if text == "Never" {
			require.NoError(t, err)
			require.Nil(t, d.Duration)
		} else if wantErr != nil {
			require.Error(t, err)
			return
		} else {
			require.NoError(t, err)
			require.Equal(t, want, *d.Duration)
		}
		require.Equal(t, text, d.String())
		out, err := json.Marshal(d)
		require.NoError(t, err)
		var again v1.NillableDuration
		require.NoError(t, json.Unmarshal(out, &again))
		require.Equal(t, d, again)
	})
}
