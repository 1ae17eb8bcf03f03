#include "core/parallel.h"

#include <omp.h>

#include "core/context_impl.h"
#include "core/size.h"

int gli_parallel_default_threads(void) { return omp_get_num_procs(); }

void gli_parallel(const glia_context *ctx, int64_t count, int64_t grain,
                  void (*body)(void *arg, int64_t begin, int64_t end), void *arg) {
    const int64_t chunks = count / grain + (count % grain != 0);
    if (chunks <= 1 || ctx->threads <= 1) {
        for (int64_t i = 0; i < chunks; ++i) body(arg, i * grain, gli_min_i64((i + 1) * grain, count));
        return;
    }
#pragma omp parallel for num_threads(ctx->threads) schedule(static)
    for (int64_t i = 0; i < chunks; ++i) body(arg, i * grain, gli_min_i64((i + 1) * grain, count));
}
