package vector

/*
#include <stdlib.h>
#include "cluster.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
)

// clusterRounds is how often k-means moves its centroids: from centroids that fitted before few are needed.
const clusterRounds = 12

// errClusters reports a call of KMeans that makes no sense.
var errClusters = errors.New("vector: k-means needs at least one centroid and as many vectors as centroids")

// KMeans moves the centroids, of length 1, to where the vectors gather, and returns for each vector the centroid that is
// nearest to it. A centroid that no vector is near to is set beside another. The same arguments give the same result.
// vecs and centroids stand one after another. The work is done on a thread of low priority that ends with it.
func KMeans(dim int, vecs, centroids []float32) (nearest []int64, err error) {
	n, k := len(vecs)/max(dim, 1), len(centroids)/max(dim, 1)
	if dim < 1 || k < 1 || n < k || len(vecs) != n*dim || len(centroids) != k*dim {
		return nil, fmt.Errorf("%w: %d vectors, %d centroids", errClusters, n, k)
	}
	nearest = make([]int64, n)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: a thread with a changed priority must not be used again
		lowPriority()
		threadInit()
		var msg *C.char
		err = failed(C.ez_kmeans(C.int(dim), C.int64_t(n), floats(vecs), C.int(k), clusterRounds, floats(centroids), ints(nearest), &msg), msg)
	}()
	<-done
	return nearest, err
}
