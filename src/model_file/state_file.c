/* The tensors of a file, for the states of a model. */
#include <string.h>

#include "model_file/format.h"

static bool same_shape(const glia_shape *a, const glia_shape *b) {
    return a->ndim == b->ndim && memcmp(a->dim, b->dim, (size_t)a->ndim * sizeof *a->dim) == 0;
}

glia_status gli_state_file_fit(const gli_state_file *f, glia_state_info *state) {
    const int index = glia_safetensors_find(f->file, state->name);
    glia_safetensors_entry has;
    if (index < 0 || strcmp(state->name, "glia/scores") != 0) return GLIA_OK;
    GLI_TRY(glia_safetensors_get(f->file, index, &has));
    if (has.dtype != state->dtype || has.shape.ndim != 2 || has.shape.dim[1] != state->shape.dim[1]) return GLIA_OK;
    state->shape = has.shape;
    state->bytes = has.bytes;
    return GLIA_OK;
}

glia_status gli_state_file_find(const gli_state_file *f, const glia_state_info *state, int *index) {
    char text[2][GLI_SHAPE_TEXT];
    glia_safetensors_entry has;
    *index = glia_safetensors_find(f->file, state->name);
    if (*index < 0) return GLIA_OK;
    GLI_TRY(glia_safetensors_get(f->file, *index, &has));
    GLI_REQUIRE(f->ctx, has.dtype == state->dtype && same_shape(&has.shape, &state->shape), GLIA_SHAPE_MISMATCH,
                "%s: '%s' is %s %s, the model's %s %s", f->path, state->name,
                gli_shape_text(has.shape.ndim, has.shape.dim, text[0]), glia_dtype_name(has.dtype),
                gli_shape_text(state->shape.ndim, state->shape.dim, text[1]), glia_dtype_name(state->dtype));
    return GLIA_OK;
}

glia_status gli_state_file_need(const gli_state_file *f, const glia_state_info *state, int *index) {
    GLI_TRY(gli_state_file_find(f, state, index));
    GLI_REQUIRE(f->ctx, *index >= 0, GLIA_SHAPE_MISMATCH, "%s: lacks '%s', which the model has", f->path, state->name);
    return GLIA_OK;
}

/* Files of earlier versions lack this state, of which 0 means that it is not known. */
static bool may_be_lacking(const char *name) { return strcmp(name, "glia/epoch_samples") == 0; }

glia_status gli_state_file_read(const gli_state_file *f, const glia_state_info *state, void *values, int *taken) {
    int index;
    if (may_be_lacking(state->name) && glia_safetensors_find(f->file, state->name) < 0) {
        memset(values, 0, state->bytes);
        return GLIA_OK;
    }
    GLI_TRY(gli_state_file_need(f, state, &index));
    ++*taken;
    return glia_safetensors_read(f->file, index, values, state->bytes);
}

glia_status gli_state_file_check_rest(const gli_state_file *f, const glia_model *model, int taken) {
    if (taken == glia_safetensors_count(f->file)) return GLIA_OK;
    for (int i = 0; i < glia_safetensors_count(f->file); ++i) {
        glia_safetensors_entry entry;
        glia_state_info info;
        GLI_TRY(glia_safetensors_get(f->file, i, &entry));
        if (glia_model_state_info(model, entry.name, &info) != GLIA_OK)
            return gli_fail(f->ctx, GLIA_SHAPE_MISMATCH, "%s: has '%s', which the model has not", f->path, entry.name);
    }
    return GLIA_OK;
}
