/* The rules of batchnorm; how they run over the channels stands in channels.cuh. The statistics of the batch are
 * Welford's, in one read; the output takes a second one, as do the gradients, whose sums come first. */
#include "kernels/norm/batchnorm_launch.h"

#include "kernels/norm/channels.cuh"
#include "kernels/device/functions.cuh"

namespace glia {
namespace {

template <class C>
struct affine {
    C mean, scale, bias;
    __device__ C of(C x) const { return (x - mean) * scale + bias; }
};

template <class T>
struct forward_rule {
    typedef compute<T> C;
    enum { inputs = 1, sums = 1, in_columns = 1, finishes = 1 };
    typedef moments<C> state;
    typedef nothing known;
    typedef affine<C> result;

    C epsilon, momentum;
    bool population;
    glia_unary_kind activation;
    const T *weight, *bias, *running_mean, *running_var;
    T *mean, *rstd, *new_running_mean, *new_running_var;

    __device__ known begin(int) const { return {}; }
    __device__ state none() const { return {0, 0, 0}; }
    __device__ void add(state *s, const known &, const C (&in)[1], C share, unsigned) const { s->add(in[0], share); }
    template <int W>
    __device__ void add_pack(state *s, const known &, const C (&in)[1][W], int n, unsigned) const {
        s->merge(moments_of(in[0], n));
    }
    __device__ result end(int c, const known &, const state &s, bool write) const {
        const C var = s.squares / s.count, scale = 1 / sqrt(var + epsilon);
        if (write) {
            const C seen = population ? var : s.squares / (s.count - 1);
            put(mean, c, s.mean);
            put(rstd, c, scale);
            put(new_running_mean, c, (1 - momentum) * or_else(running_mean, c, C(0)) + momentum * s.mean);
            put(new_running_var, c, (1 - momentum) * or_else(running_var, c, C(1)) + momentum * seen);
        }
        return {s.mean, scale * or_else(weight, c, C(1)), or_else(bias, c, C(0))};
    }
    __device__ C out(const result &r, const C (&in)[1], unsigned) const { return r.of(in[0]); }
    __device__ C finish(C normal, C residual) const { return apply(activation, C(0), C(0), normal + residual); }
};

/* Sums of dy xhat and of dy; the inputs are x and dy. */
template <class T>
struct backward_sums {
    typedef compute<T> C;
    enum { inputs = 2, sums = 1, in_columns = 1, finishes = 0 };
    typedef glia::sums<C, 2> state;
    struct known {
        C mean, rstd;
    };

    __device__ state none() const { return {{0, 0}}; }
    __device__ void add(state *s, const known &of, const C (&in)[2], C, unsigned) const {
        s->at[0] += in[1] * ((in[0] - of.mean) * of.rstd);
        s->at[1] += in[1];
    }
    template <int W>
    __device__ void add_pack(state *s, const known &of, const C (&in)[2][W], int n, unsigned) const {
        for (int k = 0; k < W; ++k)
            if (k < n) add(s, of, {in[0][k], in[1][k]}, C(0), 0);
    }
};

template <class T>
struct backward_rule : backward_sums<T> {
    typedef compute<T> C;
    typedef typename backward_sums<T>::known known;
    typedef typename backward_sums<T>::state state;
    struct result {
        C mean, rstd, scale, dy, xhat; /* dy, xhat: the means of dy and of dy xhat */
    };

    C count;
    const T *weight, *mean, *rstd;
    T *dweight, *dbias;

    __device__ known begin(int c) const { return {widen(mean[c]), widen(rstd[c])}; }
    __device__ result end(int c, const known &of, const state &s, bool write) const {
        if (write) put(dweight, c, s.at[0]), put(dbias, c, s.at[1]);
        return {of.mean, of.rstd, of.rstd * or_else(weight, c, C(1)), s.at[1] / count, s.at[0] / count};
    }
    __device__ C out(const result &r, const C (&in)[2], unsigned) const {
        return r.scale * (in[1] - r.dy - (in[0] - r.mean) * r.rstd * r.xhat);
    }
};

template <class T>
struct inference_rule {
    typedef compute<T> C;
    enum { inputs = 1, sums = 0, in_columns = 1, finishes = 0 };
    typedef nothing state;
    typedef nothing known;
    typedef affine<C> result;

    C epsilon;
    const T *weight, *bias, *mean, *var;

    __device__ known begin(int) const { return {}; }
    __device__ state none() const { return {}; }
    __device__ result end(int c, const known &, const state &, bool) const {
        return {widen(mean[c]), or_else(weight, c, C(1)) / sqrt(widen(var[c]) + epsilon), or_else(bias, c, C(0))};
    }
    __device__ C out(const result &r, const C (&in)[1], unsigned) const { return r.of(in[0]); }
};

template <class T>
struct inference_backward_rule : backward_sums<T> {
    typedef compute<T> C;
    typedef typename backward_sums<T>::known known;
    typedef typename backward_sums<T>::state state;
    typedef C result; /* the factor of dy */

    C epsilon;
    const T *weight, *mean, *var;
    T *dweight, *dbias;

    __device__ known begin(int c) const { return {widen(mean[c]), 1 / sqrt(widen(var[c]) + epsilon)}; }
    __device__ result end(int c, const known &of, const state &s, bool write) const {
        if (write) put(dweight, c, s.at[0]), put(dbias, c, s.at[1]);
        return of.rstd * or_else(weight, c, C(1));
    }
    __device__ C out(const result &scale, const C (&in)[2], unsigned) const { return scale * in[1]; }
};

template <class T, class R>
cudaError_t run(const gli_channels &s, const R &rule, const inputs<T, R::inputs> &in, void *out, void *workspace,
                cudaStream_t stream, const void *residual = nullptr) {
    if (int64_t(s.n) * s.area > INT32_MAX) return cudaErrorNotSupported;
    channel_job<T, R> j = {};
    j.rule              = rule;
    j.in                = in;
    j.residual          = as<T>(residual);
    j.out               = as<T>(out);
    j.partials          = static_cast<typename R::state *>(workspace);
    j.channels          = s.c;
    j.count             = s.n * s.area;
    j.columns           = s.channels_last;
    j.runs              = channels_of(s.c, s.area);
    return run_channels(j, stream);
}

template <class T>
cudaError_t batchnorm(const gli_channels &s, const gli_batchnorm_numbers &n, const gli_batchnorm_arrays &a,
                      void *workspace, cudaStream_t stream) {
    typedef compute<T> C;
    const forward_rule<T> rule = {C(n.epsilon),
                                  C(n.momentum),
                                  n.population,
                                  n.activation,
                                  as<T>(a.weight),
                                  as<T>(a.bias),
                                  as<T>(a.running_mean),
                                  as<T>(a.running_var),
                                  as<T>(a.mean),
                                  as<T>(a.rstd),
                                  as<T>(a.new_running_mean),
                                  as<T>(a.new_running_var)};
    return run<T>(s, rule, {{as<T>(a.x)}}, a.y, workspace, stream, a.residual);
}

template <class T>
cudaError_t batchnorm_backward(const gli_channels &s, const gli_batchnorm_backward_arrays &a, void *workspace,
                               cudaStream_t stream) {
    const backward_rule<T> rule = {
        {}, compute<T>(s.n * s.area), as<T>(a.weight), as<T>(a.mean), as<T>(a.rstd), as<T>(a.dweight), as<T>(a.dbias)};
    return run<T>(s, rule, {{as<T>(a.x), as<T>(a.dy)}}, a.dx, workspace, stream);
}

template <class T>
cudaError_t inference(const gli_channels &s, double epsilon, const void *x, const void *const *v, void *y,
                      cudaStream_t stream) {
    const inference_rule<T> rule = {compute<T>(epsilon), as<T>(v[0]), as<T>(v[1]), as<T>(v[2]), as<T>(v[3])};
    return run<T>(s, rule, {{as<T>(x)}}, y, nullptr, stream);
}

template <class T>
cudaError_t inference_backward(const gli_channels &s, double epsilon, const gli_batchnorm_backward_arrays &a,
                               void *workspace, cudaStream_t stream) {
    const inference_backward_rule<T> rule = {
        {}, compute<T>(epsilon), as<T>(a.weight), as<T>(a.mean), as<T>(a.rstd), as<T>(a.dweight), as<T>(a.dbias)};
    return run<T>(s, rule, {{as<T>(a.x), as<T>(a.dy)}}, a.dx, workspace, stream);
}

template <class T>
size_t workspace_bytes(const gli_channels &s) {
    const channel_cut cut = cut_channels<T>(s.channels_last, s.c, s.n * s.area);
    return channel_states(cut, s.c) * sizeof(moments<compute<T>>);
}

}  // namespace
}  // namespace glia

size_t gli_kernel_batchnorm_workspace(glia_dtype dtype, const gli_channels *shape) {
    size_t bytes = 0;
    if (shape->c == 0 || int64_t(shape->n) * shape->area > INT32_MAX) return 0;
    (void)GLI_FOR_FLOAT(dtype, T, (bytes = glia::workspace_bytes<T>(*shape), cudaSuccess));
    return bytes;
}

cudaError_t gli_kernel_batchnorm(glia_dtype dtype, const gli_channels *shape, const gli_batchnorm_numbers *numbers,
                                 const gli_batchnorm_arrays *arrays, void *workspace, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::batchnorm<T>(*shape, *numbers, *arrays, workspace, stream));
}

cudaError_t gli_kernel_batchnorm_backward(glia_dtype dtype, const gli_channels *shape,
                                          const gli_batchnorm_backward_arrays *arrays, void *workspace,
                                          cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::batchnorm_backward<T>(*shape, *arrays, workspace, stream));
}

cudaError_t gli_kernel_batchnorm_inference(glia_dtype dtype, const gli_channels *shape, double epsilon, const void *x,
                                           const void *const vectors[4], void *y, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::inference<T>(*shape, epsilon, x, vectors, y, stream));
}

cudaError_t gli_kernel_batchnorm_inference_backward(glia_dtype dtype, const gli_channels *shape, double epsilon,
                                                    const gli_batchnorm_backward_arrays *arrays, void *workspace,
                                                    cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::inference_backward<T>(*shape, epsilon, *arrays, workspace, stream));
}
