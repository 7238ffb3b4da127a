// The inner loop of package maxsim.
#ifndef ELDERZAN_MAXSIM_H
#define ELDERZAN_MAXSIM_H

#include <stdint.h>

enum {
    EZ_TOKEN_DIM = 64,   // numbers of a direction
    EZ_TOKEN_PACKED = 32 // bytes of a packed one
};

// ez_maxsim_nearest writes, for each of the n directions at asked, its largest inner product with one of the packed
// directions, of which there are count ≥ 1, each brought to length 1. plain does without the vector instructions of this
// processor; the result is the same.
void ez_maxsim_nearest(const int8_t *asked, int n, const uint8_t *packed, int count, int plain, float *best);

#endif
