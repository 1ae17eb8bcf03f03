// The core: statuses, contexts and their environment, the log, dispatch, the shadow check, threads, memory.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/call.h"
#include "support/case.h"
#include "support/counting.h"
#include "support/environment.h"
#include "support/suite.h"

namespace {

using namespace glia;

using Context = std::unique_ptr<glia_context, decltype(&glia_context_destroy)>;
using Tensor  = std::unique_ptr<glia_tensor, decltype(&glia_tensor_destroy)>;
using Lines   = std::vector<std::string>;

void keep_line(void *user, const char *line) { static_cast<Lines *>(user)->push_back(line); }

bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

Context create(const char *device = "cpu", const glia_context_args *args = nullptr) {
    glia_context *ctx = nullptr;
    EXPECT_EQ(glia_context_create(device, args, &ctx), GLIA_OK) << glia_message(nullptr);
    return {ctx, glia_context_destroy};
}

void refuses(const char *device, const glia_context_args *args, glia_status status, const std::string &part) {
    auto *const untouched = reinterpret_cast<glia_context *>(16);
    glia_context *ctx     = untouched;
    EXPECT_EQ(glia_context_create(device, args, &ctx), status) << part;
    EXPECT_EQ(ctx, untouched);
    EXPECT_TRUE(has(glia_message(nullptr), part)) << glia_message(nullptr) << "\nlacks: " << part;
}

Tensor make(glia_context *ctx, glia_shape shape, glia_dtype dtype = GLIA_F32) {
    glia_tensor *tensor = nullptr;
    EXPECT_EQ(glia_tensor_create(ctx, dtype, shape, &tensor), GLIA_OK) << glia_message(ctx);
    return {tensor, glia_tensor_destroy};
}

// --- statuses ---

TEST(Status, every_code_has_its_name_and_a_text_of_its_own) {
    std::set<std::string> names, texts;
    int count = 0;
#define X(name, text)                                           \
    EXPECT_STREQ(glia_status_name(GLIA_##name), "GLIA_" #name); \
    EXPECT_STREQ(glia_status_text(GLIA_##name), text);          \
    EXPECT_GT(strlen(text), 6u);                                \
    names.insert(glia_status_name(GLIA_##name)), texts.insert(text), ++count;
    GLIA_STATUS_LIST(X)
#undef X
    EXPECT_EQ(names.size(), size_t(count));
    EXPECT_EQ(texts.size(), size_t(count));
    EXPECT_EQ(GLIA_OK, 0);
}

TEST(Status, a_number_that_is_no_status_has_a_text_too) {
    for (int wrong : {-1, int(GLIA_DEVICE_LOST) + 1, 1 << 20}) {
        EXPECT_STREQ(glia_status_name(glia_status(wrong)), "not a glia_status");
        EXPECT_STREQ(glia_status_text(glia_status(wrong)), "not a glia_status");
    }
}

TEST(Status, version_is_that_of_the_headers) {
    EXPECT_EQ(std::string(glia_version()), std::to_string(GLIA_VERSION_MAJOR) + "." +
                                               std::to_string(GLIA_VERSION_MINOR) + "." +
                                               std::to_string(GLIA_VERSION_PATCH));
}

// --- creation ---

TEST(Create, devices) {
    Variable unset("GLIA_DEVICE", nullptr), no_libraries("GLIA_LIBRARY_DIR", "/nowhere");
    for (const char *name : {"cpu", "auto", static_cast<const char *>(nullptr)})
        EXPECT_STREQ(glia_context_device(create(name).get()), "cpu");
    for (const char *name : {"", "cuda:0", "cuda", "CPU", "cpu ", "emulated", "gpu", "%s%n"})
        refuses(name, nullptr, GLIA_NOT_FOUND, "no device '" + std::string(name) + "'");
    refuses(std::string(5000, 'x').c_str(), nullptr, GLIA_NOT_FOUND, "no device 'xxxxxxxx");
}

TEST(Create, device_of_the_environment) {
    Variable wrong("GLIA_DEVICE", "cuda:7");
    refuses(nullptr, nullptr, GLIA_NOT_FOUND, "no device 'cuda:7'");
    EXPECT_STREQ(glia_context_device(create("cpu").get()), "cpu");  // code wins
    Variable good("GLIA_DEVICE", "cpu");
    EXPECT_STREQ(glia_context_device(create(nullptr).get()), "cpu");
    Variable empty("GLIA_DEVICE", "");
    EXPECT_STREQ(glia_context_device(create(nullptr).get()), "cpu");
}

TEST(Create, auto_logs_what_it_chose_and_why) {
    Lines lines;
    glia_context_args args = {};
    args.log = keep_line, args.log_user = &lines;
    create("auto", &args);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_TRUE(has(lines[0], "device auto: cpu, because")) << lines[0];
    EXPECT_TRUE(has(lines[1], "device cpu")) << lines[1];
}

TEST(Create, bad_arguments) {
    EXPECT_EQ(glia_context_create("cpu", nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(has(glia_message(nullptr), "out is NULL"));
    glia_context_args args = {};
    for (int threads : {-1, 1025, 1 << 30}) {
        args.threads = threads;
        refuses("cpu", &args, GLIA_INVALID_ARGUMENT, "threads is " + std::to_string(threads));
    }
    args = {};
    for (int math : {-1, 3, 77}) {
        args.math = glia_math(math);
        refuses("cpu", &args, GLIA_INVALID_ARGUMENT, "invalid math " + std::to_string(math));
    }
    args                 = {};
    args.allocator.alloc = CountingAllocator::alloc;
    refuses("cpu", &args, GLIA_INVALID_ARGUMENT, "both alloc and release");
    args                   = {};
    args.allocator.release = CountingAllocator::release;
    refuses("cpu", &args, GLIA_INVALID_ARGUMENT, "both alloc and release");
}

TEST(Create, a_context_starts_without_a_message) {
    Context ctx = create();
    EXPECT_STREQ(glia_message(ctx.get()), "");
    EXPECT_EQ(glia_context_bytes(ctx.get()), 0u);
    EXPECT_EQ(glia_context_peak_bytes(ctx.get()), 0u);
}

TEST(Create, null_is_no_context) {
    glia_context_destroy(nullptr);
    EXPECT_STREQ(glia_context_device(nullptr), "");
    EXPECT_EQ(glia_context_threads(nullptr), 0);
    EXPECT_EQ(glia_context_bytes(nullptr), 0u);
    EXPECT_EQ(glia_context_peak_bytes(nullptr), 0u);
}

TEST(Create, the_early_message_is_of_the_thread) {
    refuses("nowhere", nullptr, GLIA_NOT_FOUND, "'nowhere'");
    std::thread([] {
        EXPECT_STREQ(glia_message(nullptr), "");
        refuses("elsewhere", nullptr, GLIA_NOT_FOUND, "'elsewhere'");
    }).join();
    EXPECT_TRUE(has(glia_message(nullptr), "'nowhere'"));
}

// --- the environment ---

int threads_of(const char *glia, const char *omp, int code = 0) {
    Variable a("GLIA_NUM_THREADS", glia), b("OMP_NUM_THREADS", omp);
    glia_context_args args = {};
    args.threads           = code;
    return glia_context_threads(create("cpu", &args).get());
}

TEST(Environment, threads) {
    const int all = gli_team_default_size();
    EXPECT_GE(all, 1);
    EXPECT_EQ(threads_of(nullptr, nullptr), all);
    EXPECT_EQ(threads_of("3", nullptr), 3);
    EXPECT_EQ(threads_of("1024", nullptr), 1024);
    EXPECT_EQ(threads_of("3", "5"), 3);
    EXPECT_EQ(threads_of("", "5"), 5);
    EXPECT_EQ(threads_of("", ""), all);
    EXPECT_EQ(threads_of(nullptr, "5"), 5);
    EXPECT_EQ(threads_of(nullptr, "4,2,1"), 4);
    for (const char *no_number : {"many", "0", "-2", "2x", ",3", "4096"})
        EXPECT_EQ(threads_of(nullptr, no_number), all) << no_number;
    EXPECT_EQ(threads_of("3", "5", 7), 7);  // code wins
    EXPECT_EQ(threads_of(nullptr, "5", 7), 7);
    for (const char *wrong : {"0", "-1", "1025", "abc", "4x", "2,2", "99999999999999999999", " ", "0x4"}) {
        Variable threads("GLIA_NUM_THREADS", wrong);
        refuses("cpu", nullptr, GLIA_INVALID_ARGUMENT, std::string("GLIA_NUM_THREADS is '") + wrong + "'");
    }
}

Lines lines_of(const char *variable, bool with_callback = true) {
    Variable log("GLIA_LOG", variable), provider("GLIA_PROVIDER", "cpu.ref");
    Lines lines;
    glia_context_args args = {};
    if (with_callback) args.log = keep_line, args.log_user = &lines;
    args.threads = 1;
    Context ctx  = create("cpu", &args);
    Tensor x = make(ctx.get(), GLIA_SHAPE(3)), y = make(ctx.get(), GLIA_SHAPE(3));
    const auto relu = glia_unary_params{GLIA_UNARY_RELU, 0, 0};
    EXPECT_EQ(glia_unary(ctx.get(), &relu, x.get(), y.get()), GLIA_OK);
    return lines;
}

TEST(Environment, log_categories) {
    const auto counts = [](const char *variable) {
        std::string seen;
        for (const std::string &line : lines_of(variable)) seen += line.substr(0, line.find(' ')) + " ";
        return seen;
    };
    EXPECT_EQ(counts(nullptr), "device ");  // a callback alone asks for info
    EXPECT_EQ(counts(""), "device ");
    EXPECT_EQ(counts("info"), "device ");
    EXPECT_EQ(counts("dispatch"), "dispatch ");
    EXPECT_EQ(counts("time"), "time ");
    EXPECT_EQ(counts("plan"), "");
    EXPECT_EQ(counts("info,dispatch"), "device dispatch ");
    EXPECT_EQ(counts("dispatch,"), "dispatch ");
    EXPECT_EQ(counts("all"), "device dispatch time ");
    for (const char *wrong : {"dispatsh", "info,x", "INFO", "infos", "inf"}) {
        Variable log("GLIA_LOG", wrong);
        refuses("cpu", nullptr, GLIA_INVALID_ARGUMENT, "GLIA_LOG has '");
        EXPECT_TRUE(has(glia_message(nullptr), "knows info, dispatch, time, plan and all"));
    }
    Variable log("GLIA_LOG", "info,,dispatch");
    refuses("cpu", nullptr, GLIA_INVALID_ARGUMENT, "GLIA_LOG has ''");
}

TEST(Environment, without_a_callback_the_log_goes_to_standard_error_when_it_is_asked_for) {
    testing::internal::CaptureStderr();
    lines_of(nullptr, false);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    testing::internal::CaptureStderr();
    lines_of("dispatch", false);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "glia: dispatch unary kind=relu: cpu.ref\n");
}

TEST(Environment, time_is_a_number_of_microseconds) {
    const Lines lines = lines_of("time");
    ASSERT_EQ(lines.size(), 1u);
    double microseconds = -1;
    EXPECT_EQ(sscanf(lines[0].c_str(), "time unary cpu.ref: %lf us", &microseconds), 1) << lines[0];
    EXPECT_GE(microseconds, 0);
}

TEST(Environment, unknown_providers_checks_and_instruction_sets) {
    for (const char *wrong : {"cpu", "cpu.fast", "CPU.REF", "ref", "cuda.cudnn"}) {
        Variable provider("GLIA_PROVIDER", wrong);
        refuses("cpu", nullptr, GLIA_INVALID_ARGUMENT, std::string("GLIA_PROVIDER is '") + wrong + "'");
    }
    for (const char *wrong : {"1", "shadows", "Shadow", "nan"}) {
        Variable check("GLIA_CHECK", wrong);
        refuses("cpu", nullptr, GLIA_INVALID_ARGUMENT, std::string("GLIA_CHECK is '") + wrong + "'");
    }
    for (const char *wrong : {"sse", "AVX2", "avx", "avx512f", "avx2 ", "1"}) {
        Variable isa("GLIA_MAX_CPU_ISA", wrong);
        refuses("cpu", nullptr, GLIA_INVALID_ARGUMENT, std::string("GLIA_MAX_CPU_ISA is '") + wrong + "'");
    }
    for (const char *right : {"", "portable", "avx2", "avx512"}) {
        Variable isa("GLIA_MAX_CPU_ISA", right);
        create();
    }
    Variable provider("GLIA_PROVIDER", ""), check("GLIA_CHECK", "");
    Context ctx = create();
    EXPECT_STREQ(ctx->provider, "");
    EXPECT_FALSE(ctx->shadow);
}

// --- dispatch ---

std::vector<Array> arrays_of(const Case &c, Regime regime, glia_dtype dtype) {
    std::vector<Array> in;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
        const Input &input = c.inputs[i];
        if (input.content == Content::absent)
            in.push_back(ABSENT);
        else
            in.push_back({input.dims, values_of(c, i, regime, dtype), dtype_of(c, i, dtype)});
    }
    return in;
}

// The first case of each op.
std::vector<const Case *> first_cases() {
    std::vector<const Case *> first;
    std::set<const gli_op *> seen;
    for (const Case &c : all_cases())
        if (!c.bench && seen.insert(c.op).second) first.push_back(&c);
    return first;
}

// With params or without.
bool is_of(const std::string &line, const gli_op &op) {
    const std::string start = std::string("dispatch ") + op.name;
    return line.rfind(start + ":", 0) == 0 || line.rfind(start + " ", 0) == 0;
}

TEST(Dispatch, the_log_names_the_provider_that_ran_and_why_those_before_it_declined) {
    for (const Case *c : first_cases())
        for (glia_dtype dtype : {GLIA_F32, GLIA_F64}) {
            Lines lines;
            Session session("");
            session.ctx()->log = keep_line, session.ctx()->log_user = &lines;
            session.ctx()->log_categories = GLI_LOG_DISPATCH;
            const Result result = session.call_raw(*c->op, c->params.data(), arrays_of(*c, Regime::reals, dtype));
            ASSERT_EQ(result.status, GLIA_OK) << result.message;
            char text[GLI_PARAMS_TEXT];
            const std::string name_of_op = std::string("dispatch ") + c->op->name, op = name_of_op + ": ",
                              chosen      = name_of_op + gli_params_text(c->op, c->params.data(), text) + ": ";
            const gli_provider *const *it = gli_cpu_device.providers(c->op);
            for (size_t i = 0; i < lines.size(); ++i) {
                if (lines[i].rfind(op + "oneDNN", 0) == 0) continue;  // what prepare adds
                if (c->op->forward && is_of(lines[i], *c->op->forward)) continue;
                const std::string reason = op + (*it)->name + " declines: ";
                if (lines[i] == chosen + (*it)->name) {
                    EXPECT_EQ(i + 1, lines.size());
                } else {
                    EXPECT_EQ(lines[i].substr(0, reason.size()), reason);
                    EXPECT_GT(lines[i].size(), reason.size() + 4) << "no reason: " << lines[i];
                    ++it;
                }
            }
            ASSERT_FALSE(lines.empty());
            EXPECT_EQ(lines.back(), chosen + (*it)->name);
        }
}

TEST(Dispatch, the_log_has_the_params_that_are_not_the_defaults) {
    const auto line_of = [](const gli_op &op, const void *params, const std::vector<Array> &in) {
        Lines lines;
        Session session("cpu.ref");
        session.ctx()->log = keep_line, session.ctx()->log_user = &lines;
        session.ctx()->log_categories = GLI_LOG_DISPATCH;
        const Result result           = session.call_raw(op, params, in);
        EXPECT_EQ(result.status, GLIA_OK) << result.message;
        return lines.size() == 1 ? lines[0] : "lines: " + std::to_string(lines.size());
    };
    const Array image{{1, 1, 4, 4}, {}, GLIA_F32}, kernel{{1, 1, 2, 2}, {}, GLIA_F32}, x{{2, 3}, {}, GLIA_F32};
    glia_conv2d_params conv = glia_conv2d_defaults();
    EXPECT_EQ(line_of(gli_op_conv2d, nullptr, {image, kernel}), "dispatch conv2d: cpu.ref");
    EXPECT_EQ(line_of(gli_op_conv2d, &conv, {image, kernel}), "dispatch conv2d: cpu.ref");
    conv.stride[0] = conv.stride[1] = 2;
    EXPECT_EQ(line_of(gli_op_conv2d, &conv, {image, kernel}), "dispatch conv2d stride={2,2}: cpu.ref");
    conv.activation = GLIA_RELU, conv.pad_end[1] = 1;
    EXPECT_EQ(line_of(gli_op_conv2d, &conv, {image, kernel}),
              "dispatch conv2d stride={2,2} pad_end={0,1} activation=relu: cpu.ref");
    const glia_dropout_params dropout{.p = 0.25, .seed = 12345, .stream = 7};
    EXPECT_EQ(line_of(gli_op_dropout, &dropout, {x}), "dispatch dropout p=0.25: cpu.ref");
    EXPECT_EQ(line_of(gli_op_prelu, nullptr, {x, {{1}, {}, GLIA_F32}}), "dispatch prelu: cpu.ref");
}

TEST(Dispatch, a_forced_provider_never_falls_back) {
    Variable forced("GLIA_PROVIDER", "cpu.native"), log("GLIA_LOG", "dispatch");
    int ran = 0, declined = 0, absent = 0;
    for (const Case *c : first_cases())
        for (glia_dtype dtype : {GLIA_F32, GLIA_F64}) {
            if (c->op->forward) continue;  // refused with the forward call, without which there is nothing to read
            Lines lines;
            glia_context_args args = {};
            args.log = keep_line, args.log_user = &lines;
            Context ctx = create("cpu", &args);
            EXPECT_STREQ(ctx->provider, "cpu.native");
            bool known = false;
            for (const gli_provider *const *it = gli_cpu_device.providers(c->op); *it; ++it)
                known = known || strcmp((*it)->name, "cpu.native") == 0;
            Session session("cpu.native");
            session.ctx()->log = keep_line, session.ctx()->log_user = &lines;
            const Result result = session.call_raw(*c->op, c->params.data(), arrays_of(*c, Regime::reals, dtype));
            for (const std::string &line : lines) EXPECT_TRUE(has(line, "cpu.native")) << line;
            if (result.status == GLIA_OK) {
                EXPECT_TRUE(known);
                ++ran;
            } else {
                EXPECT_EQ(result.status, GLIA_UNSUPPORTED);
                const std::string text =
                    std::string(c->op->name) + ": GLIA_PROVIDER forces cpu.native, which declines: ";
                EXPECT_EQ(result.message.substr(0, text.size()), text);
                EXPECT_EQ(has(result.message, "no such provider"), !known) << result.message;
                ++(known ? declined : absent);
            }
        }
    EXPECT_GT(ran, 10);
    EXPECT_GT(declined, 10);
    EXPECT_GT(absent, 0);
}

TEST(Dispatch, a_refused_call_leaves_its_output_alone) {
    Session session("cpu.native");
    const Array x{{3}, {-1, 2, 3}, GLIA_F64};
    glia_tensor *y         = session.tensor({{3}, {7, 8, 9}, GLIA_F64});
    glia_unary_params relu = {GLIA_UNARY_RELU, 0, 0};
    EXPECT_EQ(glia_unary(session.ctx(), &relu, session.tensor(x), y), GLIA_UNSUPPORTED);
    EXPECT_EQ(session.values(y), (std::vector<double>{7, 8, 9}));
}

// --- a device of this test: the CPU's, with other providers of relu and matmul ---

glia_status (*planted)(const gli_call *) = nullptr;

glia_status run_planted(const gli_call *call, const gli_prepared *, void *) { return planted(call); }
const char *decline_never(const gli_call *) { return nullptr; }
const char *decline_always(const gli_call *) { return "the moon is full"; }

const gli_provider kPlanted = {"cpu.planted", GLI_ACCEPTS_ALL, decline_never, nullptr, run_planted, nullptr};
const gli_provider kShy     = {"cpu.shy", GLI_ACCEPTS_ALL, decline_always, nullptr, run_planted, nullptr};

const gli_provider *const *test_providers(const gli_op *op) {
    static const gli_provider *list[] = {&kShy, &kPlanted, nullptr};
    return op == &gli_op_unary || op == &gli_op_matmul ? list : gli_cpu_device.providers(op);
}

gli_device test_device() {
    gli_device device = gli_cpu_device;
    device.name       = "test";
    device.providers  = test_providers;
    return device;
}

// Relu of [2,3], with `wrong` in place of element 4.
double wrong_value = 0;
glia_status relu_but_one(const gli_call *call) {
    const auto *x = static_cast<const float *>(call->in[0]->data);
    auto *y       = static_cast<float *>(call->out[0]->data);
    for (int i = 0; i < 6; ++i) y[i] = i == 4 && !std::isinf(wrong_value) ? float(wrong_value) : std::fmax(x[i], 0.f);
    return GLIA_OK;
}

TEST(Shadow, reports_a_wrong_element_with_op_provider_shape_index_and_values) {
    const gli_device device = test_device();
    for (double wrong : {3.001, 0.0, -5.0, double(NAN)}) {
        Session session("");
        Lines lines;
        session.ctx()->device = &device, session.ctx()->shadow = true;
        session.ctx()->log = keep_line, session.ctx()->log_user = &lines, session.ctx()->log_categories = GLI_LOG_INFO;
        planted = relu_but_one, wrong_value = wrong;
        const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
        const Array x{{2, 3}, {-1, 2, -3, 4, 3, -6}, GLIA_F32};
        Result result = session.call(gli_op_unary, relu, {x});
        EXPECT_EQ(result.status, GLIA_CHECK_FAILED) << wrong;
        for (const char *part :
             {"unary: cpu.planted differs from cpu.ref", "y [2,3]", "element 4 is ", "must be 3 within"})
            EXPECT_TRUE(has(result.message, part)) << result.message << "\nlacks: " << part;
        ASSERT_EQ(lines.size(), 1u);
        EXPECT_EQ(lines[0], "check: " + result.message);

        wrong_value = INFINITY;  // right again: the context works on
        result      = session.call(gli_op_unary, relu, {x});
        EXPECT_EQ(result.status, GLIA_OK) << result.message;
        EXPECT_EQ(result.out[0].values, (std::vector<double>{0, 2, 0, 4, 3, 0}));
    }
}

TEST(Shadow, compares_calls_in_place_with_the_inputs_as_they_were) {
    const gli_device device = test_device();
    Session session("");
    session.ctx()->device = &device, session.ctx()->shadow = true;
    planted = relu_but_one, wrong_value = INFINITY;
    const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
    glia_tensor *x = session.tensor({{2, 3}, {-1, 2, -3, 4, 3, -6}, GLIA_F32});
    EXPECT_EQ(glia_unary(session.ctx(), &relu, x, x), GLIA_OK) << glia_message(session.ctx());
    EXPECT_EQ(session.values(x), (std::vector<double>{0, 2, 0, 4, 3, 0}));
    wrong_value    = 1;
    glia_tensor *z = session.tensor({{2, 3}, {-1, 2, -3, 4, 3, -6}, GLIA_F32});
    EXPECT_EQ(glia_unary(session.ctx(), &relu, z, z), GLIA_CHECK_FAILED);
}

// 1234567 times 7654321, twice, with opposite signs: what is left beside 0.25 is their rounding, whoever adds them up.
TEST(Shadow, allows_for_large_terms_that_cancel_and_no_more) {
    const gli_device device = test_device();
    const glia_matmul_params sum{false, false, 1, 1};
    const Array a{{1, 3}, {1234567, 0.5, -1234567}, GLIA_F32}, b{{3, 1}, {7654321, 0.5, 7654321}, GLIA_F32};
    planted = [](const gli_call *call) {
        static_cast<float *>(call->out[0]->data)[0] = float(wrong_value);
        return GLIA_OK;
    };
    for (const auto &[left, status] : {std::pair(1e5, GLIA_OK), {1e9, GLIA_CHECK_FAILED}}) {
        Session session("");
        session.ctx()->device = &device, session.ctx()->shadow = true;
        wrong_value         = left;
        const Result result = session.call(gli_op_matmul, sum, {a, b, ABSENT});
        EXPECT_EQ(result.status, status) << left << ": " << result.message;
    }
}

TEST(Shadow, a_provider_that_fails_keeps_its_own_status) {
    const gli_device device = test_device();
    Session session("");
    session.ctx()->device = &device, session.ctx()->shadow = true;
    planted = [](const gli_call *call) { return gli_fail(call->ctx, GLIA_DEVICE_ERROR, "the cable is out"); };
    const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
    const Result result = session.call(gli_op_unary, relu, {{{2, 3}, {}, GLIA_F32}});
    EXPECT_EQ(result.status, GLIA_DEVICE_ERROR);
    EXPECT_EQ(result.message, "the cable is out");
}

TEST(Shadow, right_providers_pass_on_every_case) {
    Variable check("GLIA_CHECK", "shadow");
    int ran = 0;
    for (const Case &c : all_cases()) {
        if (c.bench) continue;
        Session session("");
        EXPECT_TRUE(session.ctx()->shadow);
        const Result result = session.call_raw(*c.op, c.params.data(), arrays_of(c, Regime::reals, GLIA_F32));
        EXPECT_EQ(result.status, GLIA_OK) << c.op->name << " " << c.name << ": " << result.message;
        ++ran;
    }
    EXPECT_GT(ran, 300);
}

TEST(Dispatch, the_reason_of_the_last_is_told_when_all_decline) {
    const gli_device device = test_device();
    Session session("cpu.shy");
    session.ctx()->device = &device;
    const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
    const Result result = session.call(gli_op_unary, relu, {{{2, 3}, {}, GLIA_F32}});
    EXPECT_EQ(result.status, GLIA_UNSUPPORTED);
    EXPECT_EQ(result.message, "unary: GLIA_PROVIDER forces cpu.shy, which declines: the moon is full");
}

// --- threads ---

std::atomic<bool> inside{false}, go_on{false};

TEST(Busy, a_second_thread_is_refused_and_breaks_nothing) {
    const gli_device device = test_device();
    Session session("");
    glia_context *ctx = session.ctx();
    ctx->device       = &device;
    planted           = [](const gli_call *call) {
        inside = true;
        while (!go_on) std::this_thread::yield();
        return relu_but_one(call);
    };
    wrong_value = INFINITY, inside = false, go_on = false;
    const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
    glia_tensor *x    = session.tensor({{2, 3}, {-1, 2, -3, 4, 3, -6}, GLIA_F32}),
                *y    = session.tensor({{2, 3}, {}, GLIA_F32});
    glia_status first = GLIA_BUSY;
    std::thread other([&] { first = glia_unary(ctx, &relu, x, y); });
    while (!inside) std::this_thread::yield();

    float host[6];
    glia_tensor *out   = nullptr;
    glia_graph *graph  = nullptr;
    glia_dataset *data = nullptr;
    EXPECT_EQ(glia_unary(ctx, &relu, x, y), GLIA_BUSY);
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(2), &out), GLIA_BUSY);
    EXPECT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(6), nullptr, host, &out), GLIA_BUSY);
    EXPECT_EQ(glia_tensor_read(x, host, sizeof host), GLIA_BUSY);
    EXPECT_EQ(glia_tensor_write(x, host, sizeof host), GLIA_BUSY);
    EXPECT_EQ(glia_tensor_fill(x, 1), GLIA_BUSY);
    EXPECT_EQ(glia_graph_create(ctx, &graph), GLIA_BUSY);
    EXPECT_EQ(glia_dataset_from_idx(ctx, "a", "b", nullptr, &data), GLIA_BUSY);
    EXPECT_EQ(out, nullptr);
    EXPECT_EQ(graph, nullptr);
    EXPECT_EQ(data, nullptr);
    EXPECT_STREQ(glia_message(ctx), "another thread is using this context");
    EXPECT_STREQ(ctx->message, "");  // that one is the first thread's

    go_on = true;
    other.join();
    EXPECT_EQ(first, GLIA_OK);
    EXPECT_EQ(session.values(y), (std::vector<double>{0, 2, 0, 4, 3, 0}));
    EXPECT_EQ(glia_unary(ctx, &relu, x, y), GLIA_OK);
    EXPECT_EQ(glia_tensor_fill(x, 1), GLIA_OK);
}

TEST(Busy, the_thread_inside_may_enter_again) {
    Lines lines;
    glia_context_args args = {};
    Context ctx{nullptr, glia_context_destroy};
    struct Reentry {
        glia_context *ctx;
        glia_status status;
    } reentry{nullptr, GLIA_BUSY};
    args.log_user = &reentry;
    args.log      = [](void *user, const char *) {
        auto *self = static_cast<Reentry *>(user);
        if (!self->ctx) return;
        glia_tensor *tensor = nullptr;
        self->status        = glia_tensor_create(self->ctx, GLIA_F32, GLIA_SHAPE(2), &tensor);
        glia_tensor_destroy(tensor);
    };
    Variable log("GLIA_LOG", "dispatch");
    ctx         = create("cpu", &args);
    reentry.ctx = ctx.get();
    Tensor x = make(ctx.get(), GLIA_SHAPE(4)), y = make(ctx.get(), GLIA_SHAPE(4));
    const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
    EXPECT_EQ(glia_unary(ctx.get(), &relu, x.get(), y.get()), GLIA_OK);
    EXPECT_EQ(reentry.status, GLIA_OK);
    EXPECT_EQ(ctx->depth, 0);
}

TEST(Busy, a_context_can_change_threads_between_calls) {
    Context ctx = create();
    for (int i = 0; i < 8; ++i) std::thread([&] { make(ctx.get(), GLIA_SHAPE(3)); }).join();
    EXPECT_EQ(glia_context_bytes(ctx.get()), 0u);
}

TEST(Parallel, contexts_in_threads_of_their_own_give_the_same_bits) {
    const auto work = [] {
        std::vector<double> all;
        Session session("");
        for (const Case *c : first_cases()) {
            const Result result = session.call_raw(*c->op, c->params.data(), arrays_of(*c, Regime::reals, GLIA_F32));
            EXPECT_EQ(result.status, GLIA_OK) << result.message;
            for (const Array &y : result.out) all.insert(all.end(), y.values.begin(), y.values.end());
        }
        return all;
    };
    std::vector<std::vector<double>> results(4);
    std::vector<std::thread> threads;
    for (auto &result : results) threads.emplace_back([&] { result = work(); });
    for (auto &thread : threads) thread.join();
    for (const auto &result : results) {
        ASSERT_EQ(result.size(), results[0].size());
        EXPECT_EQ(memcmp(result.data(), results[0].data(), result.size() * sizeof(double)), 0);
    }
}

// --- memory ---

TEST(Memory, everything_comes_from_the_users_allocator_and_goes_back) {
    CountingAllocator memory;
    glia_context_args args = {};
    args.allocator         = memory.api();
    Context ctx            = create("cpu", &args);
    const size_t own       = memory.held;  // the context's, with its threads
    EXPECT_EQ(glia_context_bytes(ctx.get()), 0u);
    {
        std::vector<Tensor> tensors;
        const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
        for (int64_t n : {1, 1000, 70000}) {
            tensors.push_back(make(ctx.get(), GLIA_SHAPE(n)));
            tensors.push_back(make(ctx.get(), GLIA_SHAPE(n)));
            EXPECT_EQ(glia_unary(ctx.get(), &relu, tensors.end()[-2].get(), tensors.end()[-1].get()), GLIA_OK);
            EXPECT_EQ(glia_context_bytes(ctx.get()) + own, memory.held);
            EXPECT_GE(glia_context_bytes(ctx.get()), size_t(2 * n) * 4);
        }
        for (glia_dtype dtype : {GLIA_F64, GLIA_BF16, GLIA_U8})
            tensors.push_back(make(ctx.get(), GLIA_SHAPE(5, 7), dtype));
    }
    EXPECT_EQ(glia_context_bytes(ctx.get()) + own, memory.held);
    EXPECT_EQ(glia_context_peak_bytes(ctx.get()) + own, memory.largest);
    ctx.reset();
    EXPECT_EQ(memory.held, 0u);
    EXPECT_TRUE(memory.blocks.empty());
}

TEST(Memory, bytes_and_peak) {
    Context ctx             = create();
    Tensor small            = make(ctx.get(), GLIA_SHAPE(1000));
    const size_t with_small = glia_context_bytes(ctx.get());
    EXPECT_GE(with_small, 4000u);
    EXPECT_LT(with_small, 6000u);
    Tensor large = make(ctx.get(), GLIA_SHAPE(10000000));
    EXPECT_GE(glia_context_bytes(ctx.get()), with_small + 40000000);
    const size_t peak = glia_context_peak_bytes(ctx.get());
    EXPECT_LT(peak, 45000000u);  // creating a tensor needs no second one
    large.reset();
    EXPECT_EQ(glia_context_bytes(ctx.get()), with_small);
    EXPECT_EQ(glia_context_peak_bytes(ctx.get()), peak);
    small.reset();
    EXPECT_EQ(glia_context_bytes(ctx.get()), 0u);
}

TEST(Memory, a_workspace_is_kept_and_grows_only) {
    Session session("cpu.ref");
    glia_context *ctx = session.ctx();
    Tensor x = make(ctx, GLIA_SHAPE(100)), y = make(ctx, GLIA_SHAPE(100));
    const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
    const size_t before = glia_context_bytes(ctx);
    ASSERT_EQ(glia_unary(ctx, &relu, x.get(), y.get()), GLIA_OK);
    const size_t after = glia_context_bytes(ctx);
    EXPECT_EQ(after, before + 200 * sizeof(double));
    for (int i = 0; i < 3; ++i) ASSERT_EQ(glia_unary(ctx, &relu, x.get(), y.get()), GLIA_OK);
    EXPECT_EQ(glia_context_bytes(ctx), after);
}

// Each object keeps the context alive: destroyed in every order of five.
TEST(Memory, the_order_of_destroy_calls_is_free) {
    std::vector<int> order = {0, 1, 2, 3, 4};
    int tried              = 0;
    do {
        CountingAllocator memory;
        glia_context_args args = {};
        args.allocator         = memory.api();
        glia_context *ctx      = nullptr;
        ASSERT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
        glia_tensor *x = nullptr, *y = nullptr;
        ASSERT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(4), &x), GLIA_OK);
        ASSERT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(4), &y), GLIA_OK);
        glia_graph *graph = nullptr;
        ASSERT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
        const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
        const glia_value in  = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(4));
        const glia_value out = glia_graph_call(graph, "unary", &relu, &in, 1, nullptr, 0);
        glia_plan *plan      = nullptr;
        ASSERT_EQ(glia_plan_create(graph, &out, 1, &plan), GLIA_OK) << glia_message(ctx);
        const glia_array field  = {nullptr, GLIA_F32, GLIA_SHAPE(1), &order, 0, 0};
        glia_arrays_args arrays = {};
        arrays.inputs = &field, arrays.n_inputs = 1, arrays.count = 2, arrays.copy = true;
        glia_dataset *data = nullptr;
        ASSERT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK) << glia_message(ctx);
        bool has_tensors = true;
        for (int what : order) {
            if (what == 0) glia_context_destroy(ctx);
            if (what == 1) glia_tensor_destroy(x), glia_tensor_destroy(y), has_tensors = false;
            if (what == 2) glia_graph_destroy(graph);
            if (what == 3) glia_plan_destroy(plan);
            if (what == 4) glia_dataset_destroy(data);
            if (has_tensors) {
                EXPECT_EQ(glia_tensor_fill(x, -1), GLIA_OK);
                EXPECT_EQ(glia_unary(glia_tensor_data(x) ? x->ctx : nullptr, &relu, x, y), GLIA_OK);
            }
        }
        EXPECT_EQ(memory.held, 0u);
        ++tried;
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(tried, 120);
}

TEST(Memory, destroy_accepts_null) {
    glia_context_destroy(nullptr);
    glia_tensor_destroy(nullptr);
    glia_graph_destroy(nullptr);
    glia_plan_destroy(nullptr);
    glia_dataset_destroy(nullptr);
}

// --- sizes ---

TEST(Sizes, saturate_where_a_shape_is_too_large) {
    const int64_t big = int64_t(1) << 40;
    const int64_t dim[]{big, big, 3, big};
    glia_tensor tensor{};
    gli_set_shape(&tensor, GLIA_F64, 4, dim);
    EXPECT_EQ(gli_count(&tensor), INT64_MAX);
    EXPECT_EQ(tensor.stride[3], 1);
    EXPECT_EQ(tensor.stride[2], big);
    EXPECT_EQ(tensor.stride[1], 3 * big);
    EXPECT_EQ(tensor.stride[0], INT64_MAX);
    tensor.dim[2] = 0;
    EXPECT_EQ(gli_count(&tensor), 0);
    gli_channels_last_strides(4, dim, tensor.stride);
    EXPECT_EQ(tensor.stride[0], INT64_MAX);
}

TEST(Sizes, empty_tensors_of_huge_dimensions_are_refused_by_every_op) {
    // Geometries hold ints: an op that multiplied the other dimensions of an empty tensor would overflow.
    Session session("");
    const Array x{{0, 1 << 16, 1 << 16}, {}, GLIA_F32};
    const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_AXIS(0), false};
    const Result result = session.call(gli_op_reduce, sum, {x});
    EXPECT_EQ(result.status, GLIA_UNSUPPORTED);
    EXPECT_EQ(result.message,
              "reduce: x [0,65536,65536] has more than 2^31-1 elements, not counting the dimensions of 0");
}

}  // namespace
