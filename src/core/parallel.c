#include "core/parallel.h"

#include "core/context_impl.h"
#include "core/size.h"
#include "core/team.h"

typedef struct chunks {
    void (*body)(void *arg, int64_t begin, int64_t end);
    void *arg;
    int64_t count, grain;
} chunks;

static void run_chunk(void *arg, int64_t i, int lane) {
    const chunks *c = arg;
    (void)lane;
    c->body(c->arg, i * c->grain, gli_min_i64((i + 1) * c->grain, c->count));
}

void gli_parallel(const glia_context *ctx, int64_t count, int64_t grain,
                  void (*body)(void *arg, int64_t begin, int64_t end), void *arg) {
    chunks c = {body, arg, count, grain};
    gli_team_run(ctx->team, &(gli_job){run_chunk, &c, count / grain + (count % grain != 0)});
}
