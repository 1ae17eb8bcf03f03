// Weights from files and from other models: all of them, some, under other names, of other dtypes; what does not fit is
// reported, and changes nothing.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/with.h"

namespace {

using namespace glia;
using std::string;
using Floats = std::vector<float>;

// Two dense layers and a batchnorm, in a context of its own.
class Net {
   public:
    explicit Net(int inputs = 2, glia_dtype dtype = GLIA_F32, const char *head = "head") {
        EXPECT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
        build(inputs, dtype, head);
    }
    Net(const Net &other, int inputs) : ctx(other.ctx), borrowed_(true) { build(inputs, GLIA_F32, "head"); }
    ~Net() {
        glia_model_destroy(model);
        if (!borrowed_) glia_context_destroy(ctx);
    }
    glia_status compile() { return glia_model_compile(model, output, nullptr); }
    Floats get(const char *name, size_t count) const {
        Floats values(count);
        EXPECT_EQ(glia_model_get(model, name, values.data(), count * sizeof(float)), GLIA_OK) << message();
        return values;
    }
    void set(const char *name, const Floats &values) {
        EXPECT_EQ(glia_model_set(model, name, values.data(), values.size() * sizeof(float)), GLIA_OK) << message();
    }
    string message() const { return glia_message(ctx); }
    bool says(const string &part) const { return message().find(part) != string::npos; }

    glia_context *ctx = nullptr;
    glia_model *model = nullptr;
    glia_value output{};

   private:
    void build(int inputs, glia_dtype dtype, const char *head) {
        const glia_model_args args{dtype};
        EXPECT_EQ(glia_model_create(ctx, &args, &model), GLIA_OK) << message();
        glia_value x = glia_model_input(model, "x", GLIA_SHAPE(inputs));
        x            = glia_model_dense(model, x, with(glia_dense_args{.name = "body", .units = 3}));
        x            = glia_model_batchnorm(model, x, with(glia_batchnorm_args{.name = "norm"}));
        output       = glia_model_dense(model, x, with(glia_dense_args{.name = head, .units = 2}));
        EXPECT_EQ(compile(), GLIA_OK) << message();
    }
    bool borrowed_ = false;
};

struct Tensor {
    string name;
    glia_dtype dtype;
    glia_shape shape;
    std::vector<double> values;
};

// The weights of a Net, as a file may have them: 1, 2, 3, ...
std::vector<Tensor> weights(const string &prefix = "") {
    std::vector<Tensor> all = {
        {"body.weight", GLIA_F32, GLIA_SHAPE(3, 2), {}},    {"body.bias", GLIA_F32, GLIA_SHAPE(3), {}},
        {"norm.weight", GLIA_F32, GLIA_SHAPE(3), {}},       {"norm.bias", GLIA_F32, GLIA_SHAPE(3), {}},
        {"norm.running_mean", GLIA_F32, GLIA_SHAPE(3), {}}, {"norm.running_var", GLIA_F32, GLIA_SHAPE(3), {}},
        {"head.weight", GLIA_F32, GLIA_SHAPE(2, 3), {}},    {"head.bias", GLIA_F32, GLIA_SHAPE(2), {}}};
    double next = 0;
    for (Tensor &t : all) {
        t.name        = prefix + t.name;
        int64_t count = 1;
        for (int i = 0; i < t.shape.ndim; ++i) count *= t.shape.dim[i];
        for (int64_t i = 0; i < count; ++i) t.values.push_back(++next);
    }
    return all;
}

struct Problem {
    glia_load_problem problem;
    string name, text;
    bool operator==(const Problem &) const = default;
};

class Transfer : public testing::Test {
   protected:
    void write(const std::vector<Tensor> &tensors) {
        std::vector<std::vector<char>> values;
        std::vector<glia_safetensors_entry> entries;
        for (const Tensor &t : tensors) {
            values.emplace_back(t.values.size() * glia_dtype_size(t.dtype));
            for (size_t i = 0; i < t.values.size(); ++i)
                gli_store(t.dtype, values.back().data(), int64_t(i), t.values[i]);
        }
        for (size_t i = 0; i < tensors.size(); ++i)
            entries.push_back(
                {tensors[i].name.c_str(), tensors[i].dtype, tensors[i].shape, values[i].data(), values[i].size()});
        ASSERT_EQ(glia_safetensors_write(net.ctx, path.c_str(), entries.data(), int(entries.size()), nullptr, 0),
                  GLIA_OK)
            << net.message();
    }
    glia_status load(glia_load_args args = {}) { return load(net, args); }
    glia_status load(Net &into, glia_load_args args = {}) {
        problems.clear();
        report          = {-1, -1, -1, -1};
        args.user       = &problems;
        args.on_problem = [](void *user, glia_load_problem problem, const char *name, const char *text) {
            static_cast<std::vector<Problem> *>(user)->push_back({problem, name, text});
        };
        return glia_model_load_weights(into.model, path.c_str(), &args, &report);
    }

    Folder folder;
    const string path = folder / "weights";
    Net net;
    glia_load_report report{};
    std::vector<Problem> problems;
};

TEST_F(Transfer, of_all_weights_through_a_file) {
    Net other;
    other.set("norm.running_mean", {4, 5, 6});
    ASSERT_EQ(glia_model_save_weights(other.model, path.c_str()), GLIA_OK) << other.message();
    EXPECT_NE(net.get("norm.running_mean", 3), other.get("norm.running_mean", 3));
    ASSERT_EQ(load(), GLIA_OK) << net.message();
    EXPECT_EQ(report.loaded, 8);
    EXPECT_EQ(report.missing + report.unexpected + report.mismatched, 0);
    EXPECT_TRUE(problems.empty());
    for (const Tensor &t : weights())
        EXPECT_EQ(net.get(t.name.c_str(), t.values.size()), other.get(t.name.c_str(), t.values.size())) << t.name;
    EXPECT_EQ(glia_model_load_weights(net.model, path.c_str(), nullptr, nullptr), GLIA_OK) << net.message();
}

TEST_F(Transfer, gives_each_weight_its_values) {
    write(weights());
    ASSERT_EQ(load(), GLIA_OK) << net.message();
    EXPECT_EQ(net.get("body.weight", 6), (Floats{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(net.get("head.bias", 2), (Floats{28, 29}));
}

TEST_F(Transfer, of_what_does_not_fit_is_refused_as_a_whole) {
    auto file     = weights();
    file[1].name  = "body.offset";
    file[6].shape = GLIA_SHAPE(3, 2);
    file[7].dtype = GLIA_I32;
    write(file);
    const Floats before = net.get("body.weight", 6);
    EXPECT_EQ(load(), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(net.says("glia_model_load_weights: " + path +
                         ": 1 missing, 1 unexpected, 2 mismatched; 'body.bias' is missing; 'head.weight' is [3,2] f32, "
                         "the model has [2,3] f32; 'head.bias' is [2] i32, the model has [2] f32; 'body.offset' is "
                         "unexpected"))
        << net.message();
    EXPECT_EQ(net.get("body.weight", 6), before);
    EXPECT_EQ(report.loaded, 5);
    EXPECT_EQ(report.missing, 1);
    EXPECT_EQ(report.unexpected, 1);
    EXPECT_EQ(report.mismatched, 2);
    EXPECT_EQ(problems, (std::vector<Problem>{{GLIA_LOAD_MISSING, "body.bias", ""},
                                              {GLIA_LOAD_MISMATCH, "head.weight", "[3,2] f32, the model has [2,3] f32"},
                                              {GLIA_LOAD_MISMATCH, "head.bias", "[2] i32, the model has [2] f32"},
                                              {GLIA_LOAD_UNEXPECTED, "body.offset", ""}}));
    const Floats bias = net.get("body.bias", 3), head = net.get("head.weight", 6);
    EXPECT_EQ(load({.partial = true}), GLIA_OK) << net.message();
    EXPECT_EQ(report.loaded, 5);
    EXPECT_EQ(problems.size(), 4u);
    EXPECT_EQ(net.get("body.weight", 6), (Floats{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(net.get("body.bias", 3), bias);
    EXPECT_EQ(net.get("head.weight", 6), head);
}

TEST_F(Transfer, of_a_missing_weight_alone_is_not_found) {
    auto file = weights();
    file.pop_back();
    write(file);
    EXPECT_EQ(load(), GLIA_NOT_FOUND);
    EXPECT_TRUE(net.says("'head.bias' is missing")) << net.message();
    write({});
    EXPECT_EQ(load({.partial = true}), GLIA_OK) << "nothing is there: " << net.message();
    EXPECT_EQ(report.loaded, 0);
    EXPECT_EQ(report.missing, 8);
    EXPECT_EQ(load(), GLIA_NOT_FOUND);
    EXPECT_TRUE(net.says("8 missing")) << net.message();
    EXPECT_TRUE(net.says("'norm.weight' is missing")) << net.message();
    EXPECT_FALSE(net.says("norm.bias")) << "the first three are enough: " << net.message();
}

TEST_F(Transfer, leaves_out_the_batches_that_pytorch_counts) {
    auto file = weights();
    file.push_back({"norm.num_batches_tracked", GLIA_I64, GLIA_SCALAR, {7}});
    write(file);
    EXPECT_EQ(load(), GLIA_OK) << net.message();
    file.back().name = "num_batches_tracked";
    write(file);
    EXPECT_EQ(load(), GLIA_OK) << net.message();
    for (const char *other : {"norm.my_num_batches_tracked", "norm.num_batches_trackeX", "tracked"}) {
        file.back().name = other;
        write(file);
        EXPECT_EQ(load(), GLIA_NOT_FOUND) << other;
    }
    file.back() = {"norm.num_batches_tracked", GLIA_I64, GLIA_SHAPE(2), {7, 8}};
    write(file);
    EXPECT_EQ(load(), GLIA_NOT_FOUND);
}

TEST_F(Transfer, of_a_part_of_a_file_by_its_prefix) {
    auto file = weights("encoder.");
    file.push_back({"decoder.weight", GLIA_F32, GLIA_SHAPE(1), {1}});
    file.push_back({"body.weight", GLIA_F32, GLIA_SHAPE(1), {1}});
    write(file);
    EXPECT_EQ(load({.prefix = "encoder."}), GLIA_OK) << net.message();
    EXPECT_EQ(report.loaded, 8);
    EXPECT_EQ(report.unexpected, 0);
    EXPECT_EQ(net.get("head.bias", 2), (Floats{28, 29}));
    file.push_back({"encoder.more", GLIA_F32, GLIA_SHAPE(1), {1}});
    write(file);
    EXPECT_EQ(load({.prefix = "encoder."}), GLIA_NOT_FOUND);
    EXPECT_EQ(problems, (std::vector<Problem>{{GLIA_LOAD_UNEXPECTED, "encoder.more", ""}}));
    const string endless(1000, 'x');
    EXPECT_EQ(load({.prefix = endless.c_str()}), GLIA_NOT_FOUND);
    EXPECT_EQ(report.missing, 8);
}

TEST_F(Transfer, under_other_names) {
    auto file = weights("model.");
    for (Tensor &t : file)
        if (t.name.find("head") != string::npos) t.name.replace(t.name.find("head"), 4, "classifier.1");
    write(file);
    glia_load_args args{};
    args.prefix = "model.";
    args.rename = [](void *, const char *weight) {
        static thread_local string name;
        name = weight;
        if (name.find("head") == 0) name.replace(0, 4, "classifier.1");
        return name.c_str();
    };
    EXPECT_EQ(load(args), GLIA_OK) << net.message();
    EXPECT_EQ(net.get("head.bias", 2), (Floats{28, 29}));
    args.rename = [](void *, const char *) -> const char * { return nullptr; };
    EXPECT_EQ(load(args), GLIA_NOT_FOUND);
    EXPECT_EQ(report.missing, 8);
    EXPECT_EQ(report.unexpected, 8);
}

TEST_F(Transfer, to_a_wider_dtype_is_exact_and_to_a_narrower_one_refused) {
    Net wide(2, GLIA_F64);
    auto file = weights();
    for (Tensor &t : file) t.dtype = GLIA_F16, t.values[0] = 0x1p-24;
    file[1].dtype = GLIA_BF16, file[1].values[0] = -0x1p-130;
    write(file);
    ASSERT_EQ(load(), GLIA_OK) << net.message();
    EXPECT_EQ(net.get("body.weight", 6), (Floats{0x1p-24f, 2, 3, 4, 5, 6}));
    EXPECT_EQ(net.get("body.bias", 3), (Floats{-0x1p-130f, 8, 9}));
    ASSERT_EQ(load(wide), GLIA_OK) << wide.message();
    double bias[3];
    ASSERT_EQ(glia_model_get(wide.model, "body.bias", bias, sizeof bias), GLIA_OK) << wide.message();
    EXPECT_EQ(bias[0], -0x1p-130);
    EXPECT_EQ(bias[2], 9);
    ASSERT_EQ(glia_model_save_weights(wide.model, path.c_str()), GLIA_OK) << wide.message();
    ASSERT_EQ(load(wide), GLIA_OK) << wide.message();
    EXPECT_EQ(load(), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(net.says("'body.weight' is [3,2] f64, the model has [3,2] f32")) << net.message();
    ASSERT_EQ(glia_model_copy_weights(net.model, wide.model, nullptr, nullptr), GLIA_OK) << wide.message();
}

TEST_F(Transfer, between_models_of_one_context_and_of_two) {
    Net far, near(net, 2);
    far.set("norm.running_var", {7, 8, 9});
    ASSERT_EQ(glia_model_copy_weights(far.model, net.model, nullptr, &report), GLIA_OK) << net.message();
    EXPECT_EQ(report.loaded, 8);
    ASSERT_EQ(glia_model_copy_weights(net.model, near.model, nullptr, nullptr), GLIA_OK) << near.message();
    for (const Tensor &t : weights())
        EXPECT_EQ(near.get(t.name.c_str(), t.values.size()), far.get(t.name.c_str(), t.values.size())) << t.name;
    EXPECT_EQ(glia_model_copy_weights(net.model, net.model, nullptr, nullptr), GLIA_OK) << net.message();
    Net larger(3), headless(2, GLIA_F32, "other");
    EXPECT_EQ(glia_model_copy_weights(larger.model, net.model, nullptr, nullptr), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(
        net.says("glia_model_copy_weights: the other model: 0 missing, 0 unexpected, 1 mismatched; 'body.weight' "
                 "is [3,3] f32, the model has [3,2] f32"))
        << net.message();
    glia_load_args partial{};
    partial.partial = true;
    ASSERT_EQ(glia_model_copy_weights(headless.model, net.model, &partial, &report), GLIA_OK) << net.message();
    EXPECT_EQ(report.loaded, 6);
    EXPECT_EQ(report.missing, 2);
    EXPECT_EQ(report.unexpected, 2);
    EXPECT_EQ(net.get("body.weight", 6), headless.get("body.weight", 6));
    EXPECT_EQ(net.get("head.weight", 6), far.get("head.weight", 6));
}

TEST_F(Transfer, before_the_first_compile) {
    glia_model *raw = nullptr, *copied = nullptr;
    for (glia_model **m : {&raw, &copied}) {
        ASSERT_EQ(glia_model_create(net.ctx, nullptr, m), GLIA_OK);
        glia_model_dense(*m, glia_model_input(*m, "x", GLIA_SHAPE(2)),
                         with(glia_dense_args{.name = "body", .units = 3}));
    }
    EXPECT_EQ(glia_model_save_weights(raw, path.c_str()), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(net.says("'body.bias' has no value before the model is compiled")) << net.message();
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(glia_model_copy_weights(raw, net.model, with(glia_load_args{.partial = true}), nullptr),
              GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(net.says("has no value before the model is compiled")) << net.message();
    auto file = weights();
    file.resize(2);
    write(file);
    EXPECT_EQ(glia_model_load_weights(raw, path.c_str(), nullptr, nullptr), GLIA_OK) << net.message();
    ASSERT_EQ(glia_model_copy_weights(raw, copied, nullptr, nullptr), GLIA_OK) << net.message();
    Floats bias(3);
    EXPECT_EQ(glia_model_get(copied, "body.bias", bias.data(), 12), GLIA_OK) << net.message();
    EXPECT_EQ(bias, (Floats{7, 8, 9}));
    glia_model_destroy(raw);
    glia_model_destroy(copied);
}

TEST_F(Transfer, leaves_out_the_states_of_recurrent_layers) {
    glia_model *models[2] = {};
    for (int stateful = 0; stateful < 2; ++stateful) {
        glia_model *&m = models[stateful];
        ASSERT_EQ(glia_model_create(net.ctx, nullptr, &m), GLIA_OK);
        glia_gru_args gru{};
        gru.name = "gru", gru.units = 3, gru.stateful_batch = stateful * 4;
        ASSERT_EQ(glia_model_compile(m, glia_model_gru(m, glia_model_input(m, "x", GLIA_SHAPE(5, 2)), &gru), nullptr),
                  GLIA_OK)
            << net.message();
    }
    for (int from = 0; from < 2; ++from) {
        EXPECT_EQ(glia_model_copy_weights(models[from], models[1 - from], nullptr, &report), GLIA_OK) << net.message();
        EXPECT_EQ(report.loaded, 4);
        ASSERT_EQ(glia_model_save_weights(models[from], path.c_str()), GLIA_OK) << net.message();
        EXPECT_EQ(glia_model_load_weights(models[1 - from], path.c_str(), nullptr, nullptr), GLIA_OK) << net.message();
    }
    for (glia_model *m : models) glia_model_destroy(m);
}

TEST_F(Transfer, that_runs_out_of_memory_changes_nothing) {
    write(weights());
    const int failed = fail_every_allocation([&](glia_context *ctx) {
        glia_model *model = nullptr, *other = nullptr;
        glia_status status = glia_model_create(ctx, nullptr, &model);
        if (status == GLIA_OK) status = glia_model_create(ctx, nullptr, &other);
        for (glia_model *m : {model, other}) {
            if (status != GLIA_OK) continue;
            const glia_value x = glia_model_input(m, "x", GLIA_SHAPE(2));
            status = glia_model_compile(m, glia_model_dense(m, x, with(glia_dense_args{.name = "body", .units = 3})),
                                        nullptr);
        }
        float before[3], after[3];
        if (status == GLIA_OK) {
            EXPECT_EQ(glia_model_get(model, "body.bias", before, sizeof before), GLIA_OK);
            status = glia_model_load_weights(model, path.c_str(), with(glia_load_args{.partial = true}), nullptr);
            EXPECT_EQ(glia_model_get(model, "body.bias", after, sizeof after), GLIA_OK);
            EXPECT_EQ(status == GLIA_OK, memcmp(before, after, sizeof after) != 0);
        }
        if (status == GLIA_OK) status = glia_model_copy_weights(model, other, nullptr, nullptr);
        if (status == GLIA_OK) status = glia_model_save_weights(other, (path + ".copy").c_str());
        glia_model_destroy(model);
        glia_model_destroy(other);
        return status;
    });
    EXPECT_GT(failed, 30);
}

}  // namespace
