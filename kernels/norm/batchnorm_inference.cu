/* The rules of batchnorm with given statistics; the kernels are in channels.cuh. Forward there is nothing to reduce. */
#include "kernels/norm/batchnorm_inference_launch.h"

#include "kernels/norm/batchnorm.cuh"

namespace glia {
namespace {

template <class T>
struct inference_rule {
    typedef compute<T> C;
    enum { inputs = 1, sums = 0, in_columns = 1, finishes = 0, prepares = 0, centers = 0 };
    typedef nothing state;
    typedef nothing known;
    typedef affine<C> result;

    C epsilon;
    const C *weight, *bias, *mean, *var;

    __device__ known begin(int, const C (&)[1]) const { return {}; }
    __device__ state none() const { return {}; }
    __device__ result end(int c, const known &, const state &, bool) const {
        return {centered_at(mean[c]), C(0), or_else(weight, c, C(1)) / sqrt(var[c] + epsilon), or_else(bias, c, C(0))};
    }
    template <int N>
    __device__ void out(const result &r, const C (&in)[1][N], int, unsigned, C (&y)[N]) const {
        r.of(in[0], y);
    }
};

template <class T>
struct inference_backward_rule : backward_sums<T> {
    typedef compute<T> C;
    typedef typename backward_sums<T>::known known;
    typedef typename backward_sums<T>::state state;
    typedef C result; /* the factor of dy */

    C epsilon;
    const C *weight, *mean, *var;
    C *dweight, *dbias;

    __device__ known begin(int c, const C (&)[2]) const { return {mean[c], 1 / sqrt(var[c] + epsilon)}; }
    __device__ result end(int c, const known &of, const state &s, bool write) const {
        if (write) put(dweight, c, s.at[0]), put(dbias, c, s.at[1]);
        return of.rstd * or_else(weight, c, C(1));
    }
    template <int N>
    __device__ void out(const result &scale, const C (&in)[2][N], int, unsigned, C (&dx)[N]) const {
        for (int k = 0; k < N; ++k) dx[k] = scale * in[1][k];
    }
};

template <class T>
cudaError_t inference(const gli_batchnorm_geom &g, const gli_norm_arrays &a, const void *mean, const void *var,
                      cudaStream_t stream) {
    typedef compute<T> C;
    const inference_rule<T> rule = {C(g.epsilon), as<C>(a.weight), as<C>(a.bias), as<C>(mean), as<C>(var)};
    const batchnorm_call call    = {g, a.channels_last, nullptr, nullptr, stream};
    return run(call, job_of<T>(call, rule, {{as<T>(a.x)}}, a.y));
}

template <class T>
cudaError_t inference_backward(const gli_batchnorm_geom &g, const gli_norm_backward_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const inference_backward_rule<T> rule = {
        {}, C(g.epsilon), as<C>(a.weight), as<C>(a.mean), as<C>(a.rstd), as<C>(a.dweight), as<C>(a.dbias)};
    const batchnorm_call call = {g, a.channels_last, a.workspace, a.arrivals, stream};
    return run(call, job_of<T>(call, rule, {{as<T>(a.x), as<T>(a.dy)}}, a.dx));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_batchnorm_inference(const gli_batchnorm_geom *geom, const gli_norm_arrays *arrays,
                                           const void *mean, const void *var, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::inference<T>(*geom, *arrays, mean, var, stream));
}

cudaError_t gli_kernel_batchnorm_inference_backward(const gli_batchnorm_geom *geom,
                                                    const gli_norm_backward_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::inference_backward<T>(*geom, *arrays, stream));
}
