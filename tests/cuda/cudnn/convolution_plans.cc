// Which of cuDNN's engines do the convolutions of the benches' networks on a GPU that need not be there: the table of
// docs/gpu.md. The cuDNN is the one that Glia finds; GLIA_CUDA_LIBRARY_PATH says where else to look.
#include <cstdlib>
#include <map>

#include "support/described_gpu.h"
#include "support/devices.h"

extern "C" {
#include "graph/plan.h"
}

namespace {

using namespace glia;

constexpr char kUsage[] =
    "usage: convolution_plans [GPU [--row-major]]\n"
    "Which of cuDNN's engines the convolutions of the benches' networks take on a GPU, by default an H100.\n\n"
    "  --row-major    all tensors lie row-major\n";

struct Convolution {
    const char *network;
    int channels, size, filters, kernel, stride, pad;
    bool activated;  // a bias and a relu behind it
};
constexpr int kBatch = 128;
// Those of images with 1 and 3 channels are kernels of Glia's own.
constexpr Convolution kConvolutions[] = {
    {"Fashion CNN", 32, 26, 64, 3, 1, 0, true},  {"ResNet-18", 64, 32, 64, 3, 1, 1, false},
    {"ResNet-18", 64, 32, 128, 3, 2, 1, false},  {"ResNet-18", 64, 32, 128, 1, 2, 0, false},
    {"ResNet-18", 128, 16, 128, 3, 1, 1, false}, {"ResNet-18", 128, 16, 256, 3, 2, 1, false},
    {"ResNet-18", 128, 16, 256, 1, 2, 0, false}, {"ResNet-18", 256, 8, 256, 3, 1, 1, false},
    {"ResNet-18", 256, 8, 512, 3, 2, 1, false},  {"ResNet-18", 256, 8, 512, 1, 2, 0, false},
    {"ResNet-18", 512, 4, 512, 3, 1, 1, false},
};
constexpr const char *kPasses[][2] = {
    {"conv2d", "forward"}, {"conv2d_backward_data", "image gradient"}, {"conv2d_backward_filter", "filter gradient"}};

struct Numbers {
    const char *name;
    glia_math math;
    glia_dtype dtype;
};
constexpr Numbers kNumbers[] = {
    {"f32", GLIA_MATH_F32, GLIA_F32}, {"f32 as TF32", GLIA_MATH_TF32, GLIA_F32}, {"bf16", GLIA_MATH_F32, GLIA_BF16}};

// A convolution between two other ops, so that its tensors lie in the plan's own buffer, and its gradients.
glia_status plan(glia_context *ctx, const Convolution &c, glia_dtype dtype, bool row_major) {
    Keep keep;
    glia_graph *graph    = nullptr;
    glia_tensor *filters = nullptr, *bias = nullptr;
    GLI_TEST_TRY(glia_graph_create(ctx, &graph));
    keep(graph, glia_graph_destroy);
    GLI_TEST_TRY(glia_tensor_create(ctx, dtype, GLIA_SHAPE(c.filters, c.channels, c.kernel, c.kernel), &filters));
    keep(filters, glia_tensor_destroy);
    GLI_TEST_TRY(glia_tensor_create(ctx, dtype, GLIA_SHAPE(c.filters), &bias));
    keep(bias, glia_tensor_destroy);

    const glia_unary_params tanh = glia_unary_defaults(GLIA_UNARY_TANH);
    const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
    glia_conv2d_params params = glia_conv2d_defaults();
    for (int i = 0; i < 2; ++i) params.stride[i] = c.stride, params.pad[i] = params.pad_end[i] = c.pad;
    if (c.activated) params.activation = GLIA_RELU;
    const glia_value image = glia_graph_input(graph, "x", dtype, GLIA_SHAPE(kBatch, c.channels, c.size, c.size));
    glia_value in[]        = {glia_graph_call(graph, "unary", &tanh, &image, 1, nullptr, 0),
                              glia_graph_tensor(graph, "w", filters), glia_graph_tensor(graph, "bias", bias)};
    glia_value y           = glia_graph_call(graph, "conv2d", &params, in, c.activated ? 3 : 2, nullptr, 0);
    y                      = glia_graph_call(graph, "unary", &tanh, &y, 1, nullptr, 0);
    y                      = glia_graph_call(graph, "reduce", &sum, &y, 1, nullptr, 0);
    glia_value out[2], wrt[] = {image, in[1]};
    GLI_TEST_TRY(glia_graph_gradient(graph, y, wrt, 2, out));

    const gli_plan_options options{.row_major = row_major};
    glia_plan *made = nullptr;
    GLI_TEST_TRY(gli_plan_create(graph, out, 2, &options, &made));
    glia_plan_destroy(made);
    return GLIA_OK;
}

// "70 TC, 28.6 MiB" of "conv2d: cuDNN's engine 70, TENSOR_CORE, workspace 29949952 bytes"; what declined, otherwise.
std::string cell(const Computer &c, const std::string &op) {
    for (const std::string &line : c.lines) {
        int engine        = 0;
        const char *bytes = strstr(line.c_str(), "workspace ");
        const size_t at   = line.find(op + ": cuDNN's engine ");
        if (at == std::string::npos || !bytes) continue;
        if (sscanf(line.c_str() + at + op.size(), ": cuDNN's engine %d", &engine) != 1) continue;
        char text[64];
        snprintf(text, sizeof text, "%d%s, %.1f MiB", engine,
                 line.find("TENSOR_CORE") != std::string::npos ? " TC" : "", atof(bytes + 10) / (1 << 20));
        return text;
    }
    for (const std::string &line : c.lines)
        if (line.find("dispatch " + op + ": cuda.cudnn declines: ") != std::string::npos)
            return line.substr(line.find("declines: ") + 10);
    return "-";
}

void print_row(const Convolution &c, bool row_major) {
    std::map<std::string, std::string> cells[3];
    for (size_t n = 0; n < 3; ++n) {
        Computer computer("emulated");
        if (computer.created == GLIA_OK) computer.ctx->math = kNumbers[n].math;
        if (computer.created != GLIA_OK || plan(computer.ctx, c, kNumbers[n].dtype, row_major) != GLIA_OK)
            fprintf(stderr, "%s\n", computer.message().c_str());
        for (const auto &pass : kPasses) cells[n][pass[0]] = cell(computer, pass[0]);
    }
    for (const auto &pass : kPasses) {
        printf("| %s | %d→%d, %d×%d, %d×%d%s | %s |", c.network, c.channels, c.filters, c.size, c.size, c.kernel,
               c.kernel, c.stride == 2 ? " / 2" : "", pass[1]);
        for (auto &of : cells) printf(" %s |", of[pass[0]].c_str());
        printf("\n");
    }
    fflush(stdout);
}

}  // namespace

int main(int argc, char **argv) {
    const std::string name = argc > 1 ? argv[1] : "H100";
    const bool row_major   = argc > 2 && std::string(argv[2]) == "--row-major";
    if (name == "--help") return fputs(kUsage, stdout), 0;
    if (argc > 2 + row_major)
        return fprintf(stderr, "convolution_plans: there is no option %s\n", argv[2 + row_major]), 2;
    setenv("GLIA_LIBRARY_DIR", GLIA_CUDNN_EMULATED, 1);
    setenv("GLIA_LOG", "dispatch", 1);
    for (const Gpu &gpu : kGpus) {
        if (name != gpu.name) continue;
        const Described device(gpu);
        printf("| network | convolution | pass | f32 | f32 as TF32 | bf16 |\n|---|---|---|---|---|---|\n");
        for (const Convolution &c : kConvolutions) print_row(c, row_major);
        return 0;
    }
    fprintf(stderr, "convolution_plans: there is no '%s', but", name.c_str());
    for (const Gpu &gpu : kGpus) fprintf(stderr, " '%s'", gpu.name);
    fprintf(stderr, "\n");
    return 2;
}
