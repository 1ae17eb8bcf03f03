// Profiles on every device: a GPU's time is that of its stream.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "support/call.h"
#include "support/environment.h"
#include "support/profiled.h"

namespace {

using namespace glia;

class OnDevice : public testing::TestWithParam<const char *> {
   protected:
    void SetUp() override {
        SmallTraining t(GetParam());
        if (t.created != GLIA_OK) GTEST_SKIP() << t.message();
    }
};
INSTANTIATE_TEST_SUITE_P(devices, OnDevice, testing::Values("cpu", "emulated", "cuda:0"),
                         [](const auto &info) { return std::string(info.param, strcspn(info.param, ":")); });

TEST_P(OnDevice, has_a_row_for_each_layer_and_direction) {
    SmallTraining t(GetParam());
    Profile p(t.ctx);
    train(t);
    p.end();
    for (const char *layer : {"hidden", "logits"})
        for (glia_direction direction : {GLIA_DIRECTION_FORWARD, GLIA_DIRECTION_BACKWARD}) {
            const glia_profile_row row = p.row(layer, direction);
            EXPECT_GT(row.runs, 0) << layer;
            EXPECT_GT(row.seconds, 0) << layer;
            EXPECT_GT(row.roof, 0) << layer;
            EXPECT_GT(row.bytes, 0) << layer;
            EXPECT_NE(std::string(row.provider), "") << layer;
        }
    EXPECT_STREQ(p.row("optimizer", GLIA_DIRECTION_UPDATE).op, "adam");
    EXPECT_GT(p.info().events, 0);
    EXPECT_EQ(p.info().lost, 0);
}

TEST_P(OnDevice, has_rows_that_add_up_to_its_seconds) {
    SmallTraining t(GetParam());
    Profile p(t.ctx);
    train(t, 5);
    p.end();
    double sum = 0;
    for (const glia_profile_row &row : p.rows()) {
        EXPECT_GE(row.seconds, 0) << row.layer;
        sum += row.seconds;
    }
    EXPECT_NEAR(sum, p.info().seconds, 1e-6 + 0.01 * p.info().seconds);
    EXPECT_STREQ(p.rows().back().layer, "other");
}

TEST_P(OnDevice, changes_no_bit_of_a_training) {
    SmallTraining with_profile(GetParam()), without(GetParam());
    Profile p(with_profile.ctx);
    train(with_profile);
    p.end();
    train(without);
    EXPECT_EQ(with_profile.states(), without.states());
}

// Recorded plans of a GPU are launched op by op while there is a profile, and replayed again after it.
TEST_P(OnDevice, begins_and_ends_between_steps) {
    SmallTraining t(GetParam()), without(GetParam());
    train(t, 3);
    {
        Profile p(t.ctx);
        ASSERT_EQ(t.fit(epochs(1)), GLIA_OK) << t.message();
        p.end();
        EXPECT_EQ(p.row("hidden", GLIA_DIRECTION_FORWARD).runs, 3);
    }
    ASSERT_EQ(t.fit(epochs(1)), GLIA_OK) << t.message();
    train(without, 3);
    for (int i = 0; i < 2; ++i) ASSERT_EQ(without.fit(epochs(1)), GLIA_OK) << without.message();
    EXPECT_EQ(t.states(), without.states());
}

// More ops than a pool of marks has room for.
TEST_P(OnDevice, counts_more_ops_than_a_pool_has_marks) {
    constexpr int kOps = GLI_TRACE_MARKS / 2 + 500;
    Session s("", GetParam());
    glia_tensor *x = s.tensor({{8}, {}, GLIA_F32}), *y = s.tensor({{8}, {}, GLIA_F32});
    Profile p(s.ctx());
    for (int i = 0; i < kOps; ++i) ASSERT_EQ(glia_unary(s.ctx(), &kRelu, x, y), GLIA_OK) << glia_message(s.ctx());
    p.end();
    const glia_profile_row row = p.row("unary", GLIA_DIRECTION_FORWARD);
    EXPECT_EQ(row.runs, kOps);
    EXPECT_EQ(p.info().lost, 0);
    EXPECT_LE(row.seconds, p.info().seconds);
    const gli_trace &t = p.get()->trace;
    for (int64_t i = 1; i < t.n_events; ++i) EXPECT_GE(t.events[i].start, t.events[i - 1].start - 1e-5) << i;
}

// Any call of CUDA fails, out of memory or for good: it fails a call of ours, or costs an event.
TEST(ProfileFaults, of_a_gpu_cost_events_or_fail) {
    if (SmallTraining("emulated").created != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    int lost = 0, failed = 0;
    for (const char *error : {":2", ":700"})
        for (int call = 100; call < 3000; call += 197) {
            const Variable variable("GLIA_CUDA_FAIL", (std::to_string(call) + error).c_str());
            glia_context *ctx     = nullptr;
            glia_tensor *x        = nullptr;
            glia_profile *profile = nullptr;
            ASSERT_EQ(glia_context_create("emulated", nullptr, &ctx), GLIA_OK) << glia_message(nullptr);
            ASSERT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(8), &x), GLIA_OK) << glia_message(ctx);
            glia_status status = glia_profile_begin(ctx, &kRoof, &profile);
            for (int i = 0; i < 600 && status == GLIA_OK; ++i) status = glia_unary(ctx, &kRelu, x, x);
            if (status == GLIA_OK) status = glia_profile_end(profile);
            failed += status != GLIA_OK;
            if (status == GLIA_OK) {
                const glia_profile_info info = glia_profile_get_info(profile);
                EXPECT_EQ(info.events + info.lost, 600) << call << error;
                lost += info.lost > 0;
            }
            glia_profile_destroy(profile);
            glia_tensor_destroy(x);
            glia_context_destroy(ctx);
        }
    EXPECT_GT(failed, 0);
    EXPECT_GT(lost, 0);
}

TEST_P(OnDevice, writes_a_thread_for_the_host_and_one_for_a_stream) {
    if (!has_python()) GTEST_SKIP() << "no python3";
    SmallTraining t(GetParam());
    Profile p(t.ctx);
    train(t);
    p.end();
    const std::string ops = std::string(GetParam()) == "cpu" ? "1" : "2";
    EXPECT_EQ(python(p.trace(), R"(
ops = [e for e in d['traceEvents'] if e['ph'] == 'X']
assert {e['tid'] for e in ops if e['cat'] == 'host'} == {1}
assert {e['tid'] for e in ops if e['cat'] != 'host'} == {)" +
                                    ops + R"(}
threads = [e['tid'] for e in d['traceEvents'] if e['name'] == 'thread_name']
assert sorted(threads) == list(range(1, )" +
                                    ops + R"( + 1)), threads
)"),
              "");
}

}  // namespace
