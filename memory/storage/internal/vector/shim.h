// C interface to what go-faiss does not reach. Every function that can fail returns 0 or sets *err to a message that
// the caller frees with free(). An index is a FaissIndex * of FAISS's own C interface.
#ifndef ELDERZAN_VECTOR_SHIM_H
#define ELDERZAN_VECTOR_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ez_thread_init makes the calling thread run FAISS and BLAS on itself alone.
void ez_thread_init(void);

// ez_blas names the processor that BLAS has its kernels for.
const char *ez_blas(void);

// ez_blas_threads is on how many threads a call of BLAS runs.
int ez_blas_threads(void);

// ez_flat_reserve makes room for n rows.
int ez_flat_reserve(void *index, int64_t n, char **err);

// ez_flat_set copies d floats over row.
int ez_flat_set(void *index, int64_t row, const float *vec, char **err);

// ez_flat_get copies n rows from row on into out.
int ez_flat_get(void *index, int64_t row, int64_t n, float *out, char **err);

// ez_flat_shrink copies row from[i] over row to[i] for each i below moves, in order, and then keeps the first n rows.
int ez_flat_shrink(void *index, const int64_t *from, const int64_t *to, int64_t moves, int64_t n, char **err);

// ez_search_range finds the k nearest of the rows [first, end); unused places get row -1.
int ez_search_range(void *index, const float *query, int64_t k, int64_t first, int64_t end, float *dist, int64_t *rows,
                    char **err);

// ez_search_rows finds the k nearest of the n rows listed.
int ez_search_rows(void *index, const float *query, int64_t k, const int64_t *list, int64_t n, float *dist,
                   int64_t *rows, char **err);

#ifdef __cplusplus
}
#endif
#endif
