/* The rules of batchnorm; the kernels are in channels.cuh. The statistics of the batch are found in one read; the
 * output takes a second one, as do the gradients, whose sums come first. */
#include "kernels/norm/batchnorm_launch.h"

#include "kernels/device/functions.cuh"
#include "kernels/norm/batchnorm.cuh"

namespace glia {
namespace {

template <class T>
struct forward_rule {
    typedef compute<T> C;
    enum { inputs = 1, sums = 4, in_columns = 1, finishes = 1, prepares = 0, centers = 1 };
    typedef moments<C> state;
    typedef centered<C> known;
    typedef affine<C> result;

    C epsilon, momentum;
    bool population;
    glia_unary_kind activation;
    const C *weight, *bias, *running_mean, *running_var;
    C *mean, *rstd, *new_running_mean, *new_running_var;

    __device__ known begin(int, const C (&first)[1]) const { return centered_at(first[0]); }
    __device__ state none() const { return {0, 0, 0}; }
    template <int N>
    __device__ void add(state *s, const known &at, const C (&in)[1][N], int n, C share, unsigned, int) const {
        add_to(s, at, in[0], n, share);
    }
    __device__ bool rescale(known *at, const state &s) const { return at->rescale(s.squares / s.count + epsilon); }
    __device__ result end(int c, const known &at, const state &s, bool write) const {
        const C var = s.squares / s.count, scale = 1 / sqrt(var + at.scaled(epsilon));
        if (write) {
            const C seen = population ? var : s.squares / (s.count - 1), total = at.mean(s.mean);
            put(mean, c, total);
            put(rstd, c, scale * at.by);
            put(new_running_mean, c, (1 - momentum) * or_else(running_mean, c, C(0)) + momentum * total);
            put(new_running_var, c, (1 - momentum) * or_else(running_var, c, C(1)) + at.unscaled(momentum * seen));
        }
        return {at, s.mean, scale * or_else(weight, c, C(1)), or_else(bias, c, C(0))};
    }
    template <int N>
    __device__ void out(const result &r, const C (&in)[1][N], int, unsigned, C (&y)[N]) const {
        r.of(in[0], y);
    }
    template <int W>
    __device__ void finish(C (&sum)[W]) const {
        activate(activation, sum, sum);
    }
};

/* dy by the derivative of an activation that ops fuse, which y tells. */
template <int W, class C>
__device__ inline void gradient_of_fused(glia_unary_kind kind, const C (&y)[W], C (&dy)[W]) {
    switch (kind) {
        case GLIA_UNARY_SIGMOID: return chain(y, dy, dy, [](C v) { return v * (1 - v); });
        case GLIA_UNARY_TANH: return chain(y, dy, dy, [](C v) { return 1 - v * v; });
        default: return chain_or_constant(y, dy, dy, [](C v) { return v <= 0 ? C(0) : C(1); });
    }
}

template <class T>
struct backward_rule : backward_sums<T> {
    typedef compute<T> C;
    typedef typename backward_sums<T>::known known;
    typedef typename backward_sums<T>::state state;
    struct result {
        C mean, rstd, scale, dy, xhat; /* dy, xhat: the means of dy and of dy xhat */
    };

    enum { sums = sizeof(T) == 2 ? 2 : 4, prepares = 1 }; /* four packs of halves would spill registers */
    C count;
    glia_unary_kind activation;
    const C *weight, *mean, *rstd;
    C *dweight, *dbias;

    __device__ known begin(int c, const C (&)[2]) const { return {mean[c], rstd[c]}; }
    template <int W>
    __device__ void prepare(const C (&y)[W], C (&in)[2][W]) const {
        if (activation != GLIA_UNARY_LINEAR) gradient_of_fused(activation, y, in[1]);
    }
    __device__ result end(int c, const known &of, const state &s, bool write) const {
        if (write) put(dweight, c, s.at[0]), put(dbias, c, s.at[1]);
        return {of.mean, of.rstd, of.rstd * or_else(weight, c, C(1)), s.at[1] / count, s.at[0] / count};
    }
    template <int N>
    __device__ void out(const result &r, const C (&in)[2][N], int, unsigned, C (&dx)[N]) const {
        for (int k = 0; k < N; ++k) dx[k] = r.scale * (in[1][k] - r.dy - (in[0][k] - r.mean) * r.rstd * r.xhat);
    }
};

template <class T>
cudaError_t batchnorm(const gli_batchnorm_geom &g, const gli_batchnorm_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const gli_norm_arrays &n   = a.norm;
    const forward_rule<T> rule = {C(g.epsilon),    C(g.momentum), g.population != 0,         g.activation,
                                  as<C>(n.weight), as<C>(n.bias), as<C>(a.running_mean),     as<C>(a.running_var),
                                  as<C>(n.mean),   as<C>(n.rstd), as<C>(a.new_running_mean), as<C>(a.new_running_var)};
    const batchnorm_call call  = {g, n.channels_last, n.workspace, n.arrivals, stream};
    auto job                   = job_of<T>(call, rule, {{as<T>(n.x)}}, n.y);
    job.residual               = as<T>(a.residual);
    return run(call, job);
}

template <class T>
cudaError_t batchnorm_backward(const gli_batchnorm_geom &g, const gli_norm_backward_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const backward_rule<T> rule = {{},
                                   C(g.n * g.area),
                                   g.activation,
                                   as<C>(a.weight),
                                   as<C>(a.mean),
                                   as<C>(a.rstd),
                                   as<C>(a.dweight),
                                   as<C>(a.dbias)};
    const batchnorm_call call   = {g, a.channels_last, a.workspace, a.arrivals, stream};
    auto job                    = job_of<T>(call, rule, {{as<T>(a.x), as<T>(a.dy)}}, a.dx);
    job.more                    = as<T>(a.dy2);
    job.y                       = as<T>(a.y);
    job.prepared                = as<T>(a.dresidual);
    return run(call, job);
}

template <class T>
size_t workspace_bytes(const gli_batchnorm_geom &g, bool channels_last) {
    const channel_cut cut = cut_channels<T>(channels_last, g.c, g.n * g.area);
    return channel_states(cut, g.c) * sizeof(moments<compute<T>>);
}

}  // namespace
}  // namespace glia

size_t gli_kernel_batchnorm_workspace(const gli_batchnorm_geom *geom, glia_dtype dtype, bool channels_last) {
    size_t bytes = 0;
    if (geom->c == 0 || int64_t(geom->n) * geom->area > INT32_MAX) return 0;
    (void)GLI_FOR_FLOAT(dtype, T, (bytes = glia::workspace_bytes<T>(*geom, channels_last), cudaSuccess));
    return bytes;
}

cudaError_t gli_kernel_batchnorm(const gli_batchnorm_geom *geom, const gli_batchnorm_arrays *arrays,
                                 cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->norm.dtype, T, glia::batchnorm<T>(*geom, *arrays, stream));
}

cudaError_t gli_kernel_batchnorm_backward(const gli_batchnorm_geom *geom, const gli_norm_backward_arrays *arrays,
                                          cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::batchnorm_backward<T>(*geom, *arrays, stream));
}
