package scenario

import (
	"crypto/sha256"
	"encoding/hex"

	"k8s.io/apimachinery/pkg/types"
)

// makeUID makes up the UID of an object from its kind, namespace and name: the same for the same object, in every run.
func makeUID(kind, namespace, name string) types.UID {
	var buffer [256]byte
	words := append(buffer[:0], kind...)
	words = append(append(words, 0), namespace...)
	words = append(append(words, 0), name...)
	sum := sha256.Sum256(words)
	sum[6] = sum[6]&0x0f | 0x80 // version 8: made in a way of our own
	sum[8] = sum[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], sum[0:4])
	hex.Encode(out[9:13], sum[4:6])
	hex.Encode(out[14:18], sum[6:8])
	hex.Encode(out[19:23], sum[8:10])
	hex.Encode(out[24:36], sum[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return types.UID(out[:])
}
