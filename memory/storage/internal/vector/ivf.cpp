#include "ivf.h"
#include "guard.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/IDSelector.h>

struct ez_ivf {
    std::unique_ptr<faiss::IndexIVFPQ> index;
    const faiss::IndexFlat *centroids; // owned by index
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

std::unique_ptr<ez_ivf> empty(int dim, size_t lists, int parts, std::unique_ptr<faiss::IndexFlat> centroids) {
    auto x = std::make_unique<ez_ivf>();
    x->centroids = centroids.get();
    x->index = std::make_unique<faiss::IndexIVFPQ>(centroids.get(), dim, lists, parts, 8);
    centroids.release();
    x->index->own_fields = true;
    // The codes are of the vectors themselves: of what they differ from their centroid by they would be finer, but then
    // each list needs a table of its own, made for each query (40 µs a list) or kept (lists × 64 KiB).
    x->index->by_residual = false;
    return x;
}

// train_words trains the product quantiser on a sample.
void train_words(faiss::IndexIVFPQ &x, const ez_codec *c, const uint8_t *codes, size_t n, int seed) {
    const size_t most = 64 * 256, step = std::max<size_t>(1, n / most);
    std::vector<float> v;
    for (size_t i = 0; i < n && v.size() < most * c->d; i += step) {
        v.resize(v.size() + c->d);
        c->sq.decode(codes + i * c->size, &v[v.size() - c->d], 1);
    }
    settle(x.pq.cp, 10, seed);
    x.pq.train(v.size() / c->d, v.data());
    x.is_trained = true;
}

} // namespace

extern "C" {

int ez_ivf_train(const ez_codec *c, const uint8_t *codes, int64_t n, int64_t lists, int parts, int rounds, int seed,
                 const int32_t *stop, ez_ivf **out, char **err) {
    return guarded(err, [&] {
        Stoppable scope(stop);
        auto centroids = std::make_unique<faiss::IndexFlatL2>(c->d);
        faiss::IndexScalarQuantizer codec(c->d, c->sq.qtype, faiss::METRIC_L2);
        codec.sq = c->sq;
        codec.is_trained = true;
        faiss::ClusteringParameters cp;
        settle(cp, rounds, seed);
        cp.max_points_per_centroid = 1 << 20; // the caller has sampled
        faiss::Clustering(c->d, int(lists), cp).train_encoded(n, codes, &codec, *centroids);
        auto x = empty(c->d, size_t(lists), parts, std::move(centroids));
        train_words(*x->index, c, codes, size_t(n), seed);
        *out = x.release();
    });
}

int ez_ivf_new(int dim, int64_t lists, int parts, const float *centroids, const float *words, ez_ivf **out, char **err) {
    return guarded(err, [&] {
        auto flat = std::make_unique<faiss::IndexFlatL2>(dim);
        flat->add(lists, centroids);
        auto x = empty(dim, size_t(lists), parts, std::move(flat));
        std::copy(words, words + x->index->pq.centroids.size(), x->index->pq.centroids.begin());
        x->index->is_trained = true;
        *out = x.release();
    });
}

int ez_ivf_trained(const ez_ivf *x, float *centroids, float *words, char **err) {
    return guarded(err, [&] {
        memcpy(centroids, x->centroids->get_xb(), x->centroids->codes.size());
        std::copy(x->index->pq.centroids.begin(), x->index->pq.centroids.end(), words);
    });
}

void ez_ivf_free(ez_ivf *x) { delete x; }

int64_t ez_ivf_bytes(const ez_ivf *x) {
    size_t n = x->centroids->codes.capacity() + x->index->pq.centroids.capacity() * sizeof(float);
    const auto *lists = dynamic_cast<const faiss::ArrayInvertedLists *>(x->index->invlists);
    for (size_t i = 0; i < x->index->nlist; i++) {
        n += lists->codes[i].capacity() + lists->ids[i].capacity() * sizeof(idx_t);
    }
    return int64_t(n);
}

int64_t ez_ivf_lists(const ez_ivf *x) { return int64_t(x->index->nlist); }

int ez_ivf_parts(const ez_ivf *x) { return int(x->index->pq.M); }

int ez_ivf_encode(const ez_ivf *x, const ez_codec *c, const uint8_t *codes, int64_t n, int64_t *lists, uint8_t *parts,
                  const int32_t *stop, char **err) {
    return guarded(err, [&] {
        Stoppable scope(stop);
        std::vector<float> v(size_t(std::min<int64_t>(n, block)) * c->d);
        for (int64_t i = 0; i < n; i += block) {
            const int64_t m = std::min<int64_t>(block, n - i);
            c->sq.decode(codes + size_t(i) * c->size, v.data(), size_t(m));
            x->index->quantizer->assign(m, v.data(), lists + i);
            x->index->encode_vectors(m, v.data(), lists + i, parts + size_t(i) * x->index->code_size);
        }
    });
}

int ez_ivf_append(ez_ivf *x, int64_t n, const int64_t *ids, const int64_t *lists, const uint8_t *parts, char **err) {
    return guarded(err, [&] {
        auto *to = dynamic_cast<faiss::ArrayInvertedLists *>(x->index->invlists);
        const size_t size = x->index->code_size;
        for (int64_t i = 0; i < n; i++) {
            const size_t list = size_t(lists[i]);
            if (lists[i] < 0 || list >= x->index->nlist) {
                throw std::out_of_range("list out of range");
            }
            // A vector of C++ doubles its room; an eighth is enough, and half of the lists' memory would be empty.
            auto &held = to->ids[list];
            if (held.size() == held.capacity()) {
                const size_t room = held.size() + held.size() / 8 + 4;
                to->codes[list].reserve(room * size);
                held.reserve(room);
            }
            to->add_entry(list, ids[i], parts + size_t(i) * size);
            x->index->ntotal++;
        }
    });
}

int ez_ivf_trim(ez_ivf *x, char **err) {
    return guarded(err, [&] {
        auto *lists = dynamic_cast<faiss::ArrayInvertedLists *>(x->index->invlists);
        for (size_t i = 0; i < x->index->nlist; i++) {
            lists->codes[i].shrink_to_fit();
            lists->ids[i].shrink_to_fit();
        }
    });
}

int64_t ez_ivf_size(const ez_ivf *x, int64_t list) { return int64_t(x->index->invlists->list_size(size_t(list))); }

int ez_ivf_list(const ez_ivf *x, int64_t list, int64_t n, int64_t *ids, uint8_t *parts, char **err) {
    return guarded(err, [&] {
        if (list < 0 || list >= int64_t(x->index->nlist) || n < 0 || n > ez_ivf_size(x, list)) {
            throw std::out_of_range("list out of range");
        }
        const auto *lists = x->index->invlists;
        if (n > 0) {
            memcpy(ids, lists->get_ids(size_t(list)), size_t(n) * sizeof(int64_t));
            memcpy(parts, lists->get_codes(size_t(list)), size_t(n) * x->index->code_size);
        }
    });
}

int ez_ivf_search(const ez_ivf *x, const float *z, int64_t k, int64_t probes, const uint8_t *bits, size_t bytes,
                  float *dist, int64_t *ids, char **err) {
    return guarded(err, [&] {
        faiss::IDSelectorBitmap bitmap(bytes, bits);
        faiss::SearchParametersIVF params;
        params.nprobe = size_t(probes);
        params.sel = bits != nullptr ? &bitmap : nullptr;
        x->index->search(1, z, k, dist, ids, &params);
    });
}

} // extern "C"
