/* SHA-512 for the amalgamation, which authenticates each page by it: sqlite.sh puts this before the function that it calls
 * sha512_transf_plain. What the rounds add is made two words at a time in vectors, beside rounds of the sixteen before, and a
 * round keeps what the next one wants of its majority: 1.4 times as many bytes a second. */

static void sha512_transf_plain(sha512_ctx *ctx, const unsigned char *message, unsigned int block_nb);

#if defined(__x86_64__)
#include <immintrin.h>

#define EZ_ROR(x, n) ((x) >> (n) | (x) << (64 - (n)))
#define EZ_ROR2(x, n) _mm_or_si128(_mm_srli_epi64(x, n), _mm_slli_epi64(x, 64 - (n)))

/* One round; kw is the word of the schedule with its constant. The majority of a, b, c is b ^ ((a ^ b) & (b ^ c)). */
#define EZ_ROUND(a, b, c, d, e, f, g, h, kw) do { \
    h += (kw) + (g ^ (e & (f ^ g))) + (EZ_ROR(e, 14) ^ EZ_ROR(e, 18) ^ EZ_ROR(e, 41)); \
    d += h; \
    ab = a ^ b; \
    h += (EZ_ROR(a, 28) ^ EZ_ROR(a, 34) ^ EZ_ROR(a, 39)) + (b ^ (ab & bc)); \
    bc = ab; \
} while (0)

/* Two rounds with the i-th pair of the sixteen words at hand, and that pair of the sixteen that follow; r is the first of these. */
#define EZ_TWO(a, b, c, d, e, f, g, h, i, r) do { \
    const __m128i one = _mm_alignr_epi8(w[((i) + 1) & 7], w[i], 8), nine = _mm_alignr_epi8(w[((i) + 5) & 7], w[((i) + 4) & 7], 8); \
    const __m128i last = w[((i) + 7) & 7]; \
    const __m128i s0 = _mm_xor_si128(_mm_xor_si128(EZ_ROR2(one, 1), EZ_ROR2(one, 8)), _mm_srli_epi64(one, 7)); \
    const __m128i s1 = _mm_xor_si128(_mm_xor_si128(EZ_ROR2(last, 19), EZ_ROR2(last, 61)), _mm_srli_epi64(last, 6)); \
    w[i] = _mm_add_epi64(_mm_add_epi64(w[i], nine), _mm_add_epi64(s0, s1)); \
    EZ_ROUND(a, b, c, d, e, f, g, h, kw[2 * (i)]); \
    EZ_ROUND(h, a, b, c, d, e, f, g, kw[2 * (i) + 1]); \
    _mm_store_si128((__m128i *)kw + (i), _mm_add_epi64(w[i], _mm_loadu_si128((const __m128i *)(sha512_k + (r) + 2 * (i))))); \
} while (0)

#define EZ_EIGHT(i) do { \
    EZ_ROUND(a, b, c, d, e, f, g, h, kw[i]); \
    EZ_ROUND(h, a, b, c, d, e, f, g, kw[(i) + 1]); \
    EZ_ROUND(g, h, a, b, c, d, e, f, kw[(i) + 2]); \
    EZ_ROUND(f, g, h, a, b, c, d, e, kw[(i) + 3]); \
    EZ_ROUND(e, f, g, h, a, b, c, d, kw[(i) + 4]); \
    EZ_ROUND(d, e, f, g, h, a, b, c, kw[(i) + 5]); \
    EZ_ROUND(c, d, e, f, g, h, a, b, kw[(i) + 6]); \
    EZ_ROUND(b, c, d, e, f, g, h, a, kw[(i) + 7]); \
} while (0)

__attribute__((target("avx2,bmi2"), optimize("O3")))
static void sha512_transf_avx2(uint64 *to, const unsigned char *message, unsigned int block_nb)
{
    const __m128i flip = _mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    __m128i w[8];
    uint64 kw[16] __attribute__((aligned(16)));
    int i, r;

    for (; block_nb > 0; block_nb--, message += SHA512_BLOCK_SIZE) {
        uint64 a = to[0], b = to[1], c = to[2], d = to[3], e = to[4], f = to[5], g = to[6], h = to[7], ab, bc = b ^ c;
        for (i = 0; i < 8; i++) {
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)message + i), flip);
            _mm_store_si128((__m128i *)kw + i, _mm_add_epi64(w[i], _mm_loadu_si128((const __m128i *)(sha512_k + 2 * i))));
        }
        for (r = 16; r < 80; r += 16) {
            EZ_TWO(a, b, c, d, e, f, g, h, 0, r); EZ_TWO(g, h, a, b, c, d, e, f, 1, r);
            EZ_TWO(e, f, g, h, a, b, c, d, 2, r); EZ_TWO(c, d, e, f, g, h, a, b, 3, r);
            EZ_TWO(a, b, c, d, e, f, g, h, 4, r); EZ_TWO(g, h, a, b, c, d, e, f, 5, r);
            EZ_TWO(e, f, g, h, a, b, c, d, 6, r); EZ_TWO(c, d, e, f, g, h, a, b, 7, r);
        }
        EZ_EIGHT(0);
        EZ_EIGHT(8);
        to[0] += a; to[1] += b; to[2] += c; to[3] += d; to[4] += e; to[5] += f; to[6] += g; to[7] += h;
    }
}
#endif

static void sha512_transf(sha512_ctx *ctx, const unsigned char *message, unsigned int block_nb)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) {
        sha512_transf_avx2(ctx->h, message, block_nb);
        return;
    }
#endif
    sha512_transf_plain(ctx, message, block_nb);
}
