/* Images in another size. */
#include <limits.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "glia/ops/pool.h"
#include "onnx/onnx_map.h"

/* Before version 11 an element's place was its number divided by the scale, and the one before it the nearest. */
static bool is_old(const gli_onnx_node *node) { return node->version < 11; }

static int find_word(gli_onnx_node *node, const char *name, const char *word, const char *const *words, int n) {
    for (int i = 0; i < n; ++i)
        if (strcmp(word, words[i]) == 0) return i;
    gli_onnx_fail(node, GLIA_UNSUPPORTED, "%s is '%.32s'", name, word);
    return 0;
}

/* half_pixel_symmetric differs from half_pixel where a scale gives no whole size, which is refused. */
static void read_attributes(gli_onnx_node *node, glia_interpolate_params *out, bool *pytorch) {
    static const char *const modes[]       = {"nearest", "linear"};
    static const char *const coordinates[] = {"half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel",
                                              "half_pixel_symmetric"};
    static const char *const roundings[]   = {"round_prefer_ceil", "round_prefer_floor", "floor", "ceil"};
    const char *at =
        gli_onnx_string(node, "coordinate_transformation_mode", is_old(node) ? "asymmetric" : "half_pixel");
    const char *near = gli_onnx_string(node, "nearest_mode", is_old(node) ? "floor" : "round_prefer_floor");
    const char *fit  = gli_onnx_string(node, "keep_aspect_ratio_policy", "stretch");
    gli_onnx_ignore(node, "cubic_coeff_a");
    gli_onnx_ignore(node, "extrapolation_value");
    out->mode     = (glia_interpolate_mode)find_word(node, "mode", gli_onnx_string(node, "mode", "nearest"), modes, 2);
    out->rounding = (glia_interpolate_rounding)find_word(node, "nearest_mode", near, roundings, 4);
    const int c   = find_word(node, "coordinate_transformation_mode", at, coordinates, 5);
    *pytorch      = c == 3;
    out->coordinates = c < 3 ? (glia_interpolate_coordinates)c : GLIA_COORDINATES_HALF_PIXEL;
    GLI_ONNX_REQUIRE(node, strcmp(fit, "stretch") == 0, GLIA_UNSUPPORTED, "keep_aspect_ratio_policy is '%.32s'", fit);
    GLI_ONNX_REQUIRE(node, !gli_onnx_int(node, "antialias", 0) && !gli_onnx_int(node, "exclude_outside", 0),
                     GLIA_UNSUPPORTED, "Glia resizes without antialias and exclude_outside");
}

/* The batch and the channels stay as they are. */
static bool stays(const gli_onnx_node *node, const gli_onnx_value *x, int axis, int64_t size) {
    int64_t dim, other;
    if (axis == 0 && x->is.dim[0] != x->other[0] && node->im->file_batch == size) return true;
    return gli_onnx_both_sizes(size, &dim, &other) && dim == x->is.dim[axis] && other == x->other[axis];
}

static void take_size(gli_onnx_node *node, const gli_onnx_value *x, int axis, int64_t size,
                      glia_interpolate_params *out) {
    if (axis < 2) {
        GLI_ONNX_REQUIRE(node, stays(node, x, axis, size), GLIA_UNSUPPORTED, "dimension %d of %s to be %lld", axis,
                         GLI_SHAPE_OF(&x->is), (long long)size);
        return;
    }
    GLI_ONNX_REQUIRE(node, size > 0 && size <= INT_MAX && x->is.dim[axis] == x->other[axis], GLIA_UNSUPPORTED,
                     "dimension %d of %s to be %lld", axis, GLI_SHAPE_OF(&x->is), (long long)size);
    out->size[axis - 2] = (int)size;
}

/* A scale that gives a whole size is the quotient of the sizes, by which Glia's op finds its places. */
static void take_scale(gli_onnx_node *node, const gli_onnx_value *x, int axis, double scale,
                       glia_interpolate_params *out) {
    if (axis < 2) {
        GLI_ONNX_REQUIRE(node, scale == 1, GLIA_UNSUPPORTED, "a scale of %g for dimension %d", scale, axis);
        return;
    }
    const double size = (double)x->is.dim[axis] * scale;
    GLI_ONNX_REQUIRE(node, size >= 1 && size <= INT_MAX && size == (double)(int64_t)size, GLIA_UNSUPPORTED,
                     "%lld elements times %g are no whole number of elements", (long long)x->is.dim[axis], scale);
    take_size(node, x, axis, (int64_t)size, out);
}

/* From scales or sizes, of all dimensions or of the axes. */
static void read_sizes(gli_onnx_node *node, const gli_onnx_value *x, glia_interpolate_params *out) {
    int64_t axes[GLIA_MAX_DIMS], sizes[GLIA_MAX_DIMS];
    const int at = is_old(node) ? 1 : 2, n_axes = gli_onnx_ints(node, "axes", GLIA_MAX_DIMS, axes);
    const gli_onnx_value *sizes_in = gli_onnx_in(node, 3);
    const bool by_size             = sizes_in && gli_count(&sizes_in->is) > 0;
    if (!gli_onnx_ok(node)) return;
    const int n_sizes         = by_size ? gli_onnx_known_ints(node, 3, "the sizes", GLIA_MAX_DIMS, sizes) : 0;
    const glia_tensor *scales = by_size ? NULL : gli_onnx_known(node, at, "the scales");
    if (!gli_onnx_ok(node)) return;
    const int64_t n = by_size ? n_sizes : gli_count(scales), wanted = n_axes >= 0 ? n_axes : x->is.ndim;
    GLI_ONNX_REQUIRE(node, n == wanted, GLIA_BAD_FORMAT, "%lld scales or sizes for %lld dimensions", (long long)n,
                     (long long)wanted);
    for (int i = 0; i < n && gli_onnx_ok(node); ++i) {
        const int axis = n_axes >= 0 ? gli_onnx_axis(node, axes[i], x->is.ndim) : i;
        if (by_size)
            take_size(node, x, axis, sizes[i], out);
        else
            take_scale(node, x, axis, gli_load(scales->dtype, scales->data, i), out);
    }
}

void gli_onnx_map_resize(gli_onnx_node *node) {
    gli_onnx_value *x              = gli_onnx_in(node, 0);
    glia_interpolate_params params = {0};
    bool pytorch;
    GLI_ONNX_REQUIRE(node, x, GLIA_BAD_FORMAT, "it has no x");
    GLI_ONNX_REQUIRE(node, x->is.ndim > 2 && x->is.ndim <= 2 + GLIA_MAX_SPATIAL, GLIA_UNSUPPORTED, "x is %s",
                     GLI_SHAPE_OF(&x->is));
    read_attributes(node, &params, &pytorch);
    for (int i = 2; i < x->is.ndim; ++i) take_size(node, x, i, x->is.dim[i], &params);
    read_sizes(node, x, &params);
    /* There pytorch_half_pixel takes the first element, and half_pixel the middle. */
    for (int i = 2; i < x->is.ndim && gli_onnx_ok(node); ++i)
        GLI_ONNX_REQUIRE(node, !pytorch || params.size[i - 2] > 1 || x->is.dim[i] == 1, GLIA_UNSUPPORTED,
                         "one element of %lld by pytorch_half_pixel", (long long)x->is.dim[i]);
    gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_interpolate, &params, GLI_ONNX_VALUES(x)));
}
