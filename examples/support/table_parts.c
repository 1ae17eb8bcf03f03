#include "support/table_parts.h"

#include <stdlib.h>

glia_status read_parts(glia_context *ctx, const char *path, const char *target, glia_dataset *parts[2]) {
    const glia_csv_args args   = {.targets = &target, .n_targets = 1, .missing = GLIA_MISSING_MEAN};
    const glia_split_args part = {.fraction = 0.8, .stratified = true};
    glia_table *table          = NULL;
    glia_dataset *all          = NULL;
    GLIA_TRY(glia_table_read_csv(ctx, path, &args, &table));
    glia_status status = glia_table_dataset(table, &all);
    if (status == GLIA_OK) status = glia_dataset_split(all, &part, &parts[0], &parts[1]);
    glia_table_destroy(table);
    glia_dataset_destroy(all);
    return status;
}

glia_status scale_parts(glia_dataset *const parts[2], glia_dataset *scaled[2]) {
    const int64_t features = glia_dataset_input(parts[0], 0).shape.dim[0];
    glia_scaler *scalers   = malloc((size_t)features * sizeof *scalers);
    glia_status status     = scalers ? GLIA_OK : GLIA_OUT_OF_MEMORY;
    if (status == GLIA_OK) status = glia_scaler_fit_field(parts[0], "features", NULL, scalers, features);
    for (int i = 0; i < 2 && status == GLIA_OK; ++i)
        status = glia_dataset_scale_field(parts[i], "features", scalers, features, &scaled[i]);
    free(scalers);
    return status;
}

glia_status commonest_share(glia_dataset *data, double *share) {
    const int64_t classes = glia_dataset_classes(data, 0);
    int64_t *counts = malloc((size_t)classes * sizeof *counts), most = 0;
    glia_status status = counts ? glia_dataset_class_counts(data, 0, counts, classes) : GLIA_OUT_OF_MEMORY;
    for (int64_t c = 0; c < classes && status == GLIA_OK; ++c) most = counts[c] > most ? counts[c] : most;
    *share = (double)most / (double)glia_dataset_count(data);
    free(counts);
    return status;
}
