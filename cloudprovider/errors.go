package cloudprovider

import (
	"errors"
	"strings"
	"time"
)

// ErrorKind says what the caller does next. The kinds are errors themselves, so that errors.Is(err, ErrNotFound) and
// fmt.Errorf("vm %d: %w", id, ErrNotFound) both work. The empty kind means unclassified: retried with a growing delay.
type ErrorKind string

const (
	// ErrNotFound: there is no such machine (any more). The library finishes its deletion.
	ErrNotFound ErrorKind = "not found"
	// ErrInsufficientCapacity: the cloud has none of these now. The library avoids Error.Offerings for
	// Error.RetryAfter, drops the claim and plans again. Without offerings, all choices of the call are meant.
	ErrInsufficientCapacity ErrorKind = "insufficient capacity"
	// ErrQuotaExceeded: the account may not have more. The library stops launching for the pool for Error.RetryAfter
	// and shows Error.Message to the user.
	ErrQuotaExceeded ErrorKind = "quota exceeded"
	// ErrThrottled: too many calls. The library slows all of its calls down for Error.RetryAfter and then makes the
	// same call again, for the same claim.
	ErrThrottled ErrorKind = "throttled"
	// ErrNotReady: a prerequisite such as the NodeClass is missing or not ready yet. The library keeps the claim, shows
	// Error.Message and waits.
	ErrNotReady ErrorKind = "not ready"
	// ErrInvalid: what was asked can never work. The library puts Error.Message on the claim and does not retry it.
	ErrInvalid ErrorKind = "invalid"
)

// Error is the kind in words; it makes each kind a sentinel for errors.Is.
func (k ErrorKind) Error() string {
	if k == "" {
		return "unclassified"
	}
	return string(k)
}

func (k ErrorKind) kind() ErrorKind { return k }

// Error is a classified error of a provider. All fields but Kind may be left zero.
type Error struct {
	// Kind decides what the library does next. Empty: the kind of Err if that has one, else unclassified.
	Kind ErrorKind
	// Offerings are those that have failed, for ErrInsufficientCapacity.
	Offerings []OfferingKey
	// RetryAfter is how long the cloud asks to be left alone. Zero: the library's own default, growing on repeat.
	RetryAfter time.Duration
	// Message is for the user, lower case and without the kind: "reservation res-1 is used up".
	Message string
	// Err is the cause, nil without one.
	Err error
}

// Error is the kind, the offerings, the message and the cause in one line. Empty parts are left out.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.kind().Error())
	separator := " of "
	for _, key := range e.Offerings {
		b.WriteString(separator + key.String())
		separator = ", "
	}
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the kind of e, for errors.Is(err, ErrNotFound).
func (e *Error) Is(target error) bool {
	kind, ok := target.(ErrorKind)
	return ok && kind != "" && kind == e.Kind
}

func (e *Error) kind() ErrorKind {
	if e.Kind != "" {
		return e.Kind
	}
	return KindOf(e.Err)
}

// KindOf returns the kind of err: that of the outermost [Error] or [ErrorKind] in its tree. It is empty for nil and for
// an unclassified error. A switch over it is safer than a row of errors.Is, which also see the kinds of causes.
func KindOf(err error) ErrorKind {
	type classified interface {
		error
		kind() ErrorKind
	}
	if c, ok := errors.AsType[classified](err); ok {
		return c.kind()
	}
	return ""
}
