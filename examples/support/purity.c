#include "support/purity.h"

#include <stdio.h>
#include <stdlib.h>

/* Adds the samples of the commonest class of the group to *right. index and counts: room for samples and classes. */
static glia_status judge(glia_dataset *data, const int64_t *group, int64_t g, int64_t *index, int64_t *counts,
                         int64_t *right) {
    const int64_t classes = glia_dataset_classes(data, 0);
    int64_t n = 0, best = 0;
    glia_dataset *part = NULL;
    for (int64_t i = 0; i < glia_dataset_count(data); ++i)
        if (group[i] == g) index[n++] = i;
    GLIA_TRY(glia_dataset_select(data, index, n, &part));
    const glia_status status = glia_dataset_class_counts(part, 0, counts, classes);
    glia_dataset_destroy(part);
    GLIA_TRY(status);
    for (int64_t c = 0; c < classes; ++c)
        if (counts[c] > counts[best]) best = c;
    printf("group %lld: %lld pictures, %lld of them '%s'\n", (long long)g, (long long)n, (long long)counts[best],
           glia_dataset_class_name(data, 0, best));
    *right += counts[best];
    return GLIA_OK;
}

glia_status print_purity(glia_dataset *data, const int64_t *group, int64_t groups) {
    const int64_t n = glia_dataset_count(data);
    int64_t *index = malloc((size_t)n * sizeof *index), right = 0;
    int64_t *counts    = malloc((size_t)glia_dataset_classes(data, 0) * sizeof *counts);
    glia_status status = index && counts ? GLIA_OK : GLIA_OUT_OF_MEMORY;
    for (int64_t g = 0; g < groups && status == GLIA_OK; ++g) status = judge(data, group, g, index, counts, &right);
    if (status == GLIA_OK) printf("purity %.4f\n", (double)right / (double)n);
    free(index);
    free(counts);
    return status;
}
