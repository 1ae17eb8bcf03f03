/* Batches of resident data sets, as ops of a step. */
#include "glia/ops/data.h"
#include "graph/graph_impl.h"
#include "train/step.h"

static glia_take_role role_of(const gli_step *step, int column) {
    return step->augment ? step->augment[column].role : GLIA_TAKE_PLAIN;
}

/* What all columns have in common. */
typedef struct batch_place {
    glia_value position, epoch;
} batch_place;

/* boxes: of the batch, for the column of their classes. */
static void emit_column(const gli_emission *e, const gli_step *step, const batch_place *at, int column,
                        glia_value boxes, glia_value *samples) {
    const glia_dataset *data      = step->resident;
    const gli_data_field *field   = gli_column_field(data, column);
    const gli_part *part          = gli_column_part(data, column);
    glia_take_batch_params params = {.white = {1, 1, 1, 1}};
    if (step->augment) params = step->augment[column];
    params.batch       = (int)e->batch;
    glia_tensor *order = step->augment ? data->resident_numbers : part->resident_order;
    glia_value in[]    = {glia_graph_tensor(e->graph, data->columns[column].name, field->resident),
                          glia_graph_tensor(e->graph, "order", order),
                          at->position,
                          {0},
                          at->epoch,
                          {0},
                          boxes};
    if (field->resident_table) in[3] = glia_graph_tensor(e->graph, "table", field->resident_table);
    if (step->augment && part->resident_view) in[5] = glia_graph_tensor(e->graph, "view", part->resident_view);
    gli_graph_call(e->graph, &gli_op_take_batch, &params, in, 7, &samples[column], 1);
}

void gli_emit_samples(const gli_emission *e, const gli_step *step, glia_value counters, glia_value *samples) {
    batch_place at   = {.position = gli_graph_view(e->graph, counters, GLI_COUNTER_POSITION, GLIA_SCALAR)};
    glia_value boxes = {0};
    if (step->augment) at.epoch = gli_graph_view(e->graph, counters, GLI_COUNTER_EPOCH, GLIA_SCALAR);
    for (int i = 0; i < step->n_in; ++i) {
        if (role_of(step, i) == GLIA_TAKE_BOX_CLASSES) continue;
        emit_column(e, step, &at, i, (glia_value){0}, samples);
        if (role_of(step, i) == GLIA_TAKE_BOXES) boxes = samples[i];
    }
    for (int i = 0; i < step->n_in; ++i) /* the boxes may be a later column */
        if (role_of(step, i) == GLIA_TAKE_BOX_CLASSES) emit_column(e, step, &at, i, boxes, samples);
}
