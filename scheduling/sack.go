package scheduling

import (
	"cmp"
	"math"
	"slices"

	"github.com/kerf-autoscaler/kerf/internal/lp"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// sack is one kind of node, prepared for being filled with shapes again and again.
type sack struct {
	shapes  *shapes
	room    resource.Vector // of resources and crowds
	ids     []int32         // shapes that it takes, dearest first
	dims    []int           // of the room, those that the relaxed problem looks at
	columns []float64       // by id and dim, share of the room that a pod takes
}

// maxRelaxed bounds the resources that the relaxed problem looks at; the rest are heeded when it is rounded.
const maxRelaxed = 8

// sack prepares the bin for shapes in the given order.
func (s *shapes) sack(b *bin, order []int32) *sack {
	k := &sack{shapes: s, room: s.room(b)}
	asked := make([]bool, len(k.room))
	for _, id := range order {
		sh := &s.list[id]
		if sh.count == 0 || !b.sigs.Has(int(sh.sig)) || !k.room.Fits(sh.demand) {
			continue
		}
		k.ids = append(k.ids, id)
		for d, amount := range sh.demand {
			asked[d] = asked[d] || amount > 0
		}
	}
	for d, amount := range k.room {
		if amount > 0 && asked[d] && len(k.dims) < maxRelaxed {
			k.dims = append(k.dims, d)
		}
	}
	k.columns = make([]float64, 0, len(k.ids)*len(k.dims))
	for _, id := range k.ids {
		for _, d := range k.dims {
			k.columns = append(k.columns, float64(s.list[id].demand[d])/float64(k.room[d]))
		}
	}
	return k
}

// charge is what a pod of the i-th shape takes of the room at the given prices, by position in dims, of all the room.
func (k *sack) charge(i int, prices []float64) float64 {
	total := 0.0
	for r, price := range prices {
		total += price * k.columns[i*len(k.dims)+r]
	}
	return total
}

// any reports whether there are pods left that it takes.
func (k *sack) any() bool {
	return slices.ContainsFunc(k.ids, func(id int32) bool { return k.shapes.list[id].count > 0 })
}

// stuffer decides how much of each shape goes into a sack. It owns the scratch space that this needs.
type stuffer struct {
	knapsack lp.Knapsack
	ones     []float64
	value    []float64 // by position in sack.ids, as upper and taken
	upper    []float64
	taken    []int64
	room     resource.Vector
	used     []int64 // by group
	barred   []int32 // by shape: how many shapes in the sack exclude it
	gain     []float64
	byGain   []int32
	hope     []float64 // by position in byGain: what it and those after it may add to the bound
	best     []int64   // the best content that branching has found, as taken
	tries    int
	proving  bool // branching goes on as long as for a proof
}

func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// begin empties the sack. worth says what a pod of a shape is worth.
func (f *stuffer) begin(k *sack, worth func(id int32) float64) {
	n := len(k.ids)
	f.value, f.upper, f.taken = resized(f.value, n), resized(f.upper, n), resized(f.taken, n)
	f.room = append(f.room[:0], k.room...)
	f.used, f.barred = resized(f.used, len(k.shapes.groups)), resized(f.barred, len(k.shapes.list))
	clear(f.used)
	clear(f.barred)
	for i, id := range k.ids {
		sh := &k.shapes.list[id]
		f.value[i], f.upper[i], f.taken[i] = worth(id), float64(min(sh.count, sh.perNode)), 0
	}
	f.ones = resized(f.ones, len(k.dims))
	for i := range f.ones {
		f.ones[i] = 1
	}
}

// take puts up to n more of the i-th shape into the sack.
func (f *stuffer) take(k *sack, i int, n int64) {
	if n = min(n, f.most(k, i)); n > 0 {
		f.put(k, i, n)
	}
}

// most is how many more of the i-th shape go into the sack.
func (f *stuffer) most(k *sack, i int) int64 {
	sh := &k.shapes.list[k.ids[i]]
	if f.barred[k.ids[i]] > 0 {
		return 0
	}
	n := int64(f.upper[i]) - f.taken[i]
	for _, g := range sh.groups {
		n = min(n, k.shapes.groups[g].limit-f.used[g])
	}
	return f.room.Times(sh.demand, n)
}

// put puts n of the i-th shape into the sack, or takes them out if n is negative.
func (f *stuffer) put(k *sack, i int, n int64) {
	sh := &k.shapes.list[k.ids[i]]
	f.room.Sub(sh.demand, n)
	before := f.taken[i] > 0
	f.taken[i] += n
	for _, g := range sh.groups {
		f.used[g] += n
	}
	if after := f.taken[i] > 0; after != before {
		for _, other := range sh.apart {
			f.barred[other] += count(after) - count(before)
		}
	}
}

// relaxed takes the whole pods of the relaxed problem, which may cut pods: a linear program with one row for each
// resource, whose solution has at most one fractional shape for each row.
func (f *stuffer) relaxed(k *sack) {
	x := f.knapsack.Solve(f.ones, k.columns, f.value, f.upper)
	for i := range k.ids {
		if whole := int64(math.Floor(x[i] + 1e-6)); whole > 0 {
			f.take(k, i, whole)
		}
	}
}

// rest takes what else fits, in the order of the sack.
func (f *stuffer) rest(k *sack) {
	for i := range k.ids {
		f.take(k, i, math.MaxInt32)
	}
}

// content is what the sack holds, by shape, and what it is worth.
func (f *stuffer) content(k *sack) ([]portion, float64) {
	var out []portion
	total := 0.0
	for i, n := range f.taken {
		if n > 0 {
			out = append(out, portion{k.ids[i], n})
			total += f.value[i] * float64(n)
		}
	}
	slices.SortFunc(out, func(a, b portion) int { return cmp.Compare(a.class, b.class) })
	return out, total
}

// fill chooses pods so that they are worth as much as possible: the relaxed problem rounded down, or nothing, and then
// what fits, the dearest pods first.
func (f *stuffer) fill(k *sack, relax bool) ([]portion, float64) {
	if relax && len(k.ids) > 1 {
		f.relaxed(k)
	}
	f.rest(k)
	return f.content(k)
}

// maxTries bounds how many contents are looked at for one sack when rounding has found none that is worth its cost.
const maxTries = 400

// maxProof is the same where a bound is to be proven.
const maxProof = 20_000

// worthiest looks for the content that is worth most at the given worths by shape. It returns that content, its worth, and a
// worth that no content exceeds. It stops at the first content that is worth more than cost, and tries harder the less is
// left to be found; with an infinite cost it does not try at all.
func (f *stuffer) worthiest(k *sack, worth []float64, cost float64) (content []portion, value, most float64) {
	f.begin(k, func(id int32) float64 { return worth[id] })
	f.relaxed(k)
	dual := f.knapsack.Dual()
	f.gain = resized(f.gain, len(k.ids))
	for _, v := range dual {
		most += v
	}
	f.byGain = f.byGain[:0]
	for i := range k.ids {
		gain := f.value[i] - k.charge(i, dual)
		f.gain[i] = gain
		if gain > 0 {
			most += gain * f.upper[i]
		}
		if f.value[i] > 0 {
			f.byGain = append(f.byGain, int32(i))
		}
	}
	if !math.IsInf(cost, 1) && most <= cost*(1+1e-9) {
		return nil, 0, most
	}
	slices.SortFunc(f.byGain, func(a, b int32) int {
		return cmp.Or(cmp.Compare(f.gain[b], f.gain[a]), cmp.Compare(a, b))
	})
	for _, i := range f.byGain {
		f.take(k, int(i), math.MaxInt32)
	}
	content, value = f.content(k)
	if value > cost*(1+1e-6) || math.IsInf(cost, 1) {
		return content, value, most
	}
	tries := maxTries
	if f.proving {
		tries = maxProof
	}
	found, exact := f.branch(k, value, most, tries)
	if found {
		copy(f.taken, f.best)
		content, value = f.content(k)
	}
	switch {
	case exact:
		most = value
	case f.proving:
		most = math.Min(most, f.whole(k, math.Max(cost, value)))
	}
	return content, value, most
}

// branch looks for a content that is worth more than value, with no more than so many tried. It leaves what it
// found in f.best, and reports whether it found any and whether there is none better. most is what the relaxed problem is
// worth, whose solution said what each shape gains.
func (f *stuffer) branch(k *sack, value, most float64, tries int) (found, exact bool) {
	for i, n := range f.taken {
		if n > 0 {
			f.put(k, i, -n)
		}
	}
	f.byGain = slices.DeleteFunc(f.byGain, func(i int32) bool { return f.gain[i] < value-most })
	f.hope = resized(f.hope, len(f.byGain)+1)
	f.hope[len(f.byGain)] = 0
	for at := len(f.byGain) - 1; at >= 0; at-- {
		i := f.byGain[at]
		f.hope[at] = f.hope[at+1] + math.Max(0, f.gain[i])*f.upper[i]
	}
	f.best = resized(f.best, len(f.taken))
	f.tries = tries
	target := value
	f.descend(k, 0, 0, most-f.hope[0], &target)
	return target > value, f.tries > 0
}

// descend tries all counts of the shape at the position and of those after it, the largest first. have is what the sack is
// worth; base is what it could be worth if only room counted, so that base and hope together are a bound.
func (f *stuffer) descend(k *sack, at int, have, base float64, target *float64) {
	if have > *target*(1+1e-9)+1e-12 {
		*target = have
		copy(f.best, f.taken)
	}
	if at == len(f.byGain) || f.tries <= 0 || base+f.hope[at] <= *target*(1+1e-9) {
		return
	}
	i := int(f.byGain[at])
	n := f.most(k, i)
	if n > 0 {
		f.put(k, i, n)
	}
	for ; n >= 0; n-- {
		f.tries--
		f.descend(k, at+1, have+f.value[i]*float64(n), base+f.gain[i]*float64(n), target)
		if n > 0 {
			f.put(k, i, -1)
		}
	}
}
