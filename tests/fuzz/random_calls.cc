// Calls of every op with params, shapes, dtypes, layouts and numbers drawn at random, alone and in graphs with
// gradients, for builds with sanitizers: each is refused with a message, or works. `random_calls COUNT SEED`.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <memory>

#include "fuzz/random.h"
#include "glia/glia.h"
#include "support/case.h"

namespace {

using namespace glia;

void store(char *at, size_t size, int64_t value) {
    const auto narrow = int32_t(value);
    size == sizeof narrow ? memcpy(at, &narrow, size) : memcpy(at, &value, size);
}

// Another value of one param.
void mutate(const gli_op_param &param, std::vector<char> *params) {
    char *at             = params->data() + param.offset;
    const int count      = gli_param_count(&param);
    const size_t size    = param.size / size_t(count);
    const size_t element = below(uint64_t(count));
    switch (param.type) {
        case GLI_PARAM_BOOL: at[element] = char(below(2)); break;
        case GLI_PARAM_ENUM: store(at, size, int64_t(below(uint64_t(param.n_names) + 2)) - 1); break;
        case GLI_PARAM_DOUBLE: {
            const double value = random_real();
            memcpy(at + element * size, &value, sizeof value);
            break;
        }
        case GLI_PARAM_SHAPE: {
            glia_shape shape{int(below(GLIA_MAX_DIMS + 2)), {}};
            for (int64_t &dim : shape.dim) dim = random_integer();
            memcpy(at, &shape, sizeof shape);
            break;
        }
        default: store(at + element * size, size, random_integer());
    }
}

// A tensor in memory of its own of just its extent, so that one byte beyond it is seen.
struct Placed {
    std::unique_ptr<char[]> memory;
    std::unique_ptr<glia_tensor, void (*)(glia_tensor *)> tensor{nullptr, glia_tensor_destroy};
};

glia_dtype random_dtype() { return glia_dtype(below(GLIA_I64 + 1)); }

// Strides in an order of dimensions drawn at random, with gaps at times, and with repeats at times.
std::vector<int64_t> random_strides(const glia_shape &shape) {
    std::vector<int> order;
    std::vector<int64_t> stride(size_t(shape.ndim), 1);
    for (int i = shape.ndim - 1; i >= 0; --i) order.push_back(i);
    if (chance(40)) std::shuffle(order.begin(), order.end(), engine);
    int64_t step = chance(15) ? 2 : 1;
    for (const int i : order) {
        stride[size_t(i)] = chance(3) ? 0 : step;
        step *= std::max<int64_t>(shape.dim[i], 1);
        if (chance(8)) ++step;
    }
    return stride;
}

Placed place(glia_context *ctx, glia_dtype dtype, const glia_shape &shape) {
    Placed out;
    const auto stride = random_strides(shape);
    int64_t extent    = 1;
    for (int i = 0; i < shape.ndim; ++i) {
        extent += (shape.dim[i] - 1) * stride[size_t(i)];
        if (shape.dim[i] == 0) extent = 0;
        if (extent < 0 || extent > 1 << 18) return out;
        if (extent == 0) break;
    }
    const size_t bytes = size_t(extent) * glia_dtype_size(dtype);
    out.memory.reset(new char[bytes + 64]);
    char *end           = out.memory.get() + 64;  // aligned as the elements need
    void *begin         = extent ? end - reinterpret_cast<uintptr_t>(end) % 8 : nullptr;
    glia_tensor *tensor = nullptr;
    if (glia_tensor_wrap(ctx, dtype, shape, shape.ndim ? stride.data() : nullptr, begin, &tensor) != GLIA_OK)
        return out;
    out.tensor.reset(tensor);
    for (int64_t i = 0; i < extent; ++i)
        gli_store(dtype, begin, i, gli_dtype_is_float(dtype) ? random_real() : double(below(8)) - chance(10));
    return out;
}

glia_shape mutated_shape(const std::vector<int64_t> &dims) {
    glia_shape shape{int(dims.size()), {}};
    std::copy(dims.begin(), dims.end(), shape.dim);
    if (chance(85) || (shape.ndim == 0 && chance(50))) return shape;
    switch (below(4)) {
        case 0:
            if (shape.ndim < GLIA_MAX_DIMS) shape.dim[shape.ndim++] = 1 + int64_t(below(3));
            break;
        case 1:
            if (shape.ndim > 0) --shape.ndim;
            break;
        default:
            if (shape.ndim > 0) shape.dim[below(uint64_t(shape.ndim))] = int64_t(below(6));
    }
    return shape;
}

struct Counts {
    std::map<glia_status, long> calls, plans;
};

long wrong;

void require(bool condition, const char *what, const gli_op *op, const glia_context *ctx) {
    if (condition) return;
    fprintf(stderr, "%s: %s: %s\n", op->name, what, glia_message(ctx));
    ++wrong;
}

// What a call may return, and a message with it.
void check(glia_status status, const gli_op *op, glia_context *ctx) {
    require(status != GLIA_DEVICE_ERROR && status != GLIA_BUSY && status != GLIA_DEVICE_LOST,
            "a status that tells nothing", op, ctx);
    require(status == GLIA_OK || *glia_message(ctx), "no message", op, ctx);
    ctx->message[0] = '\0';
}

glia_shape shape_of(const glia_tensor &tensor) {
    glia_shape shape{tensor.ndim, {}};
    std::copy(tensor.dim, tensor.dim + tensor.ndim, shape.dim);
    return shape;
}

void call(glia_context *ctx, const gli_op *op, const void *params, std::vector<Placed> &in, Counts *counts) {
    std::vector<const glia_tensor *> inputs;
    for (const Placed &x : in) inputs.push_back(x.tensor.get());
    alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    glia_status status = gli_resolve(ctx, op, params, int(inputs.size()), inputs.data(), geom, &r);
    if (status == GLIA_OK) {
        std::vector<Placed> out(size_t(op->n_outputs));
        std::vector<glia_tensor *> outputs;
        for (size_t i = 0; i < out.size(); ++i) {
            const glia_shape shape = shape_of(r.out[i]);
            out[i]                 = place(ctx, chance(2) ? random_dtype() : r.out[i].dtype,
                                           mutated_shape({shape.dim, shape.dim + (chance(5) ? 0 : shape.ndim)}));
            outputs.push_back(chance(2) && !in.empty() ? in[0].tensor.get() : out[i].tensor.get());
        }
        status = gli_call_op(ctx, op, params, int(inputs.size()), inputs.data(), int(outputs.size()), outputs.data());
    }
    ++counts->calls[status];
    check(status, op, ctx);
}

// The same in a graph, with the gradient of the sum of output 0.
void plan(glia_context *ctx, const gli_op *op, const void *params, std::vector<Placed> &in, Counts *counts) {
    glia_graph *graph  = nullptr;
    glia_plan *plan    = nullptr;
    glia_status status = glia_graph_create(ctx, &graph);
    std::vector<glia_value> values, wanted(size_t(op->n_outputs)), gradients;
    std::vector<const glia_tensor *> inputs;
    for (const Placed &x : in) {
        values.push_back(x.tensor ? glia_graph_input(graph, nullptr, x.tensor->dtype, shape_of(*x.tensor))
                                  : glia_value{});
        if (x.tensor) inputs.push_back(x.tensor.get());
    }
    glia_graph_call(graph, op->name, params, values.data(), int(values.size()), wanted.data(), op->n_outputs);
    status = glia_graph_status(graph);
    if (status == GLIA_OK && chance(50)) {
        std::vector<glia_value> wrt;
        for (size_t i = 0; i < in.size(); ++i)
            if (in[i].tensor && gli_input_is(op, int(i), GLI_IN_GRADIENT)) wrt.push_back(values[i]);
        glia_value sum{};
        glia_graph_call(graph, "reduce", nullptr, wanted.data(), 1, &sum, 1);
        gradients.resize(wrt.size());
        if (glia_graph_status(graph) == GLIA_OK && !wrt.empty())
            status = glia_graph_gradient(graph, sum, wrt.data(), int(wrt.size()), gradients.data());
    }
    if (status == GLIA_OK) status = glia_graph_status(graph);
    if (status == GLIA_OK) {
        wanted.insert(wanted.end(), gradients.begin(), gradients.end());
        std::erase_if(wanted, [](glia_value value) { return value.id <= 0; });
        status = glia_plan_create(graph, wanted.data(), int(wanted.size()), &plan);
    }
    if (status == GLIA_OK) {
        std::vector<Placed> out;
        std::vector<glia_tensor *> outputs;
        for (const glia_value value : wanted) {
            out.push_back(place(ctx, glia_graph_dtype(graph, value), glia_graph_shape(graph, value)));
            outputs.push_back(out.back().tensor.get());
        }
        status = glia_plan_run(plan, inputs.data(), int(inputs.size()), outputs.data(), int(outputs.size()));
    }
    ++counts->plans[status];
    check(status, op, ctx);
    glia_plan_destroy(plan);
    glia_graph_destroy(graph);
}

void run(glia_context *ctx, const Case &c, Counts *counts) {
    std::vector<char> params = c.params;
    for (int n = c.op->n_params && chance(60) ? 1 + int(below(3)) : 0; n > 0; --n)
        mutate(c.op->params[below(uint64_t(c.op->n_params))], &params);
    const glia_dtype floats = chance(70) ? GLIA_F32 : glia_dtype(below(GLIA_F16 + 1));
    std::vector<Placed> in;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
        const Input &input = c.inputs[i];
        const bool absent  = chance(input.content == Content::absent ? 90 : 2);
        in.push_back(absent
                         ? Placed()
                         : place(ctx, chance(4) ? random_dtype() : dtype_of(c, i, floats), mutated_shape(input.dims)));
    }
    const void *given = params.empty() || chance(3) ? nullptr : params.data();
    call(ctx, c.op, given, in, counts);
    if (chance(30)) plan(ctx, c.op, given, in, counts);
}

}  // namespace

int main(int argc, char **argv) {
    const long count = argc > 1 ? atol(argv[1]) : 1000, seed = argc > 2 ? atol(argv[2]) : 1;
    std::vector<const Case *> cases;
    for (const Case &c : all_cases()) {
        int64_t elements = 0;
        for (const Input &input : c.inputs) {
            int64_t product = 1;
            for (const int64_t dim : input.dims) product *= dim;
            elements = std::max(elements, product);
        }
        if (!c.bench && elements <= 4096) cases.push_back(&c);
    }
    Counts counts;
    constexpr long kOfAContext = 500;  // calls; a new context forgets what was prepared
    for (long done = 0; done < count; done += kOfAContext) {
        engine.seed(uint64_t(seed) << 32 | uint64_t(done));
        Memory memory;
        glia_context_args args{};
        args.threads      = 1 + int(below(3));
        args.allocator    = {Memory::alloc, Memory::release, &memory};
        glia_context *ctx = nullptr;
        if (glia_context_create("cpu", &args, &ctx) != GLIA_OK) return 1;
        for (long i = 0; i < kOfAContext; ++i) run(ctx, *cases[below(cases.size())], &counts);
        glia_context_destroy(ctx);
        if (memory.held) return fprintf(stderr, "%zu bytes are left\n", memory.held), 1;
        if (done % 10000 == 0) {
            printf("after %ld calls with seed %ld\n", done, seed);
            print("calls", counts.calls), print("plans", counts.plans);
            fflush(stdout);
        }
    }
    print("calls", counts.calls), print("plans", counts.plans);
    printf("%ld wrong\n", wrong);
    return wrong ? 1 : 0;
}
