#include "timed_call.h"

#include <cmath>
#include <cstdio>
#include <cstring>

namespace glia {

// --- Buffer ---

Buffer::Buffer(glia_context *ctx, glia_dtype dtype, int ndim, const int64_t *dim, bool image) {
    tensor.ctx = ctx;
    gli_set_shape(&tensor, dtype, ndim, dim);
    if (image && ndim == 4) gli_channels_last_strides(ndim, tensor.dim, tensor.stride);
    ctx->device->alloc(ctx, bytes(), "a bench", &block);
    tensor.data = block.data;
    set(std::vector<double>(size_t(gli_count(&tensor))));
}

Buffer::~Buffer() { tensor.ctx->device->release(tensor.ctx, &block); }

void Buffer::set(const std::vector<double> &values) {
    std::vector<char> host(bytes());
    glia_tensor view = tensor;
    view.data        = host.data();
    gli_tensor_from_double(&view, values.data());
    tensor.ctx->device->upload(tensor.ctx, tensor.data, host.data(), host.size());
}

std::vector<double> Buffer::get() const {
    std::vector<char> host(bytes());
    std::vector<double> values(size_t(gli_count(&tensor)), NAN);
    glia_tensor view = tensor;
    view.data        = host.data();
    if (tensor.ctx->device->download(tensor.ctx, host.data(), tensor.data, host.size()) == GLIA_OK)
        gli_tensor_to_double(&view, values.data());
    return values;
}

// --- Call ---

Call::Call(glia_context *ctx, const Case &c, bool dense) : params(c.params.data()) {
    call.ctx = ctx, call.op = c.op, call.geom = geom, call.n_in = int(c.inputs.size()), call.stream = gli_stream(ctx);
    for (size_t i = 0; i < c.inputs.size(); ++i) {
        const Input &input = c.inputs[i];
        if (input.content == Content::absent) continue;
        call.in[i]        = add(dtype_of(c, i, GLIA_F32), int(input.dims.size()), input.dims.data(),
                                !dense && gli_input_is(c.op, i, GLI_IN_IMAGE));
        const auto values = values_of(c, i, Regime::reals, GLIA_F32);
        tensors.back()->set(values);
        for (double v : values)
            if (input.content != Content::index && std::isfinite(v)) scale = std::max(scale, std::fabs(v));
    }
    gli_resolution r;
    if (gli_resolve(ctx, c.op, c.params.data(), call.n_in, call.in, geom, &r) != GLIA_OK) {
        error = glia_message(ctx);
        return;
    }
    for (int i = 0; i < c.op->n_outputs; ++i)
        call.out[i] = add(r.out[i].dtype, r.out[i].ndim, r.out[i].dim, !dense && gli_output_is(c.op, i, GLI_OUT_IMAGE));
    if (c.op->cost) c.op->cost(geom, &cost);
    for (const auto &buffer : tensors)
        if (!buffer->block.data && buffer->bytes()) error = glia_message(ctx);
}

glia_tensor *Call::add(glia_dtype dtype, int ndim, const int64_t *dim, bool image) {
    tensors.push_back(std::make_unique<Buffer>(call.ctx, dtype, ndim, dim, image));
    bytes += double(tensors.back()->bytes());
    return &tensors.back()->tensor;
}

Results Call::results() const {
    Results all;
    for (size_t i = tensors.size() - size_t(call.op->n_outputs); i < tensors.size(); ++i)
        all.push_back(tensors[i]->get());
    return all;
}

std::string Call::difference(const Results &want) const {
    const Results got = results();
    for (size_t i = 0; i < got.size(); ++i) {
        if (gli_output_is(call.op, int(i), GLI_OUT_SAVED)) continue;
        double most = scale;
        for (double v : want[i])
            if (std::isfinite(v)) most = std::max(most, std::fabs(v));
        const double bound = gli_error_bound(&call, call.out[i]->dtype, most);
        for (size_t k = 0; k < got[i].size(); ++k) {
            if (std::fabs(got[i][k] - want[i][k]) <= bound || got[i][k] == want[i][k]) continue;
            char text[160];
            snprintf(text, sizeof text, "%s[%zu] is %.9g, must be %.9g within %.3g", call.op->outputs[i].name, k,
                     got[i][k], want[i][k], bound);
            return text;
        }
    }
    return "";
}

// --- Row ---

Row::Row(const Place &where, const Call &what, const gli_provider &by) : place(where), call(what), provider(&by) {
    if (!call.error.empty()) {
        wrong = call.error;
        return;
    }
    declined = declines(&by, call.call);
    if (!declined.empty()) return;
    declined = make_reserve();
    if (!declined.empty()) return;
    const double start = now();
    glia_status status = by.prepare ? by.prepare(&call.call, &prepared) : GLIA_OK;
    prepare_time       = now() - start;
    if (status == GLIA_OK) status = place.ctx->device->alloc(place.ctx, prepared.workspace, "a workspace", &workspace);
    if (status == GLIA_UNSUPPORTED)
        declined = "its library does not implement this call";
    else if (status != GLIA_OK)
        wrong = glia_message(place.ctx);
}

Row::~Row() {
    if (declined.empty() && provider->release) provider->release(&prepared);
    place.ctx->device->release(place.ctx, &workspace);
}

// Rows take turns on the same tensors, and each reads the reserve that it wrote. Why that failed, or "".
std::string Row::make_reserve() {
    const gli_op &op = *call.call.op;
    const int saved  = gli_saved_input(&op);
    if (saved < 0) return "";
    const struct gli_saved *account = call.call.in[saved]->saved;  // of tensors of a context only
    if (account && account->producer && strcmp(account->producer->name, provider->name) == 0) return "";
    return fill_made(place.ctx, provider->name, op, call.params, {call.call.in, call.call.in + call.call.n_in});
}

void Row::run() {
    if (wrong.empty()) wrong = make_reserve();
    if (wrong.empty() && provider->run(&call.call, &prepared, workspace.data) != GLIA_OK)
        wrong = glia_message(place.ctx);
}

// By the device's own clock, with cold caches, where it has one.
double Row::timed() {
    if (wrong.empty()) wrong = make_reserve();
    const gli_device *device = place.ctx->device;
    double seconds           = 0;
    if (!device->time_begin) {
        const double start = now();
        for (int i = 0; i < repeats; ++i) run();
        return now() - start;
    }
    for (int i = 0; i < repeats && wrong.empty(); ++i) {
        double once = 0;
        if (place.machine) place.machine->flush();
        if (device->time_begin(place.ctx) != GLIA_OK) wrong = glia_message(place.ctx);
        run();
        if (device->time_end(place.ctx, &once) != GLIA_OK && wrong.empty()) wrong = glia_message(place.ctx);
        seconds += once;
    }
    return seconds;
}

void Row::sample() {
    const double start = now();
    samples.push_back(timed() / repeats);
    spent += now() - start;
}

void Row::settle() {
    repeats = place.ctx->device->time_begin ? 1 : std::max(1, int(5e-4 / std::max(samples.back(), 1e-8)));
    samples.clear();
    spent = 0;
}

double Row::time() const {
    std::vector<double> sorted = samples;
    std::sort(sorted.begin(), sorted.end());
    const size_t n = sorted.size();
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

}  // namespace glia
