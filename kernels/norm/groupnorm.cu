/* The rules of groupnorm; the kernels are in channels.cuh, where a group of one sample is a channel: one run of
 * neighbours, or with channels last a run of its channels in each pixel. The gradients of weight and bias are sums over
 * the channels of x, in launches of their own. */
#include "kernels/norm/groupnorm_launch.h"

#include "kernels/norm/centered.cuh"
#include "kernels/norm/channels.cuh"

namespace glia {
namespace {

/* The channel of x to which element i of a group belongs. */
struct group_channels {
    int groups, channels; /* channels: of a group */
    divisor run;          /* area, or with channels last the channels of a group */
    bool last;
    bool aligned; /* a pack is in one channel, or with channels last a pack of channels, aligned in each vector */

    __device__ int first(int group) const { return group % groups * channels; }
    __device__ int of(unsigned i) const {
        const unsigned quotient = run.quotient(i);
        return last ? i - quotient * run.value : quotient;
    }
    /* What a vector of x's channels has for elements i, i + 1, ... of a group, n of which count; first: the group's
     * first channel. vector NULL: `otherwise`. */
    template <class C, int N>
    __device__ void pack(const C *vector, C otherwise, int first, unsigned i, int n, C (&out)[N]) const {
        if (vector && n > 1 && aligned && last) return load_unrounded(vector, first + of(i), n, true, otherwise, out);
        const bool alike = !vector || n == 1 || (aligned && !last);
        const C one      = vector ? vector[first + of(i)] : otherwise;
        for (int k = 0; k < N; ++k) out[k] = alike || k >= n ? one : vector[first + of(i + k)];
    }
};

template <class T>
struct forward_rule {
    typedef compute<T> C;
    enum { inputs = 1, sums = 4, in_columns = 0, finishes = 0, prepares = 0, centers = 1 };
    typedef moments<C> state;
    typedef centered<C> known;
    struct result {
        known at;
        C mean, rstd; /* of the centered numbers */
        int first;
    };

    group_channels channels;
    C epsilon;
    const C *weight, *bias;
    C *mean, *rstd;

    __device__ known begin(int, const C (&first)[1]) const { return centered_at(first[0]); }
    __device__ state none() const { return {0, 0, 0}; }
    template <int N>
    __device__ void add(state *s, const known &at, const C (&in)[1][N], int n, C share, unsigned, int) const {
        add_to(s, at, in[0], n, share);
    }
    __device__ bool rescale(known *at, const state &s) const { return at->rescale(s.squares / s.count + epsilon); }
    __device__ result end(int group, const known &at, const state &s, bool write) const {
        const C scale = 1 / sqrt(s.squares / s.count + at.scaled(epsilon));
        if (write) put(mean, group, at.mean(s.mean)), put(rstd, group, scale * at.by);
        return {at, s.mean, scale, channels.first(group)};
    }
    template <int N>
    __device__ void out(const result &r, const C (&in)[1][N], int n, unsigned i, C (&y)[N]) const {
        C scale[N], shift[N];
        channels.pack(weight, C(1), r.first, i, n, scale);
        channels.pack(bias, C(0), r.first, i, n, shift);
        for (int k = 0; k < N; ++k) y[k] = scale[k] * ((r.at.of(in[0][k]) - r.mean) * r.rstd) + shift[k];
    }
};

/* Sums of g xhat and of g; the inputs are x and dy. */
template <class T>
struct backward_rule {
    typedef compute<T> C;
    enum { inputs = 2, sums = 4, in_columns = 0, finishes = 0, prepares = 0, centers = 0 };
    typedef glia::sums<C, 2> state;
    struct known {
        C mean, rstd;
        int first;
    };
    struct result {
        known of;
        C g, xhat; /* the means of g and of g xhat */
    };

    group_channels channels;
    C count;
    const C *weight, *mean, *rstd;

    __device__ known begin(int group, const C (&)[2]) const {
        return {mean[group], rstd[group], channels.first(group)};
    }
    __device__ state none() const { return {{0, 0}}; }
    template <int N>
    __device__ void add(state *s, const known &of, const C (&in)[2][N], int n, C, unsigned i, int) const {
        C scale[N];
        channels.pack(weight, C(1), of.first, i, n, scale);
        for (int k = 0; k < N; ++k) {
            const C g = k < n ? in[1][k] * scale[k] : C(0);
            s->at[0] += g * ((in[0][k] - of.mean) * of.rstd);
            s->at[1] += g;
        }
    }
    __device__ result end(int, const known &of, const state &s, bool) const {
        return {of, s.at[1] / count, s.at[0] / count};
    }
    template <int N>
    __device__ void out(const result &r, const C (&in)[2][N], int n, unsigned i, C (&dx)[N]) const {
        C scale[N];
        channels.pack(weight, C(1), r.of.first, i, n, scale);
        for (int k = 0; k < N; ++k)
            dx[k] = r.of.rstd * (in[1][k] * scale[k] - r.g - (in[0][k] - r.of.mean) * r.of.rstd * r.xhat);
    }
};

/* Sums of dy xhat and of dy over the channels of x, whose elements come sample by sample. */
template <class T>
struct vectors_rule {
    typedef compute<T> C;
    enum { inputs = 2, sums = 2, in_columns = 1, finishes = 0, prepares = 0, centers = 0 };
    typedef glia::sums<C, 2> state;
    typedef int known; /* the group */
    typedef nothing result;

    int groups, channels; /* channels: of a group */
    divisor area;
    const C *mean, *rstd;
    C *dweight, *dbias;

    __device__ known begin(int c, const C (&)[2]) const { return c / channels; }
    __device__ state none() const { return {{0, 0}}; }
    template <int N>
    __device__ void add(state *s, const known &group, const C (&in)[2][N], int n, C, unsigned i, int step) const {
        for (int k = 0; k < N; ++k) {
            if (k >= n) break;
            const int64_t statistic = int64_t(area.quotient(i + k * step)) * groups + group;
            s->at[0] += in[1][k] * ((in[0][k] - mean[statistic]) * rstd[statistic]);
            s->at[1] += in[1][k];
        }
    }
    __device__ result end(int c, const known &, const state &s, bool write) const {
        if (write) put(dweight, c, s.at[0]), put(dbias, c, s.at[1]);
        return {};
    }
    template <int N>
    __device__ void out(const result &, const C (&)[2][N], int, unsigned, C (&y)[N]) const {
        for (int k = 0; k < N; ++k) y[k] = 0;
    }
};

int64_t group_elements(const gli_groupnorm_geom &g) { return int64_t(g.c / g.groups) * g.area; }

bool fits(const gli_groupnorm_geom &g) {
    return int64_t(g.n) * g.groups <= INT32_MAX && int64_t(g.n) * g.area <= INT32_MAX && group_elements(g) <= INT32_MAX;
}

template <class T>
group_channels channels_of(const gli_groupnorm_geom &g, bool channels_last, const void *weight, const void *bias) {
    const int channels = g.c / g.groups, run = channels_last ? channels : g.area;
    const bool aligned = run % vector<T>::width == 0 && aligned16(weight) && aligned16(bias);
    return {g.groups, channels, divide_by(run), channels_last, aligned};
}

channel_runs runs_of(const gli_groupnorm_geom &g, bool channels_last) {
    const int64_t size = group_elements(g), channels = g.c / g.groups;
    if (!channels_last)
        return {divide_by(static_cast<unsigned>(size)), divide_by(g.groups), size, size, g.groups * size};
    return {divide_by(static_cast<unsigned>(channels)), divide_by(g.groups), g.c, channels, int64_t(g.c) * g.area};
}

template <class T, class R>
channel_job<T, R> job_of(const R &rule, const inputs<T, R::inputs> &in, void *out, void *workspace,
                         unsigned *arrivals) {
    channel_job<T, R> j = {};
    j.rule              = rule;
    j.in                = in;
    j.out               = as<T>(out);
    j.partials          = static_cast<typename R::state *>(workspace);
    j.arrivals          = arrivals;
    return j;
}

template <class T, class R>
cudaError_t over_groups(const gli_groupnorm_geom &g, bool channels_last, channel_job<T, R> j, cudaStream_t stream) {
    j.channels = g.n * g.groups;
    j.count    = static_cast<int>(group_elements(g));
    j.runs     = runs_of(g, channels_last);
    return run_channels(j, stream);
}

template <class T>
cudaError_t groupnorm(const gli_groupnorm_geom &g, const gli_norm_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const forward_rule<T> rule = {channels_of<T>(g, a.channels_last, a.weight, a.bias),
                                  C(g.epsilon),
                                  as<C>(a.weight),
                                  as<C>(a.bias),
                                  as<C>(a.mean),
                                  as<C>(a.rstd)};
    return over_groups(g, a.channels_last, job_of<T>(rule, {{as<T>(a.x)}}, a.y, a.workspace, a.arrivals), stream);
}

/* dweight and dbias. */
template <class T>
cudaError_t vector_gradients(const gli_groupnorm_geom &g, const gli_norm_backward_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const vectors_rule<T> rule        = {g.groups,      g.c / g.groups,   divide_by(g.area), as<C>(a.mean),
                                         as<C>(a.rstd), as<C>(a.dweight), as<C>(a.dbias)};
    channel_job<T, vectors_rule<T>> j = job_of<T>(rule, {{as<T>(a.x), as<T>(a.dy)}}, nullptr, a.workspace, a.arrivals);
    j.channels                        = g.c;
    j.count                           = g.n * g.area;
    j.columns                         = a.channels_last;
    j.runs                            = glia::channels_of(g.c, g.area);
    return run_channels(j, stream);
}

template <class T>
cudaError_t groupnorm_backward(const gli_groupnorm_geom &g, const gli_norm_backward_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const backward_rule<T> rule = {channels_of<T>(g, a.channels_last, a.weight, nullptr), C(group_elements(g)),
                                   as<C>(a.weight), as<C>(a.mean), as<C>(a.rstd)};
    const auto job              = job_of<T>(rule, {{as<T>(a.x), as<T>(a.dy)}}, a.dx, a.workspace, a.arrivals);
    const cudaError_t error     = over_groups(g, a.channels_last, job, stream);
    if (error != cudaSuccess || (!a.dweight && !a.dbias)) return error;
    return vector_gradients<T>(g, a, stream);
}

template <class T>
size_t workspace_bytes(const gli_groupnorm_geom &g, bool channels_last) {
    const int groups = g.n * g.groups;
    const size_t of_groups =
        channel_states(cut_channels<T>(false, groups, static_cast<int>(group_elements(g))), groups);
    const size_t of_vectors = channel_states(cut_channels<T>(channels_last, g.c, g.n * g.area), g.c);
    return (of_groups > of_vectors ? of_groups : of_vectors) * sizeof(moments<compute<T>>);
}

}  // namespace
}  // namespace glia

size_t gli_kernel_groupnorm_workspace(const gli_groupnorm_geom *geom, glia_dtype dtype, bool channels_last) {
    size_t bytes = 0;
    if (geom->n == 0 || !glia::fits(*geom)) return 0;
    (void)GLI_FOR_FLOAT(dtype, T, (bytes = glia::workspace_bytes<T>(*geom, channels_last), cudaSuccess));
    return bytes;
}

cudaError_t gli_kernel_groupnorm(const gli_groupnorm_geom *geom, const gli_norm_arrays *arrays, cudaStream_t stream) {
    if (!glia::fits(*geom)) return cudaErrorNotSupported;
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::groupnorm<T>(*geom, *arrays, stream));
}

cudaError_t gli_kernel_groupnorm_backward(const gli_groupnorm_geom *geom, const gli_norm_backward_arrays *arrays,
                                          cudaStream_t stream) {
    if (!glia::fits(*geom)) return cudaErrorNotSupported;
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::groupnorm_backward<T>(*geom, *arrays, stream));
}
