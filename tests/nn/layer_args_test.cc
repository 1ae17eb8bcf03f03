// What all layers share: names, numbers that may be left out or be zero, activations, and the table of a model.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/keep.h"
#include "support/with.h"

namespace {

using glia::with;
using Numbers = std::vector<double>;

// Models in doubles, so that a formula can be compared to its last digits.
class LayerArgs : public testing::Test {
   protected:
    LayerArgs() {
        const glia_context_args args{.seed = 5, .threads = 1};
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
        keep_(ctx, glia_context_destroy);
    }

    glia_model *model() {
        glia_model *net = nullptr;
        EXPECT_EQ(glia_model_create(ctx, with(glia_model_args{GLIA_F64}), &net), GLIA_OK) << message();
        return keep_(net, glia_model_destroy);
    }
    glia_dataset *data(const Numbers &x, glia_shape sample, const Numbers *target = nullptr) {
        int64_t size = 1;
        for (int d = 0; d < sample.ndim; ++d) size *= sample.dim[d];
        glia_array in{}, out{};
        in.dtype = out.dtype = GLIA_F64, in.shape = sample, in.data = x.data();
        glia_arrays_args args{};
        args.inputs = &in, args.n_inputs = 1, args.count = int64_t(x.size()) / size, args.copy = true;
        if (target) {
            out.shape = GLIA_SHAPE(int64_t(target->size()) / args.count), out.data = target->data();
            args.targets = &out, args.n_targets = 1;
        }
        glia_dataset *made = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &made), GLIA_OK) << message();
        return keep_(made, glia_dataset_destroy);
    }
    // y of a model of one layer, `size` numbers for each sample; 0: as many as x has.
    Numbers of(const std::function<glia_value(glia_model *, glia_value)> &layer, glia_shape sample, const Numbers &x,
               int64_t size = 0) {
        glia_model *net = model();
        EXPECT_EQ(glia_model_compile(net, layer(net, glia_model_input(net, "x", sample)), nullptr), GLIA_OK)
            << message();
        glia_dataset *samples = data(x, sample);
        Numbers y(size ? size_t(glia_dataset_count(samples) * size) : x.size());
        EXPECT_EQ(glia_model_predict(net, samples, 0, y.data(), y.size() * sizeof(double)), GLIA_OK) << message();
        return y;
    }
    Numbers weight(glia_model *net, const char *name, size_t count) {
        Numbers values(count);
        EXPECT_EQ(glia_model_get(net, name, values.data(), count * sizeof(double)), GLIA_OK) << message();
        return values;
    }
    std::string summary(const glia_model *net) {
        char *text  = nullptr;
        size_t size = 0;
        FILE *file  = open_memstream(&text, &size);
        EXPECT_EQ(glia_model_summary(net, file), GLIA_OK) << message();
        fclose(file);
        std::string table(text, size);
        free(text);
        return table;
    }
    // The line of a layer; "": there is none.
    std::string line(const glia_model *net, const std::string &name) {
        std::istringstream table(summary(net));
        for (std::string line; std::getline(table, line);)
            if (line.compare(0, name.size(), name) == 0 && line[name.size()] == ' ') return line;
        return {};
    }
    std::string message() const { return glia_message(ctx); }

    glia_context *ctx = nullptr;

   private:
    glia::Keep keep_;
};

void expect_near(const Numbers &got, const Numbers &want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-14) << "element " << i;
}

// ---- Numbers that may be zero ----

const Numbers kFour{1, 2, 3, 6};  // mean 3, variance 3.5

TEST_F(LayerArgs, momentum_0_keeps_the_running_statistics) {
    const Numbers target(4);
    for (const glia_optional momentum : {GLIA_SET(0), GLIA_SET(0.25), glia_optional{}}) {
        const double m  = momentum.set ? momentum.value : 0.1;
        glia_model *net = model();
        const glia_value y =
            glia_model_batchnorm(net, glia_model_input(net, "x", GLIA_SHAPE(1)),
                                 with(glia_batchnorm_args{.name = "norm", .momentum = momentum, .population = true}));
        ASSERT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_mse()})), GLIA_OK) << message();
        ASSERT_EQ(glia_model_fit(net, data(kFour, GLIA_SHAPE(1), &target), nullptr), GLIA_OK) << message();
        const Numbers mean = weight(net, "norm.running_mean", 1), var = weight(net, "norm.running_var", 1);
        if (m == 0) {
            EXPECT_EQ(mean, Numbers{0});
            EXPECT_EQ(var, Numbers{1});
        } else {
            EXPECT_NEAR(mean[0], m * 3, 1e-15);
            EXPECT_NEAR(var[0], 1 - m + m * 3.5, 1e-15);
        }
    }
}

TEST_F(LayerArgs, epsilon_0_of_batchnorm_is_the_formula_without_it) {
    const Numbers target(4);
    for (const glia_optional epsilon : {GLIA_SET(0), GLIA_SET(0.5), glia_optional{}}) {
        const double e   = epsilon.set ? epsilon.value : 1e-5;
        const auto layer = [&](glia_model *net, glia_value x) {
            return glia_model_batchnorm(net, x, with(glia_batchnorm_args{.epsilon = epsilon}));
        };
        const double k = 1 / std::sqrt(1 + e);
        expect_near(of(layer, GLIA_SHAPE(1), kFour), {k, 2 * k, 3 * k, 6 * k});

        glia_model *net = model();
        ASSERT_EQ(glia_model_compile(net, layer(net, glia_model_input(net, "x", GLIA_SHAPE(1))),
                                     with(glia_compile_args{.loss = glia_loss_mse()})),
                  GLIA_OK)
            << message();
        double loss = NAN;
        glia_fit_args fit{};
        fit.callbacks[0].user         = &loss;
        fit.callbacks[0].on_epoch_end = [](void *user, const glia_event *event) {
            return *static_cast<double *>(user) = event->epoch->train.loss, GLIA_OK;
        };
        ASSERT_EQ(glia_model_fit(net, data(kFour, GLIA_SHAPE(1), &target), &fit), GLIA_OK) << message();
        EXPECT_NEAR(loss, 3.5 / (3.5 + e), 1e-14) << "the mean square of what the batch was normalised to";
    }
}

TEST_F(LayerArgs, epsilon_0_of_the_other_norms_is_the_formula_without_it) {
    const Numbers pair{1, 3, -5, -1};  // variances 1 and 4
    for (const glia_optional epsilon : {GLIA_SET(0), GLIA_SET(0.5), glia_optional{}}) {
        const double e = epsilon.set ? epsilon.value : 1e-5, a = 1 / std::sqrt(1 + e), b = 2 / std::sqrt(4 + e);
        const Numbers want{-a, a, -b, b};
        expect_near(
            of([&](auto *net,
                   auto x) { return glia_model_layernorm(net, x, with(glia_layernorm_args{.epsilon = epsilon})); },
               GLIA_SHAPE(2), pair),
            want);
        expect_near(
            of([&](auto *net,
                   auto x) { return glia_model_groupnorm(net, x, with(glia_groupnorm_args{.epsilon = epsilon})); },
               GLIA_SHAPE(2), pair),
            want);
        expect_near(of(
                        [&](auto *net, auto x) {
                            return glia_model_instancenorm(net, x, with(glia_instancenorm_args{.epsilon = epsilon}));
                        },
                        GLIA_SHAPE(1, 2), pair),
                    want);
    }
}

TEST_F(LayerArgs, slope_0_is_relu) {
    const Numbers x{-2, -0.5, 0, 3};
    const auto prelu = [&](const glia_init &slope) {
        return of(
            [&](auto *net, auto in) { return glia_model_prelu(net, in, with(glia_prelu_args{.weight_init = slope})); },
            GLIA_SHAPE(1), x);
    };
    const auto function = [&](const glia_activation_args &args) {
        return of([&](auto *net, auto in) { return glia_model_activation(net, in, &args); }, GLIA_SHAPE(1), x);
    };
    const Numbers relu{0, 0, 0, 3};
    EXPECT_EQ(prelu({GLIA_INIT_ZEROS}), relu);
    EXPECT_EQ(prelu({GLIA_INIT_CONSTANT, 0, 0}), relu);
    EXPECT_EQ(prelu({}), (Numbers{-0.5, -0.125, 0, 3}));
    EXPECT_EQ(function({.kind = GLIA_LEAKY_RELU, .alpha = GLIA_SET(0)}), relu);
    EXPECT_EQ(function({.kind = GLIA_LEAKY_RELU, .alpha = GLIA_SET(0.5)}), (Numbers{-1, -0.25, 0, 3}));
    EXPECT_EQ(function({.kind = GLIA_LEAKY_RELU}), (Numbers{-2 * 0.01, -0.5 * 0.01, 0, 3}));
    EXPECT_EQ(function({.kind = GLIA_ELU, .alpha = GLIA_SET(0)}), relu);
    expect_near(function({.kind = GLIA_ELU}), {std::expm1(-2), std::expm1(-0.5), 0, 3});
    expect_near(function({.kind = GLIA_HARD_SIGMOID, .beta = GLIA_SET(0)}), {0, 0, 0, 0.5});
    EXPECT_EQ(function({.kind = GLIA_HARD_SIGMOID, .alpha = GLIA_SET(0)}), Numbers(4, 0.5));
    expect_near(function({.kind = GLIA_HARD_SIGMOID}), {1.0 / 6, 5.0 / 12, 0.5, 1});
}

TEST_F(LayerArgs, numbers_that_are_none_are_refused_with_their_values) {
    struct Mistake {
        glia_value (*make)(glia_model *, glia_value);
        const char *says;
    };
    const Mistake mistakes[] = {
        {[](auto *m, auto x) {
             return glia_model_batchnorm(m, x, with(glia_batchnorm_args{.momentum = GLIA_SET(-0.1)}));
         },
         "layer 'batchnorm': batchnorm: momentum is -0.1"},
        {[](auto *m, auto x) {
             return glia_model_batchnorm(m, x, with(glia_batchnorm_args{.momentum = GLIA_SET(1.5)}));
         },
         "layer 'batchnorm': batchnorm: momentum is 1.5"},
        {[](auto *m, auto x) {
             return glia_model_batchnorm(m, x, with(glia_batchnorm_args{.epsilon = GLIA_SET(NAN)}));
         },
         "layer 'batchnorm': batchnorm: epsilon is nan"},
        {[](auto *m, auto x) { return glia_model_layernorm(m, x, with(glia_layernorm_args{.epsilon = GLIA_SET(-1)})); },
         "layer 'layernorm': layernorm: epsilon is -1"},
        {[](auto *m, auto x) { return glia_model_groupnorm(m, x, with(glia_groupnorm_args{.epsilon = GLIA_SET(-1)})); },
         "layer 'groupnorm': groupnorm: epsilon is -1"},
        {[](auto *m, auto x) {
             return glia_model_instancenorm(m, x, with(glia_instancenorm_args{.epsilon = GLIA_SET(INFINITY)}));
         },
         "layer 'instancenorm': groupnorm: epsilon is inf"},
        {[](auto *m, auto x) {
             return glia_model_activation(m, x,
                                          with(glia_activation_args{.kind = GLIA_SOFTPLUS, .alpha = GLIA_SET(0)}));
         },
         "layer 'activation': unary: softplus with alpha 0, which it divides by"},
        {[](auto *m, auto x) {
             return glia_model_activation(
                 m, x, with(glia_activation_args{.kind = glia_activation(99), .alpha = GLIA_SET(1)}));
         },
         "layer 'activation': invalid activation 99"},
        {[](auto *m, auto x) { return glia_model_dropout(m, x, with(glia_dropout_args{.p = NAN})); },
         "layer 'dropout': dropout: p is nan"},
        {[](auto *m, auto) {
             return glia_model_embedding(
                 m, glia_model_index_input(m, "i", GLIA_I32, GLIA_SHAPE(2)),
                 with(glia_embedding_args{.count = 3, .size = 2, .has_padding = true, .padding_index = INT64_MAX}));
         },
         "layer 'embedding': padding_index is 9223372036854775807, must be -3 to 2"},
        {[](auto *m, auto x) {
             const glia_init large{.kind = GLIA_INIT_CONSTANT, .a = 1e39};
             return glia_model_dense(m, x, with(glia_dense_args{.units = 2, .weight_init = large}));
         },
         "layer 'dense': dense.weight: init kind 2 has a 1e+39 and b 0: must be finite in f32"},
        {[](auto *m, auto x) {
             glia_model_parameter(m, "dense", GLIA_SHAPE(2), nullptr);
             return glia_model_dense(m, x, with(glia_dense_args{.name = "dense", .units = 2}));
         },
         "dense: the name 'dense' is taken"},
    };
    for (const Mistake &mistake : mistakes) {
        glia_model *net = model();
        EXPECT_LT(mistake.make(net, glia_model_input(net, "x", GLIA_SHAPE(2, 2))).id, 0) << mistake.says;
        EXPECT_EQ(glia_model_status(net), GLIA_INVALID_ARGUMENT) << mistake.says;
        EXPECT_EQ(message().find(mistake.says), 0u) << message();
    }
}

TEST_F(LayerArgs, channels_and_filters_divide_into_the_groups) {
    for (const auto &[filters, groups] : {std::pair{7, 2}, {2, 3}, {4, 3}}) {
        glia_model *net = model();
        glia_model_conv2d_transpose(
            net, glia_model_input(net, "x", GLIA_SHAPE(4, 4, 4)),
            with(glia_conv2d_transpose_args{.filters = filters, .kernel = {2, 2}, .groups = groups, .no_bias = true}));
        EXPECT_EQ(glia_model_status(net), GLIA_SHAPE_MISMATCH);
        EXPECT_EQ(message(), "layer 'conv2d_transpose': 4 channels and " + std::to_string(filters) +
                                 " filters do not divide into " + std::to_string(groups) + " groups");
    }
}

TEST_F(LayerArgs, wrong_shapes_and_lists_are_named) {
    glia_model *net = model();
    EXPECT_LT(glia_model_concat(net, nullptr, 3, nullptr).id, 0);
    EXPECT_EQ(message(), "glia_model_concat: values is NULL");
    net = model();
    glia_model_reshape(net, glia_model_input(net, "x", GLIA_SHAPE(4)),
                       with(glia_reshape_args{.shape = GLIA_SHAPE(1, 1, 1, 1, 1, 1, 2, 2)}));
    EXPECT_EQ(message(), "layer 'reshape': 8 dimensions, must be 0 to 7 besides the batch");
    net = model();
    glia_model_slice(net, glia_model_input(net, "x", GLIA_SHAPE(3)), with(glia_slice_args{.start = 3}));
    EXPECT_EQ(message(), "layer 'slice': slice 3 to 3 of axis 0, which has 3, is empty");
    net = model();
    glia_model_parameter(net, "w", GLIA_SHAPE(2, 2), with(glia_parameter_args{.fan_in = -4}));
    EXPECT_EQ(message(), "glia_model_parameter: w: fan_in is -4 and fan_out 0, must not be negative");
}

TEST_F(LayerArgs, a_shape_that_does_not_fit_is_told_as_it_was_given) {
    glia_model *net = model();
    glia_model_reshape(net, glia_model_input(net, "x", GLIA_SHAPE(2, 2)),
                       with(glia_reshape_args{.shape = GLIA_SHAPE(3, -1)}));
    EXPECT_EQ(glia_model_status(net), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(message(), "layer 'reshape': x is [2,2], which does not fit 2 dimensions [3,-1]");
}

// ---- A softmax as the activation of a layer ----

// Over the axis between `outer` and `inner` elements.
Numbers softmax_of(const Numbers &x, size_t classes, size_t inner, bool log) {
    Numbers y(x.size());
    for (size_t at = 0; at < x.size(); ++at) {
        const size_t first = at / (classes * inner) * (classes * inner) + at % inner;
        double sum         = 0;
        for (size_t c = 0; c < classes; ++c) sum += std::exp(x[first + c * inner]);
        y[at] = log ? x[at] - std::log(sum) : std::exp(x[at]) / sum;
    }
    return y;
}

TEST_F(LayerArgs, softmax_of_a_dense_layer_is_over_its_units) {
    const auto dense = [&](glia_activation activation) {
        return of(
            [&](auto *net, auto x) {
                return glia_model_dense(net, x, with(glia_dense_args{.units = 3, .activation = activation}));
            },
            GLIA_SHAPE(2, 3), {1, 2, 3, -1, 0.5, 0, 2, -2, 1, 0, 0, 1}, 6);
    };
    const Numbers logits = dense(GLIA_LINEAR);
    ASSERT_EQ(logits.size(), 12u);
    expect_near(dense(GLIA_SOFTMAX), softmax_of(logits, 3, 1, false));
    expect_near(dense(GLIA_LOG_SOFTMAX), softmax_of(logits, 3, 1, true));
}

TEST_F(LayerArgs, softmax_of_a_convolution_is_over_its_filters) {
    Numbers x;
    for (int i = 0; i < 18; ++i) x.push_back(i * 7 % 11 / 5.0 - 1);
    const auto conv2d = [&](glia_activation activation) {
        return of(
            [&](auto *net, auto in) {
                return glia_model_conv2d(
                    net, in, with(glia_conv2d_args{.filters = 4, .kernel = {2, 2}, .activation = activation}));
            },
            GLIA_SHAPE(2, 3, 3), x, 16);
    };
    const auto transposed = [&](glia_activation activation) {
        return of(
            [&](auto *net, auto in) {
                return glia_model_conv2d_transpose(
                    net, in,
                    with(glia_conv2d_transpose_args{.filters = 2, .kernel = {2, 1}, .activation = activation}));
            },
            GLIA_SHAPE(2, 3, 3), x, 24);
    };
    const auto conv1d = [&](glia_activation activation, bool steps_first) {
        return of(
            [&](auto *net, auto in) {
                return glia_model_conv1d(
                    net, in,
                    with(glia_conv1d_args{
                        .filters = 3, .kernel = 2, .activation = activation, .steps_first = steps_first}));
            },
            GLIA_SHAPE(3, 3), x, 6);
    };
    for (const glia_activation activation : {GLIA_SOFTMAX, GLIA_LOG_SOFTMAX}) {
        SCOPED_TRACE(glia_activation_name(activation));
        const bool log = activation == GLIA_LOG_SOFTMAX;
        expect_near(conv2d(activation), softmax_of(conv2d(GLIA_LINEAR), 4, 4, log));
        expect_near(transposed(activation), softmax_of(transposed(GLIA_LINEAR), 2, 12, log));
        expect_near(conv1d(activation, false), softmax_of(conv1d(GLIA_LINEAR, false), 3, 2, log));
        expect_near(conv1d(activation, true), softmax_of(conv1d(GLIA_LINEAR, true), 3, 1, log));
    }
}

TEST_F(LayerArgs, softmax_layers_are_over_the_last_dimension) {
    const Numbers x{1, 2, 3, -1, 0.5, 0};
    const auto softmax = softmax_of(x, 3, 1, false), log = softmax_of(x, 3, 1, true);
    const auto same = [&](auto layer) { return of(layer, GLIA_SHAPE(2, 3), x); };
    expect_near(same([](auto *net, auto in) { return glia_model_softmax(net, in, nullptr); }), softmax);
    expect_near(same([](auto *net, auto in) { return glia_model_log_softmax(net, in, nullptr); }), log);
    expect_near(same([](auto *net, auto in) {
                    return glia_model_activation(net, in, with(glia_activation_args{.kind = GLIA_SOFTMAX}));
                }),
                softmax);
    expect_near(same([](auto *net, auto in) {
                    return glia_model_activation(net, in, with(glia_activation_args{.kind = GLIA_LOG_SOFTMAX}));
                }),
                log);
}

// ---- Names ----

// What layers take in the test below.
struct Values {
    glia_value image, volume, series, vector, words, length;
};

struct Named {
    const char *kind;
    glia_value (*make)(glia_model *, const Values &, const char *name);
};

const Named kLayers[] = {
    {"dense",
     [](auto *m, auto &v, auto *name) {
         return glia_model_dense(m, v.vector, with(glia_dense_args{.name = name, .units = 2}));
     }},
    {"conv2d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_conv2d(m, v.image, with(glia_conv2d_args{.name = name, .filters = 2, .kernel = {2, 2}}));
     }},
    {"conv1d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_conv1d(m, v.series, with(glia_conv1d_args{.name = name, .filters = 2, .kernel = 2}));
     }},
    {"conv2d_transpose",
     [](auto *m, auto &v, auto *name) {
         return glia_model_conv2d_transpose(
             m, v.image, with(glia_conv2d_transpose_args{.name = name, .filters = 2, .kernel = {2, 2}}));
     }},
    {"max_pool2d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_max_pool2d(m, v.image, with(glia_max_pool2d_args{.name = name, .kernel = {2, 2}}));
     }},
    {"avg_pool2d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_avg_pool2d(m, v.image, with(glia_avg_pool2d_args{.name = name, .kernel = {2, 2}}));
     }},
    {"conv3d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_conv3d(m, v.volume, with(glia_conv3d_args{.name = name, .filters = 2, .kernel = {2, 2, 2}}));
     }},
    {"max_pool3d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_max_pool3d(m, v.volume, with(glia_max_pool3d_args{.name = name, .kernel = {2, 2, 2}}));
     }},
    {"avg_pool3d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_avg_pool3d(m, v.volume, with(glia_avg_pool3d_args{.name = name, .kernel = {2, 2, 2}}));
     }},
    {"adaptive_max_pool2d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_adaptive_max_pool2d(m, v.image, with(glia_adaptive_pool2d_args{.name = name}));
     }},
    {"adaptive_avg_pool2d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_adaptive_avg_pool2d(m, v.image, with(glia_adaptive_pool2d_args{.name = name}));
     }},
    {"upsample2d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_upsample2d(m, v.image, with(glia_upsample2d_args{.name = name}));
     }},
    {"global_max_pool2d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_global_max_pool2d(m, v.image, with(glia_layer_args{name}));
     }},
    {"global_avg_pool2d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_global_avg_pool2d(m, v.image, with(glia_layer_args{name}));
     }},
    {"max_pool1d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_max_pool1d(m, v.series, with(glia_max_pool1d_args{.name = name, .kernel = 2}));
     }},
    {"avg_pool1d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_avg_pool1d(m, v.series, with(glia_avg_pool1d_args{.name = name, .kernel = 2}));
     }},
    {"global_max_pool1d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_global_max_pool1d(m, v.series, with(glia_global_pool1d_args{.name = name}));
     }},
    {"global_avg_pool1d",
     [](auto *m, auto &v, auto *name) {
         return glia_model_global_avg_pool1d(m, v.series, with(glia_global_pool1d_args{.name = name}));
     }},
    {"batchnorm", [](auto *m, auto &v,
                     auto *name) { return glia_model_batchnorm(m, v.image, with(glia_batchnorm_args{.name = name})); }},
    {"batchrenorm",
     [](auto *m, auto &v, auto *name) {
         return glia_model_batchrenorm(m, v.image, with(glia_batchrenorm_args{.name = name}));
     }},
    {"layernorm", [](auto *m, auto &v,
                     auto *name) { return glia_model_layernorm(m, v.image, with(glia_layernorm_args{.name = name})); }},
    {"groupnorm", [](auto *m, auto &v,
                     auto *name) { return glia_model_groupnorm(m, v.image, with(glia_groupnorm_args{.name = name})); }},
    {"instancenorm",
     [](auto *m, auto &v, auto *name) {
         return glia_model_instancenorm(m, v.image, with(glia_instancenorm_args{.name = name}));
     }},
    {"activation",
     [](auto *m, auto &v, auto *name) {
         return glia_model_activation(m, v.vector, with(glia_activation_args{.name = name, .kind = GLIA_TANH}));
     }},
    {"softmax",
     [](auto *m, auto &v, auto *name) { return glia_model_softmax(m, v.vector, with(glia_layer_args{name})); }},
    {"log_softmax",
     [](auto *m, auto &v, auto *name) { return glia_model_log_softmax(m, v.vector, with(glia_layer_args{name})); }},
    {"prelu",
     [](auto *m, auto &v, auto *name) { return glia_model_prelu(m, v.image, with(glia_prelu_args{.name = name})); }},
    {"dropout",
     [](auto *m, auto &v, auto *name) {
         return glia_model_dropout(m, v.vector, with(glia_dropout_args{.name = name, .p = 0.5}));
     }},
    {"flatten",
     [](auto *m, auto &v, auto *name) { return glia_model_flatten(m, v.image, with(glia_layer_args{name})); }},
    {"reshape",
     [](auto *m, auto &v, auto *name) {
         return glia_model_reshape(m, v.vector, with(glia_reshape_args{.name = name, .shape = GLIA_SHAPE(3, 2)}));
     }},
    {"transpose",
     [](auto *m, auto &v, auto *name) {
         return glia_model_transpose(m, v.series, with(glia_transpose_args{.name = name}));
     }},
    {"slice",
     [](auto *m, auto &v, auto *name) {
         return glia_model_slice(m, v.series, with(glia_slice_args{.name = name, .start = 1}));
     }},
    {"concat", [](auto *m, auto &v,
                  auto *name) { return glia_model_concat(m, &v.vector, 1, with(glia_concat_args{.name = name})); }},
    {"add",
     [](auto *m, auto &v, auto *name) { return glia_model_add(m, v.vector, v.vector, with(glia_layer_args{name})); }},
    {"multiply", [](auto *m, auto &v,
                    auto *name) { return glia_model_multiply(m, v.vector, v.vector, with(glia_layer_args{name})); }},
    {"embedding",
     [](auto *m, auto &v, auto *name) {
         return glia_model_embedding(m, v.words, with(glia_embedding_args{.name = name, .count = 5, .size = 2}));
     }},
    {"rnn", [](auto *m, auto &v,
               auto *name) { return glia_model_rnn(m, v.series, with(glia_rnn_args{.name = name, .units = 2})); }},
    {"lstm", [](auto *m, auto &v,
                auto *name) { return glia_model_lstm(m, v.series, with(glia_lstm_args{.name = name, .units = 2})); }},
    {"gru", [](auto *m, auto &v,
               auto *name) { return glia_model_gru(m, v.series, with(glia_gru_args{.name = name, .units = 2})); }},
    {"step",
     [](auto *m, auto &v, auto *name) { return glia_model_step(m, v.series, with(glia_step_args{.name = name})); }},
    {"repeat",
     [](auto *m, auto &v,
        auto *name) { return glia_model_repeat(m, v.vector, with(glia_repeat_args{.name = name, .times = 2})); }},
    {"lengths", [](auto *m, auto &v,
                   auto *name) { return glia_model_lengths(m, v.words, with(glia_lengths_args{.name = name})); }},
    {"mask", [](auto *m, auto &v,
                auto *name) { return glia_model_mask(m, v.series, v.length, with(glia_mask_args{.name = name})); }},
    {"stft",
     [](auto *m, auto &v, auto *name) {
         return glia_model_stft(m, v.vector, with(glia_stft_args{.name = name, .stft = {.n_fft = 4}}));
     }},
    {"spectrogram",
     [](auto *m, auto &v, auto *name) {
         return glia_model_spectrogram(m, v.vector, with(glia_spectrogram_args{.name = name, .stft = {.n_fft = 4}}));
     }},
    {"mel_spectrogram",
     [](auto *m, auto &v, auto *name) {
         return glia_model_mel_spectrogram(
             m, v.vector,
             with(glia_mel_spectrogram_args{.name = name, .stft = {.n_fft = 4}, .mel = {.rate = 8, .count = 2}}));
     }},
    {"mfcc",
     [](auto *m, auto &v, auto *name) {
         return glia_model_mfcc(
             m, v.vector,
             with(glia_mfcc_args{
                 .name = name, .stft = {.n_fft = 4}, .mel = {.rate = 8, .count = 2}, .coefficients = 1}));
     }},
};

Values inputs(glia_model *net) {
    return {glia_model_input(net, "image", GLIA_SHAPE(2, 4, 4)),
            glia_model_input(net, "volume", GLIA_SHAPE(2, 3, 4, 4)),
            glia_model_input(net, "series", GLIA_SHAPE(4, 3)),
            glia_model_input(net, "vector", GLIA_SHAPE(6)),
            glia_model_index_input(net, "words", GLIA_I32, GLIA_SHAPE(4)),
            glia_model_index_input(net, "length", GLIA_I32, GLIA_SCALAR)};
}

// The second word of a line.
std::string kind_in(const std::string &line) {
    std::istringstream words(line);
    std::string name, kind;
    words >> name >> kind;
    return kind;
}

TEST_F(LayerArgs, every_layer_has_the_name_it_is_given_or_one_that_counts_up) {
    for (const Named &layer : kLayers) {
        SCOPED_TRACE(layer.kind);
        glia_model *net        = model();
        const Values v         = inputs(net);
        const std::string kind = layer.kind;
        for (const char *name : {static_cast<const char *>(nullptr), static_cast<const char *>(nullptr), "mine",
                                 static_cast<const char *>(nullptr)})
            EXPECT_GT(layer.make(net, v, name).id, 0) << message();
        for (const std::string &name : {kind, kind + "_1", kind + "_2", std::string("mine")})
            EXPECT_EQ(kind_in(line(net, name)), kind) << name << "\n" << summary(net);
        EXPECT_LT(layer.make(net, v, "mine").id, 0) << "twice";
        EXPECT_EQ(glia_model_status(net), GLIA_INVALID_ARGUMENT);
        EXPECT_NE(message().find("'mine' is taken"), std::string::npos) << message();
    }
}

// ---- The table ----

TEST_F(LayerArgs, summary_has_the_params_of_layers_by_name_and_value) {
    glia_model *net = model();
    const Values v  = inputs(net);
    glia_model_conv2d(
        net, v.image,
        with(glia_conv2d_args{
            .name = "c", .filters = 2, .kernel = {3, 3}, .stride = {2, 1}, .pad = {1, 0}, .activation = GLIA_SOFTMAX}));
    glia_model_conv2d(net, v.image, with(glia_conv2d_args{.name = "plain", .filters = 2, .kernel = {1, 1}}));
    glia_model_batchnorm(net, v.image,
                         with(glia_batchnorm_args{.name = "n", .epsilon = GLIA_SET(0), .momentum = GLIA_SET(0)}));
    glia_model_dropout(net, v.vector, with(glia_dropout_args{.name = "d", .p = 0.25}));
    glia_model_activation(net, v.vector,
                          with(glia_activation_args{.name = "a", .kind = GLIA_LEAKY_RELU, .alpha = GLIA_SET(0.5)}));
    glia_model_max_pool2d(net, v.image, with(glia_max_pool2d_args{.name = "p", .kernel = {2, 3}}));
    glia_model_dense(net, v.vector,
                     with(glia_dense_args{.name = "f", .units = 2, .activation = GLIA_RELU, .frozen = true}));
    ASSERT_EQ(glia_model_status(net), GLIA_OK) << message();
    const auto params = [&](const char *name) {  // the last column
        const std::string all = line(net, name);
        const size_t column = summary(net).find("params") - 2, at = all.find_first_not_of(' ', column);
        return at == std::string::npos ? "" : all.substr(at);
    };
    EXPECT_EQ(params("c"), "stride={2,1} pad={1,0} pad_end={1,0}, softmax axis=1");
    EXPECT_EQ(params("plain"), "");
    EXPECT_EQ(params("n"), "epsilon=0 momentum=0");
    EXPECT_EQ(params("d"), "p=0.25");
    EXPECT_EQ(params("a"), "unary kind=leaky_relu alpha=0.5");
    EXPECT_EQ(params("p"), "kernel={2,3}");
    EXPECT_EQ(params("f"), "frozen  unary kind=relu");
}

}  // namespace
