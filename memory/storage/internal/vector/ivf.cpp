#include "ivf.h"
#include "guard.h"
#include "panes.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/ProductQuantizer.h>
#include <faiss/utils/distances.h>

// The codes are of the vectors themselves: of what they differ from their centroid by they would be finer, but then each
// list needs a table of its own, made for each query (40 µs a list) or kept (lists × 64 KiB).
struct ez_ivf {
    faiss::IndexFlatL2 centroids;
    faiss::ProductQuantizer words;
    std::vector<ez_list> lists;

    // The centroids in a byte a component, for choosing lists: a quarter of the bytes to read, and which of two lists is a
    // hair's breadth nearer does not matter. rows knows codec, and is freed before it.
    std::unique_ptr<ez_codec, void (*)(ez_codec *)> codec{nullptr, ez_codec_free};
    std::unique_ptr<ez_rows, void (*)(ez_rows *)> rows{nullptr, ez_rows_free};
    std::vector<float> squares; // of the centroids' lengths

    ez_ivf(int dim, size_t n, size_t parts) : centroids(dim), words(dim, parts, 8), lists(n) {
        if (parts > ez_most_parts) {
            throw std::invalid_argument("too many bytes a vector");
        }
    }
};

namespace {

typedef faiss::Index::idx_t idx_t;

const size_t block = 4096; // vectors decoded at a time: 12 MB of 768 dimensions

// FAISS asks one callback for the whole process whether to go on. Each thread answers for the work it has under way.
thread_local const int32_t *stop_flag = nullptr;

struct Stop : faiss::InterruptCallback {
    bool want_interrupt() override { return stop_flag != nullptr && __atomic_load_n(stop_flag, __ATOMIC_RELAXED) != 0; }
};

const bool installed = [] {
    faiss::InterruptCallback::instance = std::make_unique<Stop>();
    return true;
}();

struct Stoppable {
    explicit Stoppable(const int32_t *flag) { stop_flag = installed ? flag : nullptr; }
    ~Stoppable() { stop_flag = nullptr; }
};

void settle(faiss::ClusteringParameters &cp, int rounds, int seed) {
    cp.niter = rounds;
    cp.seed = seed;
    cp.min_points_per_centroid = 1; // FAISS would only print a warning
    cp.decode_block_size = block;
}

// train_words trains the product quantiser on a sample.
void train_words(faiss::ProductQuantizer &words, const ez_codec *c, const uint8_t *codes, size_t n, int seed) {
    const size_t most = 64 * 256, step = std::max<size_t>(1, n / most);
    std::vector<float> v;
    for (size_t i = 0; i < n && v.size() < most * c->d; i += step) {
        v.resize(v.size() + c->d);
        c->sq.decode(codes + i * c->size, &v[v.size() - c->d], 1);
    }
    settle(words.cp, 10, seed);
    words.train(v.size() / c->d, v.data());
}

// call has what C would be told of as an exception.
template <class F> void call(F function) {
    char *err = nullptr;
    if (function(&err) != 0) {
        const std::string what(err);
        free(err);
        throw std::runtime_error(what);
    }
}

// code_centroids makes codes of the centroids, when these are there.
void code_centroids(ez_ivf &x) {
    const size_t n = x.lists.size(), d = size_t(x.centroids.d);
    ez_codec *codec;
    call([&](char **err) { return ez_codec_new(int(d), 8, nullptr, &codec, err); });
    x.codec.reset(codec);
    x.rows.reset(ez_rows_new(codec));
    if (x.rows == nullptr) {
        throw std::bad_alloc();
    }
    std::vector<uint8_t> codes(n * codec->size);
    codec->sq.compute_codes(x.centroids.get_xb(), codes.data(), n);
    const std::vector<float> ones(n, 1);
    call([&](char **err) { return ez_rows_add(x.rows.get(), int64_t(n), codes.data(), ones.data(), err); });
    x.squares.resize(n);
    faiss::fvec_norms_L2sqr(x.squares.data(), x.centroids.get_xb(), d, n);
}

// nearest returns the lists of the centroids nearest to z, nearest first.
std::vector<uint32_t> nearest(const ez_ivf &x, const float *z, size_t probes) {
    const size_t n = x.lists.size();
    std::vector<uint8_t> packed(ez_codec_query_size(x.codec.get()));
    std::vector<float> away(n);
    float alpha, beta, rest;
    ez_pack(x.codec.get(), z, packed.data(), &alpha, &beta, &rest);
    call([&](char **err) { return ez_scan(x.rows.get(), packed.data(), alpha, beta, 0, int64_t(n), away.data(), err); });
    for (size_t i = 0; i < n; i++) {
        away[i] = x.squares[i] - 2 * away[i];
    }
    std::vector<uint32_t> lists(n);
    std::iota(lists.begin(), lists.end(), 0);
    probes = std::min(probes, n);
    const auto nearer = [&](uint32_t a, uint32_t b) { return away[a] != away[b] ? away[a] < away[b] : a < b; };
    std::partial_sort(lists.begin(), lists.begin() + long(probes), lists.end(), nearer);
    lists.resize(probes);
    return lists;
}

void check_list(const ez_ivf *x, int64_t list) {
    if (list < 0 || size_t(list) >= x->lists.size()) {
        throw std::out_of_range("list out of range");
    }
}

} // namespace

extern "C" {

int ez_ivf_train(const ez_codec *c, const uint8_t *codes, int64_t n, int64_t lists, int parts, int rounds, int seed,
                 const int32_t *stop, ez_ivf **out, char **err) {
    return guarded(err, [&] {
        Stoppable scope(stop);
        auto x = std::make_unique<ez_ivf>(c->d, size_t(lists), size_t(parts));
        faiss::IndexScalarQuantizer codec(c->d, c->sq.qtype, faiss::METRIC_L2);
        codec.sq = c->sq;
        codec.is_trained = true;
        faiss::ClusteringParameters cp;
        settle(cp, rounds, seed);
        cp.max_points_per_centroid = 1 << 20; // the caller has sampled
        faiss::Clustering(c->d, int(lists), cp).train_encoded(n, codes, &codec, x->centroids);
        train_words(x->words, c, codes, size_t(n), seed);
        code_centroids(*x);
        *out = x.release();
    });
}

int ez_ivf_new(int dim, int64_t lists, int parts, const float *centroids, const float *words, ez_ivf **out, char **err) {
    return guarded(err, [&] {
        auto x = std::make_unique<ez_ivf>(dim, size_t(lists), size_t(parts));
        x->centroids.add(lists, centroids);
        std::copy_n(words, x->words.centroids.size(), x->words.centroids.begin());
        code_centroids(*x);
        *out = x.release();
    });
}

int ez_ivf_trained(const ez_ivf *x, float *centroids, float *words, char **err) {
    return guarded(err, [&] {
        memcpy(centroids, x->centroids.get_xb(), x->centroids.codes.size());
        std::copy(x->words.centroids.begin(), x->words.centroids.end(), words);
    });
}

void ez_ivf_free(ez_ivf *x) { delete x; }

int64_t ez_ivf_bytes(const ez_ivf *x) {
    size_t n = x->centroids.codes.capacity() + (x->words.centroids.capacity() + x->squares.capacity()) * sizeof(float) +
               size_t(ez_rows_bytes(x->rows.get()));
    for (const auto &list : x->lists) {
        n += sizeof(list) + list.bytes();
    }
    return int64_t(n);
}

int64_t ez_ivf_lists(const ez_ivf *x) { return int64_t(x->lists.size()); }

int ez_ivf_parts(const ez_ivf *x) { return int(x->words.M); }

int ez_ivf_encode(const ez_ivf *x, const ez_codec *c, const uint8_t *codes, int64_t n, int64_t *lists, uint8_t *parts,
                  const int32_t *stop, char **err) {
    return guarded(err, [&] {
        Stoppable scope(stop);
        std::vector<float> v(size_t(std::min<int64_t>(n, block)) * c->d);
        for (int64_t i = 0; i < n; i += block) {
            const int64_t m = std::min<int64_t>(block, n - i);
            c->sq.decode(codes + size_t(i) * c->size, v.data(), size_t(m));
            x->centroids.assign(m, v.data(), lists + i);
            x->words.compute_codes(v.data(), parts + size_t(i) * x->words.M, size_t(m));
        }
    });
}

int ez_ivf_append(ez_ivf *x, int64_t n, const int64_t *ids, const int64_t *lists, const uint8_t *parts, char **err) {
    return guarded(err, [&] {
        for (int64_t i = 0; i < n; i++) {
            check_list(x, lists[i]);
            x->lists[size_t(lists[i])].append(ids[i], parts + size_t(i) * x->words.M, x->words.M);
        }
    });
}

int ez_ivf_trim(ez_ivf *x, char **err) {
    return guarded(err, [&] {
        for (auto &list : x->lists) {
            list.trim();
        }
    });
}

int64_t ez_ivf_size(const ez_ivf *x, int64_t list) { return int64_t(x->lists[size_t(list)].ids.size()); }

int ez_ivf_list(const ez_ivf *x, int64_t list, int64_t n, int64_t *ids, uint8_t *parts, char **err) {
    return guarded(err, [&] {
        check_list(x, list);
        if (n < 0 || n > ez_ivf_size(x, list)) {
            throw std::out_of_range("list out of range");
        }
        x->lists[size_t(list)].read(size_t(n), ids, parts, x->words.M);
    });
}

int ez_ivf_search(const ez_ivf *x, const float *z, size_t k, size_t probes, const uint8_t *bits, size_t bytes,
                  float *dist, int64_t *ids, int64_t *found, char **err) {
    return guarded(err, [&] {
        std::vector<float> exact(x->words.M * x->words.ksub);
        x->words.compute_distance_table(z, exact.data());
        const ez_table table(x->words.M, exact.data());
        ez_best best(k);
        const auto near = nearest(*x, z, probes);
        for (size_t i = 0; i < near.size(); i++) {
            best.look(table, x->lists[near[i]], x->lists[near[std::min(i + 1, near.size() - 1)]], bits, bytes);
        }
        best.cut();
        *found = int64_t(best.held.size());
        for (const auto &[sum, id] : best.held) {
            *dist++ = table.low + table.step * sum;
            *ids++ = id;
        }
    });
}

} // extern "C"
