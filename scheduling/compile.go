package scheduling

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"

	"github.com/kerf-autoscaler/kerf/apis/requirement"
	"github.com/kerf-autoscaler/kerf/cloudprovider"
	"github.com/kerf-autoscaler/kerf/internal/bitset"
	"github.com/kerf-autoscaler/kerf/internal/resource"
)

// Problem is a compiled [Snapshot]: labels interned, resources as vectors, pods as classes, offerings as bits. It is
// immutable and safe for concurrent use.
type Problem struct {
	snapshot Snapshot

	dims      resource.Index // resources that some pod or daemon asks for
	limitDims resource.Index // resources that some pool limits

	// family is the snapshot's and what problems derived from it share; gone are the nodes that are not in this one, and more
	// the waiting pods that came later. See derive.go.
	family   *family
	universe *universe // of a problem that was derived without compiling anew
	gone     []int32   // ascending
	// index is kept where pods will be looked up that come later: where those that could move are among the waiting ones.
	index *classIndex
	more  []*corev1.Pod

	pods     []*corev1.Pod // those that are planned, sorted
	promises []promise     // waiting pods that count as bound, sorted
	classOf  []int32       // by pod
	classes  []class
	cliques  [][]int32 // classes of which a host takes one pod in all
	caps     []capGroup
	rungs    [][]int32 // by root, those that keep most preferences first
	wishing  bool      // some pod has preferences
	parts    [][]int32 // by root or rung: its part for each cell, -1 where there is none; nil for roots that are not divided
	sigs     []signature

	types   []typeInfo
	offers  []offer
	stocks  []stock
	pools   []pool // heaviest first, then by name
	rows    []row  // by pool
	daemons []daemon
	nodes   []node
	frees   []resource.Vector // by node, its room
	twins   bool              // some nodes share a hostname
	shunned []int32           // nodes with a taint of effect PreferNoSchedule

	overheads  []overhead
	overheadOf []int32 // by row
	columnOf   []int32 // by row; rows of one column admit the same signatures
	columns    []bitset.Set
	roomOf     []int32           // by row
	rooms      []resource.Vector // what rows leave for pods; by pool
	bins       []bin             // heaviest pool first, then by their first row
	scale      *scale            // of a problem with a universe

	flexibility flexibility // what the options ask of the types that a launch could be

	storage   *storage
	terms     *terms
	boundAnti map[*corev1.Pod][]int32
	topology  topology
	rowOrder  []int32 // rows of the heaviest pools first, then by compareRows; nil unless the problem is exacting
	rowRank   []int32 // by row, its place in the order of compareRows
	priced    []int32 // rows by pool, those of one pool by compareRows
	byPrice   []int32 // offers by price and name

	typeIDs               map[*cloudprovider.InstanceType]int32
	providerKeys          map[string]bool
	rowPlaces, nodePlaces *places
	reserved              map[string]bool              // names that launches must not have, nodes of a derived problem apart
	goneNames             map[string]int32             // of Problem.gone
	roomySets             []atomic.Pointer[bitset.Set] // by class, once somebody has asked
}

// Compile checks a snapshot and turns it into a Problem. Errors are [InvalidSnapshotError]s, joined; a snapshot with
// one gives no Problem. The snapshot and all that it points to must not change while the Problem is in use.
func Compile(s Snapshot) (*Problem, error) {
	p := &Problem{snapshot: s}
	p.family = &family{root: p}
	if err := p.read(); err != nil {
		return nil, err
	}
	p.compileTopology()
	p.compileBins()
	p.roomySets = newRoomySets(len(p.classes))
	p.snapshot.Catalog = p.catalog()
	return p, nil
}

// read compiles the snapshot but for what constraints between pods and choices among machines make of it.
func (p *Problem) read() error {
	f, s := &findings{}, p.snapshot
	checkNames(f, &s)
	checkCatalogues(f, &s)
	checkGroups(f, &s)
	checkVocabulary(f, &s)
	checkProfile(f, &s)
	if err := f.err(); err != nil {
		return err
	}
	p.snapshot.Groups = slices.Clone(s.Groups)
	slices.SortFunc(p.snapshot.Groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	p.compileNodes()
	p.compileDaemons(f)
	p.indexDemand(p.compileClasses(f))
	p.indexLimits()
	p.compileTypes()
	p.compileProviderKeys()
	p.compilePools(f)
	if err := f.err(); err != nil {
		return err
	}
	p.compileHosts(f)
	return f.err()
}

// indexDemand gives every resource that somebody asks for a position and turns requests into vectors: those of each class
// and of the daemons.
func (p *Problem) indexDemand(lists []corev1.ResourceList) {
	names := []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourcePods}
	asked := func(list corev1.ResourceList) {
		for name, quantity := range list {
			if !quantity.IsZero() && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, list := range lists {
		asked(list)
	}
	daemons := make([]corev1.ResourceList, len(p.daemons))
	for d := range p.daemons {
		daemons[d] = p.requests(p.daemons[d].pod)
		asked(daemons[d])
	}
	p.dims = resource.NewIndex(names...)
	for c := range p.classes {
		p.classes[c].demand = p.dims.Demand(lists[c])
	}
	for d := range p.daemons {
		p.daemons[d].demand = p.dims.Demand(daemons[d])
	}
	p.indexVolumes()
}

// compileHosts builds the rows that can be launched and the room on existing nodes, and asks which of them admit each
// signature.
func (p *Problem) compileHosts(f *findings) {
	mentioned := mentions{}
	p.reserved = map[string]bool{}
	note := func(spec *corev1.PodSpec) {
		mentioned.add(spec)
		for _, name := range namedHosts(spec) {
			p.reserved[name] = true
		}
	}
	for i := range p.sigs {
		note(&p.sigs[i].pod.Spec)
	}
	for i := range p.daemons {
		note(&p.daemons[i].pod.Spec)
	}
	for i := range p.nodes {
		p.reserved[p.nodes[i].object.Name] = true
		p.reserved[p.nodes[i].object.Labels[corev1.LabelHostname]] = true
	}
	for _, key := range p.topologyKeys() {
		for _, value := range p.valuesOf(key) {
			mentioned.note(requirement.In(key, value))
		}
	}
	p.noteVolumes(mentioned)
	for i := range p.pools {
		p.compileVariants(&p.pools[i], mentioned)
	}
	p.compileRows()
	reused := p.snapshot.Catalog.same(p)
	if c := p.snapshot.Catalog; reused {
		p.rowRank, p.priced, p.byPrice = c.rowRank, c.priced, c.byPrice
	} else {
		p.rankRows()
	}
	p.rowPlaces = newPlaces(len(p.rows), p.rowLabel)
	if reused {
		p.rowPlaces.columns = maps.Clone(p.snapshot.Catalog.columns)
	}
	p.nodePlaces = newPlaces(len(p.nodes), p.nodeLabel)
	p.compileOverheads()
	p.compileRooms()
	p.compileNodeRoom(f)
	p.chargePools()
	p.compileNodeTies()
	p.oweDaemons()
	p.compileSignatures()
}

// maxValues bounds how many values of a topology key are told apart where the planner chooses the value.
const maxValues = 64

// maxFresh is how many values are told apart of a key for which a pool admits any number of them.
const maxFresh = 8

// valuesOf are values of a topology key that nodes may have: those of existing nodes, and those that pools and types name.
func (p *Problem) valuesOf(key string) []string {
	var values []string
	for i := range p.nodes {
		if value, ok := p.nodes[i].object.Labels[key]; ok && !p.isGone(i) {
			values = append(values, value)
		}
	}
	for i := range p.pools {
		r := p.pools[i].require.Get(key)
		values = append(values, r.Values()...)
		if r.Finite() {
			continue
		}
		for range maxFresh {
			value, ok := r.Pick()
			if !ok {
				break
			}
			values = append(values, value)
			r = r.Intersect(requirement.NotIn(key, value))
		}
	}
	for i := range p.types {
		values = append(values, p.types[i].source.Requirements.Get(key).Values()...)
		for _, o := range p.types[i].offers {
			values = append(values, p.offers[o].source.Requirements.Get(key).Values()...)
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	return values[:min(len(values), maxValues)]
}

// namedHosts are the names that a pod's selectors spell out for hosts.
func namedHosts(spec *corev1.PodSpec) []string {
	var names []string
	if name, ok := spec.NodeSelector[corev1.LabelHostname]; ok {
		names = append(names, name)
	}
	for _, term := range requiredTerms(spec) {
		for _, r := range term.MatchExpressions {
			if r.Key == corev1.LabelHostname {
				names = append(names, r.Values...)
			}
		}
		for _, r := range term.MatchFields {
			names = append(names, r.Values...)
		}
	}
	return names
}

// compileNodeTies collects how the pods of each node relate to the anti-affinity terms.
func (p *Problem) compileNodeTies() {
	for i := range p.nodes {
		n := &p.nodes[i]
		n.ties = podTies{owns: bitset.New(len(p.terms.anti)), selectedBy: bitset.New(len(p.terms.anti))}
		if len(p.terms.anti) == 0 {
			continue
		}
		for _, pod := range n.pods {
			n.ties = n.ties.with(p.terms.ties(p.boundAnti[pod], p.terms.matchesOf(pod)))
		}
	}
}

// compileSignatures asks which rows and which nodes admit each signature.
func (p *Problem) compileSignatures() {
	p.compileVolumeRules()
	for s := range p.sigs {
		p.compileSignature(&p.sigs[s])
	}
}

// compileSignature asks which rows and which nodes admit the signature.
func (p *Problem) compileSignature(sig *signature) {
	sig.rows = p.rowPlaces.admittedBy(&sig.pod.Spec)
	p.rejectByPoolTaints(sig.rows, sig.pod.Spec.Tolerations)
	if !sig.shunned.Empty() {
		for r := range p.rows {
			if p.overheads[p.overheadOf[r]].daemons.Intersects(sig.shunned) {
				sig.rows.Remove(r)
			}
		}
	}
	sig.nodes = p.nodePlaces.admittedBy(&sig.pod.Spec)
	p.restrictToVolumes(sig, sig.rows, sig.nodes)
	for i := range sig.nodes.All() {
		if _, bad := untolerated(p.nodes[i].taints, sig.pod.Spec.Tolerations); bad || p.nodes[i].leaving {
			sig.nodes.Remove(i)
		}
	}
}

// accepts reports whether the existing node admits pods with the signature, company and resources aside.
func (p *Problem) accepts(node int, sig int32) bool { return p.sigs[sig].nodes.Has(node) }

// planned is the number of pods of a class.
func (c *class) planned() int { return len(c.pods) }

func (p *Problem) String() string {
	return fmt.Sprintf("%d pods in %d classes, %d nodes, %d pools, %d offerings", len(p.pods), p.roots(), p.nodeCount(), len(p.pools), len(p.rows))
}
