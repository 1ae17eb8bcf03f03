/* Values of weights. */
#include <math.h>
#include <string.h>

#include "c_file/c_file.h"
#include "core/size.h"
#include "ops/norm/batchnorm_geom.h"

glia_status gli_c_floats(gli_c_file *f, int64_t count, float **out) {
    void *memory = NULL;
    GLI_TRY(gli_arena_alloc(f->ctx, &f->weights, (size_t)count, sizeof **out, &memory));
    *out = memory;
    return GLIA_OK;
}

glia_status gli_c_read(gli_c_file *f, const gli_node *node, int i, const float **out) {
    *out = NULL;
    if (i >= node->n_in || !node->in[i]) return GLIA_OK;
    const gli_value_info *value = &f->graph->values[gli_c_root(f, node->in[i])];
    const int64_t count         = gli_count(&value->tensor);
    float *floats;
    GLI_TRY(gli_c_floats(f, count, &floats));
    *out = floats;
    if (value->kind != GLI_VALUE_CONSTANT)
        return glia_tensor_read(&value->tensor, floats, (size_t)count * sizeof *floats);
    for (int64_t k = 0; k < count; ++k) floats[k] = (float)value->constant;
    return GLIA_OK;
}

glia_status gli_c_batchnorm(gli_c_file *f, const gli_node *node, gli_c_affine *out) {
    const gli_batchnorm_geom *g = node->geom;
    const float *weight, *bias, *mean, *var;
    void *memory = NULL;
    GLI_TRY(gli_c_read(f, node, GLI_NORM_WEIGHT, &weight));
    GLI_TRY(gli_c_read(f, node, GLI_NORM_BIAS, &bias));
    GLI_TRY(gli_c_read(f, node, GLI_INFERENCE_MEAN, &mean));
    GLI_TRY(gli_c_read(f, node, GLI_INFERENCE_VAR, &var));
    GLI_TRY(gli_arena_alloc(f->ctx, &f->weights, 2 * (size_t)g->c, sizeof(double), &memory));
    *out = (gli_c_affine){memory, (double *)memory + g->c};
    for (int c = 0; c < g->c; ++c) {
        out->scale[c] = (weight ? (double)weight[c] : 1) / sqrt((double)var[c] + g->epsilon);
        out->shift[c] = (bias ? (double)bias[c] : 0) - (double)mean[c] * out->scale[c];
    }
    return GLIA_OK;
}

glia_status gli_c_put_vector(gli_c_file *f, const gli_c_layer *l, int i, const char *suffix) {
    const float *values;
    if (!gli_c_has(l, i)) return GLIA_OK;
    GLI_TRY(gli_c_read(f, l->node, i, &values));
    const int64_t count = gli_count(&f->graph->values[l->node->in[i]].tensor);
    gli_c_put_array(f, l->name, suffix, 1, &count, values);
    return GLIA_OK;
}
