// C interface to rows of scalar-quantised codes: FAISS's ScalarQuantizer over rotated vectors, in a buffer of ours, and
// a scan that estimates inner products on the codes as they are. Every function that can fail returns 0 or sets *err
// to a message that the caller frees with free().
#ifndef ELDERZAN_VECTOR_QUANT_H
#define ELDERZAN_VECTOR_QUANT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ez_instructions tells which vector instructions of this processor are used: 0 none, 1 AVX2 and FMA, 2 also AVX-512 VBMI.
// ez_limit has no more used than a level. For tests.
int ez_instructions(void);
void ez_limit(int level);

typedef struct ez_codec ez_codec;
typedef struct ez_rows ez_rows;

// ez_rotation_random fills out, dim*dim floats, with a random rotation.
int ez_rotation_random(int dim, int seed, float *out, char **err);

// ez_codec_new makes a codec of 4 or 8 bits a component. It keeps a pointer to rotation, dim*dim floats.
int ez_codec_new(int dim, int bits, const float *rotation, ez_codec **out, char **err);
void ez_codec_free(ez_codec *c);
size_t ez_codec_size(const ez_codec *c);       // bytes a code
size_t ez_codec_query_size(const ez_codec *c); // bytes a packed query

// ez_rotate rotates n vectors. A vector comes out the same whatever stands beside it.
void ez_rotate(const ez_codec *c, const float *x, int64_t n, float *y);

// ez_encode turns n rotated vectors y into codes. scale[i] times the inner product with the decoded code estimates that
// with y; spread[i] is the length of the part of scale[i] times the decoded code that is at right angles to y.
int ez_encode(const ez_codec *c, const float *y, int64_t n, uint8_t *codes, float *scale, float *spread, char **err);

// ez_decode turns n codes into rotated vectors.
int ez_decode(const ez_codec *c, const uint8_t *codes, int64_t n, float *y, char **err);

// ez_pack packs a rotated query z for ez_scan. *rest is the length of what packing lost of z.
void ez_pack(const ez_codec *c, const float *z, void *packed, float *alpha, float *beta, float *rest);

ez_rows *ez_rows_new(const ez_codec *c);
void ez_rows_free(ez_rows *r);
int64_t ez_rows_count(const ez_rows *r);
int64_t ez_rows_bytes(const ez_rows *r); // allocated

// ez_rows_reserve makes room for n rows in all.
int ez_rows_reserve(ez_rows *r, int64_t n, char **err);
int ez_rows_add(ez_rows *r, int64_t n, const uint8_t *codes, const float *scale, char **err);
int ez_rows_set(ez_rows *r, int64_t row, const uint8_t *code, float scale, char **err);
int ez_rows_get(const ez_rows *r, int64_t row, int64_t n, uint8_t *codes, float *scale, char **err);

// ez_rows_shrink copies row from[i] over row to[i] for each i below moves, in order, and then keeps the first n rows.
int ez_rows_shrink(ez_rows *r, const int64_t *from, const int64_t *to, int64_t moves, int64_t n, char **err);

// ez_scan estimates the inner products of a packed query with the rows [first, end), and ez_scan_list with n rows
// listed.
int ez_scan(const ez_rows *r, const void *packed, float alpha, float beta, int64_t first, int64_t end, float *out,
            char **err);
int ez_scan_list(const ez_rows *r, const void *packed, float alpha, float beta, const int64_t *list, int64_t n,
                 float *out, char **err);

// ez_dots is ez_scan_list with the query z itself, which is slower and loses nothing. Where square is not NULL, it gets the
// squared lengths of what the codes stand for, times their scale.
int ez_dots(const ez_rows *r, const float *z, const int64_t *list, int64_t n, float *out, float *square, char **err);

#ifdef __cplusplus
}

#include <faiss/impl/ScalarQuantizer.h>

struct ez_codec {
    int d, bits;
    size_t size;     // bytes a code
    size_t words;    // bytes a code, rounded up to what a kernel reads at a time
    float low, step; // a component's code c stands for low + (c + ½) step
    uint64_t sums[256]; // of a byte's component codes: their sum, and from bit 32 on that of their squares
    const float *rotation;
    faiss::ScalarQuantizer sq;
};
#endif
#endif
