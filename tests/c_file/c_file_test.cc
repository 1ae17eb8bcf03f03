// Models as C files: compiled with all warnings as errors, loaded, and compared with what the model predicts.
#include "c_file/exported.h"
#include "support/failing.h"

#include <cmath>

namespace {

using namespace glia;

glia_value dense(glia_model *net, glia_value x, int units, glia_activation activation = GLIA_LINEAR) {
    return glia_model_dense(net, x, with(glia_dense_args{.units = units, .activation = activation}));
}

struct Case {
    const char *name;
    glia_shape input;
    Layers layers;
};

void expect_predictions(const Case &c, size_t samples = 3) {
    SCOPED_TRACE(c.name);
    size_t size = 1;
    for (int i = 0; i < c.input.ndim; ++i) size *= size_t(c.input.dim[i]);
    PredictNet n(c.input, c.layers);
    Exported file(n.net);
    ASSERT_FALSE(testing::Test::HasFailure()) << n.message();
    file.compile();
    const Values x    = numbers(size * samples);
    glia_predictor *p = nullptr;
    ASSERT_EQ(glia_predictor_create(n.net, nullptr, &p), GLIA_OK) << n.message();
    const size_t outputs = glia_predictor_output_bytes(p, 0) / sizeof(float);
    glia_predictor_destroy(p);
    expect_same(file.run(x, samples, samples * outputs), n.predict(x, int64_t(samples), samples * outputs));
    if (testing::Test::HasFailure()) std::fputs(file.text().c_str(), stderr);
}

TEST(CFile, DenseLayersAndActivations) {
    expect_predictions({"dense", GLIA_SHAPE(13),
                        [](auto *net, auto x) { return dense(net, dense(net, x, 21, GLIA_RELU), 6, GLIA_SIGMOID); }});
    expect_predictions({"rows, no bias, one output", GLIA_SHAPE(5, 7), [](auto *net, auto x) {
                            glia_dense_args args{};
                            args.units = 1, args.no_bias = true;
                            return glia_model_dense(net, dense(net, x, 9, GLIA_TANH), &args);
                        }});
    expect_predictions(
        {"a long sum", GLIA_SHAPE(3, 3079), [](auto *net, auto x) { return dense(net, dense(net, x, 5), 1); }});
    expect_predictions({"all activations", GLIA_SHAPE(3, 8), [](auto *net, auto x) {
                            for (int a = GLIA_RELU; a < GLIA_ACTIVATION_COUNT; ++a)
                                x = dense(net, x, 8, glia_activation(a));
                            return x;
                        }});
    expect_predictions({"all functions", GLIA_SHAPE(6), [](auto *net, auto x) {
                            std::vector<glia_value> all;
                            for (int k = 0; k < GLIA_UNARY_COUNT; ++k) {
                                glia_unary_params params = glia_unary_defaults(glia_unary_kind(k));
                                glia_value y;
                                params.alpha *= 0.75;
                                if (k == GLIA_UNARY_LOG || k == GLIA_UNARY_SQRT)
                                    glia_model_op(net, "unary", with(glia_unary_defaults(GLIA_UNARY_SQUARE)), &x, 1, &y,
                                                  1);
                                else
                                    y = x;
                                all.push_back(y);
                                glia_model_op(net, "unary", &params, &y, 1, &all.back(), 1);
                            }
                            return glia_model_concat(net, all.data(), int(all.size()), nullptr);
                        }});
}

TEST(CFile, Convolutions) {
    expect_predictions({"image", GLIA_SHAPE(2, 9, 8), [](auto *net, auto x) {
                            glia_conv2d_args args{};
                            args.filters = 6, args.kernel[0] = 3, args.kernel[1] = 2, args.activation = GLIA_RELU;
                            return glia_model_conv2d(net, x, &args);
                        }});
    expect_predictions({"padding, stride, dilation", GLIA_SHAPE(3, 11, 13), [](auto *net, auto x) {
                            glia_conv2d_args args{};
                            args.filters = 4, args.kernel[0] = args.kernel[1] = 3, args.padding = GLIA_PAD_SAME;
                            args.stride[0] = 2, args.stride[1] = 3, args.activation = GLIA_GELU;
                            x = glia_model_conv2d(net, x, &args);
                            glia_conv2d_args wide{};
                            wide.filters = 5, wide.kernel[0] = 2, wide.kernel[1] = 3, wide.dilation[1] = 2;
                            wide.pad[0] = 1, wide.pad[1] = 3, wide.pad_end[1] = 1, wide.no_bias = true;
                            return glia_model_conv2d(net, x, &wide);
                        }});
    expect_predictions({"depthwise and pointwise", GLIA_SHAPE(4, 7, 7), [](auto *net, auto x) {
                            glia_conv2d_args depth{}, point{}, groups{};
                            depth.filters = 8, depth.kernel[0] = depth.kernel[1] = 3, depth.groups = 4;
                            depth.pad[0] = depth.pad[1] = 1;
                            point.filters = 6, point.kernel[0] = point.kernel[1] = 1, point.activation = GLIA_SILU;
                            groups.filters = 4, groups.kernel[0] = 1, groups.kernel[1] = 3, groups.groups = 2;
                            x = glia_model_conv2d(net, glia_model_conv2d(net, x, &depth), &point);
                            return glia_model_conv2d(net, x, &groups);
                        }});
    expect_predictions({"a row of padding alone", GLIA_SHAPE(2, 1, 6), [](auto *net, auto x) {
                            glia_conv2d_args args{};
                            args.filters = 3, args.kernel[0] = 1, args.kernel[1] = 2;
                            args.stride[0] = 3, args.pad[0] = 1;
                            return glia_model_conv2d(net, x, &args);
                        }});
    expect_predictions({"vectors", GLIA_SHAPE(3, 40), [](auto *net, auto x) {
                            glia_conv1d_args args{};
                            args.filters = 5, args.kernel = 9, args.stride = 2, args.pad = 4;
                            args.activation = GLIA_TANH;
                            return glia_model_conv1d(net, x, &args);
                        }});
    expect_predictions({"steps first", GLIA_SHAPE(20, 3), [](auto *net, auto x) {
                            glia_conv1d_args args{};
                            args.filters = 5, args.kernel = 3, args.steps_first = true;
                            return glia_model_conv1d(net, x, &args);
                        }});
    expect_predictions({"transposed", GLIA_SHAPE(4, 5, 6), [](auto *net, auto x) {
                            glia_conv2d_transpose_args args{};
                            args.filters = 6, args.kernel[0] = 3, args.kernel[1] = 4, args.groups = 2;
                            args.stride[0] = args.stride[1] = 2, args.pad[0] = 1, args.output_pad[1] = 1;
                            args.activation = GLIA_SIGMOID;
                            return glia_model_conv2d_transpose(net, glia_model_batchnorm(net, x, nullptr), &args);
                        }});
}

TEST(CFile, ConvolutionsOfManyChannels) {
    expect_predictions({"many channels", GLIA_SHAPE(9, 7, 8), [](auto *net, auto x) {
                            glia_conv2d_args same{}, far{}, groups{}, point{};
                            same.filters = 12, same.kernel[0] = same.kernel[1] = 3, same.pad[0] = same.pad[1] = 1;
                            far.filters = 10, far.kernel[0] = 2, far.kernel[1] = 3, far.dilation[1] = 2;
                            far.stride[0] = 1, far.stride[1] = 2, far.pad[1] = 3;
                            groups.filters = 8, groups.kernel[0] = groups.kernel[1] = 2, groups.groups = 2;
                            point.filters = 3, point.kernel[0] = point.kernel[1] = 1, point.stride[0] = 2;
                            for (const glia_conv2d_args *args : {&same, &far, &groups, &point})
                                x = glia_model_conv2d(net, x, args);
                            return x;
                        }});
}

TEST(CFile, Pooling) {
    const glia_shape image = GLIA_SHAPE(3, 11, 13);
    expect_predictions(
        {"max", image, [](auto *net, auto x) {
             glia_max_pool2d_args args{};
             args.kernel[0] = args.kernel[1] = 3, args.stride[0] = 2, args.pad[0] = args.pad[1] = 1;
             x = glia_model_max_pool2d(net, x, &args);
             glia_max_pool2d_args ceiled{};
             ceiled.kernel[0] = ceiled.kernel[1] = 2, ceiled.ceil_mode = true;
             return glia_model_max_pool2d(
                 net, glia_model_activation(net, x, with(glia_activation_args{nullptr, GLIA_RELU, {}, {}})), &ceiled);
         }});
    for (const bool counts : {false, true})
        expect_predictions({"average", image, [=](auto *net, auto x) {
                                glia_avg_pool2d_args args{};
                                args.kernel[0] = 3, args.kernel[1] = 2, args.stride[0] = args.stride[1] = 2;
                                args.pad[0] = args.pad[1] = 1, args.ceil_mode = true, args.count_include_pad = counts;
                                return glia_model_avg_pool2d(net, x, &args);
                            }});
    expect_predictions({"plain average", image, [](auto *net, auto x) {
                            glia_avg_pool2d_args args{};
                            args.kernel[0] = 3, args.kernel[1] = 2;
                            return glia_model_avg_pool2d(net, x, &args);
                        }});
    expect_predictions({"adaptive", image, [](auto *net, auto x) {
                            glia_adaptive_pool2d_args args{};
                            args.size[0] = 4, args.size[1] = 5;
                            const glia_value all[] = {
                                glia_model_flatten(net, glia_model_adaptive_max_pool2d(net, x, &args), nullptr),
                                glia_model_flatten(net, glia_model_adaptive_avg_pool2d(net, x, &args), nullptr),
                                glia_model_global_max_pool2d(net, x, nullptr),
                                glia_model_global_avg_pool2d(net, x, nullptr)};
                            return glia_model_concat(net, all, 4, nullptr);
                        }});
    expect_predictions({"of vectors", GLIA_SHAPE(3, 17), [](auto *net, auto x) {
                            glia_max_pool1d_args max{};
                            glia_avg_pool1d_args average{};
                            max.kernel = 3, average.kernel = 2;
                            x = glia_model_avg_pool1d(net, glia_model_max_pool1d(net, x, &max), &average);
                            const glia_value both[] = {glia_model_global_max_pool1d(net, x, nullptr),
                                                       glia_model_global_avg_pool1d(net, x, nullptr)};
                            return glia_model_concat(net, both, 2, nullptr);
                        }});
}

TEST(CFile, Upsampling) {
    for (const int way : {0, 1, 2})
        expect_predictions(
            {"upsampled", GLIA_SHAPE(3, 5, 4), [=](auto *net, auto x) {
                 glia_upsample2d_args twice{}, sized{};
                 sized.size[0] = 17, sized.size[1] = 3;
                 twice.linear = sized.linear = way > 0, twice.align_corners = sized.align_corners = way > 1;
                 const glia_value both[] = {glia_model_flatten(net, glia_model_upsample2d(net, x, &twice), nullptr),
                                            glia_model_flatten(net, glia_model_upsample2d(net, x, &sized), nullptr)};
                 return glia_model_concat(net, both, 2, nullptr);
             }});
}

// Statistics that are not 0 and 1.
void set_statistics(PredictNet &n) {
    for (int i = 0; i < glia_model_weight_count(n.net); ++i) {
        const std::string name = glia_model_weight_name(n.net, i);
        const glia_shape shape = glia_model_weight_shape(n.net, i);
        if (shape.ndim != 1) continue;
        Values values = numbers(size_t(shape.dim[0]));
        if (name.find("var") != std::string::npos)
            for (float &v : values) v = v * v + 0.1f;
        ASSERT_EQ(glia_model_set(n.net, name.c_str(), values.data(), values.size() * sizeof(float)), GLIA_OK);
    }
}

glia_value relu(glia_model *net, glia_value x) {
    return glia_model_activation(net, x, with(glia_activation_args{nullptr, GLIA_RELU, {}, {}}));
}

TEST(CFile, ABatchnormIsFoldedIntoTheLayerBeforeIt) {
    PredictNet n(GLIA_SHAPE(3, 8, 8), [](auto *net, auto x) {
        glia_conv2d_args args{};
        glia_conv2d_transpose_args back{};
        glia_conv1d_args vector{};
        args.filters = 4, args.kernel[0] = args.kernel[1] = 3, args.no_bias = true;
        back.filters = 4, back.kernel[0] = back.kernel[1] = 2, back.groups = 2;
        vector.filters = 6, vector.kernel = 5;
        x = relu(net, glia_model_batchnorm(net, glia_model_conv2d(net, x, &args), nullptr));
        x = glia_model_batchnorm(net, glia_model_conv2d_transpose(net, x, &back), nullptr);
        x = glia_model_reshape(net, x, with(glia_reshape_args{nullptr, GLIA_SHAPE(4, 49)}));
        x = relu(net, glia_model_batchnorm(net, glia_model_conv1d(net, x, &vector), nullptr));
        x = glia_model_batchnorm(net, dense(net, glia_model_flatten(net, x, nullptr), 9), nullptr);
        return dense(net, relu(net, x), 4);
    });
    set_statistics(n);
    Exported file(n.net);
    file.compile();
    const Values x = numbers(2 * 3 * 64);
    expect_same(file.run(x, 2, 8), n.predict(x, 2, 8));
    EXPECT_EQ(file.text().find("_scale"), std::string::npos) << "no batchnorm is left\n" << file.text();
}

TEST(CFile, ABatchnormWithoutALayerBeforeItIsAScaleAndAShift) {
    PredictNet n(GLIA_SHAPE(3, 5, 5), [](auto *net, auto x) {
        const glia_value y = glia_model_batchnorm(net, x, nullptr);
        const glia_value z = glia_model_conv2d(net, y, with(glia_conv2d_args{.filters = 3, .kernel = {1, 1}}));
        return glia_model_add(net, z, relu(net, glia_model_batchnorm(net, z, nullptr)), nullptr);  // z is read twice
    });
    set_statistics(n);
    Exported file(n.net);
    file.compile();
    const Values x = numbers(75);
    expect_same(file.run(x, 1, 75), n.predict(x, 1, 75));
}

TEST(CFile, NormalisationsSoftmaxAndShapes) {
    expect_predictions({"norms", GLIA_SHAPE(6, 4, 5), [](auto *net, auto x) {
                            glia_groupnorm_args groups{};
                            groups.groups = 3;
                            x             = glia_model_groupnorm(net, x, &groups);
                            x             = glia_model_instancenorm(net, x, nullptr);
                            glia_layernorm_args last{};
                            last.dims = 2, last.no_scale = true;
                            x = glia_model_layernorm(net, glia_model_layernorm(net, x, nullptr), &last);
                            return glia_model_softmax(net, glia_model_prelu(net, x, nullptr), nullptr);
                        }});
    expect_predictions({"large groups", GLIA_SHAPE(2, 30, 41),
                        [](auto *net, auto x) { return glia_model_groupnorm(net, x, nullptr); }});
    expect_predictions({"shapes", GLIA_SHAPE(6, 4), [](auto *net, auto x) {
                            glia_transpose_args swapped{};
                            glia_slice_args part{};
                            glia_repeat_args often{};
                            part.axis = 1, part.start = 1, part.stop = 5, often.times = 3;
                            glia_value y = glia_model_slice(net, glia_model_transpose(net, x, &swapped), &part);
                            y            = glia_model_add(net, y, glia_model_transpose(net, y, &swapped), nullptr);
                            const glia_value both[] = {y, glia_model_softmax(net, y, nullptr)};
                            y = glia_model_concat(net, both, 2, with(glia_concat_args{.name = nullptr, .axis = 1}));
                            return glia_model_repeat(net, glia_model_step(net, y, nullptr), &often);
                        }});
    expect_predictions(
        {"broadcast", GLIA_SHAPE(3, 4), [](auto *net, auto x) {
             const glia_value scale  = glia_model_parameter(net, "scale", GLIA_SHAPE(4), nullptr),
                              column = glia_model_parameter(net, "exp", GLIA_SHAPE(3, 1), nullptr);
             x                 = glia_model_add(net, glia_model_multiply(net, column, x, nullptr), scale, nullptr);
             glia_value all[3] = {x};
             const glia_binary_params less{GLIA_BINARY_LESS}, maximum{GLIA_BINARY_MAXIMUM};
             glia_model_op(net, "binary", &less, with(std::array<glia_value, 2>{x, scale})->data(), 2, &all[1], 1);
             glia_model_op(net, "binary", &maximum, with(std::array<glia_value, 2>{scale, x})->data(), 2, &all[2], 1);
             return glia_model_concat(net, all, 3, nullptr);
         }});
    expect_predictions({"pad and reduce", GLIA_SHAPE(3, 4, 5), [](auto *net, auto x) {
                            std::vector<glia_value> all;
                            glia_pad_params pad{};
                            pad.before[2] = 2, pad.after[3] = 1, pad.value = 0.5;
                            glia_model_op(net, "pad", &pad, &x, 1, &x, 1);
                            for (int k = GLIA_REDUCE_SUM; k <= GLIA_REDUCE_L2; ++k) {
                                glia_value y;
                                const glia_reduce_params params{.kind = glia_reduce_kind(k),
                                                                .axes = GLIA_AXIS(1) | GLIA_AXIS(3)};
                                glia_model_op(net, "reduce", &params, &x, 1, &y, 1);
                                all.push_back(y);
                            }
                            return glia_model_concat(net, all.data(), int(all.size()), nullptr);
                        }});
}

glia_value digits(glia_model *net, glia_value x) {
    glia_conv2d_args args{};
    glia_max_pool2d_args pool{};
    args.filters = 4, args.kernel[0] = args.kernel[1] = 3, args.activation = GLIA_RELU;
    pool.kernel[0] = pool.kernel[1] = 2;
    x = glia_model_flatten(net, glia_model_max_pool2d(net, glia_model_conv2d(net, x, &args), &pool), nullptr);
    return glia_model_softmax(net, dense(net, x, 5), nullptr);
}

// What several compilers and checkers make of one file, and that it can be declared where it is called.
TEST(CFile, CompilesEverywhereAndKeepsWithinItsArrays) {
    PredictNet n(GLIA_SHAPE(2, 9, 8), digits);
    Exported file(n.net, {.prefix = "digits", .streaming = false, .time_axis = 0}, "a-net.c");
    const Values x = numbers(2 * 9 * 8), want = n.predict(x, 1, 5);
    const Folder &folder = file.folder;
    std::ofstream(folder / "main.c") << "#define DIGITS_HEADER_ONLY\n#include \"a-net.c\"\n#include <stdio.h>\n"
                                        "int main(void) {\n"
                                        "    float x[DIGITS_X_SIZE], y[DIGITS_SOFTMAX_SIZE];\n"
                                        "    for (int i = 0; i < DIGITS_X_SIZE; ++i)\n"
                                        "        if (scanf(\"%f\", &x[i]) != 1) return 1;\n"
                                        "#ifdef DIGITS_NO_BUFFER\n"
                                        "    static float scratch[DIGITS_SCRATCH_BYTES / sizeof(float)];\n"
                                        "    digits_run_in(scratch, x, y);\n"
                                        "#else\n"
                                        "    digits_run(x, y);\n"
                                        "#endif\n"
                                        "    for (int i = 0; i < DIGITS_SOFTMAX_SIZE; ++i) printf(\"%.9g\\n\", y[i]);\n"
                                        "    return 0;\n}\n";
    {
        std::ofstream in(folder / "in");
        in.precision(9);
        for (const float v : x) in << v << "\n";
    }
    const auto expect_program = [&](const std::string &compiler, const std::string &flags, const std::string &runner) {
        const std::string program = folder / "program";
        expect_quiet(
            compiler + kStrict + flags + " -o " + program + " " + file.path + " " + (folder / "main.c") + " -lm",
            folder / "log");
        EXPECT_EQ(std::system((runner + program + " < " + (folder / "in") + " > " + (folder / "out")).c_str()), 0);
        std::ifstream out(folder / "out");
        Values got;
        for (float v; out >> v;) got.push_back(v);
        expect_same(got, want);
    };
    const auto have = [](const char *program) {
        return std::system((std::string("command -v ") + program + " > /dev/null").c_str()) == 0;
    };
    expect_program(GLIA_CC, "-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all", "");
    expect_program(GLIA_CC, "-O3 -Wshadow -Wmissing-prototypes -Wstrict-prototypes -DDIGITS_NO_BUFFER", "");
    if (have("clang")) expect_program("clang", "-O2 -Wmissing-variable-declarations", "");
    const std::string arm = "arm-linux-gnueabihf-gcc";
    if (!have(arm.c_str())) GTEST_SKIP() << "there is no " << arm;
    const std::string m4 = " -Os -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -c ";
    expect_quiet(arm + kStrict + m4 + "-o " + (folder / "m4.o") + " " + file.path, folder / "log");
    if (!have("qemu-arm")) GTEST_SKIP() << "there is no qemu-arm";
    expect_program(arm, "-O2 -static", "qemu-arm ");
}

TEST(CFile, NumbersAreReadBackAsTheyWere) {
    PredictNet n(GLIA_SHAPE(8), [](auto *net, auto x) {
        glia_dense_args args{};
        args.units = 4, args.no_bias = true;
        return glia_model_dense(net, x, &args);
    });
    Values w = numbers(32);
    w[0] = INFINITY, w[1] = -INFINITY, w[2] = NAN, w[3] = -0.0f, w[4] = 1e-45f, w[5] = 3.4028235e38f, w[6] = 16777216,
    w[7] = 0.1f, w[8] = 1e-38f, w[9] = -1e20f, w[10] = 123456, w[11] = 1.1754944e-38f;
    ASSERT_EQ(glia_model_set(n.net, "dense.weight", w.data(), w.size() * sizeof(float)), GLIA_OK);
    Exported file(n.net);
    std::ofstream(file.path, std::ios::app) << "const void *net_weights(void) { return dense_weight; }\n";
    file.compile();
    auto *weights = file.find<const float *()>("weights");
    ASSERT_TRUE(weights);
    for (size_t u = 0; u < 4; ++u)
        for (size_t k = 0; k < 8; ++k) {
            const float want = w[u * 8 + k], got = weights()[k * 4 + u];
            if (std::isnan(want))
                EXPECT_TRUE(std::isnan(got));
            else
                EXPECT_EQ(std::memcmp(&got, &want, sizeof got), 0) << want << " is " << got;
        }
    EXPECT_NE(file.text().find("{0.1f,"), std::string::npos) << "as short as it can be\n" << file.text();
}

TEST(CFile, NamesAreNamesOfC) {
    PredictNet n(GLIA_SHAPE(3), [](auto *net, auto x) {
        x = glia_model_dense(net, x, with(glia_dense_args{.name = "*/ int", .units = 4}));
        x = glia_model_dense(net, x, with(glia_dense_args{.name = "2nd \xc3\xa9t\xc3\xa9", .units = 3}));
        const glia_value c = glia_model_parameter(net, "scratch", GLIA_SHAPE(3), nullptr);
        x                  = glia_model_add(net, x, c, with(glia_layer_args{"NAN"}));
        return glia_model_dense(net, x, with(glia_dense_args{.name = "return", .units = 2}));
    });
    Exported file(n.net, {}, "1 model-v2.final.c");
    EXPECT_STREQ(file.info.prefix, "n1_model_v2_final");
    file.compile();
    const Values x = numbers(3);
    expect_same(file.run(x, 1, 2), n.predict(x, 1, 2));
}

// A model without layers yet.
struct Bare {
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;

    Bare() {
        EXPECT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    }
    ~Bare() {
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
    glia_value dense(glia_value x, const char *name) const {
        return glia_model_dense(net, x, with(glia_dense_args{.name = name, .units = 3}));
    }
    void compile(glia_value y) const { ASSERT_EQ(glia_model_compile(net, y, nullptr), GLIA_OK) << glia_message(ctx); }
};

// A layer's function is run_NAME, which may be that of the file, what an input is named, or an array of another layer;
// that of a layer's second direction may be what another layer is named.
TEST(CFile, NamesOfFunctionsDoNotMeet) {
    Bare b;
    glia_value x = glia_model_input(b.net, "run_b", GLIA_SHAPE(3));
    for (const char *name : {"run", "b", "a.b", "a_b", "weight", "run_c", "c_bias", "step", "init"})
        x = b.dense(x, name);
    x = glia_model_reshape(b.net, x, with(glia_reshape_args{nullptr, GLIA_SHAPE(3, 1)}));
    for (const char *name : {"d", "d_reverse", "reverse_d"})
        x = glia_model_gru(b.net, x,
                           with(glia_gru_args{.name = name, .units = 1, .direction = GLIA_RNN_BOTH, .sequence = true}));
    b.compile(x);
    Exported file(b.net, {.prefix = "run", .streaming = false, .time_axis = 0});
    file.compile();
    const Values in = numbers(3);
    Values want(6);
    ASSERT_EQ(glia_model_predict_array(b.net, in.data(), 12, 1, want.data(), 24), GLIA_OK) << glia_message(b.ctx);
    expect_same(file.run(in, 1, 6), want);
}

// C++ and later C have more words, and a variable of the file is no input.
TEST(CFile, NamesOfInputsAndOutputsAreNamesEverywhere) {
    for (const char *name : {"class", "new", "bool", "asm", "typeof", "linux", "t", "int32_t"}) {
        Bare b;
        b.compile(b.dense(glia_model_input(b.net, name, GLIA_SHAPE(1, 3)), "first"));
        Exported file(b.net, {.prefix = nullptr, .streaming = true, .time_axis = 0});
        const std::string nothing = " -c -o /dev/null '" + file.path + "'";
        expect_quiet(std::string(GLIA_CC) + " -std=gnu2x -Wall -Wextra -Wshadow -Werror" + nothing,
                     file.folder / "log");
        expect_quiet(std::string(GLIA_CC) + " -x c++ -DNET_HEADER_ONLY -Wall -Wextra -Werror" + nothing,
                     file.folder / "log");
    }
}

TEST(CFile, SizesOfNamesThatDifferInCapitals) {
    Bare b;
    const glia_value both[] = {glia_model_input(b.net, "Image", GLIA_SHAPE(3)),
                               glia_model_input(b.net, "image", GLIA_SHAPE(5))};
    b.compile(b.dense(glia_model_concat(b.net, both, 2, nullptr), "IMAGE"));
    Exported file(b.net);
    file.compile();
    for (const char *line :
         {"#define NET_IMAGE_SIZE 3\n", "#define NET_IMAGE_1_SIZE 5\n", "#define NET_IMAGE__SIZE 3\n"})
        EXPECT_NE(file.text().find(line), std::string::npos) << line << file.text();
}

TEST(CFile, AnOutputMayBeAnInputOrShownTwice) {
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
    ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    const glia_value x = glia_model_input(net, "in", GLIA_SHAPE(4)), y = dense(net, x, 4, GLIA_TANH);
    glia_model_input(net, "unused", GLIA_SHAPE(2));
    const glia_value flat = glia_model_reshape(net, y, with(glia_reshape_args{nullptr, GLIA_SHAPE(2, 2)}));
    for (const glia_value v : {x, y, flat, glia_model_softmax(net, y, nullptr)})
        ASSERT_EQ(glia_model_output(net, v, nullptr), GLIA_OK) << glia_message(ctx);
    ASSERT_EQ(glia_model_compile(net, {}, nullptr), GLIA_OK) << glia_message(ctx);
    Exported file(net);
    file.compile();
    auto *run = file.find<void(const float *, const float *, float *, float *, float *, float *)>("run");
    ASSERT_TRUE(run) << glia_message(ctx);
    const Values in = numbers(4);
    Values a(4), b(4), c(4), d(4), want(4);
    run(in.data(), in.data(), a.data(), b.data(), c.data(), d.data());
    EXPECT_EQ(a, in);
    EXPECT_EQ(b, c);
    glia_predictor *p = nullptr;
    ASSERT_EQ(glia_predictor_create(net, nullptr, &p), GLIA_OK);
    const void *from[] = {in.data(), in.data()};
    Values e(4), f(4), g(4);
    void *to[] = {e.data(), f.data(), g.data(), want.data()};
    ASSERT_EQ(glia_predictor_run(p, 1, from, to), GLIA_OK);
    expect_same(b, f);
    expect_same(d, want);
    glia_predictor_destroy(p);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
}

// The scratch buffer holds what is needed at once, not all results.
TEST(CFile, ResultsShareMemory) {
    PredictNet n(GLIA_SHAPE(100), [](auto *net, auto x) {
        for (int i = 0; i < 6; ++i) x = glia_model_softmax(net, dense(net, x, 100, GLIA_RELU), nullptr);
        return dense(net, x, 1);
    });
    Exported file(n.net);
    EXPECT_EQ(file.info.scratch, 2 * 100 * sizeof(float));
    EXPECT_EQ(file.info.weights, (6 * (100 * 100 + 100) + 101) * sizeof(float));
    EXPECT_NE(file.text().find("#define NET_SCRATCH_BYTES 800\n"), std::string::npos);
}

TEST(CFile, WhatCannotBeWrittenIsListedAndNothingIsWritten) {
    PredictNet n(GLIA_SHAPE(7, 3), [](auto *net, auto x) {
        glia_gru_args args{};
        args.units = 4, args.sequence = true, args.name = "memory";
        args.lengths = glia_model_lengths(net, x, with(glia_lengths_args{.name = "length", .padding = 0}));
        x            = glia_model_gru(net, x, &args);
        glia_value y;
        glia_model_op(net, "cumsum", nullptr, &x, 1, &y, 1);
        return dense(net, y, 2);
    });
    Folder folder;
    const std::string path = folder / "net.c";
    std::ofstream(path) << "old";
    EXPECT_EQ(glia_model_export_c(n.net, path.c_str(), nullptr, nullptr), GLIA_UNSUPPORTED);
    for (const char *part : {"layer 'length' (sequence_lengths)", "layer 'memory' (rnn with lengths)", "cumsum"})
        EXPECT_NE(n.message().find(part), std::string::npos) << n.message();
    EXPECT_EQ(read_text(path), "old");
    EXPECT_EQ(glia_model_export_c(n.net, path.c_str(), with(glia_c_file_args{nullptr, true, 0}), nullptr),
              GLIA_UNSUPPORTED);
    EXPECT_NE(n.message().find("one at a time"), std::string::npos) << n.message();
}

TEST(CFile, SaysWhatIsWrong) {
    const Layers layers = [](auto *net, auto x) { return dense(net, x, 2); };
    PredictNet n(GLIA_SHAPE(3), layers), half(GLIA_SHAPE(3), layers, GLIA_BF16), wide(GLIA_SHAPE(3), layers, GLIA_F64);
    Folder folder;
    const std::string good = folder / "net.c", lost = folder / "none/net.c";
    const auto fails = [&](PredictNet &net, const std::string &path, const glia_c_file_args &args, glia_status status,
                           const char *part) {
        EXPECT_EQ(glia_model_export_c(net.net, path.c_str(), &args, nullptr), status);
        EXPECT_NE(net.message().find(part), std::string::npos) << net.message();
    };
    fails(n, lost, {}, GLIA_NOT_FOUND, "No such file");
    fails(n, folder.path(), {}, GLIA_IO_ERROR, "is a folder");
    for (const char *prefix : {"", "2d", "a-b", "int", "\xc3\xa9", "a12345678901234567890123456789012"})
        fails(n, good, {.prefix = prefix, .streaming = false, .time_axis = 0}, GLIA_INVALID_ARGUMENT, "prefix is '");
    fails(n, good, {.prefix = nullptr, .streaming = true, .time_axis = 2}, GLIA_INVALID_ARGUMENT, "time_axis is 2");
    fails(n, good, {.prefix = nullptr, .streaming = false, .time_axis = -1}, GLIA_INVALID_ARGUMENT,
          "not for streaming");
    fails(half, good, {}, GLIA_DTYPE_MISMATCH, "the model is bf16");
    fails(wide, good, {}, GLIA_DTYPE_MISMATCH, "the model is f64");
    EXPECT_FALSE(std::filesystem::exists(good));
    dense(n.net, glia_model_input(n.net, "more", GLIA_SHAPE(2)), 2);
    fails(n, good, {}, GLIA_INVALID_ARGUMENT, "not compiled, or was changed");
}

// Without memory there is no file, and nothing is kept.
TEST(CFile, EveryAllocationMayFail) {
    FailingAllocator allocator;
    PredictNet n(GLIA_SHAPE(2, 9, 8), digits, GLIA_F32, allocator.api());
    Folder folder;
    const std::string path = folder / "net.c";
    const size_t before    = allocator.bytes;
    glia_status status     = GLIA_OUT_OF_MEMORY;
    for (int allowed = 0; status != GLIA_OK && !testing::Test::HasFailure(); ++allowed) {
        allocator.left = allowed;
        status         = glia_model_export_c(n.net, path.c_str(), nullptr, nullptr);
        allocator.left = -1;
        EXPECT_EQ(allocator.bytes, before) << allowed;
        EXPECT_TRUE(status == GLIA_OK || status == GLIA_OUT_OF_MEMORY) << allowed << ": " << n.message();
        EXPECT_EQ(std::filesystem::exists(path), status == GLIA_OK) << allowed;
        EXPECT_TRUE(status != GLIA_OK || allowed > 10) << allowed;
    }
}

}  // namespace
