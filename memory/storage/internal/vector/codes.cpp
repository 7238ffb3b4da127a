#include "codes.h"
#include "quant.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>

namespace {

// Each step of a state waits for the one before. So eight codes with two states each fill the lanes of a register, and two
// registers go in turn.
const int lanes = 16, sides = 2, codes_at_once = sides * lanes / 2;

__attribute__((target("avx512f"))) void cosines(const ez_code_form &form, const uint32_t *slots, const uint8_t *codes,
                                                const int32_t *start, const int32_t *size, int n, const float *query,
                                                float *out) {
    __m512i x[sides], at[sides];
    __m512 dot[sides], square[sides];
    alignas(64) int32_t first[sides][lanes], words[sides][lanes], state[sides][lanes], base[sides][lanes];
    for (int u = 0; u < sides; u++) {
        for (int l = 0; l < lanes; l++) {
            const int code = std::min(u * lanes / 2 + l / 2, n - 1); // lanes without a code do one again
            first[u][l] = start[code];
            words[u][l] = start[code] + form.states + 8;
            memcpy(&state[u][l], codes + start[code] + form.states + l % 2 * 4, 4);
        }
        x[u] = _mm512_load_si512(state[u]);
        at[u] = _mm512_load_si512(words[u]);
        dot[u] = square[u] = _mm512_setzero_ps();
    }
    const __m512i place = _mm512_set1_epi32(0xfff), number = _mm512_set1_epi32(63), word = _mm512_set1_epi32(0xffff),
                  top = _mm512_set1_epi32(form.top), least = _mm512_set1_epi32(1 << 16), two = _mm512_set1_epi32(2);
    for (int i = 0; i < form.dim; i += 2) {
        if (i % form.group == 0) {
            const int g = i / form.group;
            for (int u = 0; u < sides; u++) {
                for (int l = 0; l < lanes; l++) {
                    base[u][l] = (codes[first[u][l] + form.groups + g / 2] >> (g % 2 * 4) & 15) << 12;
                }
            }
        }
        double both;
        memcpy(&both, query + i, sizeof both);
        const __m512 q = _mm512_castpd_ps(_mm512_set1_pd(both));
#pragma GCC unroll 2
        for (int u = 0; u < sides; u++) {
            const __m512i index = _mm512_add_epi32(_mm512_load_si512(base[u]), _mm512_and_si512(x[u], place));
            const __m512i s = _mm512_mask_i32gather_epi32(x[u], 0xffff, index, slots, 4);
            x[u] = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_maskz_srli_epi32(0xffff, s, 18), _mm512_maskz_srli_epi32(0xffff, x[u], 12)),
                                    _mm512_and_si512(_mm512_maskz_srli_epi32(0xffff, s, 6), place));
            const __m512 v = _mm512_maskz_cvtepi32_ps(0xffff, _mm512_sub_epi32(_mm512_and_si512(s, number), top));
            dot[u] = _mm512_fmadd_ps(v, q, dot[u]);
            square[u] = _mm512_fmadd_ps(v, v, square[u]);
            // Of a code's two states the first takes its word first.
            const unsigned need = _mm512_cmplt_epu32_mask(x[u], least), one = need & 0x5555, other = need & 0xaaaa;
            at[u] = _mm512_mask_add_epi32(at[u], __mmask16(one << 1), at[u], two);
            const __m512i w = _mm512_mask_i32gather_epi32(least, __mmask16(need), at[u], codes, 1);
            at[u] = _mm512_mask_add_epi32(at[u], __mmask16(one), at[u], two);
            at[u] = _mm512_mask_add_epi32(at[u], __mmask16(other | other >> 1), at[u], two);
            x[u] = _mm512_mask_or_epi32(x[u], __mmask16(need), _mm512_maskz_slli_epi32(0xffff, x[u], 16), _mm512_and_si512(w, word));
        }
    }
    for (int u = 0; u < sides; u++) {
        alignas(64) float dots[lanes], squares[lanes];
        _mm512_store_si512(state[u], x[u]);
        _mm512_store_si512(words[u], at[u]);
        _mm512_store_ps(dots, dot[u]);
        _mm512_store_ps(squares, square[u]);
        for (int l = 0; l < lanes; l += 2) {
            const int code = u * lanes / 2 + l / 2;
            if (code >= n) {
                break;
            }
            const float length = squares[l] + squares[l + 1];
            const bool good = words[u][l] == start[code] + size[code] && state[u][l] == 1 << 16 && state[u][l + 1] == 1 << 16 && length > 0;
            out[code] = good ? (dots[l] + dots[l + 1]) / std::sqrt(length) : std::numeric_limits<float>::quiet_NaN();
        }
    }
}

} // namespace
#endif

extern "C" int ez_code_cosines(const ez_code_form *form, const uint32_t *slots, const uint8_t *codes, const int32_t *start,
                               const int32_t *size, int64_t n, const float *query, float *out) {
#if defined(__x86_64__)
    if (ez_instructions() >= 2) {
        for (int64_t i = 0; i < n; i += codes_at_once) {
            cosines(*form, slots, codes, start + i, size + i, int(std::min<int64_t>(n - i, codes_at_once)), query, out + i);
        }
        return 1;
    }
#endif
    return 0;
}
