/* What batchnorm has in common with and without the statistics of the batch; the kernels are in channels.cuh. */
#ifndef GLI_KERNELS_NORM_BATCHNORM_CUH
#define GLI_KERNELS_NORM_BATCHNORM_CUH

#include "kernels/norm/centered.cuh"
#include "kernels/norm/channels.cuh"
#include "ops/norm/batchnorm_geom.h"

namespace glia {

template <class C>
struct affine {
    centered<C> at;
    C mean, scale, bias; /* mean: of the centered numbers */
    template <int N>
    __device__ void of(const C (&x)[N], C (&y)[N]) const {
        for (int k = 0; k < N; ++k) y[k] = (at.of(x[k]) - mean) * scale + bias;
    }
};

/* Sums of dy xhat and of dy; the inputs are x and dy. */
template <class T>
struct backward_sums {
    typedef compute<T> C;
    enum { inputs = 2, sums = 4, in_columns = 1, finishes = 0, prepares = 0, centers = 0 };
    typedef glia::sums<C, 2> state;
    struct known {
        C mean, rstd;
    };

    __device__ state none() const { return {{0, 0}}; }
    template <int N>
    __device__ void add(state *s, const known &of, const C (&in)[2][N], int n, C, unsigned, int) const {
        for (int k = 0; k < N; ++k) {
            const C dy = k < n ? in[1][k] : C(0);
            s->at[0] += dy * ((in[0][k] - of.mean) * of.rstd);
            s->at[1] += dy;
        }
    }
};

/* What the runs of a rule have in common. */
struct batchnorm_call {
    const gli_batchnorm_geom &geom;
    bool channels_last;
    void *workspace;
    unsigned *arrivals;
    cudaStream_t stream;
};

template <class T, class R>
channel_job<T, R> job_of(const batchnorm_call &call, const R &rule, const inputs<T, R::inputs> &in, void *out) {
    const gli_batchnorm_geom &g = call.geom;
    channel_job<T, R> j         = {};
    j.rule                      = rule;
    j.in                        = in;
    j.out                       = as<T>(out);
    j.partials                  = static_cast<typename R::state *>(call.workspace);
    j.arrivals                  = call.arrivals;
    j.channels                  = g.c;
    j.count                     = g.n * g.area;
    j.columns                   = call.channels_last;
    j.runs                      = channels_of(g.c, g.area);
    return j;
}

template <class T, class R>
cudaError_t run(const batchnorm_call &call, const channel_job<T, R> &job) {
    if (int64_t(call.geom.n) * call.geom.area > INT32_MAX) return cudaErrorNotSupported;
    return run_channels(job, call.stream);
}

}  // namespace glia

#endif
