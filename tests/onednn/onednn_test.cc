// cpu.onednn beside what the provider suite sees: why it declines, threads, and what it leaves behind.
#include <gtest/gtest.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>

#include "glia/glia.h"
#include "ops/conv/conv_geom.h"
#include "support/internals.h"

namespace {

using Context = std::unique_ptr<glia_context, decltype(&glia_context_destroy)>;
using Tensor  = std::unique_ptr<glia_tensor, decltype(&glia_tensor_destroy)>;

Context make_context(int threads, glia_context_args args = {}) {
    args.threads      = threads;
    glia_context *ctx = nullptr;
    EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
    return {ctx, glia_context_destroy};
}

Tensor make_tensor(const Context &ctx, glia_shape shape, glia_dtype dtype = GLIA_F32) {
    glia_tensor *tensor = nullptr;
    EXPECT_EQ(glia_tensor_create(ctx.get(), dtype, shape, &tensor), GLIA_OK);
    for (int64_t i = 0; i < gli_count(tensor); ++i) gli_store(dtype, tensor->data, i, double(i * 37 % 101) / 101 - 0.5);
    return {tensor, glia_tensor_destroy};
}

std::vector<float> values(const Tensor &tensor) {
    const auto *data = static_cast<const float *>(glia_tensor_data(tensor.get()));
    return {data, data + glia_tensor_count(tensor.get())};
}

const gli_provider *onednn_of(const gli_op *op) {
    for (const gli_provider *const *it = gli_cpu_device.providers(op); *it; ++it)
        if (std::string((*it)->name) == "cpu.onednn") return *it;
    return nullptr;
}

// A small convolution and everything that its call needs.
struct Conv {
    explicit Conv(int threads, glia_dtype dtype = GLIA_F32, glia_context_args args = {})
        : ctx(make_context(threads, args)),
          x(make_tensor(ctx, GLIA_SHAPE(4, 8, 12, 12), dtype)),
          w(make_tensor(ctx, GLIA_SHAPE(16, 8, 3, 3), dtype)),
          y(make_tensor(ctx, GLIA_SHAPE(4, 16, 10, 10), dtype)) {
        const glia_tensor *in[] = {x.get(), w.get()};
        gli_resolution r;
        EXPECT_EQ(gli_resolve(ctx.get(), &gli_op_conv2d, nullptr, 2, in, geom, &r), GLIA_OK);
        call.ctx = ctx.get(), call.op = &gli_op_conv2d, call.geom = geom, call.n_in = 2;
        call.in[0] = x.get(), call.in[1] = w.get(), call.out[0] = y.get();
    }
    std::string declined() const { return glia::declines(onednn_of(&gli_op_conv2d), call); }
    glia_status run() { return glia_conv2d(ctx.get(), nullptr, x.get(), w.get(), nullptr, y.get()); }

    Context ctx;
    Tensor x, w, y;
    alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_call call{};
};

TEST(OneDnn, says_why_it_declines) {
    EXPECT_EQ(Conv(2).declined(), "");
    EXPECT_EQ(Conv(2, GLIA_F64).declined(), "x is f64, must be f32");
    EXPECT_EQ(Conv(2, GLIA_BF16).declined(), "x is bf16, must be f32");
    Conv repeats(2);
    repeats.x->stride[0] = 0;
    EXPECT_EQ(repeats.declined(), "x is not strided");
    Conv empty(2);
    empty.w->dim[1] = 0;
    EXPECT_EQ(empty.declined(), "w is empty");
}

TEST(OneDnn, declines_padding_that_it_would_prepare_for_seconds) {
    for (const auto pad : {&gli_conv_geom::pad_w, &gli_conv_geom::pad_w_end}) {
        Conv padded(2);
        auto *g = reinterpret_cast<gli_conv_geom *>(padded.geom);
        g->*pad = 16384;
        EXPECT_EQ(padded.declined(), "");
        g->*pad = 16385;
        EXPECT_EQ(padded.declined(), "its images are padded by more than 16384 columns");
    }
}

// A single channel lies dense and channels last at once; mixed with the other image's layout nothing fast is left.
TEST(OneDnn, takes_an_image_of_one_channel_in_both_layouts) {
    for (bool channels_last : {false, true}) {
        Context ctx = make_context(2);
        Tensor x = make_tensor(ctx, GLIA_SHAPE(4, 1, 28, 28)), w = make_tensor(ctx, GLIA_SHAPE(8, 1, 3, 3));
        Tensor y                = make_tensor(ctx, GLIA_SHAPE(4, 8, 26, 26));
        const glia_tensor *in[] = {x.get(), w.get()};
        if (channels_last) gli_channels_last_strides(4, y->dim, y->stride);
        alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
        gli_resolution r;
        ASSERT_EQ(gli_resolve(ctx.get(), &gli_op_conv2d, nullptr, 2, in, geom, &r), GLIA_OK);
        gli_call call{.ctx  = ctx.get(),
                      .op   = &gli_op_conv2d,
                      .geom = geom,
                      .n_in = 2,
                      .in   = {x.get(), w.get()},
                      .out  = {y.get()}};
        gli_prepared prepared{};
        ASSERT_EQ(onednn_of(&gli_op_conv2d)->prepare(&call, &prepared), GLIA_OK) << channels_last;
        onednn_of(&gli_op_conv2d)->release(&prepared);
    }
}

// A network that has diverged must not look well: what a NaN goes into is a NaN.
TEST(OneDnn, keeps_a_nan) {
    for (glia_activation activation : {GLIA_LINEAR, GLIA_RELU, GLIA_SIGMOID, GLIA_TANH}) {
        Conv conv(2);
        glia_conv2d_params params = glia_conv2d_defaults();
        params.activation         = activation;
        for (int64_t i = 0; i < gli_count(conv.x.get()); ++i) static_cast<float *>(conv.x->data)[i] = NAN;
        ASSERT_EQ(glia_conv2d(conv.ctx.get(), &params, conv.x.get(), conv.w.get(), nullptr, conv.y.get()), GLIA_OK);
        for (float v : values(conv.y))
            ASSERT_TRUE(std::isnan(v)) << "conv2d " << glia_activation_name(activation) << ": " << v;

        Tensor x = make_tensor(conv.ctx, GLIA_SHAPE(5, 7)), w = make_tensor(conv.ctx, GLIA_SHAPE(3, 7)),
               y = make_tensor(conv.ctx, GLIA_SHAPE(5, 3));
        glia_dense_params dense{};
        dense.activation = activation;
        for (int i = 0; i < 35; ++i) static_cast<float *>(x->data)[i] = NAN;
        ASSERT_EQ(glia_dense(conv.ctx.get(), &dense, x.get(), w.get(), nullptr, y.get()), GLIA_OK);
        for (float v : values(y))
            ASSERT_TRUE(std::isnan(v)) << "dense " << glia_activation_name(activation) << ": " << v;
    }
    std::vector<glia_unary_params> functions{{GLIA_UNARY_LEAKY_RELU, 0, 0}, {GLIA_UNARY_ELU, 0, 0}};
    for (int kind = 0; kind < GLIA_UNARY_COUNT; ++kind) functions.push_back(glia_unary_defaults(glia_unary_kind(kind)));
    for (const glia_unary_params &params : functions) {
        Context ctx = make_context(2);
        Tensor x = make_tensor(ctx, GLIA_SHAPE(33)), y = make_tensor(ctx, GLIA_SHAPE(33));
        for (int i = 0; i < 33; ++i) static_cast<float *>(x->data)[i] = NAN;
        alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
        const glia_tensor *in[] = {x.get()};
        gli_resolution r;
        ASSERT_EQ(gli_resolve(ctx.get(), &gli_op_unary, &params, 1, in, geom, &r), GLIA_OK);
        gli_call call{
            .ctx = ctx.get(), .op = &gli_op_unary, .geom = geom, .n_in = 1, .in = {x.get()}, .out = {y.get()}};
        const gli_provider *provider = onednn_of(&gli_op_unary);
        if (!glia::declines(provider, call).empty()) continue;
        gli_prepared prepared{};
        ASSERT_EQ(provider->prepare(&call, &prepared), GLIA_OK);
        std::vector<char> workspace(prepared.workspace + 1);
        EXPECT_EQ(provider->run(&call, &prepared, workspace.data()), GLIA_OK);
        provider->release(&prepared);
        for (float v : values(y)) EXPECT_TRUE(std::isnan(v)) << glia_unary_name(params.kind) << ": " << v;
    }
}

double activated(glia_activation activation, double x) {
    switch (activation) {
        case GLIA_RELU: return x <= 0 ? 0 : x;
        case GLIA_SIGMOID: return 1 / (1 + std::exp(-x));
        case GLIA_TANH: return std::tanh(x);
        default: return x;
    }
}

// Of ones, with a NaN at first: which implementation runs depends on groups, padding and direction.
TEST(OneDnn, keeps_a_nan_in_a_convolution_of_any_kind) {
    const auto filled = [](const Context &ctx, glia_shape shape, float first) {
        Tensor tensor = make_tensor(ctx, shape);
        EXPECT_EQ(glia_tensor_fill(tensor.get(), 1), GLIA_OK);
        static_cast<float *>(tensor->data)[0] = first;
        return tensor;
    };
    Context ctx = make_context(2);
    Tensor x = filled(ctx, GLIA_SHAPE(1, 2, 6), NAN), w = filled(ctx, GLIA_SHAPE(4, 1, 2), 1);
    Tensor tx = filled(ctx, GLIA_SHAPE(1, 1, 2, 2), NAN), tw = filled(ctx, GLIA_SHAPE(1, 2, 3, 3), 1);
    Tensor y = make_tensor(ctx, GLIA_SHAPE(1, 4, 8)), ty = make_tensor(ctx, GLIA_SHAPE(1, 2, 4, 4));
    for (glia_activation activation : {GLIA_LINEAR, GLIA_RELU, GLIA_SIGMOID, GLIA_TANH}) {
        SCOPED_TRACE(glia_activation_name(activation));
        glia_conv1d_params grouped = glia_conv1d_defaults();
        grouped.groups = 2, grouped.pad = 3, grouped.activation = activation;
        ASSERT_EQ(glia_conv1d(ctx.get(), &grouped, x.get(), w.get(), nullptr, y.get()), GLIA_OK);
        const std::vector<float> row = values(y), sums{0, 0, NAN, NAN, 2, 2, 2, 2};
        for (size_t i = 0; i < sums.size(); ++i)
            if (std::isnan(sums[i]))
                EXPECT_TRUE(std::isnan(row[i])) << i << ": " << row[i];
            else
                EXPECT_NEAR(row[i], activated(activation, sums[i]), 1e-6) << i;

        glia_conv2d_transpose_params transposed = glia_conv2d_transpose_defaults();
        transposed.activation                   = activation;
        ASSERT_EQ(glia_conv2d_transpose(ctx.get(), &transposed, tx.get(), tw.get(), nullptr, ty.get()), GLIA_OK);
        const std::vector<float> image = values(ty);
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(image[size_t(i)])) << i << ": " << image[size_t(i)];
        EXPECT_NEAR(image[3], activated(activation, 1), 1e-6);
    }
}

#ifdef _OPENMP
TEST(OneDnn, works_inside_a_parallel_region) {
    for (int threads : {1, 2}) {
        Conv outside(threads), one(threads), two(threads);
        ASSERT_EQ(outside.run(), GLIA_OK);
        glia_status status[2] = {GLIA_BUSY, GLIA_BUSY};
#pragma omp parallel for num_threads(2)
        for (int i = 0; i < 2; ++i) status[i] = (i ? one : two).run();
        EXPECT_EQ(status[0], GLIA_OK);
        EXPECT_EQ(status[1], GLIA_OK);
        EXPECT_EQ(values(outside.y), values(one.y));
        EXPECT_EQ(values(outside.y), values(two.y));
    }
}

TEST(OneDnn, leaves_the_settings_of_openmp_as_they_were) {
    const int threads = omp_get_max_threads(), dynamic = omp_get_dynamic();
    omp_set_num_threads(3);
    omp_set_dynamic(1);
    Conv conv(2);
    EXPECT_EQ(conv.run(), GLIA_OK);
    EXPECT_EQ(omp_get_max_threads(), 3);
    EXPECT_EQ(omp_get_dynamic(), 1);
    omp_set_num_threads(threads);
    omp_set_dynamic(dynamic);
}
#endif

TEST(OneDnn, convolution_gives_the_same_bits_on_any_number_of_threads) {
    const auto forward = [](int threads) {
        Conv conv(threads);
        EXPECT_EQ(conv.run(), GLIA_OK);
        return values(conv.y);
    };
    const auto backward = [](int threads) {
        Conv conv(threads);
        const glia_conv2d_backward_params params{.conv = glia_conv2d_defaults(), .size = {12, 12}};
        EXPECT_EQ(glia_conv2d_backward_data(conv.ctx.get(), &params, conv.y.get(), conv.w.get(), conv.x.get()),
                  GLIA_OK);
        return values(conv.x);
    };
    for (int threads : {2, 3, 4}) {
        EXPECT_EQ(forward(1), forward(threads)) << threads;
        EXPECT_EQ(backward(1), backward(threads)) << threads;
    }
}

TEST(OneDnn, filter_gradient_gives_the_same_bits_on_any_number_of_threads) {
    const auto gradients = [](int threads) {
        Context ctx = make_context(threads);
        Tensor x = make_tensor(ctx, GLIA_SHAPE(32, 3, 14, 14)), dy = make_tensor(ctx, GLIA_SHAPE(32, 33, 12, 12));
        Tensor dw = make_tensor(ctx, GLIA_SHAPE(33, 3, 3, 3)), dbias = make_tensor(ctx, GLIA_SHAPE(33));
        const glia_conv2d_backward_params params{.conv = glia_conv2d_defaults(), .size = {3, 3}};
        for (Tensor *t : {&x, &dy}) gli_channels_last_strides(4, (*t)->dim, (*t)->stride);
        EXPECT_EQ(glia_conv2d_backward_filter(ctx.get(), &params, x.get(), dy.get(), dw.get(), dbias.get()), GLIA_OK);
        return std::pair(values(dw), values(dbias));
    };
    for (int threads : {1, 2, 3, 16}) EXPECT_EQ(gradients(1), gradients(threads)) << threads;
}

// The context's memory is counted here; what oneDNN itself allocates is seen by the leak sanitizer.
TEST(OneDnn, contexts_leave_nothing_behind) {
    using Blocks = std::map<void *, size_t>;
    Blocks held;
    glia_context_args args{};
    args.allocator.alloc = [](void *user, size_t bytes, size_t alignment) -> void * {
        void *memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
        (*static_cast<Blocks *>(user))[memory] = bytes;
        return memory;
    };
    args.allocator.release = [](void *user, void *memory, size_t) {
        EXPECT_EQ(static_cast<Blocks *>(user)->erase(memory), 1u);
        std::free(memory);
    };
    args.allocator.user = &held;
    for (int i = 0; i < 20; ++i) {
        Conv conv(1 + i % 3, GLIA_F32, args);
        EXPECT_EQ(conv.run(), GLIA_OK);
        EXPECT_EQ(conv.run(), GLIA_OK);
    }
    EXPECT_TRUE(held.empty()) << held.size() << " blocks";
}

// The filter's gradient of equal numbers: oneDNN adds the pixels of a slice up in a float, whose error grows with them.
TEST(OneDnn, sums_over_large_images_keep_four_digits) {
    const Context ctx = make_context(2);
    for (const auto &[images, size] : {std::pair<int64_t, int64_t>{64, 30}, {16, 114}, {4, 226}, {1, 402}}) {
        const Tensor x  = make_tensor(ctx, GLIA_SHAPE(images, 1, size, size)),
                     dy = make_tensor(ctx, GLIA_SHAPE(images, 2, size - 2, size - 2)),
                     dw = make_tensor(ctx, GLIA_SHAPE(2, 1, 3, 3));
        const glia_conv2d_backward_params params{.conv = glia_conv2d_defaults(), .size = {3, 3}};
        ASSERT_EQ(glia_tensor_fill(x.get(), 0.1), GLIA_OK);
        ASSERT_EQ(glia_tensor_fill(dy.get(), 1), GLIA_OK);
        ASSERT_EQ(glia_conv2d_backward_filter(ctx.get(), &params, x.get(), dy.get(), dw.get(), nullptr), GLIA_OK);
        const double want = double(0.1f) * double(images * (size - 2) * (size - 2));
        for (const float got : values(dw)) EXPECT_NEAR(got, want, 6e-4 * want) << images << " images of " << size;
    }
}

}  // namespace
