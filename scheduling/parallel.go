package scheduling

import (
	"runtime"
	"sync"
)

// minChunk is how many items are worth a goroutine of their own.
const minChunk = 512

// inChunks calls work for consecutive ranges that cover 0..n-1, several at once when there are many items. Nothing may
// depend on how the ranges are cut: each call writes only what belongs to its own items.
func inChunks(n int, work func(from, to int)) {
	workers := min(runtime.GOMAXPROCS(0), (n+minChunk-1)/minChunk)
	if workers <= 1 {
		work(0, n)
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { work(w*n/workers, (w+1)*n/workers) })
	}
	wg.Wait()
}
