// k-means and nearest neighbours, beside plain loops.
#include "glia/codes.h"

#include <cmath>
#include <numeric>
#include <random>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/internals.h"

namespace {

using namespace glia;

class Codes : public ContextTest {
   protected:
    // Three groups of normal points around corners that are far apart, in turn.
    std::vector<float> groups(int64_t n, int64_t size) {
        std::mt19937 random(5);
        std::normal_distribution<float> noise;
        std::vector<float> out;
        for (int64_t i = 0; i < n; ++i)
            for (int64_t e = 0; e < size; ++e) out.push_back(float(i % 3 == e % 3 ? 30 : 0) + noise(random));
        return out;
    }
};

TEST_F(Codes, kmeans_finds_groups_and_their_means) {
    const int64_t n = 300, size = 5, k = 3;
    const std::vector<float> values = groups(n, size);
    const glia_vectors x{values.data(), n, size};
    for (uint64_t seed = 1; seed < 6; ++seed) {
        std::vector<float> centers(size_t(k * size));
        std::vector<int64_t> labels(size_t(n), -1);
        glia_kmeans_result result{};
        const glia_kmeans_args args{.clusters = k, .seed = seed};
        ASSERT_EQ(glia_kmeans(ctx, &x, &args, centers.data(), labels.data(), &result), GLIA_OK) << message();
        EXPECT_TRUE(result.converged);
        EXPECT_LE(result.iterations, 5);
        std::vector<double> sum(centers.size(), 0);
        double inertia = 0;
        for (int64_t i = 0; i < n; ++i) {
            EXPECT_EQ(labels[size_t(i)], labels[size_t(i % 3)]);
            for (int64_t e = 0; e < size; ++e) {
                const size_t at = size_t(labels[size_t(i)] * size + e);
                sum[at] += values[size_t(i * size + e)] / 100;
                inertia += std::pow(double(values[size_t(i * size + e)]) - centers[at], 2);
            }
        }
        EXPECT_NE(labels[0], labels[1]);
        EXPECT_NE(labels[1], labels[2]);
        for (size_t i = 0; i < centers.size(); ++i) EXPECT_NEAR(centers[i], sum[i], 1e-5);
        EXPECT_NEAR(result.inertia, inertia, 1e-4 * inertia);
        EXPECT_NEAR(inertia, double(n * size), 200);  // of unit noise
    }
}

TEST_F(Codes, kmeans_gives_the_same_bits_for_any_number_of_threads_and_more_runs_no_more_inertia) {
    const int64_t n = 5000, size = 8, k = 17;
    std::vector<float> values(size_t(n * size));
    std::mt19937 random(3);
    for (float &v : values) v = float(random() % 1000) / 100;
    const glia_vectors x{values.data(), n, size};
    std::vector<float> first;
    double inertia = 0;
    for (int threads : {1, 2, 4}) {
        glia_context_args make{};
        make.threads = threads, make.seed = 7;
        glia_context *other = nullptr;
        ASSERT_EQ(glia_context_create("cpu", &make, &other), GLIA_OK);
        std::vector<float> centers(size_t(k * size));
        glia_kmeans_result result{};
        const glia_kmeans_args args{.clusters = k, .iterations = 7};
        ASSERT_EQ(glia_kmeans(other, &x, &args, centers.data(), nullptr, &result), GLIA_OK);
        EXPECT_FALSE(result.converged);
        EXPECT_EQ(result.iterations, 7);
        if (threads == 1) first = centers, inertia = result.inertia;
        EXPECT_EQ(centers, first);
        glia_context_destroy(other);
    }
    std::vector<float> centers(size_t(k * size));
    glia_kmeans_result result{};
    const glia_kmeans_args more{.clusters = k, .iterations = 7, .runs = 20};
    ASSERT_EQ(glia_kmeans(ctx, &x, &more, centers.data(), nullptr, &result), GLIA_OK);
    EXPECT_LT(result.inertia, inertia);
}

TEST_F(Codes, kmeans_leaves_no_cluster_empty_and_takes_equal_vectors) {
    const std::vector<float> values{1, 1, 1, 1, 1, 1, 5, 9};
    const glia_vectors x{values.data(), 8, 1};
    for (int64_t k : {1, 2, 3, 8}) {
        std::vector<float> centers(size_t(k), -1);
        std::vector<int64_t> labels(8), counts(size_t(k), 0);
        const glia_kmeans_args args{.clusters = k};
        glia_kmeans_result result{};
        ASSERT_EQ(glia_kmeans(ctx, &x, &args, centers.data(), labels.data(), &result), GLIA_OK) << message();
        for (int64_t label : labels) ++counts[size_t(label)];
        for (int64_t count : counts) EXPECT_GE(count, 1) << k;
        for (size_t i = 0; i < 8 && k >= 3; ++i) EXPECT_EQ(centers[size_t(labels[i])], values[i]);
        EXPECT_TRUE(k != 1 || centers[0] == 2.5f);
        EXPECT_TRUE(k < 3 || result.inertia == 0);
    }
}

TEST_F(Codes, nearest_are_those_of_a_plain_loop) {
    const int64_t n = 200, m = 30, size = 7, k = 9;
    std::vector<float> among(size_t(n * size)), queries(size_t(m * size));
    std::mt19937 random(11);
    for (auto *v : {&among, &queries})
        for (float &value : *v) value = float(int(random() % 7)) - 3;  // with many that are equally near
    std::fill(among.begin() + 5 * size, among.begin() + 6 * size, 0.0f);
    const glia_vectors all{among.data(), n, size}, asked{queries.data(), m, size};
    for (glia_distance kind : {GLIA_EUCLIDEAN, GLIA_COSINE_DISTANCE}) {
        std::vector<int64_t> index(size_t(m * k));
        std::vector<float> distance(size_t(m * k));
        const glia_nearest_args args{.neighbors = k, .distance = kind};
        ASSERT_EQ(glia_nearest(ctx, &all, &asked, &args, index.data(), distance.data()), GLIA_OK) << message();
        for (int64_t q = 0; q < m; ++q) {
            std::vector<std::pair<double, int64_t>> want;
            for (int64_t i = 0; i < n; ++i) {
                double squares = 0, xy = 0, xx = 0, yy = 0;
                for (int64_t e = 0; e < size; ++e) {
                    const double a = among[size_t(i * size + e)], b = queries[size_t(q * size + e)];
                    squares += (a - b) * (a - b), xy += a * b, xx += a * a, yy += b * b;
                }
                const double cosine = xx > 0 && yy > 0 ? 1 - xy / (std::sqrt(yy) * std::sqrt(xx)) : 1;
                want.emplace_back(kind == GLIA_EUCLIDEAN ? std::sqrt(squares) : cosine, i);
            }
            std::sort(want.begin(), want.end());
            for (int64_t j = 0; j < k; ++j) {
                EXPECT_EQ(index[size_t(q * k + j)], want[size_t(j)].second) << kind << " " << q << " " << j;
                EXPECT_FLOAT_EQ(distance[size_t(q * k + j)], float(want[size_t(j)].first));
            }
        }
        ASSERT_EQ(glia_nearest(ctx, &all, &all, &args, std::vector<int64_t>(size_t(n * k)).data(), nullptr), GLIA_OK);
    }
}

TEST_F(Codes, cosine_distances_stay_within_their_bounds_where_they_are_rounded) {
    std::vector<float> x(64 * 7), y;
    for (size_t i = 0; i < x.size(); ++i) x[i] = float(std::sin(double(i) * 1.7) + 0.1);
    for (float v : x) y.push_back(-3 * v);
    const glia_vectors all{x.data(), 64, 7}, opposite{y.data(), 64, 7};
    const glia_nearest_args args{.neighbors = 64, .distance = GLIA_COSINE_DISTANCE};
    std::vector<int64_t> index(64 * 64);
    std::vector<float> distance(64 * 64);
    for (const glia_vectors *queries : {&all, &opposite}) {
        ASSERT_EQ(glia_nearest(ctx, &all, queries, &args, index.data(), distance.data()), GLIA_OK) << message();
        for (float d : distance) ASSERT_TRUE(d >= 0 && d <= 2) << d;
    }
}

TEST_F(Codes, refuse_what_is_wrong) {
    std::vector<float> values{1, 2, 3, 4}, out(8);
    std::vector<int64_t> index(8);
    const auto refused = [&](glia_status status, glia_status want, const std::string &words) {
        EXPECT_EQ(status, want);
        EXPECT_TRUE(says(words)) << message();
    };
    const auto kmeans = [&](const glia_vectors &x, const glia_kmeans_args &args) {
        return glia_kmeans(ctx, &x, &args, out.data(), nullptr, nullptr);
    };
    const glia_vectors right{values.data(), 2, 2};
    for (int64_t k : {INT64_C(0), INT64_C(-1), INT64_C(3), INT64_MAX})
        refused(kmeans(right, {.clusters = k}), GLIA_INVALID_ARGUMENT, "clusters is " + std::to_string(k));
    refused(kmeans(right, {.clusters = 1, .iterations = -1}), GLIA_INVALID_ARGUMENT, "iterations is -1");
    refused(kmeans(right, {.clusters = 1, .runs = -1}), GLIA_INVALID_ARGUMENT, "runs is -1");
    refused(kmeans({nullptr, 2, 2}, {.clusters = 1}), GLIA_INVALID_ARGUMENT, "the values of x are NULL");
    refused(kmeans({values.data(), 2, 0}, {.clusters = 1}), GLIA_INVALID_ARGUMENT, "2 vectors of size 0");
    refused(kmeans({values.data(), -2, 2}, {.clusters = 1}), GLIA_INVALID_ARGUMENT, "-2 vectors of size 2");
    refused(kmeans({values.data(), INT64_MAX / 2, 4}, {.clusters = 1}), GLIA_INVALID_ARGUMENT,
            "more than memory holds");
    const auto nearest = [&](const glia_vectors &queries, const glia_nearest_args &args) {
        return glia_nearest(ctx, &right, &queries, &args, index.data(), out.data());
    };
    for (int64_t k : {INT64_C(0), INT64_C(-1), INT64_C(3)})
        refused(nearest(right, {.neighbors = k}), GLIA_INVALID_ARGUMENT, "neighbors is " + std::to_string(k));
    refused(nearest(right, {.neighbors = 1, .distance = glia_distance(2)}), GLIA_INVALID_ARGUMENT,
            "invalid distance 2");
    refused(nearest({values.data(), 1, 4}, {.neighbors = 1}), GLIA_SHAPE_MISMATCH, "the size 2, queries 4");
    values[3] = NAN;
    refused(nearest(right, {.neighbors = 1}), GLIA_NOT_FINITE, "element 1 of vector 1 of among is nan");
    refused(kmeans(right, {.clusters = 1}), GLIA_NOT_FINITE, "element 1 of vector 1 of x is nan");
}

TEST_F(Codes, out_of_memory_is_an_ordinary_error) {
    const std::vector<float> values = groups(30, 2);
    EXPECT_GE(fail_every_allocation([&](glia_context *c) {
                  const glia_vectors x{values.data(), 30, 2};
                  std::vector<float> centers(6);
                  std::vector<int64_t> index(30);
                  const glia_kmeans_args three{.clusters = 3};
                  const glia_nearest_args one{.neighbors = 1, .distance = GLIA_COSINE_DISTANCE};
                  glia_status status = glia_kmeans(c, &x, &three, centers.data(), nullptr, nullptr);
                  if (status == GLIA_OK) status = glia_nearest(c, &x, &x, &one, index.data(), nullptr);
                  return status;
              }),
              9);
}

}  // namespace
