package scheduling

// minimum is a NodePool's wish that the types of each launch have at least want distinct values of the key.
type minimum struct {
	key  string
	want int
}

// tally counts the distinct values that a growing set of types has for each of a pool's minimums: over those of their
// offerings that are available and that the pool admits.
type tally struct {
	problem *Problem
	pool    int32
	seen    []map[string]bool
}

func (p *Problem) newTally(pool int32) *tally {
	t := &tally{problem: p, pool: pool, seen: make([]map[string]bool, len(p.pools[pool].minimums))}
	for i := range t.seen {
		t.seen[i] = map[string]bool{}
	}
	return t
}

func (t *tally) add(typ int32) {
	rows := t.problem.rowsOfType(&t.problem.pools[t.pool], typ)
	for r := rows[0]; r < rows[1]; r++ {
		if !t.problem.available(r) {
			continue
		}
		for i, m := range t.problem.pools[t.pool].minimums {
			if value, ok := t.problem.rowLabel(int(r), m.key); ok {
				t.seen[i][value] = true
			}
		}
	}
}

// satisfied reports whether the types added so far have enough values for every minimum.
func (t *tally) satisfied() bool {
	for i, m := range t.problem.pools[t.pool].minimums {
		if len(t.seen[i]) < m.want {
			return false
		}
	}
	return true
}

// short lists the minimums that the types do not meet, with the number of values that they have; nil if there are none.
func (t *tally) short() map[string]int {
	var out map[string]int
	for i, m := range t.problem.pools[t.pool].minimums {
		if len(t.seen[i]) < m.want {
			if out == nil {
				out = map[string]int{}
			}
			out[m.key] = len(t.seen[i])
		}
	}
	return out
}
