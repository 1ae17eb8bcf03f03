// What a model's file says beside the layers: outputs, losses, optimizers, what is frozen, how far training has come.
#include <cmath>

#include "model_file/computer.h"
#include "support/comma.h"

extern "C" {
#include "nn/model_impl.h"
}

namespace {

using namespace glia;

// Saves, loads into another context, and expects the same file, predictions and training.
void expect_round_trip(Computer &saved, const glia_model_load_args *args = nullptr) {
    const Path path, again("again");
    Computer loaded("cpu", 6);
    ASSERT_EQ(glia_model_save(saved.net, path.get()), GLIA_OK) << saved.message();
    ASSERT_EQ(loaded.load(path, args), GLIA_OK) << loaded.message();
    ASSERT_EQ(glia_model_save(loaded.net, again.get()), GLIA_OK) << loaded.message();
    EXPECT_EQ(path.content(), again.content());
    EXPECT_EQ(loaded.states(), saved.states());
    EXPECT_EQ(glia_model_learning_rate(loaded.net), glia_model_learning_rate(saved.net));
    if (!saved.data) return;
    loaded.like(saved);
    EXPECT_EQ(loaded.predict(), saved.predict());
    for (Computer *c : {&saved, &loaded}) c->fit(2);
    EXPECT_EQ(loaded.states(), saved.states());
}

glia_value dense(glia_model *net, glia_value x, const char *name, int units, bool frozen = false) {
    return glia_model_dense(net, x, with(glia_dense_args{.name = name, .units = units, .frozen = frozen}));
}

// What is added to one of these has to be written by src/model_file, and read; then this number follows.
TEST(TrainingFile, KnowsAllThatItHasToWrite) {
    EXPECT_EQ(sizeof(glia_compile_args), 208u);
    EXPECT_EQ(sizeof(glia_output_args), 104u);
    EXPECT_EQ(sizeof(gli_weight), 272u);
    EXPECT_EQ(sizeof(gli_model_node), 240u);
    EXPECT_EQ(sizeof(gli_layer), 216u);
}

// ---- Optimizers, clipping ----

glia_optimizer centered() {
    glia_optimizer o   = glia_optimizer_rmsprop(0.003);
    o.rmsprop.momentum = 0.5, o.rmsprop.centered = true, o.rmsprop.epsilon = 1e-5;
    return o;
}

glia_optimizer odd_adam() {
    glia_optimizer o = glia_optimizer_adamw(0.1 + 0.2, 1. / 3);
    o.adam.beta1 = 0.1, o.adam.l1 = 1e-300;
    return o;
}

TEST(TrainingFile, HasTheOptimizer) {
    const glia_optimizer optimizers[] = {glia_optimizer_sgd(0.1),        glia_optimizer_momentum(0.1, 0.9),
                                         glia_optimizer_nesterov(1, .7), glia_optimizer_adagrad(0.2),
                                         glia_optimizer_rmsprop(0.01),   centered(),
                                         glia_optimizer_adam(0),         odd_adam()};
    for (const glia_optimizer &optimizer : optimizers) {
        Computer c("cpu");
        glia_model *net    = c.create();
        const glia_value y = dense(net, dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "a", 4), "b", 2);
        const glia_compile_args args{.loss             = glia_loss_mse(),
                                     .optimizer        = optimizer,
                                     .clip_value       = 0.1,
                                     .clip_norm        = 1. / 7,
                                     .clip_global_norm = 1e30};
        ASSERT_EQ(glia_model_compile(net, y, &args), GLIA_OK) << c.message();
        c.samples(GLIA_F32, GLIA_SHAPE(3));
        c.fit(1);
        ASSERT_EQ(glia_model_set_learning_rate(net, 0.0123), GLIA_OK);
        expect_round_trip(c);
    }
}

// ---- Losses, metrics, outputs ----

TEST(TrainingFile, HasLossesAndMetrics) {
    const double weights[]    = {0.25, 1. / 3};
    glia_model_loss entropy   = glia_loss_cross_entropy();
    entropy.classes           = {.label_smoothing = 0.1, .ignore = true, .ignore_index = -100, .class_weight = weights};
    glia_model_loss part      = glia_loss_mae();
    part.weight               = GLIA_SET(0);
    glia_model_loss total     = glia_loss_huber(0.3);
    total.reduction           = GLIA_REDUCTION_SUM;
    glia_model_loss logarithm = glia_loss_kl();
    logarithm.log_target      = true;
    glia_model_loss focal = glia_loss_focal(), dice = glia_loss_dice();
    focal.focal.gamma = 1. / 3, focal.focal.alpha = -1, dice.smooth = 0.1;
    Computer c("cpu");
    glia_model *net    = c.create();
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(3)), y = dense(net, x, "y", 2);
    const glia_output_args outputs[] = {
        {.loss = entropy, .metrics = {GLIA_METRIC_TOP_K, GLIA_METRIC_ACCURACY}, .top_k = 1},
        {.loss = part, .metrics = {GLIA_METRIC_NONE}, .sample_weights = true},
        {.loss = total, .metrics = {GLIA_METRIC_MSE, GLIA_METRIC_NONE, GLIA_METRIC_MAE}},
        {},
        {.loss = logarithm, .name = "lögarithm"},
        {.loss = glia_loss_bce_logits(), .metrics = {GLIA_METRIC_F1_WEIGHTED, GLIA_METRIC_R2, GLIA_METRIC_AUC}},
        {.loss = focal}};
    const glia_output_args of_areas{.loss = dice, .metrics = {GLIA_METRIC_IOU, GLIA_METRIC_IOU_MICRO}};
    const glia_activation_args sigmoid{.kind = GLIA_SIGMOID};
    for (const glia_output_args &args : outputs) ASSERT_EQ(glia_model_output(net, y, &args), GLIA_OK) << c.message();
    ASSERT_EQ(glia_model_output(net, glia_model_activation(net, y, &sigmoid), &of_areas), GLIA_OK) << c.message();
    ASSERT_EQ(glia_model_compile(net, {}, nullptr), GLIA_OK) << c.message();
    expect_round_trip(c);
}

TEST(TrainingFile, HasClassWeights) {
    const double weights[]  = {0.25, 1. / 3};
    glia_model_loss entropy = glia_loss_cross_entropy();
    entropy.classes         = {.label_smoothing = 0.1, .class_weight = weights};
    Computer c("cpu");
    glia_model *net    = c.create();
    const glia_value y = dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "y", 2);
    ASSERT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = entropy})), GLIA_OK) << c.message();
    c.samples(GLIA_F32, GLIA_SHAPE(3), GLIA_I64);
    c.fit(1);
    expect_round_trip(c);
}

// The file has as many scores as the epoch has had samples.
TEST(TrainingFile, HasTheScoresOfAnEpoch) {
    Computer c("cpu");
    glia_model *net    = c.create();
    const glia_value y = dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "y", 2);
    const glia_compile_args args{.loss    = glia_loss_cross_entropy(),
                                 .metrics = {GLIA_METRIC_AUC, GLIA_METRIC_F1, GLIA_METRIC_PRECISION_MICRO}};
    ASSERT_EQ(glia_model_compile(net, y, &args), GLIA_OK) << c.message();
    c.samples(GLIA_F32, GLIA_SHAPE(3), GLIA_I64);
    const glia_callback stop{
        .on_batch_end = [](void *, const glia_event *event) { return glia_trainer_stop(event->trainer), GLIA_OK; }};
    const glia_fit_args one{.epochs = 2, .batch_size = kBatch, .in_order = true, .callbacks = {stop}};
    ASSERT_EQ(glia_model_fit(net, c.data, &one), GLIA_OK) << c.message();
    glia_state_info scores;
    ASSERT_EQ(glia_model_state_info(net, "glia/scores", &scores), GLIA_OK) << c.message();
    EXPECT_EQ(scores.shape.dim[0], 2 * kBatch);
    expect_round_trip(c);
}

// ---- What differs from weight to weight, and their average ----

TEST(TrainingFile, HasTheRulesOfWeightsAndTheirAverage) {
    Computer c("cpu");
    glia_model *net    = c.create();
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(3));
    const glia_value n = glia_model_batchnorm(net, dense(net, x, "a", 4), with(glia_batchnorm_args{.name = "n"}));
    const glia_value y = dense(net, n, "y", 2);
    for (const char *name : {"a", "n"}) ASSERT_EQ(glia_model_set_rate_scale(net, name, 0.1), GLIA_OK) << c.message();
    ASSERT_EQ(glia_model_set_penalties(net, "y.bias", 0, 1. / 3), GLIA_OK) << c.message();
    const glia_compile_args args{.loss           = glia_loss_mse(),
                                 .optimizer      = glia_optimizer_adamw(0.01, 0.1),
                                 .average_decay  = 0.9,
                                 .average_warmup = true};
    ASSERT_EQ(glia_model_compile(net, y, &args), GLIA_OK) << c.message();
    c.samples(GLIA_F32, GLIA_SHAPE(3));
    c.fit(1);
    expect_round_trip(c);
    ASSERT_EQ(glia_model_use_average(net, true), GLIA_OK) << c.message();
    const Path path;
    EXPECT_EQ(glia_model_save(net, path.get()), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(c.message().find("glia_model_save: the averages are in the place of the weights"), string::npos);
}

// ---- What is frozen ----

TEST(TrainingFile, HasWhatTheLastCompileFroze) {
    Computer c("cpu");
    glia_model *net    = c.create();
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(3));
    const glia_value h = glia_model_batchnorm(net, dense(net, x, "a", 4, true), with(glia_batchnorm_args{.name = "n"}));
    ASSERT_EQ(glia_model_freeze(net, "n", true), GLIA_OK);
    const glia_value y = dense(net, h, "y", 2);
    ASSERT_EQ(glia_model_freeze(net, "y.bias", true), GLIA_OK);
    ASSERT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_mse()})), GLIA_OK) << c.message();
    c.samples(GLIA_F32, GLIA_SHAPE(3));
    c.fit(1);
    for (const char *name : {"a", "n", "y"}) ASSERT_EQ(glia_model_freeze(net, name, *name == 'y'), GLIA_OK);
    const Path path;
    ASSERT_EQ(glia_model_save(net, path.get()), GLIA_OK) << c.message();
    EXPECT_NE(c.summary().find("frozen"), string::npos);
    Computer loaded("cpu");
    ASSERT_EQ(loaded.load(path), GLIA_OK) << loaded.message();
    for (const char *name : {"a", "n", "y"}) {
        const string table = loaded.summary();
        const size_t at    = table.find("\n" + string(name) + " ");
        EXPECT_EQ(table.substr(at, table.find('\n', at + 1) - at).find("frozen") != string::npos, *name != 'y')
            << table;
    }
    EXPECT_EQ(loaded.states(), c.states());
}

// ---- Models that are not compiled ----

TEST(TrainingFile, TakesAModelThatIsNotCompiled) {
    const Path path, again("again");
    Computer c("cpu"), loaded("cpu");
    glia_model *net    = c.create();
    const glia_value y = dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "y", 2);
    ASSERT_EQ(glia_model_output(net, y, with(glia_output_args{.loss = glia_loss_mse()})), GLIA_OK);
    const float bias[] = {0.5f, 0.25f};
    ASSERT_EQ(glia_model_set(net, "y.bias", bias, sizeof bias), GLIA_OK);
    ASSERT_EQ(glia_model_save(net, path.get()), GLIA_OK) << c.message();
    ASSERT_EQ(loaded.load(path), GLIA_OK) << loaded.message();
    ASSERT_EQ(glia_model_save(loaded.net, again.get()), GLIA_OK) << loaded.message();
    EXPECT_EQ(path.content(), again.content());
    float got[2] = {};
    EXPECT_NE(glia_model_get(loaded.net, "y.weight", got, 24), GLIA_OK);
    ASSERT_EQ(glia_model_get(loaded.net, "y.bias", got, sizeof got), GLIA_OK) << loaded.message();
    EXPECT_EQ(got[1], 0.25f);
    EXPECT_NE(glia_model_save_checkpoint(loaded.net, again.get()), GLIA_OK);
    EXPECT_NE(glia_model_load_checkpoint(loaded.net, path.get()), GLIA_OK);
    for (Computer *each : {&c, &loaded}) ASSERT_EQ(glia_model_compile(each->net, {}, nullptr), GLIA_OK);
    EXPECT_EQ(loaded.states(), c.states()) << "one seed, and so one start";
}

// A layer that came after the compile leaves the optimizer's state without a model.
TEST(TrainingFile, TakesTheWeightsOfAModelThatWasChangedSince) {
    const Path path;
    Computer c("cpu"), loaded("cpu");
    glia_model *net    = c.create();
    const glia_value y = dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "y", 2);
    ASSERT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_mse()})), GLIA_OK);
    dense(net, y, "z", 2);
    ASSERT_EQ(glia_model_save(net, path.get()), GLIA_OK) << c.message();
    ASSERT_EQ(loaded.load(path), GLIA_OK) << loaded.message();
    float a[6], b[6];
    ASSERT_EQ(glia_model_get(net, "y.weight", a, sizeof a), GLIA_OK);
    ASSERT_EQ(glia_model_get(loaded.net, "y.weight", b, sizeof b), GLIA_OK) << loaded.message();
    EXPECT_EQ(vector<float>(a, a + 6), vector<float>(b, b + 6));
    EXPECT_NE(glia_model_get(loaded.net, "z.weight", b, 16), GLIA_OK);
}

TEST(TrainingFile, GivesTheDefinitionAlone) {
    const Path path;
    Computer c("cpu"), loaded("cpu");
    glia_model *net    = c.create(GLIA_F64);
    const glia_value y = dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "y", 2);
    ASSERT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_mse()})), GLIA_OK);
    ASSERT_EQ(glia_model_save(net, path.get()), GLIA_OK) << c.message();
    ASSERT_EQ(loaded.load(path, with(glia_model_load_args{.definition_only = true})), GLIA_OK) << loaded.message();
    EXPECT_EQ(loaded.summary(), c.summary());
    EXPECT_EQ(glia_model_state_count(loaded.net), 2);
    EXPECT_TRUE(std::isnan(glia_model_learning_rate(loaded.net)));
}

// ---- Checkpoints are models' files ----

struct Stop {
    int left;
    static glia_status step(void *user, const glia_event *event) {
        if (--static_cast<Stop *>(user)->left == 0) glia_trainer_stop(event->trainer);
        return GLIA_OK;
    }
};

TEST(TrainingFile, IsACheckpointInTheMiddleOfAnEpoch) {
    const Path path, model("model");
    Computer whole("cpu"), first("cpu"), second("cpu", 99);
    for (Computer *c : {&whole, &first}) {
        glia_model *net = c->create();
        glia_value x    = dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "a", 4);
        x               = glia_model_dropout(net, x, with(glia_dropout_args{.p = 0.5}));
        ASSERT_EQ(glia_model_compile(net, dense(net, x, "y", 2), with(glia_compile_args{.loss = glia_loss_mse()})),
                  GLIA_OK);
        c->samples(GLIA_F32, GLIA_SHAPE(3));
    }
    const glia_fit_args all{.epochs = 3, .batch_size = kBatch, .resume = true};
    ASSERT_EQ(glia_model_fit(whole.net, whole.data, &all), GLIA_OK);

    Stop stop{4};  // of 3 steps an epoch
    glia_fit_args some = all;
    some.callbacks[0]  = {.user = &stop, .on_batch_end = Stop::step};
    ASSERT_EQ(glia_model_fit(first.net, first.data, &some), GLIA_OK) << first.message();
    ASSERT_EQ(glia_model_save_checkpoint(first.net, path.get()), GLIA_OK) << first.message();
    ASSERT_EQ(glia_model_save(first.net, model.get()), GLIA_OK) << first.message();
    EXPECT_EQ(path.content(), model.content());
    ASSERT_EQ(second.load(path), GLIA_OK) << second.message();
    second.like(whole);
    ASSERT_EQ(glia_model_fit(second.net, second.data, &all), GLIA_OK) << second.message();
    EXPECT_EQ(second.states(), whole.states());
    ASSERT_EQ(glia_model_load_checkpoint(first.net, model.get()), GLIA_OK) << first.message();
}

TEST(TrainingFile, GoesToAnotherDevice) {
    const Path path, back("back");
    Computer c("cpu"), gpu("emulated"), again("cpu"), part("cpu");
    glia_model *net = c.create();
    ASSERT_EQ(glia_model_compile(net, dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "y", 2),
                                 with(glia_compile_args{.loss = glia_loss_mse()})),
              GLIA_OK);
    c.samples(GLIA_F32, GLIA_SHAPE(3));
    c.fit(1);
    ASSERT_EQ(glia_model_save(net, path.get()), GLIA_OK) << c.message();
    ASSERT_EQ(gpu.load(path), GLIA_OK) << gpu.message();
    ASSERT_EQ(glia_model_save(gpu.net, back.get()), GLIA_OK) << gpu.message();
    EXPECT_EQ(path.content(), back.content());
    ASSERT_EQ(again.load(back), GLIA_OK) << again.message();
    again.like(c);
    EXPECT_EQ(again.predict(), c.predict());

    glia_load_report report;
    net = part.create();
    dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "y", 2);
    ASSERT_EQ(glia_model_load_weights(part.net, path.get(), with(glia_load_args{.partial = true}), &report), GLIA_OK);
    EXPECT_EQ(report.loaded, 2);
}

// ---- Ops of the user's own ----

glia_status scale(glia_custom_call *call) {
    const double factor = call->params->number[1] + *static_cast<double *>(call->params->user);
    const auto *x       = static_cast<const float *>(glia_tensor_data(call->in[0]));
    auto *y             = static_cast<float *>(glia_tensor_data(call->out[0]));
    for (int64_t i = 0; i < glia_tensor_count(call->in[0]); ++i) y[i] = float(x[i] * factor);
    return GLIA_OK;
}

TEST(TrainingFile, TakesOpsOfTheUsersOwnByTheirNames) {
    const glia_custom_op op{.name = "scale", .n_in = 1, .n_out = 1, .forward = scale};
    const glia_custom_op other{.name = "other", .n_in = 1, .n_out = 1, .forward = scale};
    double offset = 2;
    const glia_custom_params params{.op = &op, .number = {0, 1. / 3}, .user = &offset};
    const Path path;
    Computer c("cpu"), loaded("cpu");
    glia_model *net    = c.create();
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(2));
    ASSERT_EQ(glia_model_compile(net, glia_model_custom(net, &params, &x, 1, nullptr, 0), nullptr), GLIA_OK)
        << c.message();
    c.samples(GLIA_F32, GLIA_SHAPE(2));
    ASSERT_EQ(glia_model_save(net, path.get()), GLIA_OK) << c.message();

    EXPECT_EQ(loaded.load(path), GLIA_NOT_FOUND);
    EXPECT_EQ(loaded.message(), path.text +
                                    ": layer 'scale': the op 'scale' of glia_model_custom is not among the 0 of "
                                    "the args");
    double same                      = 2;
    const glia_custom_params given[] = {{.op = &other}, {.op = &op, .number = {7, 7, 7}, .user = &same}};
    const glia_model_load_args args{.custom = given, .n_custom = 2};
    ASSERT_EQ(loaded.load(path, &args), GLIA_OK) << loaded.message();
    loaded.like(c);
    EXPECT_EQ(loaded.predict(), c.predict());
}

// ---- Numbers, and failures ----

TEST_F(Comma, IsNotInTheFile) {
    Computer c("cpu");
    glia_model *net    = c.create();
    const glia_value y = dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "y", 2);
    EXPECT_EQ(glia_model_compile(net, y, with(glia_compile_args{.optimizer = odd_adam()})), GLIA_OK) << c.message();
    expect_round_trip(c);
}

TEST(TrainingFile, HasNoModelThatFailedAndNoValueThatIsNotFinite) {
    const Path path;
    Computer c("cpu"), bad("cpu");
    glia_model *net    = c.create();
    const glia_value y = dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "y", 2);
    ASSERT_EQ(glia_model_compile(net, y, nullptr), GLIA_OK);
    const float bias[] = {0.5f, INFINITY};
    ASSERT_EQ(glia_model_set(net, "y.bias", bias, sizeof bias), GLIA_OK);
    EXPECT_EQ(glia_model_save(net, path.get()), GLIA_NOT_FINITE);
    EXPECT_EQ(c.message(), "glia_model_save: " + path.text + ": 'y.bias' is infinite or NaN");
    Computer latin("cpu");
    glia_model_input(latin.create(), "caf\xe9", GLIA_SHAPE(3));
    EXPECT_EQ(glia_model_save(latin.net, path.get()), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(latin.message(), "input: the name has control characters, or is not UTF-8");
    dense(bad.create(), {}, "y", 2);
    EXPECT_EQ(glia_model_save(bad.net, path.get()), GLIA_INVALID_ARGUMENT) << bad.message();
    EXPECT_FALSE(std::filesystem::exists(path.text));
}

}  // namespace
