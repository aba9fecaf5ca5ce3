package scheduling

import (
	"cmp"
	"context"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kerf-autoscaler/kerf/apis/v1"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// Alternatives. A launch is bought as the cheapest type that holds its pods. When that is sold out, or taken back, another
// must do, and it is good to have several of about one price. How many there are depends on the pods that share the node:
// so nodes are filled to the room of sets of such types (typeset.go), and one that is short of alternatives counts, when
// plans are compared, as much dearer as its alternatives may be.

// flexibility is what the options ask of the types that a launch could be.
type flexibility struct {
	types int     // how many there shall be
	band  float64 // the price of the dearest of them, as a multiple of the least

	rows map[[2]int32][]int32 // by pool and look, those that can serve as alternatives, the cheapest first
}

// wanted reports whether a launch shall be more than one type.
func (f *flexibility) wanted() bool { return f.types > 1 }

// rounding is by how much, as a share, prices may differ and count as equal.
const rounding = 1e-9

// enough reports whether so many of the members, which are sorted by price, are of about one price.
func (f *flexibility) enough(members []member) bool {
	prices := make([]float64, len(members))
	for i, m := range members {
		prices[i] = m.price
	}
	return similar(prices, f.band) >= f.types
}

// similar is how many prices, sorted, are of about one price: the most that are within the band of their least, where the
// least is within the band of the very first.
func similar(prices []float64, band float64) int {
	most, end := 0, 0
	for i, price := range prices {
		if price > prices[0]*band*(1+rounding) {
			break
		}
		for end < len(prices) && prices[end] <= price*band*(1+rounding) {
			end++
		}
		most = max(most, end-i)
	}
	return most
}

func (o *Options) band() float64 { return 1 + cmp.Or(o.WithinPercent, withinPercent)/100 }

// podsShare is how many waiting pods a launch may hold; 0 is no cap.
func (o *Options) podsShare(waiting int) int64 {
	if o.MaxPodsShare == 0 || o.MaxPodsShare == 1 {
		return 0
	}
	return max(1, int64(math.Floor(o.MaxPodsShare*float64(waiting)*(1+rounding))))
}

// under is the problem with the bins that MinAlternatives and MaxPodsShare ask for. It shares what it can with p.
func (p *Problem) under(opts *Options) *Problem {
	maxPods := opts.podsShare(len(p.pods) + len(p.promises))
	if opts.MinAlternatives <= 1 && maxPods == 0 {
		return p
	}
	q := *p
	if maxPods > 0 {
		q.rooms = p.cappedRooms(maxPods)
	}
	if opts.MinAlternatives > 1 {
		q.flexibility = flexibility{types: opts.MinAlternatives, band: opts.band(), rows: map[[2]int32][]int32{}}
		for r := range q.rows {
			if r := int32(r); q.available(r) && !q.reservedRow(r) {
				key := [2]int32{q.rows[r].pool, q.look(r)}
				q.flexibility.rows[key] = append(q.flexibility.rows[key], r)
			}
		}
		for _, rows := range q.flexibility.rows {
			slices.SortFunc(rows, q.compareRows)
		}
	}
	q.listBins()
	return &q
}

// cappedRooms are the rooms with place for so many pods at most.
func (p *Problem) cappedRooms(pods int64) []resource.Vector {
	out := slices.Clone(p.rooms)
	if d, ok := p.dims.Position(corev1.ResourcePods); ok {
		for i := range out {
			out[i] = out[i].Clone()
			out[i][d] = min(out[i][d], pods)
		}
	}
	return out
}

// reservedRow reports whether the row is of reserved capacity.
func (p *Problem) reservedRow(r int32) bool {
	return p.offers[p.rows[r].offer].source.CapacityType == v1.CapacityTypeReserved
}

// owesAlternatives reports whether a launch of the row shall have alternatives.
func (p *Problem) owesAlternatives(r int32) bool { return p.flexibility.wanted() && !p.reservedRow(r) }

// keepsAlternatives reports whether the pattern is as flexible as it has to be with a content of those needs.
func (s *solver) keepsAlternatives(pt *pattern, need *needs) bool {
	return pt.short || s.p.hasAlternatives(pt.row, need)
}

// hasAlternatives reports whether a launch of the row with those needs has enough alternatives, or need not have any.
func (p *Problem) hasAlternatives(row int32, need *needs) bool {
	if !p.owesAlternatives(row) {
		return true
	}
	rows := p.flexibility.rows[[2]int32{p.rows[row].pool, p.look(row)}]
	price := p.rowPrice(row)
	first, _ := slices.BinarySearchFunc(rows, price, func(r int32, price float64) int { return cmp.Compare(p.rowPrice(r), price) })
	most := price * p.flexibility.band * p.flexibility.band * (1 + 2*rounding)
	var seen []int32
	var prices []float64
	for _, r := range rows[first:] {
		if p.rowPrice(r) > most {
			break
		}
		if typ := p.rows[r].typ; !slices.Contains(seen, typ) && need.hostedBy(p, r) {
			seen, prices = append(seen, typ), append(prices, p.rowPrice(r))
		}
	}
	return similar(prices, p.flexibility.band) >= p.flexibility.types
}

// weighed is what the attempt costs, where a launch that is short of alternatives counts as dearer.
func (s *solver) weighed() float64 {
	total := s.spent
	for i := range s.patterns {
		if pt := &s.patterns[i]; pt.short {
			total += float64(pt.nodes) * s.p.rowPrice(pt.row) * (s.p.flexibility.band - 1)
		}
	}
	return total
}

// mend buys nodes for what remains as if no alternatives were wanted, takes those apart that have too few, and buys their
// pods anew, if that is better.
func (s *solver) mend(ctx context.Context) error {
	for _, tier := range s.p.tiers(s.opts) {
		plain := slices.DeleteFunc(tier, func(b int32) bool { return s.p.bins[b].several && !s.p.bins[b].short })
		if err := s.buy(ctx, plain); err != nil {
			return err
		}
	}
	s.rightSize()
	s.topUp()
	before := s.save()
	s.undoShort()
	again := s.strategy
	s.strategy.mend = false
	err := s.place(ctx)
	s.strategy = again
	if cmp.Or(slices.Compare(s.leftOver(), before.unplaced), compareMoney(s.weighed(), before.weighed)) > 0 {
		s.restore(before)
	}
	return err
}

// undoShort takes the nodes apart that are short of alternatives.
func (s *solver) undoShort() {
	s.patterns = slices.DeleteFunc(s.patterns, func(pt pattern) bool {
		if !pt.short {
			return false
		}
		s.refund(pt)
		for _, part := range pt.content {
			s.remaining[part.class] += part.count * pt.nodes
		}
		return true
	})
}

// flexible is the best attempt under the options, and what MinAlternatives costs it. An attempt without is made for
// comparison, and is the plan if it is the better one for all that.
func (p *Problem) flexible(ctx context.Context, opts Options) (*solver, float64, error) {
	best, err := p.solved(ctx, opts)
	if err != nil || opts.MinAlternatives <= 1 {
		return best, 0, err
	}
	plain := opts
	plain.MinAlternatives, plain.WithinPercent, plain.Trace = 0, 0, nil
	without, err := p.solved(ctx, plain)
	if err != nil {
		return nil, 0, err
	}
	switch left := slices.Compare(without.homeless(), best.homeless()); {
	case left > 0: // they are not plans for the same pods
		return best, 0, nil
	case left < 0 || compareMoney(best.p.weigh(without), best.p.weigh(best)) <= 0:
		without.opts = opts
		return without, 0, nil
	}
	return best, max(0, best.spent-without.spent), nil
}

// weigh is weighed for an attempt of whatever problem that differs from p in its options alone.
func (p *Problem) weigh(s *solver) float64 {
	total := 0.0
	for i := range s.patterns {
		pt := &s.patterns[i]
		price := float64(pt.nodes) * p.rowPrice(pt.row)
		if need := p.needs(pt); !p.hasAlternatives(pt.row, &need) {
			price *= p.flexibility.band
		}
		total += price
	}
	return total
}

// countAlternatives counts the types among the choices that are within the band.
func (l *Launch) countAlternatives(o *Options) {
	if o.MinAlternatives == 0 {
		return
	}
	seen := map[string]bool{}
	var prices []float64
	for _, c := range l.Choices {
		if c.CapacityType != v1.CapacityTypeReserved && c.Price >= l.Choices[0].Price && !seen[c.InstanceType] {
			seen[c.InstanceType] = true
			prices = append(prices, c.Price)
		}
	}
	slices.Sort(prices)
	l.Alternatives = similar(prices, o.band())
	l.ShortOfAlternatives = l.Alternatives < o.MinAlternatives && l.Choices[0].CapacityType != v1.CapacityTypeReserved
}

// noteFlexibility says what MinAlternatives came to, if it is set.
func (p *Plan) noteFlexibility(o *Options, cost float64) {
	if o.MinAlternatives == 0 {
		return
	}
	p.Flexibility = &Flexibility{MinAlternatives: o.MinAlternatives, WithinPercent: cmp.Or(o.WithinPercent, withinPercent), Cost: cost}
	for i := range p.Launches {
		p.Flexibility.Short += int(count(p.Launches[i].ShortOfAlternatives))
	}
}
