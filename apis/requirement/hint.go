package requirement

import (
	"slices"
	"strings"
)

// suggestion finds the key that was probably meant by an unknown one: the nearest of the keys given and of those that
// every cluster has, if it is near at all. Of several equally near the first is taken, those given before the others.
// A key that every cluster has is right as it is.
func suggestion(key string, known []string) (string, bool) {
	everyday := everydayKeys()
	if slices.Contains(everyday, key) {
		return "", false
	}
	best, least := "", -1
	for _, candidate := range slices.Concat(known, everyday) {
		if distance, near := nearness(key, candidate); near && (least < 0 || distance < least) {
			best, least = candidate, distance
		}
	}
	return best, least >= 0
}

func everydayKeys() []string {
	return []string{
		"topology.kubernetes.io/zone", "topology.kubernetes.io/region",
		"node.kubernetes.io/instance-type", "node.kubernetes.io/windows-build",
		"kubernetes.io/arch", "kubernetes.io/os", "kubernetes.io/hostname",
		"karpenter.sh/capacity-type", "karpenter.sh/nodepool",
	}
}

// nearness is how many letters tell the two keys apart, and whether one can be taken for the other: the names after the
// last slash differ in at most a quarter of the letters, the candidate ends with the name, or at most an eighth of all
// letters make the difference.
func nearness(key, candidate string) (int, bool) {
	key, candidate = letters(key), letters(candidate)
	name, candidateName := afterSlash(key), afterSlash(candidate)
	distance := editDistance(key, candidate)
	near := editDistance(name, candidateName) <= len(candidateName)/4 ||
		len(name) >= 4 && strings.HasSuffix(candidate, name) ||
		distance <= len(candidate)/8
	return distance, near
}

// letters drops what people get wrong first: case, and the marks between words.
func letters(key string) string {
	return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(key))
}

func afterSlash(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

// editDistance is the least number of bytes to insert, delete or replace.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
