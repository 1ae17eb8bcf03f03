#include "train/loss_scale.h"

#include <math.h>

#include "core/dtype.h"
#include "graph/graph_impl.h"

enum { GROWTH_INTERVAL = 2000 };
#define FIRST_SCALE 65536.0
#define GROWTH 2.0
#define BACKOFF 0.5
/* Of gradients of 1 and more, this makes the smallest number that f16 has. */
#define SMALLEST_SCALE 0x1p-24
#define LARGEST_SCALE 0x1p126

static const glia_dtype dtypes[GLI_LOSS_SCALES] = {
    [GLI_LOSS_SCALE] = GLIA_F32, [GLI_LOSS_SCALE_GOOD_STEPS] = GLIA_F32, [GLI_LOSS_SCALE_UPDATES] = GLIA_F64};

glia_status gli_loss_scale_make(const glia_model *model, gli_compiled *c) {
    if (model->compute != GLIA_F16) return GLIA_OK;
    for (int i = 0; i < GLI_LOSS_SCALES; ++i)
        GLI_TRY(glia_tensor_create(model->ctx, dtypes[i], GLIA_SCALAR, &c->loss_scale[i]));
    return glia_tensor_fill(c->loss_scale[GLI_LOSS_SCALE], FIRST_SCALE);
}

static glia_value state_of(const gli_emission *e, const gli_compiled *c, int i) {
    static const char *const name[GLI_LOSS_SCALES] = {[GLI_LOSS_SCALE]            = "loss_scale",
                                                      [GLI_LOSS_SCALE_GOOD_STEPS] = "good_steps",
                                                      [GLI_LOSS_SCALE_UPDATES]    = "updates"};
    return glia_graph_tensor(e->graph, name[i], c->loss_scale[i]);
}

gli_scaling gli_emit_scaling(const gli_emission *e, const gli_compiled *c) {
    gli_scaling s = {{0}};
    if (!c->loss_scale[GLI_LOSS_SCALE]) return s;
    s.scale   = state_of(e, c, GLI_LOSS_SCALE);
    s.inverse = gli_emit_binary(e, GLIA_BINARY_DIV, gli_emit_number(e, GLIA_F32, 1), s.scale);
    return s;
}

/* x + number, x * number */
static glia_value plus(const gli_emission *e, glia_value x, double number) {
    return gli_emit_binary(e, GLIA_BINARY_ADD, x, gli_emit_number(e, glia_graph_dtype(e->graph, x), number));
}

static glia_value times(const gli_emission *e, glia_value x, double number) {
    return gli_emit_binary(e, GLIA_BINARY_MUL, x, gli_emit_number(e, glia_graph_dtype(e->graph, x), number));
}

static glia_value next_update(const gli_emission *e, const gli_compiled *c) {
    return plus(e, state_of(e, c, GLI_LOSS_SCALE_UPDATES), 1);
}

glia_value gli_emit_scaled_update(const gli_emission *e, const gli_compiled *c) {
    return gli_emit_cast(e, next_update(e, c), GLIA_I64);
}

/* test != 0 ? yes : no; id 0: 0 */
static glia_value choose(const gli_emission *e, glia_value test, glia_value yes, glia_value no) {
    return test.id ? gli_emit_call(e, &gli_op_where, NULL, 3, (glia_value[]){test, yes, no}) : no;
}

void gli_emit_loss_scale(const gli_emission *e, const gli_compiled *c, glia_value skip, glia_value failed) {
    const glia_value scale = state_of(e, c, GLI_LOSS_SCALE), good = state_of(e, c, GLI_LOSS_SCALE_GOOD_STEPS);
    const glia_value updates = state_of(e, c, GLI_LOSS_SCALE_UPDATES), next = plus(e, good, 1);
    /* 1 at the end of an interval, else 0: steps are whole numbers */
    const glia_value ends   = gli_emit_unary(e, GLIA_UNARY_CLIP, 0, 1, plus(e, next, 1 - GROWTH_INTERVAL));
    const glia_value within = plus(e, times(e, ends, -1), 1);
    const glia_value grown  = gli_emit_binary(e, GLIA_BINARY_MUL, scale, plus(e, times(e, ends, GROWTH - 1), 1));
    const glia_value less   = times(e, scale, BACKOFF);
    const glia_value after[GLI_LOSS_SCALES] = {
        [GLI_LOSS_SCALE] =
            gli_emit_unary(e, GLIA_UNARY_CLIP, SMALLEST_SCALE, LARGEST_SCALE, choose(e, skip, less, grown)),
        [GLI_LOSS_SCALE_GOOD_STEPS] =
            choose(e, skip, times(e, good, 0), gli_emit_binary(e, GLIA_BINARY_MUL, next, within)),
        [GLI_LOSS_SCALE_UPDATES] = choose(e, skip, updates, next_update(e, c)),
    };
    const glia_value state[GLI_LOSS_SCALES] = {scale, good, updates};
    for (int i = 0; i < GLI_LOSS_SCALES; ++i)
        glia_graph_assign(e->graph, state[i], choose(e, failed, state[i], after[i]));
}

glia_status gli_loss_scale_accept(glia_context *ctx, const char *call, const char *name, int i, const void *value) {
    static const struct {
        double least, most;
    } range[GLI_LOSS_SCALES] = {[GLI_LOSS_SCALE]            = {SMALLEST_SCALE, LARGEST_SCALE},
                                [GLI_LOSS_SCALE_GOOD_STEPS] = {0, GROWTH_INTERVAL - 1},
                                [GLI_LOSS_SCALE_UPDATES]    = {0, 0x1p53}};
    const double number      = gli_load(dtypes[i], value, 0);
    GLI_REQUIRE(ctx, number >= range[i].least && number <= range[i].most, GLIA_INVALID_ARGUMENT,
                "%s: '%s' is %g, must be %g to %g", call, name, number, range[i].least, range[i].most);
    GLI_REQUIRE(ctx, i == GLI_LOSS_SCALE || number == floor(number), GLIA_INVALID_ARGUMENT,
                "%s: '%s' is %g, must be a whole number", call, name, number);
    return GLIA_OK;
}

glia_status gli_loss_scale_check(const glia_model *model, const char *call) {
    const glia_tensor *state = model->training->compiled.loss_scale[GLI_LOSS_SCALE];
    float scale;
    if (!state) return GLIA_OK;
    GLI_TRY(glia_tensor_read(state, &scale, sizeof scale));
    GLI_REQUIRE(model->ctx, (double)scale > SMALLEST_SCALE, GLIA_NOT_FINITE,
                "%s: the loss scale has fallen to %g, and the gradients are still not finite: the same model of dtype "
                "f32 tells where they stop to be",
                call, (double)scale);
    return GLIA_OK;
}
