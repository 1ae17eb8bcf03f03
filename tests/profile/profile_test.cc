// Profiles: rows, shares of the roof, the trace file, and that nothing else changes.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/call.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/profiled.h"
#include "support/suite.h"

namespace {

using namespace glia;

TEST(Profile, has_rows_of_what_the_host_does) {
    SmallTraining t("cpu");
    Profile p(t.ctx);
    t.build();
    t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    glia_fit_args args             = epochs(2);
    args.callbacks[0].on_batch_end = [](void *, const glia_event *) { return GLIA_OK; };
    ASSERT_EQ(t.fit(args), GLIA_OK) << t.message();
    p.end();
    for (const char *name : {"data", "planning", "metrics", "callbacks", "other"})
        EXPECT_TRUE(p.has(name, GLIA_DIRECTION_HOST)) << name;
}

// --- FLOP and bytes ---

// The FLOP of a layer in one step of a batch, forward and backward. build gets an input of the shape.
void expect_flops(glia_shape shape, const std::function<glia_value(glia_model *, glia_value)> &build, double forward,
                  double backward) {
    constexpr int kBatch = 4;
    glia_context_args context{};
    context.threads   = 1;
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;
    ASSERT_EQ(glia_context_create("cpu", &context, &ctx), GLIA_OK);
    ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    glia_value x = glia_model_input(net, "x", shape);
    /* before the layer something has weights, so that its input has a gradient */
    x                  = glia_model_prelu(net, x, nullptr);
    const glia_value y = glia_model_flatten(net, build(net, x), nullptr);
    glia_compile_args compile{};
    compile.loss = glia_loss_mse();
    ASSERT_EQ(glia_model_compile(net, y, &compile), GLIA_OK) << glia_message(ctx);
    int64_t inputs = kBatch, outputs = kBatch;
    for (int i = 0; i < shape.ndim; ++i) inputs *= shape.dim[i];
    const glia_field last = glia_model_layer(net, glia_model_layer_count(net) - 1);
    for (int i = 0; i < last.shape.ndim; ++i) outputs *= last.shape.dim[i];
    const std::vector<float> in(size_t(inputs), 0.5F), target(size_t(outputs), 0.25F);
    glia_array input{}, wanted{};
    input.dtype = wanted.dtype = GLIA_F32;
    input.shape = shape, input.data = in.data(), wanted.shape = last.shape, wanted.data = target.data();
    glia_arrays_args arrays{};
    arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = &wanted, arrays.n_targets = 1, arrays.count = kBatch;
    glia_dataset *data = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK) << glia_message(ctx);
    {
        Profile p(ctx);
        glia_fit_args args{};
        args.batch_size = kBatch;
        ASSERT_EQ(glia_model_fit(net, data, &args), GLIA_OK) << glia_message(ctx);
        p.end();
        double of[2] = {};
        for (const glia_profile_row &row : p.rows())
            if (std::string(row.layer) == "it" && row.direction <= GLIA_DIRECTION_BACKWARD)
                of[row.direction] = row.flops;
        EXPECT_EQ(of[0], forward);
        EXPECT_EQ(of[1], backward);
    }
    glia_dataset_destroy(data);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
}

TEST(ProfileFlops, of_dense) {
    const double forward = 2.0 * 4 * 5 * 7;
    expect_flops(
        GLIA_SHAPE(5),
        [](glia_model *net, glia_value x) {
            return glia_model_dense(net, x, with(glia_dense_args{.name = "it", .units = 7}));
        },
        forward, 2 * forward);
}

TEST(ProfileFlops, of_conv2d) {
    const double forward = 2.0 * (4 * 6 * 3 * 3) * (2 * 3 * 3); /* the outputs, and the products of each */
    expect_flops(
        GLIA_SHAPE(2, 5, 5),
        [](glia_model *net, glia_value x) {
            return glia_model_conv2d(
                net, x, with(glia_conv2d_args{.name = "it", .filters = 6, .kernel = {3, 3}, .no_bias = true}));
        },
        forward, 2 * forward);
}

TEST(ProfileFlops, of_lstm) {
    const double forward = 2.0 * 4 * 6 * (4 * 5) * (3 + 5); /* batch, steps, gates of the units, input and state */
    expect_flops(
        GLIA_SHAPE(6, 3),
        [](glia_model *net, glia_value x) {
            return glia_model_lstm(net, x, with(glia_lstm_args{.name = "it", .units = 5}));
        },
        forward, 2 * forward);
}

// Each op has an answer for each of its cases: bytes always, FLOP unless it only moves elements.
TEST(ProfileWork, of_every_op) {
    const std::set<std::string> moves = {
        "reshape", "transpose", "concat",  "slice",      "slice_backward",   "cast",       "pad",
        "expand",  "gather",    "one_hot", "take_batch", "sequence_lengths", "mask_steps", "cross_entropy_backward"};
    std::set<std::string> seen;
    for (const Case &c : all_cases()) {
        if (c.bench) continue;
        Session session("cpu.ref");
        std::vector<const glia_tensor *> in;
        for (size_t i = 0; i < c.inputs.size(); ++i)
            in.push_back(session.tensor(
                {c.inputs[i].dims, {}, dtype_of(c, i, GLIA_F32), c.inputs[i].content == Content::absent}));
        alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
        gli_resolution r;
        if (gli_resolve(session.ctx(), c.op, c.params.data(), int(in.size()), in.data(), geom, &r) != GLIA_OK) continue;
        gli_call call{};
        call.ctx = session.ctx(), call.op = c.op, call.geom = geom, call.n_in = int(in.size());
        double elements = 0, written = 0;
        for (size_t i = 0; i < in.size(); ++i) {
            call.in[i] = in[i];
            if (in[i]) elements += double(gli_count(in[i]));
        }
        for (int o = 0; o < c.op->n_outputs; ++o) {
            call.out[o] = &r.out[o];
            written += double(gli_count(&r.out[o]));
        }
        const gli_work work = gli_call_work(&call);
        if (written == 0) continue;
        seen.insert(c.op->name);
        EXPECT_TRUE(std::isfinite(work.flops) && work.flops >= 0) << c.op->name;
        EXPECT_TRUE(std::isfinite(work.bytes) && work.bytes > 0) << c.op->name;
        EXPECT_LE(work.bytes, 8 * (elements + written)) << c.op->name;
        EXPECT_TRUE(c.op->cost || moves.count(c.op->name)) << c.op->name << " has no cost, and computes";
    }
    for (const gli_op *const *op = gli_ops; *op; ++op) EXPECT_TRUE(seen.count((*op)->name)) << (*op)->name;
}

TEST(ProfileWork, is_of_one_site_whatever_the_seed) {
    Session s("");
    glia_tensor *y = s.tensor({{8}, {}, GLIA_F32});
    Profile p(s.ctx());
    for (int i = 0; i < 20; ++i) {
        glia_random_fill_params params = glia_random_fill_defaults();
        params.shape = GLIA_SHAPE(8), params.seed = uint64_t(i);
        ASSERT_EQ(glia_random_fill(s.ctx(), &params, y), GLIA_OK) << glia_message(s.ctx());
    }
    p.end();
    EXPECT_EQ(p.row("random_fill", GLIA_DIRECTION_FORWARD).runs, 20);
    EXPECT_EQ(p.get()->trace.n_sites, 1);
}

// Windows change the work and not the shapes.
TEST(ProfileWork, is_of_each_call_where_shapes_are_the_same) {
    Session s("");
    glia_tensor *x = s.tensor({{1, 1, 8, 8}, {}, GLIA_F32}), *y = s.tensor({{1, 1, 8, 8}, {}, GLIA_F32});
    Profile p(s.ctx());
    for (const int half : {0, 1, 2}) {
        glia_max_pool2d_params params = glia_max_pool2d_defaults(2 * half + 1, 2 * half + 1);
        params.stride[0] = params.stride[1] = 1;
        for (int side = 0; side < 2; ++side) params.pad[side] = params.pad_end[side] = half;
        ASSERT_EQ(glia_max_pool2d(s.ctx(), &params, x, y, nullptr), GLIA_OK) << glia_message(s.ctx());
    }
    p.end();
    EXPECT_EQ(p.row("max_pool2d", GLIA_DIRECTION_FORWARD).flops, 8 * 8 * (1 + 3 * 3 + 5 * 5));
}

TEST(ProfileWork, counts_the_part_that_a_gather_takes) {
    Session s("");
    glia_tensor *table = s.tensor({{1000, 3}, {}, GLIA_F32}), *index = s.tensor({{2}, {}, GLIA_I64}),
                *y = s.tensor({{2, 3}, {}, GLIA_F32});
    Profile p(s.ctx());
    ASSERT_EQ(glia_gather(s.ctx(), nullptr, table, index, y), GLIA_OK) << glia_message(s.ctx());
    p.end();
    EXPECT_EQ(p.row("gather", GLIA_DIRECTION_FORWARD).bytes, 2 * 3 * 4 + 2 * 3 * 4 + 2 * 8);
}

// --- The roof ---

TEST(ProfileRoof, is_the_longer_of_two_times_by_the_time_taken) {
    Session s("");
    glia_tensor *x = s.tensor({{256}, {}, GLIA_F32}), *y = s.tensor({{256}, {}, GLIA_F32});
    Profile p(s.ctx(), {.peak_flops = 1e6, .peak_bytes = 1e6});
    for (int i = 0; i < 3; ++i) ASSERT_EQ(glia_unary(s.ctx(), &kRelu, x, y), GLIA_OK) << glia_message(s.ctx());
    p.end();
    const glia_profile_row row = p.row("unary", GLIA_DIRECTION_FORWARD);
    EXPECT_EQ(row.runs, 3);
    EXPECT_EQ(row.flops, 3 * 256);
    EXPECT_EQ(row.bytes, 3 * 2 * 4 * 256);
    EXPECT_NEAR(row.roof * row.seconds, row.bytes / 1e6, 1e-9);
}

TEST(ProfileRoof, is_measured_where_it_is_not_given) {
    Session s("");
    Profile p(s.ctx(), {});
    p.end();
    EXPECT_GT(p.info().peak_flops, 1e7);
    EXPECT_GT(p.info().peak_bytes, 1e7);
    Profile given(s.ctx(), {.peak_bytes = 5});
    given.end();
    EXPECT_EQ(given.info().peak_bytes, 5);
    EXPECT_GT(given.info().peak_flops, 1e7);
}

// --- The table ---

TEST(ProfileTable, has_a_line_for_each_row_longest_first) {
    SmallTraining t("cpu");
    Profile p(t.ctx);
    train(t);
    p.end();
    FILE *file = tmpfile();
    ASSERT_EQ(glia_profile_print(p.get(), file), GLIA_OK) << t.message();
    rewind(file);
    std::vector<std::string> lines;
    char line[512];
    while (fgets(line, sizeof line, file)) lines.push_back(line);
    fclose(file);
    ASSERT_EQ(lines.size(), p.rows().size() + 2);
    EXPECT_EQ(lines.front().rfind("layer ", 0), 0u) << lines.front();
    EXPECT_EQ(lines[lines.size() - 2].rfind("other ", 0), 0u);
    EXPECT_NE(lines.back().find("GB/s; "), std::string::npos) << lines.back();
    FILE *full = fopen("/dev/full", "w");
    if (!full) return;
    EXPECT_EQ(glia_profile_print(p.get(), full), GLIA_IO_ERROR);
    fclose(full);
}

// --- The trace ---

TEST(ProfileTrace, is_json_with_any_name) {
    if (!has_python()) GTEST_SKIP() << "no python3";
    SmallTraining t("cpu");
    glia_value h = glia_model_input(t.net, "x", GLIA_SHAPE(SmallTraining::kInputs));
    h            = glia_model_dense(t.net, h,
                                    with(glia_dense_args{.name = "a \"quoted\" \\ 'layer' \xC3\xA4\xE2\x82\xAC", .units = 4}));
    t.output     = glia_model_dense(t.net, h, with(glia_dense_args{.name = "logits", .units = 3}));
    t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    Profile p(t.ctx);
    ASSERT_EQ(t.fit(epochs(2)), GLIA_OK) << t.message();
    p.end();
    EXPECT_EQ(python(p.trace(), R"(
events = d['traceEvents']
ops = [e for e in events if e['ph'] == 'X']
assert ops and all(e['ph'] in 'XM' for e in events)
for e in ops:
    assert e['ts'] >= 0 and e['dur'] >= 0 and e['pid'] == 1 and e['tid'] == 1, e
    if e['cat'] != 'host':
        assert set(e['args']) == {'layer', 'direction', 'op', 'provider', 'shapes', 'flop', 'bytes'}, e
odd = [e for e in ops if e['name'] == 'a "quoted" \\ \'layer\' \u00e4\u20ac']
assert {e['cat'] for e in odd} == {'forward', 'backward'}, odd
assert any(e['args']['shapes'] == 'f32[8,3] f32[4,3] f32[4] -> f32[8,4]' for e in odd), odd
# events of a thread nest: none begins within another and ends after it
open_ = []
for e in sorted(ops, key=lambda e: (e['ts'], -e['dur'])):
    while open_ and open_[-1] <= e['ts'] + 1e-3: open_.pop()
    assert not open_ or e['ts'] + e['dur'] <= open_[-1] + 1e-3, e
    open_.append(e['ts'] + e['dur'])
)"),
              "");
}

TEST(ProfileTrace, keeps_the_last_events_and_counts_the_others) {
    Session s("");
    glia_tensor *x = s.tensor({{8}, {}, GLIA_F32}), *y = s.tensor({{8}, {}, GLIA_F32});
    Profile p(s.ctx(), {.peak_flops = 1, .peak_bytes = 1, .max_events = 5});
    for (int i = 0; i < 12; ++i) ASSERT_EQ(glia_unary(s.ctx(), &kRelu, x, y), GLIA_OK) << glia_message(s.ctx());
    ASSERT_EQ(glia_softmax(s.ctx(), nullptr, x, y), GLIA_OK) << glia_message(s.ctx());
    p.end();
    EXPECT_EQ(p.info().events, 13);
    EXPECT_EQ(p.info().dropped, 8);
    EXPECT_EQ(p.row("unary", GLIA_DIRECTION_FORWARD).runs, 12);
    const std::string text = p.trace();
    size_t events          = 0;
    for (size_t at = 0; (at = text.find("\"ph\":\"X\"", at)) != std::string::npos; ++at) ++events;
    EXPECT_EQ(events, 5u);
    EXPECT_NE(text.find("softmax"), std::string::npos);
}

TEST(ProfileTrace, says_which_file_it_cannot_write) {
    Session s("");
    Profile p(s.ctx());
    p.end();
    EXPECT_NE(glia_profile_write_trace(p.get(), "/nowhere/trace.json"), GLIA_OK);
    EXPECT_NE(std::string(glia_message(s.ctx())).find("/nowhere/trace.json"), std::string::npos);
}

// --- Life ---

TEST(ProfileLife, is_one_at_a_time) {
    Session s("");
    Profile p(s.ctx());
    glia_profile *second = nullptr;
    EXPECT_EQ(glia_profile_begin(s.ctx(), &kRoof, &second), GLIA_BUSY);
    EXPECT_EQ(second, nullptr);
    glia_profile *kept = p.get(); /* a failure leaves the variable as it was */
    EXPECT_EQ(glia_profile_begin(s.ctx(), &kRoof, &kept), GLIA_BUSY);
    EXPECT_EQ(kept, p.get());
    p.end();
    EXPECT_EQ(glia_profile_begin(s.ctx(), &kRoof, &second), GLIA_OK) << glia_message(s.ctx());
    glia_profile_destroy(second); /* it has not ended */
    EXPECT_EQ(s.ctx()->trace, nullptr);
}

TEST(ProfileLife, is_read_after_its_end) {
    Session s("");
    Profile p(s.ctx());
    EXPECT_EQ(p.info().seconds, 0);
    EXPECT_EQ(glia_profile_row_count(p.get()), 0);
    EXPECT_EQ(glia_profile_print(p.get(), stderr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_profile_write_trace(p.get(), "x"), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(std::string(glia_message(s.ctx())).find("has not ended"), std::string::npos);
}

TEST(ProfileLife, outlives_model_and_context) {
    glia_profile *profile = nullptr;
    {
        SmallTraining t("cpu");
        ASSERT_EQ(glia_profile_begin(t.ctx, &kRoof, &profile), GLIA_OK) << t.message();
        train(t);
    }
    EXPECT_EQ(glia_profile_end(profile), GLIA_OK);
    EXPECT_GT(glia_profile_row_count(profile), 4);
    EXPECT_STREQ(glia_profile_get_row(profile, glia_profile_row_count(profile) - 1).layer, "other");
    glia_profile_destroy(profile);
}

// Other plans lie where those of a model lay that was destroyed.
TEST(ProfileLife, knows_models_apart_that_follow_each_other) {
    Session s("");
    Profile p(s.ctx());
    for (const char *name : {"first", "second", "third"}) {
        glia_model *net = nullptr;
        ASSERT_EQ(glia_model_create(s.ctx(), nullptr, &net), GLIA_OK);
        const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(3));
        glia_compile_args compile{};
        ASSERT_EQ(glia_model_compile(net, glia_model_dense(net, x, with(glia_dense_args{.name = name, .units = 2})),
                                     &compile),
                  GLIA_OK)
            << glia_message(s.ctx());
        float in[3] = {1, 2, 3}, out[2];
        ASSERT_EQ(glia_model_predict_array(net, in, sizeof in, 1, out, sizeof out), GLIA_OK) << glia_message(s.ctx());
        glia_model_destroy(net);
    }
    p.end();
    for (const char *name : {"first", "second", "third"})
        EXPECT_EQ(p.row(name, GLIA_DIRECTION_FORWARD).flops, 2 * 3 * 2) << name;
}

// A callback ends one profile and begins another in the middle of what both record.
TEST(ProfileLife, ends_and_begins_in_a_callback) {
    struct State {
        glia_context *ctx;
        glia_profile *profile;
    };
    SmallTraining t("cpu");
    State state{t.ctx, nullptr};
    ASSERT_EQ(glia_profile_begin(t.ctx, &kRoof, &state.profile), GLIA_OK);
    t.build();
    t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    glia_fit_args args             = epochs(4);
    args.callbacks[0].user         = &state;
    args.callbacks[0].on_epoch_end = [](void *user, const glia_event *) {
        State *s = static_cast<State *>(user);
        EXPECT_EQ(glia_profile_end(s->profile), GLIA_OK);
        EXPECT_GT(glia_profile_row_count(s->profile), 4);
        glia_profile_destroy(s->profile);
        return glia_profile_begin(s->ctx, &kRoof, &s->profile);
    };
    ASSERT_EQ(t.fit(args), GLIA_OK) << t.message();
    EXPECT_EQ(glia_profile_end(state.profile), GLIA_OK);
    glia_profile_destroy(state.profile);
}

// The same from within an op: it is in no profile, since the one that it began in has ended.
TEST(ProfileLife, ends_in_an_op) {
    static glia_profile *profile;
    const glia_custom_op op{.name = "ends", .n_in = 1, .n_out = 1, .forward = [](glia_custom_call *) {
                                EXPECT_EQ(glia_profile_end(profile), GLIA_OK);
                                glia_profile_destroy(profile);
                                return GLIA_OK;
                            }};
    Session s("");
    const glia_tensor *x = s.tensor({{2}, {}, GLIA_F32});
    glia_tensor *y       = s.tensor({{2}, {}, GLIA_F32});
    ASSERT_EQ(glia_profile_begin(s.ctx(), &kRoof, &profile), GLIA_OK);
    const glia_custom_params params{.op = &op};
    EXPECT_EQ(glia_custom(s.ctx(), &params, &x, 1, &y, 1), GLIA_OK) << glia_message(s.ctx());
    EXPECT_EQ(s.ctx()->trace, nullptr);
}

TEST(ProfileLife, refuses_another_thread_while_the_context_is_in_use) {
    SmallTraining t("cpu");
    Profile p(t.ctx);
    t.build();
    t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    glia_fit_args args             = epochs(1);
    args.callbacks[0].user         = p.get();
    args.callbacks[0].on_epoch_end = [](void *user, const glia_event *) {
        std::thread([=] { EXPECT_EQ(glia_profile_end(static_cast<glia_profile *>(user)), GLIA_BUSY); }).join();
        return GLIA_OK;
    };
    ASSERT_EQ(t.fit(args), GLIA_OK) << t.message();
    p.end();
}

// Where memory ends, begin, end, table and file say so and give back what they had; events go on without a site.
TEST(ProfileLife, runs_out_of_memory) {
    const std::string path = testing::TempDir() + "profile_test_memory.json";
    EXPECT_GT(fail_every_allocation([&](glia_context *ctx) {
                  glia_profile *profile = nullptr;
                  glia_status status    = glia_profile_begin(ctx, &kRoof, &profile);
                  if (status == GLIA_OK) status = glia_profile_end(profile);
                  FILE *file = tmpfile();
                  if (status == GLIA_OK) status = glia_profile_print(profile, file);
                  if (status == GLIA_OK) status = glia_profile_write_trace(profile, path.c_str());
                  fclose(file);
                  glia_profile_destroy(profile);
                  return status;
              }),
              4);
    std::filesystem::remove(path);
}

TEST(ProfileLife, loses_events_that_there_is_no_memory_for) {
    FailingAllocator allocator;
    glia_context_args args{};
    args.allocator = allocator.api(), args.threads = 1;
    glia_context *ctx = nullptr;
    ASSERT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
    glia_tensor *x = nullptr;
    ASSERT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(8), &x), GLIA_OK);
    {
        Profile p(ctx);
        allocator.left = 0;
        EXPECT_EQ(glia_unary(ctx, &kRelu, x, x), GLIA_OK) << glia_message(ctx);
        EXPECT_STREQ(glia_message(ctx), "");
        allocator.left = -1;
        EXPECT_EQ(glia_unary(ctx, &kRelu, x, x), GLIA_OK) << glia_message(ctx);
        p.end();
        EXPECT_EQ(p.info().lost, 1);
        EXPECT_EQ(p.row("unary", GLIA_DIRECTION_FORWARD).runs, 1);
    }
    glia_tensor_destroy(x);
    glia_context_destroy(ctx);
    EXPECT_EQ(allocator.bytes, 0u);
}

}  // namespace
