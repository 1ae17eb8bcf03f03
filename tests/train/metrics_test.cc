// Losses and metrics over a data set are those of scikit-learn and PyTorch, whatever the batches are. The model gives
// its inputs out, so that the predictions are known.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"
#include "support/states.h"
#include "support/with.h"

namespace {

using glia::with;
using std::string, std::vector;
using Results = std::map<string, double>;

constexpr int kCount = 23, kClasses = 5, kLabels = 3, kColumns = 2;
constexpr int64_t kIgnored = -100;

// An output of the model, and its targets.
struct Output {
    glia_output_args args;
    glia_shape shape;
    vector<float> x;
    vector<float> t;
    vector<int64_t> classes;  // in place of t
};

class Metrics : public testing::TestWithParam<const char *> {
   public:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(GetParam(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
        ASSERT_EQ(glia_context_create(GetParam(), with(glia_context_args{.threads = 1}), &ctx_), GLIA_OK);
    }
    void TearDown() override { glia_context_destroy(ctx_); }

    string message() const { return glia_message(ctx_); }

    glia_dataset *load(const vector<Output> &outputs) {
        vector<glia_array> in, target;
        for (const Output &o : outputs) {
            in.push_back({.dtype = GLIA_F32, .shape = o.shape, .data = o.x.data()});
            target.push_back({.dtype = GLIA_F32, .shape = o.shape, .data = o.t.data()});
            if (!o.classes.empty())
                target.back() = {.dtype = GLIA_I64,
                                 .shape = o.shape.ndim > 1 ? GLIA_SHAPE(o.shape.dim[1]) : GLIA_SCALAR,
                                 .data  = o.classes.data()};
        }
        const int n = int(outputs.size());
        glia_arrays_args args{.inputs = in.data(), .n_inputs = n, .targets = target.data(), .n_targets = n};
        args.count        = int64_t(outputs[0].x.size()) / size(outputs[0].shape);
        args.copy         = true;
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx_, &args, &out), GLIA_OK) << message();
        return out;
    }
    static int64_t size(const glia_shape &shape) {
        int64_t product = 1;
        for (int i = 0; i < shape.ndim; ++i) product *= shape.dim[i];
        return product;
    }
    glia_model *model(const vector<Output> &outputs) {
        glia_model *net = nullptr;
        EXPECT_EQ(glia_model_create(ctx_, with(glia_model_args{.dtype = dtype_}), &net), GLIA_OK);
        for (size_t i = 0; i < outputs.size(); ++i) {
            const string name   = "in" + std::to_string(i);
            const glia_value in = glia_model_input(net, name.c_str(), outputs[i].shape);
            EXPECT_EQ(glia_model_output(net, in, &outputs[i].args), GLIA_OK) << message();
        }
        EXPECT_EQ(glia_model_compile(net, {0}, nullptr), GLIA_OK) << message();
        return net;
    }
    static Results named(const glia_result &result) {
        Results out{{"loss", result.loss}};
        for (int i = 0; i < result.n_metrics; ++i) {
            EXPECT_EQ(out.count(result.metric_name[i]), 0u) << result.metric_name[i];
            out[result.metric_name[i]] = result.metric[i];
        }
        return out;
    }
    // The same for all batch sizes, by evaluate and as the results of an epoch.
    Results judge(const vector<Output> &outputs, bool finite = true) {
        glia_model *net    = model(outputs);
        glia_dataset *data = load(outputs);
        Results first;
        for (const int batch : {kCount, 7, 1}) {
            SCOPED_TRACE(batch);
            glia_result result;
            EXPECT_EQ(glia_model_evaluate(net, data, batch, &result), finite ? GLIA_OK : GLIA_NOT_FINITE) << message();
            const Results now = named(result);
            if (batch == kCount) first = now;
            expect_same(now, first, 1e-12);
            if (finite) expect_same(trained(net, data, batch), first, 2e-7);
        }
        glia_dataset_destroy(data);
        glia_model_destroy(net);
        return first;
    }
    Results trained(glia_model *net, glia_dataset *data, int batch) {
        EXPECT_EQ(glia_model_fit(net, data, with(glia_fit_args{.batch_size = batch})), GLIA_OK) << message();
        int count                 = 0;
        const glia_epoch *history = glia_model_history(net, &count);
        EXPECT_EQ(count, 1);
        return count == 1 ? named(history[0].train) : Results{};
    }
    // Counts to the bit, so that their ratios are; sums within a share.
    static void expect_same(const Results &now, const Results &want, double share) {
        ASSERT_EQ(now.size(), want.size());
        for (const auto &[name, value] : want) {
            ASSERT_EQ(now.count(name), 1u) << name;
            const string kind = name.substr(name.find('/') + 1);
            const bool sum    = kind == "loss" || kind == "r2" || kind == "mse" || kind == "mae" || kind == "rmse";
            const double of   = now.at(name);
            if (std::isnan(value))
                EXPECT_TRUE(std::isnan(of)) << name << " " << of;
            else if (sum)
                EXPECT_NEAR(of, value, share * std::fmax(1, std::fabs(value))) << name;
            else
                EXPECT_EQ(of, value) << name;
        }
    }
    static void expect_near(const Results &now, const Results &want, double share = 1e-6) {
        for (const auto &[name, value] : want) {
            ASSERT_EQ(now.count(name), 1u) << name;
            EXPECT_NEAR(now.at(name), value, share) << name;
        }
    }

    glia_context *ctx_ = nullptr;
    glia_dtype dtype_  = GLIA_F32;
};

// Class 3 is predicted and no target, class 4 is neither.
Output classes(glia_model_loss loss, const vector<glia_metric> &metrics = {}) {
    Output o{.args = {.loss = loss}, .shape = GLIA_SHAPE(kClasses)};
    std::copy(metrics.begin(), metrics.end(), o.args.metrics);
    for (int i = 0; i < kCount; ++i) {
        const bool ignored = loss.classes.ignore && (i == 4 || i == 9 || i == 22);
        for (int c = 0; c < kClasses; ++c)
            o.x.push_back(float(((i * kClasses + c) * 37 + 11) % 64 - 32) / 16 - (c == 4 ? 8 : 0));
        o.classes.push_back(ignored ? kIgnored : (i * 5 + i / 3) % 4);
    }
    return o;
}

glia_model_loss ignoring() {
    glia_model_loss loss      = glia_loss_cross_entropy();
    loss.classes.ignore       = true;
    loss.classes.ignore_index = kIgnored;
    return loss;
}

// Of two classes, the second one ahead by 20 + i; the second half has it as its target.
Output sure(int per_sample) {
    Output o{.args = {.loss = glia_loss_cross_entropy(), .metrics = {GLIA_METRIC_AUC}}, .shape = GLIA_SHAPE(2)};
    if (per_sample > 1) o.shape = GLIA_SHAPE(2, per_sample);
    for (int i = 0; i < 23; ++i) {
        for (int c = 0; c < 2; ++c)
            for (int k = 0; k < per_sample; ++k) o.x.push_back(float(c * (20 + 30 * i)));
        for (int k = 0; k < per_sample; ++k) o.classes.push_back(i >= 11);
    }
    return o;
}

Output binary(const vector<glia_metric> &metrics) {
    Output o{.args = {.loss = glia_loss_bce_logits()}, .shape = GLIA_SHAPE(1)};
    std::copy(metrics.begin(), metrics.end(), o.args.metrics);
    for (int i = 0; i < kCount; ++i) {
        o.x.push_back(float((i * 29 + 7) % 32 - 16) / 8);
        o.t.push_back(i * i % 3 == 1);
    }
    return o;
}

// Label 2 has no targets.
Output labels(const vector<glia_metric> &metrics) {
    Output o{.args = {.loss = glia_loss_bce_logits()}, .shape = GLIA_SHAPE(kLabels)};
    std::copy(metrics.begin(), metrics.end(), o.args.metrics);
    for (int i = 0; i < kCount; ++i)
        for (int k = 0; k < kLabels; ++k) {
            o.x.push_back(float((i * 29 + k * 11 + 7) % 32 - 16) / 8);
            o.t.push_back((i * 3 + k * 5 + i * i) % 4 < (k != 2));
        }
    return o;
}

Output numbers(const vector<glia_metric> &metrics) {
    Output o{.args = {.loss = glia_loss_mse()}, .shape = GLIA_SHAPE(kColumns)};
    std::copy(metrics.begin(), metrics.end(), o.args.metrics);
    for (int i = 0; i < kCount; ++i)
        for (int k = 0; k < kColumns; ++k) {
            o.t.push_back(1000 + float((i * 13 + 5 * k) % 17) / 8);
            o.x.push_back(o.t.back() + float((i * 7 + k * 3) % 9 - 4) / 16);
        }
    return o;
}

const vector<glia_metric> kMeans    = {GLIA_METRIC_ACCURACY, GLIA_METRIC_PRECISION, GLIA_METRIC_RECALL, GLIA_METRIC_F1};
const vector<glia_metric> kAverages = {
    GLIA_METRIC_PRECISION_MICRO, GLIA_METRIC_RECALL_MICRO, GLIA_METRIC_F1_MICRO, GLIA_METRIC_PRECISION_WEIGHTED,
    GLIA_METRIC_RECALL_WEIGHTED, GLIA_METRIC_F1_WEIGHTED,  GLIA_METRIC_TOP_K};

// Probabilities of 1 are told apart by their odds.
TEST_P(Metrics, auc_of_outputs_that_are_sure) {
    EXPECT_EQ(judge({sure(1)})["auc"], 1);
    EXPECT_EQ(judge({sure(3)})["auc"], 1);
}

TEST_P(Metrics, top_k_of_fewer_classes_is_refused) {
    glia_model *net = nullptr;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK);
    const glia_output_args args{.loss = glia_loss_cross_entropy(), .metrics = {GLIA_METRIC_TOP_K}};
    EXPECT_EQ(glia_model_output(net, glia_model_input(net, "x", GLIA_SHAPE(3)), &args), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_output: top_k is 5, the output [3] has 3 classes");
    glia_model_destroy(net);
}

TEST_P(Metrics, losses_over_classes_are_means_over_their_weights) {
    const double class_weight[] = {0.5, 2, 1, 0.25, 3};
    glia_model_loss loss        = glia_loss_cross_entropy();
    EXPECT_NEAR(judge({classes(loss)})["loss"], 2.0057066502205445, 1e-6);
    loss.classes.class_weight = class_weight;
    EXPECT_NEAR(judge({classes(loss)})["loss"], 2.0151758262180026, 1e-6);
    loss = ignoring();
    EXPECT_NEAR(judge({classes(loss)})["loss"], 1.8424367245752127, 1e-6);
    loss.classes.class_weight = class_weight;
    EXPECT_NEAR(judge({classes(loss)})["loss"], 1.8238082612348245, 1e-6);
    loss.classes.label_smoothing = 0.1;
    EXPECT_NEAR(judge({classes(loss)})["loss"], 2.3002976198381453, 1e-6);
}

TEST_P(Metrics, classes_are_counted_as_by_scikit_learn) {
    expect_near(judge({classes(glia_loss_cross_entropy(), kMeans)}),
                {{"accuracy", 0.2608695652173913},
                 {"precision", 0.2708333333333333},
                 {"recall", 0.19642857142857142},
                 {"f1", 0.21926406926406927}},
                1e-15);
    expect_near(judge({classes(glia_loss_cross_entropy(), kAverages)}),
                {{"precision_micro", 0.2608695652173913},
                 {"recall_micro", 0.2608695652173913},
                 {"f1_micro", 0.2608695652173913},
                 {"precision_weighted", 0.3659420289855072},
                 {"recall_weighted", 0.2608695652173913},
                 {"f1_weighted", 0.2934688499905891},
                 {"top_k", 1}},
                1e-15);
}

TEST_P(Metrics, targets_that_are_ignored_do_not_count) {
    expect_near(judge({classes(ignoring(), kMeans)}),
                {{"accuracy", 0.3},
                 {"precision", 0.29166666666666663},
                 {"recall", 0.22023809523809523},
                 {"f1", 0.24786324786324787}},
                1e-15);
    expect_near(judge({classes(ignoring(), kAverages)}),
                {{"f1_micro", 0.3},
                 {"precision_weighted", 0.39166666666666666},
                 {"recall_weighted", 0.3},
                 {"f1_weighted", 0.3358974358974359}},
                1e-15);
    Output none  = classes(ignoring(), kMeans);
    none.classes = vector<int64_t>(kCount, kIgnored);
    expect_near(judge({none}), {{"loss", 0}, {"accuracy", 0}, {"precision", 0}, {"recall", 0}, {"f1", 0}}, 0);
}

TEST_P(Metrics, models_of_f64) {
    dtype_ = GLIA_F64;
    expect_near(judge({classes(ignoring(), {GLIA_METRIC_F1, GLIA_METRIC_AUC})}),
                {{"loss", 1.8424367245752127}, {"f1", 0.24786324786324787}, {"auc", 0.5543345543345543}}, 1e-14);
    expect_near(judge({numbers({GLIA_METRIC_R2})}), {{"loss", 0.025985054347826088}, {"r2", 0.9323571796227963}},
                1e-14);
}

TEST_P(Metrics, targets_that_are_probabilities_of_classes) {
    Output o         = classes(glia_loss_cross_entropy(), {GLIA_METRIC_ACCURACY, GLIA_METRIC_F1, GLIA_METRIC_AUC});
    const auto index = std::move(o.classes);
    o.classes.clear();
    for (int i = 0; i < kCount; ++i)
        for (int c = 0; c < kClasses; ++c) o.t.push_back(c == index[size_t(i)]);
    expect_near(judge({o}), {{"loss", 2.0057066502205445}});
    expect_near(judge({o}),
                {{"accuracy", 0.2608695652173913}, {"f1", 0.21926406926406927}, {"auc", 0.47867063492063494}}, 1e-15);
}

// [N,C,T]: each sample has the classes of a pair of samples.
TEST_P(Metrics, items_of_a_sequence) {
    const Output one = classes(ignoring(), kMeans);
    Output o{.args = one.args, .shape = GLIA_SHAPE(kClasses, 2)};
    for (int i = 0; i < kCount; ++i) {
        const int pair[] = {i, kCount - 1 - i};
        for (int c = 0; c < kClasses; ++c)
            for (int k : pair) o.x.push_back(one.x[size_t(k * kClasses + c)]);
        for (int k : pair) o.classes.push_back(one.classes[size_t(k)]);
    }
    expect_near(judge({o}), {{"loss", 1.8424367245752127}});
    expect_near(judge({o}),
                {{"accuracy", 0.3},
                 {"precision", 0.29166666666666663},
                 {"recall", 0.22023809523809523},
                 {"f1", 0.24786324786324787}},
                1e-15);
}

TEST_P(Metrics, binary_choices_and_labels) {
    const vector<glia_metric> macro{GLIA_METRIC_BINARY_ACCURACY, GLIA_METRIC_PRECISION, GLIA_METRIC_RECALL,
                                    GLIA_METRIC_F1};
    expect_near(judge({binary(macro)}), {{"loss", 0.9303307887971705}});
    expect_near(judge({binary(macro)}), {{"precision", 0.6}, {"recall", 0.4}, {"f1", 0.48}}, 1e-15);
    expect_near(judge({labels(macro)}),
                {{"precision", 0.13333333333333333}, {"recall", 0.1111111111111111}, {"f1", 0.12121212121212122}},
                1e-15);
    Output averages     = labels(kAverages);
    averages.args.top_k = 3;
    expect_near(judge({averages}),
                {{"precision_micro", 0.12121212121212122},
                 {"recall_micro", 0.3333333333333333},
                 {"f1_micro", 0.17777777777777778},
                 {"precision_weighted", 0.4},
                 {"recall_weighted", 0.3333333333333333},
                 {"f1_weighted", 0.3636363636363636}},
                1e-15);
}

TEST_P(Metrics, intersection_over_union) {
    const vector<glia_metric> both{GLIA_METRIC_IOU, GLIA_METRIC_IOU_MICRO};
    expect_near(judge({classes(glia_loss_cross_entropy(), both)}), {{"iou", 0.13164335664335663}, {"iou_micro", 0.15}},
                1e-15);
    expect_near(judge({labels(both)}), {{"iou", 0.07407407407407407}, {"iou_micro", 0.0975609756097561}}, 1e-15);
}

TEST_P(Metrics, the_area_under_the_curve) {
    expect_near(judge({binary({GLIA_METRIC_AUC})}), {{"auc", 0.4416666666666667}}, 1e-15);
    expect_near(judge({labels({GLIA_METRIC_AUC})}), {{"auc", 0.4015151515151515}}, 1e-15);
    expect_near(judge({classes(glia_loss_cross_entropy(), {GLIA_METRIC_AUC})}), {{"auc", 0.47867063492063494}}, 1e-15);
    expect_near(judge({classes(ignoring(), {GLIA_METRIC_AUC})}), {{"auc", 0.5543345543345543}}, 1e-15);
}

TEST_P(Metrics, there_is_no_area_without_pairs_or_numbers) {
    Output o = binary({GLIA_METRIC_AUC, GLIA_METRIC_PRECISION, GLIA_METRIC_RECALL, GLIA_METRIC_F1});
    o.t.assign(kCount, 0);
    Results r = judge({o});
    EXPECT_TRUE(std::isnan(r["auc"]));
    expect_near(r, {{"precision", 0}, {"recall", 0}, {"f1", 0}}, 0);
    o.t.assign(kCount, 1);
    EXPECT_TRUE(std::isnan(judge({o})["auc"]));
    Output none  = classes(ignoring(), {GLIA_METRIC_AUC});
    none.classes = vector<int64_t>(kCount, kIgnored);
    EXPECT_TRUE(std::isnan(judge({none})["auc"]));
    o      = binary({GLIA_METRIC_AUC});
    o.x[3] = NAN;
    EXPECT_TRUE(std::isnan(judge({o}, false)["auc"]));
}

TEST_P(Metrics, errors_of_numbers) {
    const vector<glia_metric> all{GLIA_METRIC_MSE, GLIA_METRIC_MAE, GLIA_METRIC_RMSE, GLIA_METRIC_R2};
    expect_near(judge({numbers(all)}),
                {{"loss", 0.025985054347826088},
                 {"mse", 0.025985054347826088},
                 {"mae", 0.13858695652173914},
                 {"rmse", 0.16119880380395535},
                 {"r2", 0.9323571796227963}},
                1e-12);
}

// As scikit-learn has it: 1 without errors, else 0; of one sample NaN.
TEST_P(Metrics, r2_of_targets_that_are_all_equal) {
    Output o = numbers({GLIA_METRIC_R2});
    for (int i = 0; i < kCount; ++i) {
        o.t[size_t(2 * i)] = o.x[size_t(2 * i)] = 0.1f;
        o.t[size_t(2 * i) + 1]                  = 0.3f;
    }
    expect_near(judge({o}), {{"r2", 0.5}}, 0);
    o.x.resize(kColumns), o.t.resize(kColumns);
    EXPECT_TRUE(std::isnan(judge({o})["r2"]));
}

// A number far from the others, so that sums of squares would have lost what they differ by.
TEST_P(Metrics, r2_of_numbers_far_from_zero) {
    Output o = numbers({GLIA_METRIC_R2});
    for (size_t i = 0; i < o.t.size(); ++i) o.t[i] += 99000, o.x[i] = o.t[i] + float(int(i) % 3 - 1) / 8;
    double first = judge({o})["r2"];
    for (size_t i = 0; i < o.t.size(); ++i) o.t[i] -= 99000, o.x[i] -= 99000;
    EXPECT_NEAR(judge({o})["r2"], first, 1e-12);
}

TEST_P(Metrics, several_outputs_are_named) {
    Output first = classes(ignoring(), {GLIA_METRIC_F1}), second = numbers({GLIA_METRIC_MAE, GLIA_METRIC_R2});
    second.args.loss.weight = GLIA_SET(0.5);
    second.args.name        = "age";
    const Results all       = judge({first, second});
    ASSERT_EQ(all.size(), 6u);
    expect_near(all, {{"loss", 1.8424367245752127 + 0.5 * 0.025985054347826088},
                      {"in0/loss", 1.8424367245752127},
                      {"in0/f1", 0.24786324786324787},
                      {"age/loss", 0.025985054347826088},
                      {"age/mae", 0.13858695652173914},
                      {"age/r2", 0.9323571796227963}});
}

// The states of two outputs go into another model, between two steps of an epoch.
TEST_P(Metrics, an_epoch_goes_on_in_another_model) {
    const vector<Output> outputs{binary({GLIA_METRIC_AUC, GLIA_METRIC_F1}),
                                 classes(ignoring(), {GLIA_METRIC_AUC, GLIA_METRIC_F1})};
    glia_dataset *data = load(outputs);
    glia_model *whole = model(outputs), *one = model(outputs), *two = model(outputs);
    const Results want = trained(whole, data, 4);
    const glia_fit_args args{.batch_size = 4, .resume = true};
    glia_trainer *trainer = nullptr;
    ASSERT_EQ(glia_trainer_create(one, data, &args, &trainer), GLIA_OK) << message();
    for (int i = 0; i < 3; ++i) ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << message();
    glia_trainer_destroy(trainer);
    glia::set_states(two, glia::states_of(one));
    ASSERT_EQ(glia_model_fit(two, data, &args), GLIA_OK) << message();
    int count = 0;
    expect_same(named(glia_model_history(two, &count)->train), want, 0);
    glia_dataset_destroy(data);
    for (glia_model *net : {whole, one, two}) glia_model_destroy(net);
}

TEST_P(Metrics, scores_that_no_output_keeps_are_refused) {
    const vector<Output> outputs{binary({GLIA_METRIC_AUC}), numbers({})};
    glia_model *net    = model(outputs);
    const auto refused = [&](const vector<double> &rows, const string &words) {
        const size_t bytes = rows.size() * sizeof(double);
        EXPECT_NE(glia_model_state_set(net, "glia/scores", rows.data(), bytes), GLIA_OK);
        EXPECT_EQ(message(), "glia_model_state_set: " + words);
    };
    refused({0, 1, 1, 1, 1, 0}, "score 1 is of output 1, which keeps none");
    refused({2, 1, 1}, "score 0 is of output 2, which keeps none");
    refused({0.5, 1, 1}, "score 0 is of output 0.5, which keeps none");
    refused({NAN, 1, 1}, "score 0 is of output nan, which keeps none");
    refused({0, 1, 0.5}, "score 0 has the target 0.5, must be 0 or 1");
    refused({0, 1}, "16 bytes, 'glia/scores' [0,3] of f64 has 0");
    glia_model_destroy(net);
}

TEST_P(Metrics, names_are_checked) {
    glia_model *net = nullptr;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK);
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(2));
    glia_output_args args{.loss = glia_loss_mse(), .name = "both"};
    EXPECT_EQ(glia_model_output(net, x, &args), GLIA_OK) << message();
    EXPECT_EQ(glia_model_output(net, x, &args), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_output: the name 'both' is that of another output");
    args.name = "";
    EXPECT_EQ(glia_model_output(net, x, &args), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_output: the name must be 1 to 40 bytes of UTF-8, none a control character");
    args.name = nullptr;
    EXPECT_EQ(glia_model_output(net, x, &args), GLIA_OK) << message();
    EXPECT_EQ(glia_model_output(net, x, &args), GLIA_OK) << message();
    EXPECT_EQ(glia_model_compile(net, {0}, nullptr), GLIA_OK) << message();
    const vector<float> zeros(2 * kCount);
    const glia_array array{.dtype = GLIA_F32, .shape = GLIA_SHAPE(2), .data = zeros.data()};
    const glia_array three[] = {array, array, array};
    glia_dataset *data       = nullptr;
    glia_arrays_args arrays{.inputs = &array, .n_inputs = 1, .targets = three, .n_targets = 3, .count = kCount};
    ASSERT_EQ(glia_dataset_from_arrays(ctx_, &arrays, &data), GLIA_OK) << message();
    glia_result result;
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &result), GLIA_OK) << message();
    EXPECT_EQ(named(result).count("both/loss"), 1u);
    EXPECT_EQ(named(result).count("x/loss"), 1u);
    EXPECT_EQ(named(result).count("x_1/loss"), 1u);
    glia_dataset_destroy(data);
    glia_model_destroy(net);
}

// The second output of a layer has a number behind its name, which may have to end earlier.
TEST_P(Metrics, names_end_with_a_whole_character) {
    glia_model *net  = nullptr;
    const string two = "\u00e4";  // bytes
    string name      = "x";
    for (int i = 0; i < 19; ++i) name += two;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK);
    const glia_value x = glia_model_input(net, name.c_str(), GLIA_SHAPE(1));
    const glia_output_args args{.loss = glia_loss_mse()};
    for (int i = 0; i < 2; ++i) EXPECT_EQ(glia_model_output(net, x, &args), GLIA_OK) << message();
    EXPECT_EQ(glia_model_compile(net, {0}, nullptr), GLIA_OK) << message();
    const vector<float> zeros(kCount);
    const glia_array array{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = zeros.data()};
    const glia_array both[] = {array, array};
    glia_dataset *data      = nullptr;
    glia_arrays_args arrays{.inputs = &array, .n_inputs = 1, .targets = both, .n_targets = 2, .count = kCount};
    ASSERT_EQ(glia_dataset_from_arrays(ctx_, &arrays, &data), GLIA_OK) << message();
    glia_result result;
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &result), GLIA_OK) << message();
    EXPECT_EQ(named(result).count(name + "/loss"), 1u);
    EXPECT_EQ(named(result).count(name.substr(0, name.size() - 2) + "_1/loss"), 1u);
    glia_dataset_destroy(data);
    glia_model_destroy(net);
}

// Their squares are no floats.
TEST_P(Metrics, errors_of_huge_numbers) {
    Output o    = numbers({GLIA_METRIC_MSE, GLIA_METRIC_MAE, GLIA_METRIC_RMSE});
    o.args.loss = glia_loss_mae();
    for (size_t i = 0; i < o.x.size(); ++i) o.x[i] = i % 2 ? 3e25f : -3e25f, o.t[i] = -o.x[i];
    Results r         = judge({o});
    const double size = 2 * double(3e25f);
    EXPECT_NEAR(r["mse"] / (size * size), 1, 1e-12);
    EXPECT_NEAR(r["rmse"] / size, 1, 1e-12);
    EXPECT_NEAR(r["mae"] / size, 1, 1e-7);
}

// Told before the first step.
TEST_P(Metrics, of_numbers_are_none_of_class_indices) {
    for (const auto &[metric, name] : {std::pair{GLIA_METRIC_R2, "r2"},
                                       {GLIA_METRIC_RMSE, "rmse"},
                                       {GLIA_METRIC_BINARY_ACCURACY, "binary_accuracy"}}) {
        const Output o     = classes(glia_loss_cross_entropy(), {metric});
        glia_model *net    = model({o});
        glia_dataset *data = load({o});
        EXPECT_EQ(glia_model_fit(net, data, nullptr), GLIA_INVALID_ARGUMENT);
        EXPECT_EQ(message(),
                  string("output 0: the metric ") + name + " compares numbers, the targets are class indices");
        glia_dataset_destroy(data);
        glia_model_destroy(net);
    }
}

TEST_P(Metrics, outputs_that_are_nan) {
    Output o  = numbers({GLIA_METRIC_MSE, GLIA_METRIC_R2});
    o.x[5]    = NAN;
    Results r = judge({o}, false);
    EXPECT_TRUE(std::isnan(r["loss"]) && std::isnan(r["mse"]) && std::isnan(r["r2"]));
    Output b = binary({GLIA_METRIC_PRECISION, GLIA_METRIC_RECALL});
    b.x[0]   = NAN;  // it was negative, and stays so
    r        = judge({b}, false);
    EXPECT_EQ(r["precision"], 0.6);
    EXPECT_EQ(r["recall"], 0.4);
}

INSTANTIATE_TEST_SUITE_P(device, Metrics, testing::Values("cpu", "emulated"),
                         [](const auto &info) { return string(info.param); });

}  // namespace
