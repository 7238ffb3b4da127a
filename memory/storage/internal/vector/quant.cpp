#include "quant.h"
#include "guard.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>

#include <sys/mman.h>
#include <unistd.h>

#include <faiss/VectorTransform.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Rows are kept with malloc and realloc: growing a large buffer then moves pages and not bytes, where a vector of C++
// would copy hundreds of megabytes under the index's lock.
struct ez_rows {
    const ez_codec *codec;
    uint8_t *codes;
    float *scale;
    int64_t n, room;
};

namespace {

// A kernel reads whole blocks and so up to this many bytes past the last row; the query is zero there.
const size_t slack = 64;

// The width of a cell in standard deviations of a component; those of a randomly rotated unit vector are all but
// normally distributed. With 16 levels a uniform quantiser distorts that distribution least at this width (J. Max, 1960).
// With 256 the cells are wider than least distortion wants, so that hardly a component lies beyond the outermost: one such
// among millions would widen the margin for all. The widths are part of the format of snapshots.
float cell(int bits) { return bits == 4 ? 0.3352f : 0.042f; }

int most = 2; // of what ez_instructions returns

bool has_avx2() { return ez_instructions() >= 1; }

// --- rotation ---

// Each row of the matrix is read once for up to four vectors. Both forms add a vector's products in the same order
// whatever is beside it.
void rotate_plain(const float *m, int d, const float *x, int n, float *y) {
    for (int i = 0; i < d; i++) {
        for (int v = 0; v < n; v++) {
            float sum[8] = {};
            const float *a = m + size_t(i) * d, *b = x + size_t(v) * d;
            int j = 0;
            for (; j + 8 <= d; j += 8) {
                for (int l = 0; l < 8; l++) {
                    sum[l] += a[j + l] * b[j + l];
                }
            }
            for (; j < d; j++) {
                sum[0] += a[j] * b[j];
            }
            y[size_t(v) * d + i] = ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
        }
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) inline float total(__m256 s) {
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}

template <int N>
__attribute__((target("avx2,fma"))) void rotate_avx2(const float *m, int d, const float *x, float *y) {
    for (int i = 0; i < d; i++) {
        const float *a = m + size_t(i) * d;
        __m256 s[N], t[N];
        for (int v = 0; v < N; v++) {
            s[v] = t[v] = _mm256_setzero_ps();
        }
        int j = 0;
        for (; j + 16 <= d; j += 16) {
            const __m256 a0 = _mm256_loadu_ps(a + j), a1 = _mm256_loadu_ps(a + j + 8);
            for (int v = 0; v < N; v++) {
                s[v] = _mm256_fmadd_ps(a0, _mm256_loadu_ps(x + size_t(v) * d + j), s[v]);
                t[v] = _mm256_fmadd_ps(a1, _mm256_loadu_ps(x + size_t(v) * d + j + 8), t[v]);
            }
        }
        for (int v = 0; v < N; v++) {
            float sum = total(_mm256_add_ps(s[v], t[v]));
            for (int r = j; r < d; r++) {
                sum += a[r] * x[size_t(v) * d + r];
            }
            y[size_t(v) * d + i] = sum;
        }
    }
}
#endif

// --- scan ---

// A packed query of 4 bits: for the even components and then for the odd ones, a signed byte each, padded with zeros;
// of 8 bits: 16 bits each.

int32_t dot4_plain(const ez_codec *c, const uint8_t *code, const void *packed) {
    const int8_t *even = static_cast<const int8_t *>(packed), *odd = even + c->words;
    int32_t sum = 0;
    for (size_t j = 0; j < c->size; j++) {
        sum += even[j] * (code[j] & 15) + odd[j] * (code[j] >> 4);
    }
    return sum;
}

int32_t dot8_plain(const ez_codec *c, const uint8_t *code, const void *packed) {
    const int16_t *q = static_cast<const int16_t *>(packed);
    int32_t sum = 0;
    for (size_t j = 0; j < c->size; j++) {
        sum += q[j] * code[j];
    }
    return sum;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) inline int32_t total(__m256i s) {
    __m128i q = _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
    q = _mm_add_epi32(q, _mm_shuffle_epi32(q, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(q, _mm_shuffle_epi32(q, 0xb1)));
}

__attribute__((target("avx2"))) int32_t dot4_avx2(const ez_codec *c, const uint8_t *code, const void *packed) {
    const int8_t *even = static_cast<const int8_t *>(packed), *odd = even + c->words;
    const __m256i low = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
    __m256i sum = _mm256_setzero_si256();
    for (size_t j = 0; j < c->words;) {
        // 8 products of 15 × 127, two at a time, stay below 2^15.
        __m256i part = _mm256_setzero_si256();
        for (const size_t end = std::min(j + 4 * 32, c->words); j < end; j += 32) {
            const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(code + j));
            const __m256i e = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(even + j));
            const __m256i o = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(odd + j));
            part = _mm256_add_epi16(part, _mm256_maddubs_epi16(_mm256_and_si256(x, low), e));
            part = _mm256_add_epi16(part, _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(x, 4), low), o));
        }
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(part, ones));
    }
    return total(sum);
}

__attribute__((target("avx2"))) int32_t dot8_avx2(const ez_codec *c, const uint8_t *code, const void *packed) {
    const int16_t *q = static_cast<const int16_t *>(packed);
    __m256i sum = _mm256_setzero_si256(), more = sum;
    for (size_t j = 0; j < c->words; j += 32) {
        const __m256i a = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(code + j)));
        const __m256i b = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(code + j + 16)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, _mm256_loadu_si256(reinterpret_cast<const __m256i *>(q + j))));
        more = _mm256_add_epi32(
            more, _mm256_madd_epi16(b, _mm256_loadu_si256(reinterpret_cast<const __m256i *>(q + j + 16))));
    }
    return total(_mm256_add_epi32(sum, more));
}
#endif

#if defined(__x86_64__)
// ahead is how many rows before it is read a row is asked for: the processor itself looks no further than the end of a page.
const int64_t ahead = 16;

// dots4_vnni is dot4_plain for n rows of N × 64 bytes that stand one after the other, with the query in registers.
template <size_t N>
__attribute__((target("avx512f,avx512bw,avx512vnni"))) void dots4_vnni(const uint8_t *code, int64_t n, const void *packed,
                                                                       int32_t *out) {
    const auto *query = static_cast<const uint8_t *>(packed);
    __m512i even[N], odd[N];
    for (size_t j = 0; j < N; j++) {
        even[j] = _mm512_loadu_si512(query + 64 * j);
        odd[j] = _mm512_loadu_si512(query + 64 * (N + j));
    }
    const __m512i low = _mm512_set1_epi8(15);
    for (int64_t i = 0; i < n; i++, code += 64 * N) {
        __m512i sum = _mm512_setzero_si512(), more = sum;
        for (size_t j = 0; j < N; j++) {
            __builtin_prefetch(code + 64 * (ahead * N + j)); // past the end it does nothing
            const __m512i x = _mm512_loadu_si512(code + 64 * j);
            sum = _mm512_dpbusd_epi32(sum, _mm512_and_si512(x, low), even[j]);
            more = _mm512_dpbusd_epi32(more, _mm512_and_si512(_mm512_srli_epi16(x, 4), low), odd[j]);
        }
        sum = _mm512_add_epi32(sum, more);
        out[i] = total(_mm256_add_epi32(_mm512_maskz_extracti64x4_epi64(0xff, sum, 0),
                                        _mm512_maskz_extracti64x4_epi64(0xff, sum, 1)));
    }
}

bool has_vnni() {
    static const bool has = __builtin_cpu_supports("avx512vnni");
    return has && ez_instructions() >= 2;
}
#endif

typedef int32_t (*dot_function)(const ez_codec *, const uint8_t *, const void *);

dot_function dot_of(const ez_codec *c) {
#if defined(__x86_64__)
    if (has_avx2()) {
        return c->bits == 4 ? dot4_avx2 : dot8_avx2;
    }
#endif
    return c->bits == 4 ? dot4_plain : dot8_plain;
}

// squared is the squared length of what a code stands for.
double squared(const ez_codec *c, const uint8_t *code) {
    uint64_t sums = 0;
    for (size_t j = 0; j < c->size; j++) {
        sums += c->sums[code[j]];
    }
    const double sum = double(sums & 0xffffffff), squares = double(sums >> 32), low = c->low + 0.5 * c->step;
    return c->d * low * low + 2 * low * c->step * sum + double(c->step) * c->step * squares;
}

void check_rows(const ez_rows *r, int64_t first, int64_t end) {
    if (first < 0 || end < first || end > r->n) {
        throw std::out_of_range("row out of range");
    }
}

void check_list(const ez_rows *r, const int64_t *list, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        check_rows(r, list[i], list[i] + 1);
    }
}

// want_large_pages asks for large pages under a large buffer: a scan of many megabytes otherwise spends a third of its time in
// finding out where each small one is, more so where the machine is a virtual one. Where they are not to be had nothing is lost.
void want_large_pages(void *buffer, size_t bytes) {
#if defined(MADV_HUGEPAGE)
    const size_t least = size_t(16) << 20;
    if (bytes < least) {
        return; // may share its mapping with other things
    }
    // All of the mapping, so that it stays one and can be moved as one when it grows.
    const uintptr_t page = uintptr_t(sysconf(_SC_PAGESIZE)), first = reinterpret_cast<uintptr_t>(buffer) / page * page;
    madvise(reinterpret_cast<void *>(first), reinterpret_cast<uintptr_t>(buffer) + bytes - first, MADV_HUGEPAGE);
#endif
}

void resize(ez_rows *r, int64_t room) {
    const size_t size = r->codec->size;
    if (room > int64_t(PTRDIFF_MAX / (size + sizeof(float))) - int64_t(slack)) {
        throw std::bad_alloc();
    }
    auto *codes = static_cast<uint8_t *>(realloc(r->codes, size_t(room) * size + slack));
    if (codes == nullptr) {
        throw std::bad_alloc();
    }
    r->codes = codes;
    want_large_pages(codes, size_t(room) * size + slack);
    auto *scale = static_cast<float *>(realloc(r->scale, size_t(room) * sizeof(float) + slack));
    if (scale == nullptr) {
        throw std::bad_alloc();
    }
    r->scale = scale;
    r->room = room;
}

} // namespace

extern "C" {

int ez_instructions(void) {
#if defined(__x86_64__)
    static const int has = !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ? 0
        : !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vbmi")       ? 1
                                                                                            : 2;
    return has < most ? has : most;
#else
    return 0;
#endif
}

void ez_limit(int level) { most = level; }

int ez_rotation_random(int dim, int seed, float *out, char **err) {
    return guarded(err, [&] {
        faiss::RandomRotationMatrix m(dim, dim);
        m.init(seed);
        std::copy(m.A.begin(), m.A.end(), out);
    });
}

int ez_codec_new(int dim, int bits, const float *rotation, ez_codec **out, char **err) {
    return guarded(err, [&] {
        auto type = bits == 4 ? faiss::ScalarQuantizer::QT_4bit_uniform : faiss::ScalarQuantizer::QT_8bit_uniform;
        auto c = std::make_unique<ez_codec>();
        c->d = dim;
        c->bits = bits;
        c->rotation = rotation;
        c->sq = faiss::ScalarQuantizer(dim, type);
        c->size = c->sq.code_size;
        c->words = (c->size + 31) / 32 * 32;
        // FAISS cuts its range into one cell fewer than there are codes and leaves the last code to what lies beyond:
        // with the range one cell shorter above than below, the codes are symmetric about 0.
        c->step = cell(bits) / std::sqrt(float(dim));
        c->low = -c->step * float(1 << (bits - 1));
        c->sq.trained = {c->low, c->step * float((1 << bits) - 1)};
        for (uint64_t b = 0; b < 256; b++) {
            const uint64_t one = bits == 4 ? b & 15 : b, other = bits == 4 ? b >> 4 : 0;
            c->sums[b] = (one + other) | (one * one + other * other) << 32;
        }
        *out = c.release();
    });
}

void ez_codec_free(ez_codec *c) { delete c; }

size_t ez_codec_size(const ez_codec *c) { return c->size; }

size_t ez_codec_query_size(const ez_codec *c) { return 2 * c->words; }

void ez_rotate(const ez_codec *c, const float *x, int64_t n, float *y) {
    const size_t d = size_t(c->d);
    for (int64_t i = 0; i < n; i += 4, x += 4 * d, y += 4 * d) {
        const int m = int(std::min<int64_t>(4, n - i));
#if defined(__x86_64__)
        if (has_avx2()) {
            switch (m) {
            case 4: rotate_avx2<4>(c->rotation, c->d, x, y); continue;
            case 3: rotate_avx2<3>(c->rotation, c->d, x, y); continue;
            case 2: rotate_avx2<2>(c->rotation, c->d, x, y); continue;
            default: rotate_avx2<1>(c->rotation, c->d, x, y); continue;
            }
        }
#endif
        rotate_plain(c->rotation, c->d, x, m, y);
    }
}

int ez_encode(const ez_codec *c, const float *y, int64_t n, uint8_t *codes, float *scale, float *spread, char **err) {
    return guarded(err, [&] {
        c->sq.compute_codes(y, codes, size_t(n));
        std::vector<float> back(c->d);
        for (int64_t i = 0; i < n; i++) {
            const float *v = y + i * c->d;
            c->sq.decode(codes + size_t(i) * c->size, back.data(), 1);
            double vv = 0, bb = 0, vb = 0;
            for (int j = 0; j < c->d; j++) {
                vv += double(v[j]) * v[j];
                bb += double(back[j]) * back[j];
                vb += double(v[j]) * back[j];
            }
            if (!(vb > 0)) {
                throw std::invalid_argument("a vector cannot be told from its opposite by its code");
            }
            const double s = vv / vb;
            scale[i] = float(s);
            spread[i] = float(s * std::sqrt(std::max(0.0, bb - vb * vb / vv)));
        }
    });
}

int ez_decode(const ez_codec *c, const uint8_t *codes, int64_t n, float *y, char **err) {
    return guarded(err, [&] { c->sq.decode(codes, y, size_t(n)); });
}

void ez_pack(const ez_codec *c, const float *z, void *packed, float *alpha, float *beta, float *rest) {
    memset(packed, 0, ez_codec_query_size(c));
    float top = 0;
    for (int j = 0; j < c->d; j++) {
        top = std::max(top, std::fabs(z[j]));
    }
    // What a component may be packed to, so that the sum over all of them stays below 2^31.
    const float most = c->bits == 4 ? 127 : std::min(32767.f, std::floor(float(1 << 30) / (255.f * float(c->d))));
    const float unit = top > 0 ? top / most : 1;
    int64_t sum = 0;
    double lost = 0;
    for (int j = 0; j < c->d; j++) {
        const int u = int(std::lrint(z[j] / unit));
        const double gone = double(z[j]) - double(unit) * u;
        lost += gone * gone;
        sum += u;
        if (c->bits == 4) {
            static_cast<int8_t *>(packed)[(j & 1) * c->words + size_t(j) / 2] = int8_t(u);
        } else {
            static_cast<int16_t *>(packed)[j] = int16_t(u);
        }
    }
    *alpha = float(double(unit) * (double(c->low) + 0.5 * double(c->step)) * double(sum));
    *beta = unit * c->step;
    *rest = float(std::sqrt(lost));
}

ez_rows *ez_rows_new(const ez_codec *c) { return new (std::nothrow) ez_rows{c, nullptr, nullptr, 0, 0}; }

void ez_rows_free(ez_rows *r) {
    if (r != nullptr) {
        free(r->codes);
        free(r->scale);
        delete r;
    }
}

int64_t ez_rows_count(const ez_rows *r) { return r->n; }

int64_t ez_rows_bytes(const ez_rows *r) { return r->room * int64_t(r->codec->size + sizeof(float)); }

int ez_rows_reserve(ez_rows *r, int64_t n, char **err) {
    return guarded(err, [&] {
        if (n > r->room) {
            resize(r, n);
        }
    });
}

int ez_rows_add(ez_rows *r, int64_t n, const uint8_t *codes, const float *scale, char **err) {
    return guarded(err, [&] {
        if (r->n + n > r->room) {
            resize(r, r->n + n + r->n / 64 + 256);
        }
        memcpy(r->codes + size_t(r->n) * r->codec->size, codes, size_t(n) * r->codec->size);
        memcpy(r->scale + r->n, scale, size_t(n) * sizeof(float));
        r->n += n;
    });
}

int ez_rows_set(ez_rows *r, int64_t row, const uint8_t *code, float scale, char **err) {
    return guarded(err, [&] {
        check_rows(r, row, row + 1);
        memcpy(r->codes + size_t(row) * r->codec->size, code, r->codec->size);
        r->scale[row] = scale;
    });
}

int ez_rows_get(const ez_rows *r, int64_t row, int64_t n, uint8_t *codes, float *scale, char **err) {
    return guarded(err, [&] {
        check_rows(r, row, row + n);
        if (n > 0) {
            memcpy(codes, r->codes + size_t(row) * r->codec->size, size_t(n) * r->codec->size);
            memcpy(scale, r->scale + row, size_t(n) * sizeof(float));
        }
    });
}

int ez_rows_shrink(ez_rows *r, const int64_t *from, const int64_t *to, int64_t moves, int64_t n, char **err) {
    return guarded(err, [&] {
        check_rows(r, 0, n);
        const size_t size = r->codec->size;
        for (int64_t i = 0; i < moves; i++) {
            check_rows(r, from[i], from[i] + 1);
            check_rows(r, to[i], to[i] + 1);
            memmove(r->codes + size_t(to[i]) * size, r->codes + size_t(from[i]) * size, size);
            r->scale[to[i]] = r->scale[from[i]];
        }
        r->n = n;
        if (n + n / 4 + 1024 < r->room) {
            resize(r, n + n / 64 + 64);
        }
    });
}

int ez_scan(const ez_rows *r, const void *packed, float alpha, float beta, int64_t first, int64_t end, float *out,
            char **err) {
    return guarded(err, [&] {
        check_rows(r, first, end);
#if defined(__x86_64__)
        if (r->codec->bits == 4 && r->codec->size == 6 * 64 && has_vnni()) { // 768 dimensions
            int32_t dots[256];
            for (int64_t n; first < end; first += n, out += n) {
                n = std::min<int64_t>(end - first, 256);
                dots4_vnni<6>(r->codes + size_t(first) * r->codec->size, n, packed, dots);
                for (int64_t i = 0; i < n; i++) { // here, where it is rounded as everywhere
                    out[i] = r->scale[first + i] * (alpha + beta * float(dots[i]));
                }
            }
            return;
        }
#endif
        const auto dot = dot_of(r->codec);
        const uint8_t *code = r->codes + size_t(first) * r->codec->size;
        for (int64_t i = first; i < end; i++, code += r->codec->size) {
            out[i - first] = r->scale[i] * (alpha + beta * float(dot(r->codec, code, packed)));
        }
    });
}

int ez_scan_list(const ez_rows *r, const void *packed, float alpha, float beta, const int64_t *list, int64_t n,
                 float *out, char **err) {
    return guarded(err, [&] {
        check_list(r, list, n);
        const auto dot = dot_of(r->codec);
        const size_t size = r->codec->size;
        for (int64_t i = 0; i < n; i++) {
            if (i + 4 < n) {
                const uint8_t *ahead = r->codes + size_t(list[i + 4]) * size;
                for (size_t j = 0; j < size; j += 64) {
                    __builtin_prefetch(ahead + j);
                }
                __builtin_prefetch(r->scale + list[i + 4]);
            }
            out[i] = r->scale[list[i]] * (alpha + beta * float(dot(r->codec, r->codes + size_t(list[i]) * size, packed)));
        }
    });
}

int ez_dots(const ez_rows *r, const float *z, const int64_t *list, int64_t n, float *out, float *square, char **err) {
    return guarded(err, [&] {
        check_list(r, list, n);
        const size_t size = r->codec->size;
        std::unique_ptr<faiss::ScalarQuantizer::SQDistanceComputer> dc(
            r->codec->sq.get_distance_computer(faiss::METRIC_INNER_PRODUCT));
        dc->set_query(z);
        for (int64_t i = 0; i < n; i++) {
            const uint8_t *code = r->codes + size_t(list[i]) * size;
            out[i] = r->scale[list[i]] * dc->query_to_code(code);
            if (square != nullptr) {
                square[i] = float(double(r->scale[list[i]]) * r->scale[list[i]] * squared(r->codec, code));
            }
        }
    });
}

} // extern "C"
