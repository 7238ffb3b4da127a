// Compares directions in whole numbers. Inner products are sums of whole numbers, and the only rounding is that of one
// division and one product for each, so that every processor gets the same figures.
#include "maxsim.h"

#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A packed number is from 1 to 15 and stands for itself less this.
#define ZERO 8

static float shorten(int square) { return square == 0 ? 0.0f : 1.0f / sqrtf((float)square); }

static void nearest_plain(const int8_t *asked, int n, const uint8_t *packed, int count, float *best) {
    for (int t = 0; t < count; t++, packed += EZ_TOKEN_PACKED) {
        int8_t d[EZ_TOKEN_DIM];
        int square = 0;
        for (int i = 0; i < EZ_TOKEN_PACKED; i++) {
            d[i] = (int8_t)((packed[i] & 15) - ZERO);
            d[i + EZ_TOKEN_PACKED] = (int8_t)((packed[i] >> 4) - ZERO);
        }
        for (int i = 0; i < EZ_TOKEN_DIM; i++) {
            square += d[i] * d[i];
        }
        const float scale = shorten(square);
        for (int q = 0; q < n; q++) {
            const int8_t *a = asked + q * EZ_TOKEN_DIM;
            int sum = 0;
            for (int i = 0; i < EZ_TOKEN_DIM; i++) {
                sum += a[i] * d[i];
            }
            const float s = (float)sum * scale;
            if (t == 0 || s > best[q]) {
                best[q] = s;
            }
        }
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static inline int total(__m256i v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

// Pairs of products are added in 16 bits: |a| ≤ 127 and |d| ≤ 7 make 4 × 889 at most. The instruction wants one factor
// without a sign, which is moved to the other.
__attribute__((target("avx2"))) static inline __m256i products(__m256i a, __m256i low, __m256i high, __m256i b) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i s = _mm256_maddubs_epi16(_mm256_abs_epi8(low), _mm256_sign_epi8(a, low));
    s = _mm256_add_epi16(s, _mm256_maddubs_epi16(_mm256_abs_epi8(high), _mm256_sign_epi8(b, high)));
    return _mm256_madd_epi16(s, ones);
}

__attribute__((target("avx2"))) static void nearest_avx2(const int8_t *asked, int n, const uint8_t *packed, int count, float *best) {
    const __m256i mask = _mm256_set1_epi8(15), zero = _mm256_set1_epi8(ZERO);
    for (int t = 0; t < count; t++, packed += EZ_TOKEN_PACKED) {
        const __m256i p = _mm256_loadu_si256((const __m256i *)packed);
        const __m256i low = _mm256_sub_epi8(_mm256_and_si256(p, mask), zero);
        const __m256i high = _mm256_sub_epi8(_mm256_and_si256(_mm256_srli_epi16(p, 4), mask), zero);
        const float scale = shorten(total(products(low, low, high, high)));
        int q = 0;
        for (; q + 4 <= n; q += 4) { // four at a time, since adding up what stands in one register takes longest
            __m256i s[4];
            for (int i = 0; i < 4; i++) {
                const __m256i *a = (const __m256i *)(asked + (q + i) * EZ_TOKEN_DIM);
                s[i] = products(_mm256_loadu_si256(a), low, high, _mm256_loadu_si256(a + 1));
            }
            const __m256i sum = _mm256_hadd_epi32(_mm256_hadd_epi32(s[0], s[1]), _mm256_hadd_epi32(s[2], s[3]));
            const __m128i dots = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
            const __m128 v = _mm_mul_ps(_mm_cvtepi32_ps(dots), _mm_set1_ps(scale));
            _mm_storeu_ps(best + q, t == 0 ? v : _mm_max_ps(v, _mm_loadu_ps(best + q)));
        }
        for (; q < n; q++) {
            const __m256i *a = (const __m256i *)(asked + q * EZ_TOKEN_DIM);
            const float v = (float)total(products(_mm256_loadu_si256(a), low, high, _mm256_loadu_si256(a + 1))) * scale;
            if (t == 0 || v > best[q]) {
                best[q] = v;
            }
        }
    }
}
#endif

void ez_maxsim_nearest(const int8_t *asked, int n, const uint8_t *packed, int count, int plain, float *best) {
#if defined(__x86_64__)
    if (!plain && __builtin_cpu_supports("avx2")) {
        nearest_avx2(asked, n, packed, count, best);
        return;
    }
#endif
    (void)plain;
    nearest_plain(asked, n, packed, count, best);
}
