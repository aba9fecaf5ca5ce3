package kube

import (
	"container/heap"
	"time"
)

// Clock is virtual time: what is to happen, in order. Nothing moves it but [Clock.Step] and [Clock.RunUntil], and it never
// looks at a real clock. The zero value stands at the zero time. It must not be copied, and is for one goroutine.
type Clock struct {
	now     time.Time
	counter uint64
	queue   occurrences
}

// NewClock is a clock that shows that time.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

// Now is the virtual time.
func (c *Clock) Now() time.Time { return c.now }

// At has do called when the clock gets there; at once, in the next step, if the time has passed. What is to happen at one
// instant happens in the order in which it was asked for.
func (c *Clock) At(t time.Time, do func()) {
	if t.Before(c.now) {
		t = c.now
	}
	c.counter++
	heap.Push(&c.queue, occurrence{at: t, order: c.counter, do: do})
}

// After has do called once that much time has passed; a negative duration counts as 0.
func (c *Clock) After(d time.Duration, do func()) { c.At(c.now.Add(d), do) }

// Next is when something happens next; false if nothing ever does.
func (c *Clock) Next() (time.Time, bool) {
	if len(c.queue) == 0 {
		return time.Time{}, false
	}
	return c.queue[0].at, true
}

// Step moves the clock to what happens next and lets it happen. It returns false, and moves nothing, if nothing does.
func (c *Clock) Step() bool {
	if len(c.queue) == 0 {
		return false
	}
	next := heap.Pop(&c.queue).(occurrence)
	c.now = next.at
	next.do()
	return true
}

// RunUntil lets everything happen that is due by that time, what comes up on the way included, and leaves the clock there.
func (c *Clock) RunUntil(t time.Time) {
	for at, more := c.Next(); more && !at.After(t); at, more = c.Next() {
		c.Step()
	}
	if c.now.Before(t) {
		c.now = t
	}
}

// occurrence is something that happens at a time.
type occurrence struct {
	at    time.Time
	order uint64
	do    func()
}

// occurrences is a heap of them, the next first.
type occurrences []occurrence

func (q occurrences) Len() int      { return len(q) }
func (q occurrences) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q occurrences) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].order < q[j].order
}

// Push is for package heap.
func (q *occurrences) Push(x any) { *q = append(*q, x.(occurrence)) }

// Pop is for package heap.
func (q *occurrences) Pop() any {
	old := *q
	last := len(old) - 1
	out := old[last]
	old[last] = occurrence{} // lets go of the function
	*q = old[:last]
	return out
}
