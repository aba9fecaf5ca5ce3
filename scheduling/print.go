package scheduling

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/phrase"
)

// String is the plan in the one aligned text form that tests, logs and tools share: what goes to existing nodes, what is
// launched, what is left out, and the total.
func (p *Plan) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	byNode := map[string][]types.NamespacedName{}
	var nodes []string
	for _, a := range p.Assignments {
		if a.Launch {
			continue
		}
		if _, known := byNode[a.Node]; !known {
			nodes = append(nodes, a.Node)
		}
		byNode[a.Node] = append(byNode[a.Node], a.Pod)
	}
	slices.Sort(nodes)
	for _, node := range nodes {
		fmt.Fprintf(w, "assign\t%s\t%s\n", node, phrase.Fold(byNode[node]))
	}
	w.Flush()
	for i := range p.Launches {
		l := &p.Launches[i]
		o := l.Offering()
		fmt.Fprintf(w, "launch\t%s\t%s\t%s\t%s%s\n", l.Name, offeringText(o.OfferingKey), phrase.Money(o.Price), phrase.Fold(l.Pods), relaxedText(l)+shortText(l, p.Flexibility))
	}
	w.Flush()
	for _, f := range p.forgoneTogether() {
		fmt.Fprintf(w, "forgo\t%s\t%s\t%s\n", f.preference, f.price, phrase.Fold(f.pods))
	}
	w.Flush()
	for i := range p.Unplaced {
		u := &p.Unplaced[i]
		fmt.Fprintf(w, "pending %s\t%s\n", u.Pod, u.Rejections[0])
	}
	w.Flush()
	if f := p.Flexibility; f != nil {
		fmt.Fprintf(&b, "flex    %s\n", f)
	}
	fmt.Fprintf(&b, "total   %d %s, %s/h (bound %s), %d unplaced\n",
		len(p.Launches), phrase.Plural(len(p.Launches), "launch", "launches"), phrase.Money(p.Price()), phrase.Money(p.Bound), len(p.Unplaced))
	return b.String()
}

// forgoneLine is pods that go without the same preference.
type forgoneLine struct {
	preference, price string
	pods              []types.NamespacedName
}

// forgoneTogether are the preferences that are not kept, one line for those that read alike, by the first pod.
func (p *Plan) forgoneTogether() []forgoneLine {
	var out []forgoneLine
	at := map[[2]string]int{}
	for _, f := range p.Forgone {
		line := forgoneLine{preference: fmt.Sprintf("%s (weight %d)", f.Preference, f.Weight), price: phrase.Money(f.Price) + "/h to keep"}
		if math.IsInf(f.Price, 1) {
			line.price = "not to be had"
		}
		key := [2]string{line.preference, line.price}
		i, known := at[key]
		if !known {
			i = len(out)
			at[key] = i
			out = append(out, line)
		}
		out[i].pods = append(out[i].pods, f.Pod)
	}
	return out
}

func relaxedText(l *Launch) string {
	var b strings.Builder
	for _, key := range sortedKeys(l.RelaxedMinValues) {
		fmt.Fprintf(&b, " (minValues of %s relaxed to %d)", shortKey(key), l.RelaxedMinValues[key])
	}
	return b.String()
}

func shortText(l *Launch, f *Flexibility) string {
	if f == nil || !l.ShortOfAlternatives {
		return ""
	}
	return fmt.Sprintf(" (%d of %d alternatives)", l.Alternatives, f.MinAlternatives)
}

// String says what was asked for, what it costs, and how many launches go without.
func (f *Flexibility) String() string {
	return fmt.Sprintf("%d %s within %s%% for each launch: %s/h more, %d short",
		f.MinAlternatives, phrase.Plural(f.MinAlternatives, "type", "types"), strconv.FormatFloat(f.WithinPercent, 'f', -1, 64), phrase.Money(f.Cost), f.Short)
}

// offeringText is type/zone/capacity-type.
func offeringText(k cloudprovider.OfferingKey) string {
	return k.InstanceType + "/" + k.Zone + "/" + k.CapacityType
}
