// C interface to inverted lists of product-quantised vectors (panes.h), trained by FAISS and filled from the scalar-quantised
// codes of quant.h, so that no full vector is needed. Every function that can fail returns 0 or sets
// *err to a message that the caller frees with free().
#ifndef ELDERZAN_VECTOR_IVF_H
#define ELDERZAN_VECTOR_IVF_H

#include "quant.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ez_ivf ez_ivf;

// ez_ivf_train clusters n codes of c into lists and trains a quantiser of parts bytes a vector. It fails soon after
// *stop becomes other than 0.
int ez_ivf_train(const ez_codec *c, const uint8_t *codes, int64_t n, int64_t lists, int parts, int rounds, int seed,
                 const int32_t *stop, ez_ivf **out, char **err);

// ez_ivf_new makes an empty index of what was trained before: lists*dim and 256*dim floats.
int ez_ivf_new(int dim, int64_t lists, int parts, const float *centroids, const float *words, ez_ivf **out, char **err);
int ez_ivf_trained(const ez_ivf *x, float *centroids, float *words, char **err);
void ez_ivf_free(ez_ivf *x);
int64_t ez_ivf_bytes(const ez_ivf *x); // allocated
int64_t ez_ivf_lists(const ez_ivf *x);
int ez_ivf_parts(const ez_ivf *x);

// ez_ivf_encode finds list and code of n codes of c; ez_ivf_append puts them there under ids.
int ez_ivf_encode(const ez_ivf *x, const ez_codec *c, const uint8_t *codes, int64_t n, int64_t *lists, uint8_t *parts,
                  const int32_t *stop, char **err);
int ez_ivf_append(ez_ivf *x, int64_t n, const int64_t *ids, const int64_t *lists, const uint8_t *parts, char **err);

// ez_ivf_trim gives back what the lists have too much.
int ez_ivf_trim(ez_ivf *x, char **err);

// ez_ivf_size and ez_ivf_list read one list.
int64_t ez_ivf_size(const ez_ivf *x, int64_t list);
int ez_ivf_list(const ez_ivf *x, int64_t list, int64_t n, int64_t *ids, uint8_t *parts, char **err);

// ez_ivf_search finds up to k of the nearest to the rotated query z in the probes nearest lists, in no order, among the ids
// whose bit is set if bits is not NULL, with the squares of about how far away they are. There are *found.
int ez_ivf_search(const ez_ivf *x, const float *z, size_t k, size_t probes, const uint8_t *bits, size_t bytes,
                  float *dist, int64_t *ids, int64_t *found, char **err);

#ifdef __cplusplus
}
#endif
#endif
