// Steps that are launches in clusters: rows that no block has room for, recorded with a plan and replayed.
#include <cmath>

#include "support/devices.h"

namespace {

using namespace glia;

constexpr int ROWS = 2, COLUMNS = 12288;

// Softmax, its gradient, layer norm and cross entropy of rows, with the shared memory of a small block.
class LongRows {
   public:
    LongRows(const char *device, const std::string &settings, bool recorded)
        : emulator_("GLIA_EMULATOR", ("shared=40960" + settings).c_str()),
          log_("GLIA_LOG", recorded ? "plan" : "time"),  // times of single steps are those of launches
          computer_(device) {
        const glia_softmax_params softmax     = glia_softmax_defaults();
        const glia_layernorm_params layernorm = glia_layernorm_defaults();
        const glia_cross_entropy_params entropy{};
        glia_graph *graph = nullptr;
        EXPECT_EQ(glia_graph_create(computer_.ctx, &graph), GLIA_OK) << computer_.message();
        const glia_value x = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(ROWS, COLUMNS));
        glia_value in[]    = {x, x, {}}, out[3];
        out[0] = in[0] = glia_graph_call(graph, "softmax", &softmax, in, 1, nullptr, 0);
        in[0]          = glia_graph_call(graph, "softmax_backward", &softmax, in, 2, nullptr, 0);
        in[1]          = {};
        out[1]         = glia_graph_call(graph, "layernorm", &layernorm, in, 3, nullptr, 0);
        in[0] = out[1], in[1] = out[0];
        out[2] = glia_graph_call(graph, "cross_entropy", &entropy, in, 3, nullptr, 0);
        EXPECT_EQ(glia_plan_create(graph, out, 3, &plan_), GLIA_OK) << computer_.message();
        glia_graph_destroy(graph);
        keep_(plan_, glia_plan_destroy);
        x_          = zeros({ROWS, COLUMNS});
        results_[0] = zeros({ROWS, COLUMNS}), results_[1] = zeros({ROWS, COLUMNS}), results_[2] = zeros({});
    }

    // All results of a run, one after the other.
    std::vector<float> run(int seed) {
        std::vector<float> values(size_t(ROWS) * COLUMNS), all;
        for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(float(int(i) * (seed + 1)));
        EXPECT_EQ(glia_tensor_write(x_, values.data(), values.size() * sizeof(float)), GLIA_OK) << computer_.message();
        EXPECT_EQ(glia_plan_run(plan_, &x_, 1, results_, 3), GLIA_OK) << computer_.message();
        for (const glia_tensor *y : results_) {
            const std::vector<float> some = read<float>(y);
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }
    int recordings() const { return computer_.count("steps recorded as one"); }

   private:
    glia_tensor *zeros(const std::vector<int64_t> &dims) {
        size_t count = 1;
        for (int64_t dim : dims) count *= size_t(dim);
        return tensor_of(computer_.ctx, keep_, GLIA_F32, dims, std::vector<float>(count));
    }

    const Variable emulator_, log_;
    Computer computer_;
    Keep keep_;
    glia_plan *plan_ = nullptr;
    glia_tensor *x_ = nullptr, *results_[3] = {};
};

// One emulated GPU at a time: the settings are those of all.
std::vector<std::vector<float>> results_of(const char *device, bool recorded) {
    LongRows rows(device, "", recorded);
    std::vector<std::vector<float>> results;
    for (int run = 0; run < 4; ++run) results.push_back(rows.run(run));
    EXPECT_EQ(rows.recordings(), recorded) << "the second run";
    return results;
}

class CudaClusters : public OnDevice {};

TEST_P(CudaClusters, replayed_give_the_bits_of_launches) {
    EXPECT_EQ(results_of(device(), true), results_of(device(), false));
}

TEST_P(CudaClusters, give_the_same_bits_for_64_schedules) {
    const std::vector<float> clusters = LongRows(device(), "", false).run(0),
                             blocks   = LongRows(device(), ",cluster=1", false).run(0);
    EXPECT_NE(clusters, blocks) << "a block adds up a whole row in another order";
    for (size_t i = 0; i < blocks.size(); ++i) ASSERT_NEAR(clusters[i], blocks[i], 1e-3 * std::fabs(blocks[i])) << i;
    for (int seed = 1; seed <= 64; ++seed) {
        const std::string setting = ",schedule=shuffled,seed=" + std::to_string(seed);
        EXPECT_EQ(LongRows(device(), setting, false).run(0), clusters) << setting;
    }
}

GLI_ON_EMULATOR(CudaClusters);

}  // namespace
