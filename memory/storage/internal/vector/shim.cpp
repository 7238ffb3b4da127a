#include "shim.h"
#include "guard.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <faiss/IndexFlat.h>
#include <faiss/impl/IDSelector.h>
#include <omp.h>

extern "C" void openblas_set_num_threads(int);
extern "C" int openblas_get_num_threads(void);
extern "C" const char *openblas_get_corename(void);

namespace {

faiss::IndexFlat &flat(void *index) {
    auto *f = dynamic_cast<faiss::IndexFlat *>(static_cast<faiss::Index *>(index));
    if (f == nullptr) {
        throw std::invalid_argument("not a flat index");
    }
    return *f;
}

void check_rows(const faiss::IndexFlat &f, int64_t first, int64_t end) {
    if (first < 0 || end < first || end > f.ntotal) {
        throw std::out_of_range("row out of range");
    }
}

} // namespace

extern "C" {

void ez_thread_init(void) {
    omp_set_num_threads(1);
    openblas_set_num_threads(1);
}

const char *ez_blas(void) { return openblas_get_corename(); }

int ez_blas_threads(void) { return openblas_get_num_threads(); }

int ez_flat_reserve(void *index, int64_t n, char **err) {
    return guarded(err, [&] {
        auto &f = flat(index);
        f.codes.reserve(size_t(n) * f.code_size);
    });
}

int ez_flat_set(void *index, int64_t row, const float *vec, char **err) {
    return guarded(err, [&] {
        auto &f = flat(index);
        check_rows(f, row, row + 1);
        memcpy(f.get_xb() + row * f.d, vec, f.code_size);
    });
}

int ez_flat_get(void *index, int64_t row, int64_t n, float *out, char **err) {
    return guarded(err, [&] {
        const auto &f = flat(index);
        check_rows(f, row, row + n);
        memcpy(out, f.get_xb() + row * f.d, size_t(n) * f.code_size);
    });
}

int ez_flat_shrink(void *index, const int64_t *from, const int64_t *to, int64_t moves, int64_t n, char **err) {
    return guarded(err, [&] {
        auto &f = flat(index);
        check_rows(f, 0, n);
        for (int64_t i = 0; i < moves; i++) {
            check_rows(f, from[i], from[i] + 1);
            check_rows(f, to[i], to[i] + 1);
            memmove(f.get_xb() + to[i] * f.d, f.get_xb() + from[i] * f.d, f.code_size);
        }
        f.codes.resize(size_t(n) * f.code_size);
        f.ntotal = n;
        if (f.codes.size() < f.codes.capacity() / 4) {
            f.codes.shrink_to_fit();
        }
    });
}

int ez_search_range(void *index, const float *query, int64_t k, int64_t first, int64_t end, float *dist, int64_t *rows,
                    char **err) {
    return guarded(err, [&] {
        const auto &f = flat(index);
        check_rows(f, first, end);
        faiss::IDSelectorRange range(first, end);
        faiss::SearchParameters params;
        params.sel = &range;
        f.search(1, query, k, dist, rows, &params);
    });
}

int ez_search_rows(void *index, const float *query, int64_t k, const int64_t *list, int64_t n, float *dist,
                   int64_t *rows, char **err) {
    return guarded(err, [&] {
        const auto &f = flat(index);
        if (n > 0) {
            const auto ends = std::minmax_element(list, list + n);
            check_rows(f, *ends.first, *ends.second + 1);
        }
        faiss::IDSelectorArray array(size_t(n), list);
        faiss::SearchParameters params;
        params.sel = &array;
        f.search(1, query, k, dist, rows, &params);
    });
}

} // extern "C"
