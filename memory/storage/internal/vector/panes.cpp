#include "panes.h"
#include "quant.h"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

// Each form puts the sums of a pane's codes into out and returns which are below limit, a bit each. It has the processor
// fetch the pane that comes after, which is mostly of another page of memory, where a processor would not look by itself.
typedef uint64_t (*sum_function)(const ez_table &t, const ez_line *pane, const ez_line *after, uint16_t limit, uint16_t *out);

uint64_t below(const uint16_t *sums, uint16_t limit) {
    uint64_t mask = 0;
    for (size_t i = 0; i < pane_width; i++) {
        mask |= uint64_t(sums[i] < limit) << i;
    }
    return mask;
}

uint64_t sum_plain(const ez_table &t, const ez_line *pane, const ez_line *after, uint16_t limit, uint16_t *out) {
    std::fill_n(out, pane_width, uint16_t(0));
    for (size_t m = 0; m < t.parts; m++) {
        __builtin_prefetch(after + m);
        const uint8_t *entries = t.lines[4 * m].at, *codes = pane[m].at;
        for (size_t i = 0; i < pane_width; i++) {
            out[i] = uint16_t(out[i] + entries[codes[i]]);
        }
    }
    return below(out, limit);
}

#if defined(__x86_64__)
// The vector forms add entries in pairs, as numbers of 16 bits of which the upper byte belongs to a code of its own, and
// beside that the upper bytes alone, which are taken away at the end: that is exact, as sums that do not fit wrap around.

// four looks up the low 6 bits of codes among 64 entries, of which an instruction takes 16.
__attribute__((target("avx2"))) inline __m256i four(const uint8_t *entries, __m256i low, __m256i bit4, __m256i bit5) {
    __m256i got[4];
    for (int i = 0; i < 4; i++) {
        const __m128i row = _mm_load_si128(reinterpret_cast<const __m128i *>(entries) + i);
        got[i] = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(row), low);
    }
    return _mm256_blendv_epi8(_mm256_blendv_epi8(got[0], got[1], bit4), _mm256_blendv_epi8(got[2], got[3], bit4), bit5);
}

__attribute__((target("avx2"))) uint64_t sum_avx2(const ez_table &t, const ez_line *pane, const ez_line *after,
                                                  uint16_t limit, uint16_t *out) {
    for (size_t half = 0; half < pane_width; half += 32) {
        __m256i all = _mm256_setzero_si256(), odd = all;
        for (size_t m = 0; m < t.parts; m++) {
            __builtin_prefetch(after + m);
            const uint8_t *entries = t.lines[4 * m].at;
            const __m256i c = _mm256_load_si256(reinterpret_cast<const __m256i *>(pane[m].at + half));
            const __m256i low = _mm256_and_si256(c, _mm256_set1_epi8(15));
            // A blend asks for the uppermost bit of each byte.
            const __m256i bit4 = _mm256_slli_epi16(c, 3), bit5 = _mm256_slli_epi16(c, 2), bit6 = _mm256_slli_epi16(c, 1);
            const __m256i v = _mm256_blendv_epi8(
                _mm256_blendv_epi8(four(entries, low, bit4, bit5), four(entries + 64, low, bit4, bit5), bit6),
                _mm256_blendv_epi8(four(entries + 128, low, bit4, bit5), four(entries + 192, low, bit4, bit5), bit6), c);
            all = _mm256_add_epi16(all, v);
            odd = _mm256_add_epi16(odd, _mm256_srli_epi16(v, 8));
        }
        const __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
        const __m256i lo = _mm256_unpacklo_epi16(even, odd), hi = _mm256_unpackhi_epi16(even, odd);
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(out + half), _mm256_permute2x128_si256(lo, hi, 0x20));
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(out + half + 16), _mm256_permute2x128_si256(lo, hi, 0x31));
    }
    return below(out, limit);
}

__attribute__((target("avx512f,avx512bw,avx512vbmi"))) uint64_t sum_vbmi(const ez_table &t, const ez_line *pane,
                                                                          const ez_line *after, uint16_t limit, uint16_t *out) {
    __m512i all = _mm512_setzero_si512(), odd = all;
    for (size_t m = 0; m < t.parts; m++) {
        __builtin_prefetch(after + m);
        const ez_line *entries = &t.lines[4 * m];
        const __m512i c = _mm512_load_si512(pane + m);
        const __m512i v = _mm512_mask_blend_epi8(
            _mm512_movepi8_mask(c),
            _mm512_permutex2var_epi8(_mm512_load_si512(entries), c, _mm512_load_si512(entries + 1)),
            _mm512_permutex2var_epi8(_mm512_load_si512(entries + 2), c, _mm512_load_si512(entries + 3)));
        all = _mm512_add_epi16(all, v);
        odd = _mm512_add_epi16(odd, _mm512_srli_epi16(v, 8));
    }
    const __m512i even = _mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8));
    const __m512i lo = _mm512_unpacklo_epi16(even, odd), hi = _mm512_unpackhi_epi16(even, odd);
    const __m512i first = _mm512_permutex2var_epi64(lo, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), hi);
    const __m512i second = _mm512_permutex2var_epi64(lo, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), hi);
    _mm512_storeu_si512(out, first);
    _mm512_storeu_si512(out + 32, second);
    const __m512i most = _mm512_set1_epi16(short(limit));
    return uint64_t(_mm512_cmplt_epu16_mask(first, most)) | uint64_t(_mm512_cmplt_epu16_mask(second, most)) << 32;
}
#endif

sum_function sum_of() {
#if defined(__x86_64__)
    switch (ez_instructions()) {
    case 2: return sum_vbmi;
    case 1: return sum_avx2;
    }
#endif
    return sum_plain;
}

// reserve makes room for n more, as often as they come. A vector of C++ doubles its room; an eighth is enough, and half of the
// lists' memory would be empty.
template <class T> void reserve(std::vector<T> &v, size_t n) {
    if (v.size() + n > v.capacity()) {
        v.reserve(v.size() + v.size() / 8 / n * n + n);
    }
}

} // namespace

void ez_list::append(int64_t id, const uint8_t *code, size_t parts) {
    const size_t lane = ids.size() % pane_width, pane = ids.size() / pane_width * parts;
    if (lane == 0) {
        reserve(lines, parts);
        lines.resize(lines.size() + parts, ez_line{});
    }
    reserve(ids, 1);
    ids.push_back(id);
    for (size_t m = 0; m < parts; m++) {
        lines[pane + m].at[lane] = code[m];
    }
}

void ez_list::read(size_t n, int64_t *to, uint8_t *codes, size_t parts) const {
    std::copy_n(ids.begin(), n, to);
    for (size_t i = 0; i < n; i++) {
        const ez_line *pane = &lines[i / pane_width * parts];
        for (size_t m = 0; m < parts; m++) {
            *codes++ = pane[m].at[i % pane_width];
        }
    }
}

void ez_list::trim() {
    ids.shrink_to_fit();
    lines.shrink_to_fit();
}

ez_table::ez_table(size_t n, const float *exact) : parts(n), low(0), lines(4 * n) {
    std::vector<float> least(parts);
    float widest = 0;
    for (size_t m = 0; m < parts; m++) {
        const auto ends = std::minmax_element(exact + 256 * m, exact + 256 * (m + 1));
        least[m] = *ends.first;
        low += least[m];
        widest = std::max(widest, *ends.second - *ends.first);
    }
    // The sum of the largest entries must be below limit in ez_best.
    step = widest / float(std::min<size_t>(255, (UINT16_MAX - 1) / parts));
    const float scale = step > 0 ? 1 / step : 0;
    for (size_t m = 0; m < parts; m++) {
        for (size_t i = 0; i < 256; i++) {
            lines[4 * m + i / pane_width].at[i % pane_width] = uint8_t(std::lrint((exact[256 * m + i] - least[m]) * scale));
        }
    }
}

void ez_best::look(const ez_table &t, const ez_list &list, const ez_list &next, const uint8_t *bits, size_t bytes) {
    const auto sum = sum_of();
    uint16_t sums[pane_width];
    for (size_t first = 0; first < list.ids.size(); first += pane_width) {
        const ez_line *pane = &list.lines[first / pane_width * t.parts];
        const size_t left = list.ids.size() - first;
        uint64_t mask = sum(t, pane, left > pane_width ? pane + t.parts : next.lines.data(), limit, sums);
        if (left < pane_width) {
            mask &= (uint64_t(1) << left) - 1;
        }
        for (; mask != 0; mask &= mask - 1) {
            const int lane = __builtin_ctzll(mask);
            const uint64_t id = uint64_t(list.ids[first + lane]);
            if (bits == nullptr || (id / 8 < bytes && (bits[id / 8] >> id % 8 & 1) != 0)) {
                held.emplace_back(sums[lane], int64_t(id));
            }
        }
        if (held.size() >= 2 * k + pane_width) {
            cut();
        }
    }
}

void ez_best::cut() {
    if (held.size() > k) {
        std::nth_element(held.begin(), held.begin() + long(k) - 1, held.end());
        held.resize(k);
        limit = held.back().first;
    }
}
