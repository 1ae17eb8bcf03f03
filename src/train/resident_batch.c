/* Batches of resident data sets, as ops of a step. */
#include "glia/ops/data.h"
#include "graph/graph_impl.h"
#include "train/step.h"

void gli_emit_samples(const gli_emission *e, const gli_step *step, glia_value counters, glia_value *samples) {
    const glia_dataset *data  = step->resident;
    const glia_value position = gli_graph_view(e->graph, counters, GLI_COUNTER_POSITION, GLIA_SCALAR);
    const glia_value epoch =
        step->augment ? gli_graph_view(e->graph, counters, GLI_COUNTER_EPOCH, GLIA_SCALAR) : (glia_value){0};
    for (int i = 0; i < step->n_in; ++i) {
        const gli_data_field *field   = gli_column_field(data, i);
        const gli_part *part          = gli_column_part(data, i);
        glia_take_batch_params params = {.white = {1, 1, 1, 1}};
        if (step->augment) params = step->augment[i];
        params.batch       = (int)e->batch;
        glia_tensor *order = step->augment ? data->resident_numbers : part->resident_order;
        glia_value in[]    = {glia_graph_tensor(e->graph, data->columns[i].name, field->resident),
                              glia_graph_tensor(e->graph, "order", order),
                              position,
                              {0},
                              epoch,
                              {0}};
        if (field->resident_table) in[3] = glia_graph_tensor(e->graph, "table", field->resident_table);
        if (step->augment && part->resident_view) in[5] = glia_graph_tensor(e->graph, "view", part->resident_view);
        gli_graph_call(e->graph, &gli_op_take_batch, &params, in, 6, &samples[i], 1);
    }
}
