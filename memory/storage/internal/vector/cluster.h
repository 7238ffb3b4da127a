// C interface to FAISS's k-means; see shim.h for errors.
#ifndef ELDERZAN_VECTOR_CLUSTER_H
#define ELDERZAN_VECTOR_CLUSTER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ez_kmeans moves k centroids of length 1, which centroids holds when it begins, to where n vectors gather, and writes
// for each vector the nearest centroid.
int ez_kmeans(int d, int64_t n, const float *vecs, int k, int rounds, float *centroids, int64_t *nearest, char **err);

#ifdef __cplusplus
}
#endif
#endif
