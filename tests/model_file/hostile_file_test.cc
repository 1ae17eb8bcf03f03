// Files that no save wrote: each is an error that names the file and what is wrong in it, or makes a whole model.
#include <sys/mman.h>

#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "model_file/computer.h"
#include "support/counting.h"
#include "support/internals.h"
#include "support/suite.h"

extern "C" {
#include "train/training.h"
}

namespace {

using namespace glia;

// A file in memory alone.
class MemoryFile {
   public:
    explicit MemoryFile(const string &content) : descriptor_(memfd_create("hostile", MFD_CLOEXEC)) {
        EXPECT_EQ(write(descriptor_, content.data(), content.size()), ssize_t(content.size()));
        path_ = "/proc/self/fd/" + std::to_string(descriptor_);
    }
    ~MemoryFile() { close(descriptor_); }
    const char *path() const { return path_.c_str(); }

   private:
    int descriptor_;
    string path_;
};

// A context whose memory is counted.
struct Counted {
    Counted() {
        const glia_allocator allocator = memory.api();
        const glia_context_args args{.seed = 5, .threads = 1, .allocator = allocator};
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
    }
    ~Counted() { glia_context_destroy(ctx); }
    CountingAllocator memory;
    glia_context *ctx = nullptr;
};

// A file as its parts: the notes as they are before JSON escapes them, the rest of the header, the values.
struct Parts {
    string definition, training, tensors, values;
    string format = "1";

    static string escaped(const string &text) {
        string out;
        for (const char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        return out;
    }
    static string unescaped(const string &text) {
        string out;
        for (size_t i = 0; i < text.size(); ++i) out += text[i] == '\\' ? text[++i] : text[i];
        return out;
    }
    // The note of a key, and what follows it.
    static string note(const string &header, const string &key) {
        const size_t at = header.find("\"" + key + "\":\"") + key.size() + 4;
        size_t end      = at;
        while (header[end] != '"') end += header[end] == '\\' ? 2 : 1;
        return unescaped(header.substr(at, end - at));
    }
    explicit Parts(const string &file) {
        uint64_t length;
        memcpy(&length, file.data(), sizeof length);
        const string header = file.substr(8, length);
        definition          = note(header, "glia.model");
        training            = note(header, "glia.training");
        tensors             = header.substr(header.find("},", header.find("\"glia.checkpoint\"")) + 2);
        tensors             = tensors.substr(0, tensors.rfind('}'));
        values              = file.substr(8 + length);
    }
    string header() const {
        return "{\"__metadata__\":{\"glia.format\":\"" + escaped(format) + "\",\"glia.model\":\"" +
               escaped(definition) + "\",\"glia.training\":\"" + escaped(training) + "\",\"glia.checkpoint\":\"1\"}" +
               (tensors.empty() ? "" : ",") + tensors + "}";
    }
    static string file(const string &header, const string &values) {
        const uint64_t length = header.size();
        return string(reinterpret_cast<const char *>(&length), sizeof length) + header + values;
    }
    string file() const { return file(header(), values); }
};

string saved(Computer &c, glia_value y, const glia_compile_args &args) {
    const Path path;
    EXPECT_EQ(glia_model_compile(c.net, y, &args), GLIA_OK) << c.message();
    EXPECT_EQ(glia_model_save(c.net, path.get()), GLIA_OK) << c.message();
    return path.content();
}

// An image, with a convolution, normalisation, pooling, dropout, a shared parameter.
string of_images() {
    const double weights[] = {0.5, 2};
    Computer c("cpu");
    glia_model *net = c.create();
    glia_value x    = glia_model_input(net, "image", GLIA_SHAPE(2, 6, 5));
    x               = glia_model_conv2d(net, x,
                                        with(glia_conv2d_args{.filters = 4, .kernel = {3, 3}, .groups = 2, .activation = GLIA_RELU}));
    x               = glia_model_batchnorm(net, x, nullptr);
    x               = glia_model_max_pool2d(net, x, with(glia_max_pool2d_args{.kernel = {2, 2}}));
    x               = glia_model_dropout(net, glia_model_flatten(net, x, nullptr), with(glia_dropout_args{.p = 0.5}));
    x               = glia_model_multiply(net, x, glia_model_parameter(net, "factor", GLIA_SHAPE(1), nullptr), nullptr);
    const glia_value y      = glia_model_dense(net, x, with(glia_dense_args{.name = "y", .units = 2}));
    glia_model_loss entropy = glia_loss_cross_entropy();
    entropy.classes         = {.label_smoothing = 0.1, .ignore = true, .ignore_index = 1, .class_weight = weights};
    return saved(c, y, {.loss = entropy, .optimizer = glia_optimizer_adamw(0.01, 0.1), .clip_norm = 1});
}

// Tokens, with states that carry over.
string of_steps() {
    Computer c("cpu");
    glia_model *net    = c.create();
    glia_value x       = glia_model_index_input(net, "tokens", GLIA_I32, GLIA_SHAPE(6));
    const glia_value n = glia_model_lengths(net, x, nullptr);
    x = glia_model_embedding(net, x, with(glia_embedding_args{.count = 5, .size = 3, .has_padding = true}));
    x = glia_model_lstm(
        net, x, with(glia_lstm_args{.units = 3, .layers = 2, .sequence = true, .lengths = n, .stateful_batch = 4}));
    x = glia_model_global_avg_pool1d(net, x, with(glia_global_pool1d_args{.lengths = n, .steps_first = true}));
    return saved(c, glia_model_dense(net, x, with(glia_dense_args{.units = 2})),
                 {.loss = glia_loss_mse(), .metrics = {GLIA_METRIC_MAE}, .optimizer = glia_optimizer_rmsprop(0.01)});
}

string of_numbers() {
    Computer c("cpu");
    glia_model *net    = c.create();
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(3));
    const glia_value y = glia_model_dense(net, x, with(glia_dense_args{.name = "y", .units = 2}));
    return saved(c, y, {.loss = glia_loss_huber(0.5), .optimizer = glia_optimizer_momentum(0.1, 0.9)});
}

// ---- What each failure says ----

struct Change {
    string from, to;
    glia_status status;
    string message;
};

string replaced(string text, const string &from, const string &to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, string::npos) << from << "\n" << text;
    return at == string::npos ? text : text.replace(at, from.size(), to);
}

void expect_refused(const Parts &parts, glia_status status, const string &message) {
    Counted c;
    const MemoryFile file(parts.file());
    glia_model *net = nullptr;
    EXPECT_EQ(glia_model_load(c.ctx, file.path(), nullptr, &net), status) << message << "\n" << glia_message(c.ctx);
    EXPECT_EQ(net, nullptr);
    EXPECT_NE(string(glia_message(c.ctx)).find(file.path()), string::npos) << glia_message(c.ctx);
    EXPECT_NE(string(glia_message(c.ctx)).find(message), string::npos) << glia_message(c.ctx) << "\nlacks: " << message;
    glia_model_destroy(net);
}

TEST(HostileFile, IsRefusedWithAWord) {
    const Change definitions[] = {
        {"\"dtype\":\"f32\"", "\"dtype\":\"f8\"", GLIA_UNSUPPORTED, "dtype is 'f8', which this library does not know"},
        {"\"dtype\":\"f32\"", "\"dtype\":\"i32\"", GLIA_DTYPE_MISMATCH, "dtype is i32, must be f32, f64, bf16 or f16"},
        {"\"dtype\":\"f32\",", "", GLIA_BAD_FORMAT, "the model has no 'dtype'"},
        {"{\"dtype\"", "{\"author\":1,\"dtype\"", GLIA_UNSUPPORTED,
         "the model has 'author', which this library does not"},
        {"{\"dtype\"", "{\"dtype\":\"f32\",\"dtype\"", GLIA_BAD_FORMAT,
         "the model has 'dtype' twice, or not in its place"},
        {"{\"input\"", "{\"output\"", GLIA_UNSUPPORTED, "an item of the model is a 'output'"},
        {"\"shape\":[2,6,5]", "\"shape\":[2,-6,5]", GLIA_INVALID_ARGUMENT, "image"},
        {"\"shape\":[2,6,5]", "\"shape\":[9223372036854775807,6,5]", GLIA_INVALID_ARGUMENT,
         "image: shape [9223372036854775807,6,5] has more bytes"},
        {"\"shape\":[2,6,5]", "\"shape\":[1,1,1,1,1,1,1,1,1]", GLIA_BAD_FORMAT, "no end of the shape"},
        {"\"op\":\"conv2d\"", "\"op\":\"conv4d\"", GLIA_UNSUPPORTED, "layer 'conv2d': no op is named 'conv4d'"},
        {"\"op\":\"conv2d\"", "\"op\":\"relu\"", GLIA_UNSUPPORTED, "'relu', which is a kind of the op 'unary'"},
        {"\"groups\":2", "\"sets\":2", GLIA_UNSUPPORTED, "layer 'conv2d': op conv2d has no param 'sets'"},
        {"\"groups\":2", "\"groups\":2,\"groups\":2", GLIA_BAD_FORMAT, "op conv2d has the param 'groups' twice"},
        {"\"groups\":2", "\"groups\":0", GLIA_INVALID_ARGUMENT, "layer 'conv2d': conv2d: groups is 0"},
        {"\"groups\":2", "\"groups\":2.5", GLIA_BAD_FORMAT, "layer 'conv2d': groups of op conv2d: "},
        {"\"groups\":2", "\"groups\":4294967298", GLIA_BAD_FORMAT, "no whole number from -2^31 to 2^31 - 1"},
        {"\"groups\":2", "\"stride\":[1]", GLIA_BAD_FORMAT, "layer 'conv2d': stride of op conv2d"},
        {"\"kind\":\"relu\"", "\"kind\":\"gelu_new\"", GLIA_UNSUPPORTED, "kind of op unary: "},
        {"\"p\":0.5", "\"p\":\"nan\"", GLIA_INVALID_ARGUMENT, "layer 'dropout'"},
        {"\"p\":0.5", "\"p\":1e999", GLIA_BAD_FORMAT, "no finite number"},
        {"\"in\":[1,2,3]", "\"in\":[1,2,4]", GLIA_INVALID_ARGUMENT, "layer 'conv2d': conv2d: input 2 is not a value"},
        {"\"in\":[1,2,3]", "\"in\":[1,2,-3]", GLIA_BAD_FORMAT, "no whole number"},
        {"\"in\":[1,2,3]", "\"in\":[1,0,3]", GLIA_INVALID_ARGUMENT, "layer 'conv2d': conv2d: w is NULL"},
        {"\"out\":1", "\"out\":0", GLIA_BAD_FORMAT, "op conv2d has 0 outputs, can have 1 to 1"},
        {"\"out\":1", "\"out\":1,\"as_layer\":true", GLIA_BAD_FORMAT, "layer 'conv2d': layers call op conv2d as it is"},
        {"\"buffer\":true", "\"buffer\":false", GLIA_BAD_FORMAT,
         "layer 'batchnorm': no layer calls op batchnorm like this"},
        {"\"buffer\":true", "\"zero_row\":5", GLIA_BAD_FORMAT,
         "the zero_row of 'batchnorm.running_mean' is 5, it has 4 rows"},
        {"\"output\":5", "\"output\":99", GLIA_BAD_FORMAT, "layer 'conv2d': its output is 99, there are values 1 to 5"},
        {"\"name\":\"batchnorm\"", "\"name\":\"conv2d\"", GLIA_INVALID_ARGUMENT, "the name 'conv2d' is taken"},
        {"\"kind\":\"conv2d\"", "\"kind\":\"\"", GLIA_BAD_FORMAT, "the kind of layer 'conv2d' must be 1 to 63 bytes"},
        {"\"name\":\"factor\"", "\"name\":\"y\"", GLIA_INVALID_ARGUMENT, "the name 'y' is taken"},
        {"\"name\":\"factor\"", "\"name\":\"conv2d.bias\"", GLIA_INVALID_ARGUMENT,
         "the weight name 'conv2d.bias' is taken"},
        {"\"name\":\"factor\"", "\"name\":\"f\\u0007\"", GLIA_BAD_FORMAT, "the name of a weight must be 1 to 63 bytes"},
        {"\"name\":\"factor\"", "\"name\":\"fact\"", GLIA_SHAPE_MISMATCH, "lacks 'fact"},
        {"\"init\":\"glorot_uniform\"", "\"init\":\"magic\"", GLIA_UNSUPPORTED,
         "init is 'magic', which this library does"},
    };
    const Parts base(of_images());
    for (const Change &change : definitions) {
        Parts parts      = base;
        parts.definition = replaced(base.definition, change.from, change.to);
        expect_refused(parts, change.status, change.message);
    }
}

// Values that a layer reads beside the inputs of its op: the limits of a batch renormalisation, values 6 and 7 here.
TEST(HostileFile, IsRefusedWithAWordAboutWhatALayerReads) {
    Computer c("cpu");
    const glia_value x = glia_model_input(c.create(), "x", GLIA_SHAPE(3));
    const Parts base(saved(c, glia_model_batchrenorm(c.net, x, nullptr),
                           {.loss = glia_loss_mse(), .optimizer = glia_optimizer_sgd(0.1)}));
    const Change changes[] = {
        {"\"with\":[6,7]", "\"with\":[6,5]", GLIA_BAD_FORMAT, "no layer calls op batchnorm like this"},
        {"\"with\":[6,7]", "\"with\":[6,1]", GLIA_BAD_FORMAT, "no layer calls op batchnorm like this"},
        {"\"with\":[6,7]", "\"with\":[6,0]", GLIA_BAD_FORMAT, "no layer calls op batchnorm like this"},
        {"\"with\":[6,7]", "\"with\":[6,99]", GLIA_BAD_FORMAT, "no layer calls op batchnorm like this"},
        {"\"with\":[6,7]", "\"with\":[6]", GLIA_BAD_FORMAT, "layers call op batchnorm as it is"},
        {"\"with\":[6,7]", "\"with\":[6,7,7]", GLIA_BAD_FORMAT, "no end of the inputs"},
        {"\"in\":[1,2,3,4,5]", "\"in\":[1,2,0,4,5]", GLIA_BAD_FORMAT, "no layer calls op batchnorm like this"},
        {",\"as_layer\":true", "", GLIA_BAD_FORMAT, "layers call op batchnorm as it is"},
    };
    for (const Change &change : changes) {
        Parts parts      = base;
        parts.definition = replaced(base.definition, change.from, change.to);
        expect_refused(parts, change.status, change.message);
    }
}

TEST(HostileFile, IsRefusedWithAWordAboutItsTraining) {
    const Change trainings[] = {
        {"\"outputs\"", "\"results\"", GLIA_UNSUPPORTED,
         "the training has 'results', which this library does not know"},
        {"\"value\":", "\"value\":99", GLIA_BAD_FORMAT, "which has 0 classes"},

        {"\"loss\":\"cross_entropy\"", "\"loss\":\"hinge\"", GLIA_UNSUPPORTED, "the loss is 'hinge', which"},
        {"\"loss\":\"cross_entropy\"", "\"loss\":\"bce\"", GLIA_INVALID_ARGUMENT,
         "gives logits, but glia_loss_bce takes"},
        {"\"label_smoothing\":0.1", "\"label_smoothing\":3", GLIA_INVALID_ARGUMENT, "label_smoothing"},
        {"[0.5,2]", "[0.5]", GLIA_BAD_FORMAT, "1 class weights for 2 classes"},
        {"[0.5,2]", "[0.5,2,3]", GLIA_BAD_FORMAT, "no end of class_weight"},
        {"[0.5,2]", "[0.5,-2]", GLIA_INVALID_ARGUMENT, "class_weight[1] is -2"},
        {"[\"accuracy\"]", "[\"f9\"]", GLIA_UNSUPPORTED, "a metric is 'f9', which this library does not know"},
        {"\"top_k\":5", "\"top_k\":-5", GLIA_BAD_FORMAT, "no whole number"},
        {"\"kind\":\"adam\"", "\"kind\":\"lion\"", GLIA_UNSUPPORTED,
         "the optimizer is 'lion', which this library does"},
        {"\"kind\":\"adam\"", "\"kind\":\"sgd\"", GLIA_UNSUPPORTED, "the optimizer: op sgd has no param 'decoupled'"},
        {"\"learning_rate\":0.01", "\"learning_rate\":-1", GLIA_INVALID_ARGUMENT, "learning_rate is -1, must be 0 to"},
        {"\"clip_norm\":1", "\"clip_norm\":-1", GLIA_INVALID_ARGUMENT, "clip_norm is -1, must be 0 to"},
    };
    const Parts base(of_images());
    for (const Change &change : trainings) {
        Parts parts    = base;
        parts.training = replaced(base.training, change.from, change.to);
        expect_refused(parts, change.status, change.message);
    }
}

TEST(HostileFile, IsRefusedWithAWordAboutItsTensors) {
    const Parts base(of_numbers());
    Parts parts   = base;
    parts.tensors = replaced(base.tensors, "\"y.bias\"", "\"y.bios\"");
    expect_refused(parts, GLIA_SHAPE_MISMATCH, "lacks 'y.bias', which the model has");
    parts.tensors = replaced(base.tensors, "\"y.bias/sgd_velocity\"", "\"y.bias/adam_m\"");
    expect_refused(parts, GLIA_SHAPE_MISMATCH, "lacks 'y.bias/sgd_velocity', which the model has");
    parts.tensors = replaced(base.tensors, "\"glia/step\"", "\"glia/leap\"");
    expect_refused(parts, GLIA_SHAPE_MISMATCH, "lacks 'glia/step', which the model has");
    parts.tensors = replaced(base.tensors, "[2,3]", "[3,2]");
    expect_refused(parts, GLIA_SHAPE_MISMATCH, "'y.weight' is [3,2] f32, the model's [2,3] f32");
    // No version has kept what an optimizer knows in halves: a file that does is not read as one that does not.
    parts.tensors = replaced(base.tensors, "\"y.bias/sgd_velocity\":{\"dtype\":\"F32\",\"shape\":[2]",
                             "\"y.bias/sgd_velocity\":{\"dtype\":\"BF16\",\"shape\":[4]");
    expect_refused(parts, GLIA_SHAPE_MISMATCH, "'y.bias/sgd_velocity' is [4] bf16, the model's [2] f32");
    parts.tensors = base.tensors + ",\"more\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[" +
                    std::to_string(base.values.size()) + "," + std::to_string(base.values.size()) + "]}";
    expect_refused(parts, GLIA_SHAPE_MISMATCH, "has 'more', which the model has not");
}

TEST(HostileFile, IsRefusedWithAWordAboutItsVersion) {
    Parts parts(of_numbers());
    parts.format = "2";
    expect_refused(parts, GLIA_UNSUPPORTED, "is a model of version 2 of the format, this library reads version 1");
    for (const char *none : {"0", "-1", "", "1.5", "one"}) {
        parts.format = none;
        expect_refused(parts, GLIA_BAD_FORMAT, string("'glia.format' is '") + none + "', which is no version");
    }
    Counted c;
    glia_model *net = nullptr;
    const MemoryFile plain(Parts::file("{}", ""));
    EXPECT_EQ(glia_model_load(c.ctx, plain.path(), nullptr, &net), GLIA_BAD_FORMAT);
    EXPECT_EQ(glia_message(c.ctx), string(plain.path()) + ": is no model: it has no 'glia.format' in its metadata");
}

// ---- Mutants ----

class Mutator {
   public:
    explicit Mutator(uint64_t seed) : engine_(seed) {}

    size_t below(size_t bound) { return bound ? engine_() % bound : 0; }

    string mutate(string text) {
        for (size_t n = 1 + below(2); n > 0; --n) change(text);
        return text;
    }

   private:
    struct Slice {
        size_t at, length;
    };
    string of(const string &text, Slice s) { return text.substr(s.at, s.length); }

    // A number, a string or one nested value, from a random place on.
    Slice token(const string &text) {
        if (text.empty()) return {0, 0};
        const size_t from = below(text.size());
        size_t at         = text.find_first_of("-0123456789\"[{", from);
        if (at == string::npos) return {from, 1};
        size_t end = at + 1;
        if (text[at] == '"') {
            end = text.find('"', end);
        } else if (text[at] == '[' || text[at] == '{') {
            for (int depth = 1; end < text.size() && depth > 0; ++end)
                depth += (text[end] == '[' || text[end] == '{') - (text[end] == ']' || text[end] == '}');
            return {at, end - at};
        } else {
            while (end < text.size() && strchr("0123456789.eE+-", text[end])) ++end;
            return {at, end - at};
        }
        return {at, (end == string::npos ? text.size() : end + 1) - at};
    }
    string word() {
        static const char *const words[] = {"inf",   "nan",    "f64",    "i64",      "relu",   "f32",    "dense", "rnn",
                                            "state", "buffer", "frozen", "as_layer", "custom", "params", "weight"};
        size_t ops                       = 0;
        while (gli_ops[ops]) ++ops;
        const size_t n = below(ops + sizeof words / sizeof *words);
        return string("\"") + (n < ops ? gli_ops[n]->name : words[n - ops]) + "\"";
    }
    string number() {
        static const char *const numbers[] = {"0",
                                              "1",
                                              "2",
                                              "3",
                                              "-1",
                                              "4",
                                              "7",
                                              "16",
                                              "255",
                                              "65536",
                                              "2147483647",
                                              "2147483648",
                                              "-2147483649",
                                              "4294967296",
                                              "1e18",
                                              "1e400",
                                              "0.5",
                                              "-0.0",
                                              "1e-9",
                                              "1e5",
                                              "9223372036854775807",
                                              "18446744073709551615",
                                              "99999999999999999999999",
                                              "01",
                                              "1.",
                                              "-",
                                              "\"nan\"",
                                              "\"inf\""};
        return numbers[below(sizeof numbers / sizeof *numbers)];
    }
    void change(string &text) {
        if (text.empty()) return;
        const Slice a = token(text), b = token(text);
        switch (below(32)) {
            case 0: text[below(text.size())] = char(engine_()); break;
            case 1: text.resize(below(text.size())); break;
            case 2: text.erase(a.at, a.length); break;
            case 3: text.insert(b.at, of(text, a)); break;                              // comes twice
            case 4: text.replace(a.at, a.length, string(1 + below(2000), '[')); break;  // nests
            case 5: erase_element(text); break;
            case 6:
            case 7:
            case 8: repeat_element(text); break;
            case 9:
            case 10: text.replace(b.at, b.length, of(text, a)); break;  // stands elsewhere, too
            case 11:
            case 12:
            case 13:
            case 14: swap(text, a, b); break;
            case 15:
            case 16:
            case 17:
            case 18:
            case 19: replace_word(text); break;
            default: replace_number(text);
        }
    }
    void replace_number(string &text) {
        const size_t at = text.find_first_of("0123456789", below(text.size()));
        if (at == string::npos) return;
        const size_t end    = std::min(text.find_first_not_of("0123456789", at), text.size());
        const string before = text.substr(at, end - at);
        const bool near     = below(2) && before.size() < 10;
        text.replace(at, end - at,
                     near ? std::to_string(std::max(0L, std::stol(before) + long(below(5)) - 2)) : number());
    }
    // A name or word, by another of the text or of the library.
    void replace_word(string &text) {
        const Slice a = quoted(text), b = quoted(text);
        text.replace(a.at, a.length, below(2) ? of(text, b) : word());
    }
    Slice quoted(const string &text) {
        const size_t colon = text.find(":\"", below(text.size()));
        if (colon == string::npos) return {0, 0};
        const size_t end = text.find('"', colon + 2);
        return {colon + 1, end == string::npos ? 0 : end - colon};
    }
    // An element of an array or object, with the comma before it.
    Slice element(const string &text) {
        const size_t comma = text.find(',', below(text.size()));
        if (comma == string::npos) return {0, 0};
        size_t end = comma + 1;
        for (int depth = 0; end < text.size(); ++end) {
            if (depth == 0 && strchr(",]}", text[end])) break;
            depth += (text[end] == '[' || text[end] == '{') - (text[end] == ']' || text[end] == '}');
        }
        return {comma, end - comma};
    }
    void erase_element(string &text) {
        const Slice e = element(text);
        text.erase(e.at, e.length);
    }
    void repeat_element(string &text) {
        const Slice e = element(text);
        text.insert(e.at, of(text, e));
    }
    void swap(string &text, Slice a, Slice b) {
        if (a.at > b.at) std::swap(a, b);
        if (a.at + a.length > b.at) return;
        const string first = of(text, a), second = of(text, b);
        text.replace(b.at, b.length, first);
        text.replace(a.at, a.length, second);
    }

    std::mt19937_64 engine_;
};

// Whether what it computes is little, so that the test ends.
bool is_small(const glia_model *net) {
    for (int i = 1; i < net->n_values; ++i) {
        int64_t count = 1;
        for (int d = 0; d < net->values[i].shape.ndim; ++d)
            if (__builtin_mul_overflow(count, net->values[i].shape.dim[d], &count) || count > 100000) return false;
    }
    return net->n_inputs == 1 && net->training && net->training->n_outputs > 0;
}

// Uses a model that was loaded: errors are allowed, and all else is the sanitizers' and the allocator's to judge.
void use(glia_context *ctx, glia_model *net) {
    const glia_tensor &x = net->values[net->inputs[0].value].shape;
    glia_array input{.dtype = x.dtype}, targets[GLIA_MAX_OUTPUTS]{};
    glia_arrays_args args{.inputs = &input, .n_inputs = 1, .targets = targets, .count = 4, .copy = true};
    const vector<char> zeros(800000 * 4);
    const auto fill = [&](glia_array &array, const glia_tensor &shape, int skip) {
        array.shape.ndim = std::max(shape.ndim - skip, 0);
        for (int d = 0; d < array.shape.ndim; ++d) array.shape.dim[d] = shape.dim[d + skip];
        array.data = zeros.data();
    };
    fill(input, x, 1);
    for (int i = 0; i < net->training->n_outputs; ++i) {
        const gli_output &output = net->training->outputs[i];
        if (output.args.loss.kind == GLIA_LOSS_NONE) continue;
        const bool classes = gli_loss_by_class(output.args.loss.kind);
        glia_array &target = targets[args.n_targets++];
        target.dtype       = classes ? GLIA_I64 : GLIA_F32;
        fill(target, net->values[output.value].shape, classes ? 2 : 1);
    }
    glia_dataset *data = nullptr;
    if (glia_dataset_from_arrays(ctx, &args, &data) == GLIA_OK) {
        const glia_fit_args fit{.epochs = 1, .batch_size = 4, .in_order = true};
        glia_model_fit(net, data, &fit);
        vector<char> out(800000 * 4);
        const glia_tensor &y = net->values[net->training->outputs[0].value].shape;
        const size_t bytes   = size_t(4) * size_t(gli_count(&y) / 2) * glia_dtype_size(y.dtype);
        glia_model_predict(net, data, 4, out.data(), bytes);
    }
    glia_dataset_destroy(data);
}

TEST(HostileFile, IsAnErrorOrAModel) {
    constexpr int kMutants = 10000;
    const vector<string> files{of_images(), of_steps(), of_numbers()};
    Counted c;
    Mutator m(test_seed());
    std::map<glia_status, int> results;
    const size_t before = c.memory.held;
    for (int i = 0; i < kMutants; ++i) {
        const string &whole = files[m.below(files.size())];
        Parts parts(whole);
        string file;
        switch (m.below(5)) {
            case 0: parts.training = m.mutate(parts.training), file = parts.file(); break;
            case 1: parts.tensors = m.mutate(parts.tensors), file = parts.file(); break;
            case 2: file = m.mutate(whole.substr(0, 4096)) + whole.substr(std::min<size_t>(4096, whole.size())); break;
            default: parts.definition = m.mutate(parts.definition), file = parts.file();
        }
        const MemoryFile on_disk(file);
        c.memory.largest         = c.memory.held;
        glia_model *net          = nullptr;
        const glia_status status = glia_model_load(c.ctx, on_disk.path(), nullptr, &net);
        ++results[status];
        ASSERT_LE(c.memory.largest - before, 4 * file.size() + (64 << 20)) << parts.definition;
        ASSERT_EQ(net != nullptr, status == GLIA_OK);
        ASSERT_TRUE(status == GLIA_OK || strstr(glia_message(c.ctx), on_disk.path()) == glia_message(c.ctx))
            << glia_message(c.ctx);
        if (net && is_small(net)) use(c.ctx, net);
        glia_model_destroy(net);
    }
    for (const auto &[status, count] : results) printf("%s: %d\n", glia_status_name(status), count);
    EXPECT_GT(results[GLIA_OK], kMutants / 50) << "the mutants are too wild";
    EXPECT_GT(results[GLIA_INVALID_ARGUMENT] + results[GLIA_SHAPE_MISMATCH], kMutants / 50);
}

// ---- Memory ----

// As many small things as a definition can have take no more than is said.
TEST(HostileFile, TakesLittleMemory) {
    string parameters, layers, calls, inputs = R"({"input":{"name":"x","dtype":"f32","shape":[]}})";
    for (int i = 0; i < 40000; ++i) {
        const string name = std::to_string(i);
        parameters += ",{\"parameter\":{\"name\":\"" + name + "\",\"shape\":[],\"init\":\"zeros\"}}";
        layers += ",{\"layer\":{\"name\":\"" + name + "\",\"kind\":\"a\",\"parts\":[],\"output\":1}}";
        calls += string(i ? "," : "") + R"({"call":{"op":"unary","in":[1],"out":1}})";
    }
    calls = R"(,{"layer":{"name":"l","kind":"a","parts":[)" + calls + R"(],"output":1}})";
    for (const string &items : {parameters, layers, calls}) {
        Parts parts(of_numbers());
        parts.definition = R"({"dtype":"f32","items":[)" + inputs + items + "]}";
        parts.training   = R"({"outputs":[]})";
        Counted c;
        const MemoryFile file(parts.file());
        glia_model *net     = nullptr;
        const size_t before = c.memory.held;
        EXPECT_NE(glia_model_load(c.ctx, file.path(), nullptr, &net), GLIA_OK);
        printf("%zu bytes of file, %zu of memory: %s\n", parts.file().size(), c.memory.largest - before,
               string(glia_message(c.ctx)).c_str());
        EXPECT_LE(c.memory.largest - before, 4 * parts.file().size() + (64 << 20));
        EXPECT_EQ(c.memory.held, before);
    }
}

}  // namespace
