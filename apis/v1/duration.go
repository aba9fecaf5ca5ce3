package v1

import (
	"encoding/json"
	"fmt"
	"time"
)

const never = "Never"

// NillableDuration is a duration, or never. In JSON it is a Go duration ("720h") or "Never"; the text that was read is
// written again as long as Duration is not changed. The zero value is unset: it is left out of JSON and means never
// until a SetDefaults function fills it.
//
// +kubebuilder:validation:Type=string
// +kubebuilder:validation:Pattern=`^(([0-9]+(s|m|h))+|Never)$`
type NillableDuration struct {
	// Duration is nil for never.
	Duration *time.Duration `json:"-"`
	// text is what was read, "Never" for an explicit never, empty for a value made in Go.
	text string
}

// After is a NillableDuration of that length.
func After(d time.Duration) NillableDuration { return NillableDuration{Duration: &d} }

// Never is the NillableDuration that was set to never, as opposed to one that is not set.
func Never() NillableDuration { return NillableDuration{text: never} }

// ParseNillableDuration reads a Go duration or "Never". The error names the text.
func ParseNillableDuration(text string) (NillableDuration, error) {
	if text == never {
		return Never(), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return NillableDuration{}, fmt.Errorf("%q is neither a duration such as 720h nor Never", text)
	}
	return NillableDuration{Duration: &d, text: text}, nil
}

// IsZero reports that the value is not set, neither to a duration nor to Never.
func (d NillableDuration) IsZero() bool { return d.Duration == nil && d.text == "" }

// String is the text in JSON: the one that was read if it still says the same, else Go's form of the duration. It is
// "Never" for an unset value, which means the same.
func (d NillableDuration) String() string {
	if d.Duration == nil {
		return never
	}
	if d.text != "" {
		if read, err := time.ParseDuration(d.text); err == nil && read == *d.Duration {
			return d.text
		}
	}
	return d.Duration.String()
}

// Equal reports that both mean the same, however they are written.
func (d NillableDuration) Equal(o NillableDuration) bool {
	if d.Duration == nil || o.Duration == nil {
		return d.Duration == nil && o.Duration == nil
	}
	return *d.Duration == *o.Duration
}

// MarshalJSON implements [json.Marshaler].
func (d NillableDuration) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(d.String())
}

// UnmarshalJSON implements [json.Unmarshaler]. The error names the text that cannot be read.
func (d *NillableDuration) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("%s is neither a duration in quotes such as \"720h\" nor \"Never\"", data)
	}
	parsed, err := ParseNillableDuration(text)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
