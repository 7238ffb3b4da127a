// C interface to what is written by an asymmetric numeral system: many codes are read side by side and compared with a query.
#ifndef ELDERZAN_VECTOR_CODES_H
#define ELDERZAN_VECTOR_CODES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What is the same in all codes: numbers are of dim components, in groups of group components, each group by one of 16
// distributions, whose number is a nibble from byte groups on, the lower nibble first. Two states of 4 bytes stand at byte
// states, words of 2 bytes behind them; states begin and end at 1 << 16. A slot is a number + top in 6 bits, its place in its
// range in 12 and its frequency in 13, of which a distribution has 1 << 12.
typedef struct {
    int32_t dim, group, groups, states, top;
} ez_code_form;

// ez_code_cosines sets out[i] to the cosine of a unit query and the numbers of the code that begins at codes + start[i] and has
// size[i] bytes, for n codes; to NaN for what is none. From each code's beginning on it reads up to states + 8 + 2 dim + 4 bytes,
// whatever stands there. It returns 0, having done nothing, where the processor lacks the instructions for it.
int ez_code_cosines(const ez_code_form *form, const uint32_t *slots, const uint8_t *codes, const int32_t *start,
                    const int32_t *size, int64_t n, const float *query, float *out);

#ifdef __cplusplus
}
#endif
#endif
