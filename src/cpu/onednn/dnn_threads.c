/* oneDNN's threads are OpenMP's. */
#include <omp.h>

#include "cpu/onednn/dnn_list.h"

gli_dnn_threads gli_dnn_threads_enter(int number) {
    const gli_dnn_threads before = {omp_get_max_threads(), omp_get_dynamic()};
    omp_set_dynamic(0);
    omp_set_num_threads(number);
    return before;
}

void gli_dnn_threads_leave(gli_dnn_threads before) {
    omp_set_dynamic(before.dynamic);
    omp_set_num_threads(before.number);
}

const char *gli_dnn_decline_threads(const glia_context *ctx) {
    if (ctx->threads == 1) return NULL;
    if (omp_in_parallel()) return "it cannot run inside an OpenMP parallel region";
    if (omp_get_thread_limit() < ctx->threads) return "OMP_THREAD_LIMIT is below the context's threads";
    if (omp_get_max_active_levels() < 1) return "OMP_MAX_ACTIVE_LEVELS forbids parallel regions";
    return NULL;
}

const char *gli_dnn_decline(const gli_call *call) { return gli_dnn_decline_threads(call->ctx); }
