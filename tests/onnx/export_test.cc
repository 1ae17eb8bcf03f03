// Models as files of ONNX: each is written, read again, and computes the same. GLIA_ONNX_KEEP names a folder in which
// the files stay, with inputs and outputs, for tests/onnx/check_exported.py.
#include <sys/stat.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "onnx/exported_models.h"
#include "support/context_test.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/internals.h"

extern "C" {
#include "nn/model_impl.h"
}

namespace {

using namespace glia;

enum { SAMPLES = 3 };

int64_t count_of(const std::vector<int64_t> &shape) {
    int64_t count = 1;
    for (int64_t dim : shape) count *= dim;
    return count;
}

// Numbers from -2 to 2, the same in each run.
double number(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) / double(1 << 22) - 2;
}

// A model with its outputs, of which a compile has at most eight: more are one after the other in one.
class Made {
   public:
    Made(glia_context *ctx, const ExportedModel &from, bool build = true) : from_(from) {
        glia_model_args args{};
        args.dtype = from.dtype;
        EXPECT_EQ(glia_model_create(ctx, &args, &net), GLIA_OK);
        if (build) add_layers();
    }
    ~Made() { glia_model_destroy(net); }
    Made(const Made &)            = delete;
    Made &operator=(const Made &) = delete;

    void add_layers() {
        Network made{net, {}, {}};
        for (size_t i = 0; i < from_.inputs.size(); ++i) {
            const ExportedInput &given = from_.inputs[i];
            glia_shape shape           = {static_cast<int>(given.shape.size()), {}};
            std::copy(given.shape.begin(), given.shape.end(), shape.dim);
            const std::string name = "x" + std::to_string(i);
            made.x.push_back(given.classes ? glia_model_index_input(net, name.c_str(), GLIA_I32, shape)
                                           : glia_model_input(net, name.c_str(), shape));
        }
        from_.build(made);
        outputs = made.outputs;
        if (outputs.size() <= GLIA_MAX_OUTPUTS) return;
        for (glia_value &y : outputs) y = glia_model_flatten(net, y, nullptr);
        outputs = {glia_model_concat(net, outputs.data(), static_cast<int>(outputs.size()), nullptr)};
    }

    void compile() {
        for (glia_value y : outputs) ASSERT_EQ(glia_model_output(net, y, nullptr), GLIA_OK) << glia_message(nullptr);
        ASSERT_EQ(glia_model_compile(net, glia_value{}, nullptr), GLIA_OK);
    }

    // Weights that are not those of another model, and positive variances.
    void randomize() {
        uint32_t seed = 5;
        for (int w = 0; w < glia_model_weight_count(net); ++w) {
            const std::string name = glia_model_weight_name(net, w);
            const glia_shape shape = glia_model_weight_shape(net, w);
            std::vector<float> values(static_cast<size_t>(count_of({shape.dim, shape.dim + shape.ndim})));
            if (name.find("mel_spectrogram") == 0) continue;  // constants
            for (float &v : values) v = static_cast<float>(number(&seed) * 0.3);
            if (name.find("running_var") != std::string::npos)
                for (float &v : values) v = std::fabs(v) + 0.1f;
            const std::vector<double> wide(values.begin(), values.end());
            const bool f64 = from_.dtype == GLIA_F64;
            ASSERT_EQ(glia_model_set(net, name.c_str(), f64 ? static_cast<const void *>(wide.data()) : values.data(),
                                     values.size() * (f64 ? 8 : 4)),
                      GLIA_OK)
                << name;
        }
    }

    glia_model *net = nullptr;
    std::vector<glia_value> outputs;

   private:
    const ExportedModel &from_;
};

class ExportTest : public ContextTest, public testing::WithParamInterface<ExportedModel> {
   protected:
    void SetUp() override {
        ContextTest::SetUp();
        const char *keep = std::getenv("GLIA_ONNX_KEEP");
        base             = keep ? std::string(keep) + "/" + GetParam().name : folder / GetParam().name;
        make_inputs();
    }
    void TearDown() override {
        glia_dataset_destroy(data);
        glia_context_destroy(ctx);
    }

    void make_inputs() {
        uint32_t seed = 3;
        std::vector<glia_array> arrays;
        for (const ExportedInput &in : GetParam().inputs) {
            glia_array array{};
            array.shape.ndim = static_cast<int>(in.shape.size());
            std::copy(in.shape.begin(), in.shape.end(), array.shape.dim);
            const auto count = static_cast<size_t>(SAMPLES * count_of(in.shape));
            bytes.emplace_back(count * 4);
            for (size_t i = 0; i < count; ++i) {
                const auto real    = static_cast<float>(number(&seed));
                const auto integer = static_cast<int32_t>((number(&seed) + 2) / 4 * in.classes);
                memcpy(&bytes.back()[i * 4], in.classes ? static_cast<const void *>(&integer) : &real, 4);
            }
            array.dtype = in.classes ? GLIA_I32 : GLIA_F32;
            array.data  = bytes.back().data();
            arrays.push_back(array);
        }
        for (size_t i = 0; i < arrays.size(); ++i) arrays[i].data = bytes[i].data();
        glia_arrays_args args{};
        args.inputs   = arrays.data();
        args.n_inputs = static_cast<int>(arrays.size());
        args.count    = SAMPLES;
        ASSERT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
        for (size_t i = 0; i < arrays.size(); ++i)
            keep("x" + std::to_string(i), arrays[i].dtype, arrays[i].shape, bytes[i].data(), bytes[i].size());
    }

    void keep(const std::string &name, glia_dtype dtype, glia_shape sample, const void *values, size_t size) {
        if (!std::getenv("GLIA_ONNX_KEEP")) return;
        glia_npy_array array{};
        array.dtype        = dtype;
        array.shape.ndim   = sample.ndim + 1;
        array.shape.dim[0] = SAMPLES;
        std::copy(sample.dim, sample.dim + sample.ndim, array.shape.dim + 1);
        array.values = values, array.bytes = size;
        ASSERT_EQ(glia_npy_write(ctx, (base + "." + name + ".npy").c_str(), &array), GLIA_OK) << message();
    }

    // All outputs, as floats.
    std::vector<std::vector<double>> predict(const Made &made, bool kept) {
        std::vector<std::vector<char>> memory;
        std::vector<void *> to;
        std::vector<size_t> sizes;
        std::vector<glia_field> fields;
        for (size_t i = 0; i < made.outputs.size(); ++i) {
            const glia_tensor *is = gli_model_shape(made.net, made.outputs[i]);
            glia_field field{};
            field.dtype      = gli_dtype_is_float(is->dtype) ? gli_dtype_wide(is->dtype) : is->dtype;
            field.shape.ndim = is->ndim - 1;
            std::copy(is->dim + 1, is->dim + is->ndim, field.shape.dim);
            fields.push_back(field);
            memory.emplace_back(static_cast<size_t>(gli_count(is) / 2 * SAMPLES) * glia_dtype_size(field.dtype));
        }
        for (auto &m : memory) to.push_back(m.data()), sizes.push_back(m.size());
        EXPECT_EQ(glia_model_predict_all(made.net, data, 2, to.data(), sizes.data(), static_cast<int>(to.size())),
                  GLIA_OK)
            << message();
        std::vector<std::vector<double>> out;
        for (size_t i = 0; i < memory.size(); ++i) {
            out.emplace_back(memory[i].size() / glia_dtype_size(fields[i].dtype));
            for (size_t k = 0; k < out[i].size(); ++k)
                out[i][k] = gli_load(fields[i].dtype, memory[i].data(), static_cast<int64_t>(k));
            if (kept)
                keep("y" + std::to_string(i), fields[i].dtype, fields[i].shape, memory[i].data(), memory[i].size());
        }
        return out;
    }

    void import(const std::string &path, Made *into) {
        glia_onnx *file = nullptr;
        ASSERT_EQ(glia_onnx_open(ctx, path.c_str(), nullptr, &file), GLIA_OK) << message();
        into->outputs.resize(static_cast<size_t>(glia_onnx_output_count(file)));
        EXPECT_EQ(glia_onnx_add_to_model(file, into->net, nullptr, into->outputs.data(),
                                         static_cast<int>(into->outputs.size())),
                  GLIA_OK)
            << message();
        glia_onnx_close(file);
    }

    Folder folder;
    std::string base;
    std::vector<std::vector<char>> bytes;
    glia_dataset *data = nullptr;
};

std::string name_of(const testing::TestParamInfo<ExportedModel> &info) { return info.param.name; }

TEST_P(ExportTest, computes_the_same_when_it_is_read_again) {
    Made made(ctx, GetParam());
    ASSERT_EQ(glia_model_status(made.net), GLIA_OK) << message();
    made.compile();
    made.randomize();
    const auto want = predict(made, true);
    for (int opset : {17, 28}) {
        SCOPED_TRACE(opset);
        const std::string path = base + "." + std::to_string(opset) + ".onnx";
        glia_onnx_save_args args{};
        args.opset = opset;
        ASSERT_EQ(glia_onnx_save(made.net, path.c_str(), &args), GLIA_OK) << message();
        Made again(ctx, GetParam(), false);
        import(path, &again);
        ASSERT_EQ(glia_model_status(again.net), GLIA_OK) << message();
        again.compile();
        const auto got = predict(again, false);
        ASSERT_EQ(got.size(), want.size());
        for (size_t i = 0; i < got.size(); ++i) {
            ASSERT_EQ(got[i].size(), want[i].size()) << i;
            for (size_t k = 0; k < got[i].size(); ++k) {
                const double bound = 1e-5 * std::fmax(1, std::fabs(want[i][k]));
                const bool neither = std::isnan(got[i][k]) && std::isnan(want[i][k]);
                EXPECT_TRUE(neither || std::fabs(got[i][k] - want[i][k]) <= bound)
                    << "output " << i << ", element " << k << ": " << got[i][k] << ", must be " << want[i][k];
            }
        }
    }
}

// ---- The file ----

class ExportedFile : public ContextTest {
   protected:
    void TearDown() override {
        glia_onnx_close(file);
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }

    void make_model(glia_dtype dtype = GLIA_F32) {
        glia_model_args args{};
        args.dtype = dtype;
        glia_model_destroy(net);
        ASSERT_EQ(glia_model_create(ctx, &args, &net), GLIA_OK);
        x = glia_model_input(net, "image", GLIA_SHAPE(2, 5, 5));
    }

    glia_status save() { return glia_onnx_save(net, path.c_str(), nullptr); }

    std::string read() const {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::string described() {
        std::string text;
        glia_onnx_close(file);
        file = nullptr;
        EXPECT_EQ(glia_onnx_open(ctx, path.c_str(), nullptr, &file), GLIA_OK) << message();
        FILE *to = tmpfile();
        EXPECT_EQ(glia_onnx_describe(file, to), GLIA_OK);
        rewind(to);
        for (int c = fgetc(to); c != EOF; c = fgetc(to)) text += static_cast<char>(c);
        fclose(to);
        return text;
    }

    // conv and its normalisation, dropout, and two heads of which one is an output.
    void add_layers() {
        const glia_conv2d_args conv{.name = "conv", .filters = 3, .kernel = {3, 3}, .activation = GLIA_RELU};
        const glia_batchnorm_args norm{.name = "norm"};
        const glia_dropout_args drop{.p = 0.5};
        const glia_dense_args head{.name = "head", .units = 4}, other{.name = "other", .units = 2};
        x = glia_model_batchnorm(net, glia_model_conv2d(net, x, &conv), &norm);
        x = glia_model_flatten(net, glia_model_dropout(net, x, &drop), nullptr);
        glia_model_dense(net, x, &other);
        x = glia_model_dense(net, x, &head);
    }

    Folder folder;
    std::string path = folder / "net.onnx";
    glia_model *net  = nullptr;
    glia_onnx *file  = nullptr;
    glia_value x{};
};

TEST_F(ExportedFile, has_the_names_of_the_model_and_an_open_batch) {
    make_model();
    add_layers();
    ASSERT_EQ(glia_model_compile(net, x, nullptr), GLIA_OK) << message();
    ASSERT_EQ(save(), GLIA_OK) << message();
    const std::string text = described();
    for (const char *part : {"glia 0.", "ai.onnx 17", "image: float [?,2,5,5]", "head: float [?,4]", "conv.weight",
                             "norm.running_var", "head.bias", "norm = BatchNormalization(conv", "head = Gemm("})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    for (const char *part : {"other", "Dropout", "dropout"})
        EXPECT_EQ(text.find(part), std::string::npos) << part << "\n" << text;
}

// Layers of 16 bits keep their weights in f32, and the casts around them are none in the file.
TEST_F(ExportedFile, of_halves_is_that_of_floats) {
    std::string files[3];
    for (int i = 0; i < 3; ++i) {
        make_model(i == 0 ? GLIA_F32 : i == 1 ? GLIA_F16 : GLIA_BF16);
        add_layers();
        ASSERT_EQ(glia_model_compile(net, x, nullptr), GLIA_OK) << message();
        ASSERT_EQ(save(), GLIA_OK) << message();
        files[i] = read();
    }
    EXPECT_TRUE(files[0] == files[1] && files[0] == files[2]);
}

TEST_F(ExportedFile, has_the_outputs_that_are_named) {
    make_model();
    const glia_layer_args named{.name = "flat"};
    const glia_value y = glia_model_flatten(net, x, &named), both[] = {y, x};
    EXPECT_EQ(save(), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("the model has no outputs")) << message();
    glia_onnx_save_args args{};
    args.outputs = both, args.n_outputs = 2;
    ASSERT_EQ(glia_onnx_save(net, path.c_str(), &args), GLIA_OK) << message();
    const std::string text = described();
    EXPECT_NE(text.find("flat: float [?,50]"), std::string::npos) << text;
    EXPECT_NE(text.find("image_1 = Identity(image)"), std::string::npos) << text;
}

// Each sequence begins with zeros, whatever the model remembers, and the batch is open.
TEST_F(ExportedFile, of_layers_that_keep_states_begins_with_zeros) {
    make_model();
    const glia_value steps    = glia_model_input(net, "steps", GLIA_SHAPE(4, 3));
    const glia_lstm_args args = {.name = "lstm", .units = 2, .stateful_batch = 5};
    ASSERT_EQ(glia_model_compile(net, glia_model_lstm(net, steps, &args), nullptr), GLIA_OK) << message();
    ASSERT_EQ(save(), GLIA_OK) << message();
    const std::string text = described();
    EXPECT_NE(text.find("lstm: float [?,2]"), std::string::npos) << text;
    EXPECT_EQ(text.find("lstm.h_l0"), std::string::npos) << text;
}

glia_status compute_nothing(glia_custom_call *) { return GLIA_OK; }

// What stands under the name stays.
TEST_F(ExportedFile, is_not_written_where_an_op_is_none_of_onnx) {
    std::ofstream(path) << "before";
    make_model();
    glia_custom_op custom{};
    custom.name = "swirl", custom.n_in = custom.n_out = 1, custom.forward = compute_nothing;
    glia_custom_params params{};
    params.op = &custom;
    glia_value y;
    ASSERT_GT(glia_model_custom(net, &params, &x, 1, &y, 1).id, 0) << message();
    ASSERT_EQ(glia_model_compile(net, y, nullptr), GLIA_OK) << message();
    EXPECT_EQ(save(), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("layer 'swirl': op custom swirl: ONNX has no operator")) << message();
    EXPECT_EQ(read(), "before");
    int files = 0;
    for (const auto &entry : std::filesystem::directory_iterator(folder.path())) files += entry.exists();
    EXPECT_EQ(files, 1);
}

TEST_F(ExportedFile, is_not_written_without_the_values_of_all_weights) {
    make_model();
    add_layers();
    glia_onnx_save_args args{};
    args.outputs = &x, args.n_outputs = 1;
    EXPECT_EQ(glia_onnx_save(net, path.c_str(), &args), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("'conv.weight' has no value before the model is compiled")) << message();
    x = glia_model_parameter(net, "huge", GLIA_SHAPE(1 << 15, 1 << 15), nullptr);
    EXPECT_EQ(glia_onnx_save(net, path.c_str(), &args), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("which a file of ONNX cannot have")) << message();
    EXPECT_FALSE(std::filesystem::exists(path));
}

// Weights, an operator, nodes for each step, and the file: nothing is left of what failed.
TEST(ExportMemory, running_out_of_it_is_an_error) {
    Folder folder;
    const std::string path = folder / "net.onnx";
    const int failed       = fail_every_allocation([&](glia_context *ctx) {
        glia_model *net    = nullptr;
        glia_status status = glia_model_create(ctx, nullptr, &net);
        if (status != GLIA_OK) return status;
        glia_lstm_args args{};
        args.units = 2, args.sequence = true;
        glia_value x    = glia_model_lstm(net, glia_model_input(net, "x", GLIA_SHAPE(2, 2)), &args);
        args.projection = 1;
        status          = glia_model_compile(net, glia_model_lstm(net, x, &args), nullptr);
        if (status == GLIA_OK) status = glia_onnx_save(net, path.c_str(), nullptr);
        EXPECT_EQ(std::filesystem::exists(path), status == GLIA_OK);
        glia_model_destroy(net);
        return status;
    });
    EXPECT_GT(failed, 50);
    int files = 0;
    for (const auto &entry : std::filesystem::directory_iterator(folder.path())) files += entry.exists();
    EXPECT_EQ(files, 1);
}

INSTANTIATE_TEST_SUITE_P(Each, ExportTest, testing::ValuesIn(exported_models()), name_of);

}  // namespace
