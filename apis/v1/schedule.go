package v1

import (
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// horizon is how far ahead a change is looked for: more than the eight years that can lie between two leap days.
const horizon = 10 * 366 * 24 * time.Hour

// parseSchedule reads a cron expression of five fields, or one of the @ names, in UTC. Other time zones, @every and
// @reboot are refused: they are not part of the API.
func parseSchedule(text string) (*cron.SpecSchedule, error) {
	if strings.Contains(text, "TZ=") {
		return nil, fmt.Errorf("schedule %q: time zones are not supported, schedules are in UTC", text)
	}
	parsed, err := cron.ParseStandard("CRON_TZ=UTC " + text)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", text, err)
	}
	schedule, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("schedule %q: fixed intervals are not supported", text)
	}
	return schedule, nil
}

// window is when a budget is in force: [hit, hit+length) for every hit of the schedule.
type window struct {
	schedule *cron.SpecSchedule
	length   time.Duration
}

// after is the first hit later than t, false if there is none in sight.
func (w window) after(t time.Time) (time.Time, bool) {
	hit := w.schedule.Next(t.UTC())
	return hit, !hit.IsZero()
}

func (w window) active(at time.Time) bool {
	hit, ok := w.after(at.Add(-w.length))
	return ok && !hit.After(at)
}

func (w window) nextChange(at time.Time) time.Time {
	if w.length <= 0 {
		return time.Time{} // never in force
	}
	if !w.active(at) {
		hit, _ := w.after(at)
		return hit
	}
	// In force: walk from hit to hit until one comes later than the end of the window before it. Where the hits of one
	// day leave no gap between them, its last one stands for the day.
	hit, _ := w.after(at.Add(-w.length))
	gapless := w.longestGapWithinDay() <= w.length
	if gapless && w.everyDay() {
		last := w.lastOfDay(hit)
		if first, _ := w.after(last); !first.After(last.Add(w.length)) {
			return time.Time{} // nor does a night leave one
		}
	}
	for limit := at.Add(horizon); hit.Before(limit); {
		if gapless {
			hit = w.lastOfDay(hit)
		}
		next, ok := w.after(hit)
		if end := hit.Add(w.length); !ok || next.After(end) {
			if end.After(at) {
				return end.UTC()
			}
		}
		if !ok {
			break
		}
		hit = next
	}
	return time.Time{}
}

// everyDay reports whether the schedule has a hit on each day: a star for day of month, month and day of week.
func (w window) everyDay() bool {
	return w.schedule.Dom&w.schedule.Month&w.schedule.Dow&star != 0
}

// lastOfDay is the last hit on the day of a hit.
func (w window) lastOfDay(hit time.Time) time.Time {
	year, month, day := hit.Date()
	return time.Date(year, month, day, highest(w.schedule.Hour), highest(w.schedule.Minute), 0, 0, time.UTC)
}

// longestGapWithinDay is the longest time between two neighbouring hits of one day, zero if a day has one hit.
func (w window) longestGapWithinDay() time.Duration {
	longest, last := 0, -1
	for minute := range 24 * 60 {
		if w.schedule.Hour&(1<<(minute/60)) == 0 || w.schedule.Minute&(1<<(minute%60)) == 0 {
			continue
		}
		if last >= 0 {
			longest = max(longest, minute-last)
		}
		last = minute
	}
	return time.Duration(longest) * time.Minute
}

// star is set, besides the bits of the values, in fields of a schedule that are written with a star.
const star = 1 << 63

// highest is the largest hour or minute in the set.
func highest(set uint64) int {
	return bits.Len64(set&^star) - 1
}
