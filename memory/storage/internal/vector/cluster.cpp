#include "cluster.h"
#include "guard.h"

#include <stdexcept>
#include <vector>

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>

extern "C" int ez_kmeans(int d, int64_t n, const float *vecs, int k, int rounds, float *centroids, int64_t *nearest,
                         char **err) {
    return guarded(err, [&] {
        if (d < 1 || k < 1 || n < k || rounds < 1) {
            throw std::invalid_argument("k-means needs at least as many vectors as centroids");
        }
        faiss::ClusteringParameters p;
        p.niter = rounds;
        p.spherical = true;
        p.seed = 1; // only for splitting clusters that run empty: the same vectors give the same centroids
        p.min_points_per_centroid = 1;
        p.max_points_per_centroid = 1 << 24;
        faiss::Clustering c(d, k, p);
        c.centroids.assign(centroids, centroids + size_t(d) * k);
        faiss::IndexFlatIP index(d);
        c.train(n, vecs, index);
        std::copy(c.centroids.begin(), c.centroids.end(), centroids);
        index.reset();
        index.add(k, centroids);
        std::vector<float> sims(n);
        index.search(n, vecs, 1, sims.data(), nearest);
    });
}
