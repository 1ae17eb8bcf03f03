/* Datasets of pictures: sources over lists of files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/size.h"
#include "data/class_labels.h"
#include "data/dataset.h"
#include "image/image_sample.h"

/* ---- Args ---- */

static glia_status check_args(gli_job *job, glia_image_dataset_args *a) {
    GLI_JOB_REQUIRE(job, a->height >= 1 && a->height <= INT32_MAX && a->width >= 1 && a->width <= INT32_MAX,
                    GLIA_INVALID_ARGUMENT, "samples are %lld x %lld, must be 1 to %d each: set height and width",
                    (long long)a->height, (long long)a->width, INT32_MAX);
    GLI_JOB_REQUIRE(job, a->channels >= 0 && a->channels <= 4, GLIA_INVALID_ARGUMENT, "channels is %d, must be 1 to 4",
                    a->channels);
    GLI_JOB_REQUIRE(job, a->fit >= GLIA_IMAGE_STRETCH && a->fit <= GLIA_IMAGE_EXACT, GLIA_INVALID_ARGUMENT,
                    "invalid fit %d", (int)a->fit);
    GLI_JOB_REQUIRE(job, a->filter >= GLIA_IMAGE_BILINEAR && a->filter <= GLIA_IMAGE_NEAREST, GLIA_INVALID_ARGUMENT,
                    "invalid filter %d", (int)a->filter);
    for (int c = 0; c < 4; ++c)
        GLI_JOB_REQUIRE(job, isfinite(a->mean[c]) && isfinite(a->std[c]), GLIA_INVALID_ARGUMENT,
                        "mean[%d] is %g, std[%d] is %g: must be finite", c, a->mean[c], c, a->std[c]);
    if (a->label_dtype == GLIA_F32) a->label_dtype = GLIA_I64; /* left out */
    GLI_JOB_REQUIRE(job, a->label_dtype == GLIA_I32 || a->label_dtype == GLIA_I64, GLIA_INVALID_ARGUMENT,
                    "label_dtype is %s, must be i32 or i64", glia_dtype_name(a->label_dtype));
    const int64_t most = INT32_MAX;
    GLI_JOB_REQUIRE(job, a->max_boxes >= 0 && a->max_boxes <= most, GLIA_INVALID_ARGUMENT,
                    "max_boxes is %lld, must be 0 to %lld", (long long)a->max_boxes, (long long)most);
    GLI_JOB_REQUIRE(job, a->n_classes >= 0 && (!a->classes || a->n_classes > 0), GLIA_INVALID_ARGUMENT,
                    "n_classes is %d, and classes is %s", a->n_classes, a->classes ? "given" : "NULL");
    if (a->channels == 0) a->channels = 3;
    return GLIA_OK;
}

static glia_status fill_set(gli_job *job, const glia_image_dataset_args *args, gli_image_set *set) {
    GLI_JOB_REQUIRE(job, args, GLIA_INVALID_ARGUMENT, "args is NULL");
    set->args = *args;
    GLI_TRY(check_args(job, &set->args));
    const glia_image_read_args picture = {.channels   = set->args.channels,
                                          .bits       = args->raw ? 8 : 0,
                                          .as_stored  = args->as_stored,
                                          .max_pixels = args->max_pixels,
                                          .max_bytes  = args->max_bytes};
    glia_image_read_args mask          = picture;
    mask.channels                      = args->mask_values ? 1 : 0;
    mask.bits                          = 0;
    mask.indices                       = !args->mask_values;
    GLI_TRY(gli_image_request_init(job, &picture, &set->picture));
    return gli_image_request_init(job, &mask, &set->mask);
}

/* ---- Sets ---- */

static void destroy_set(void *user) {
    gli_image_set *set = user;
    glia_context *ctx  = set->ctx;
    gli_file_list_free(&set->list);
    gli_file_list_free(&set->mask_list);
    gli_box_list_free(&set->boxes);
    gli_block_free(ctx, &set->masks);
    gli_free(ctx, set, 1, sizeof *set);
}

static glia_status new_set(glia_context *ctx, const char *function, const glia_image_dataset_args *args,
                           gli_image_set **out) {
    gli_job job = {.ctx = ctx};
    void *memory;
    GLI_TRY(gli_new(ctx, 1, sizeof **out, "a dataset of pictures", &memory));
    gli_image_set *set       = memory;
    set->ctx                 = ctx;
    set->list.ctx            = ctx;
    set->mask_list.ctx       = ctx;
    set->boxes.ctx           = ctx;
    const glia_status status = gli_job_explain(&job, function, fill_set(&job, args, set));
    if (status != GLIA_OK) return destroy_set(set), status;
    *out = set;
    return GLIA_OK;
}

static const char *name_of(void *user, int64_t index) {
    const gli_image_set *set = user;
    return gli_file_list_get(&set->list, index)->path;
}

/* A dataset of the pictures with these targets, that takes the set over. */
static glia_status make_source(gli_image_set *set, const glia_field *targets, int n_targets, glia_dataset **out) {
    const glia_image_dataset_args *a = &set->args;
    const glia_field image   = {"image", a->raw ? GLIA_U8 : GLIA_F32, GLIA_SHAPE(a->channels, a->height, a->width)};
    const glia_source source = {.inputs      = &image,
                                .n_inputs    = 1,
                                .targets     = targets,
                                .n_targets   = n_targets,
                                .count       = set->list.n,
                                .read        = gli_image_sample_read,
                                .user        = set,
                                .destroy     = destroy_set,
                                .concurrent  = true,
                                .sample_name = name_of};
    const glia_status status = glia_dataset_from_source(set->ctx, &source, out);
    if (status != GLIA_OK) return destroy_set(set), status;
    gli_data_field *pixels = &gli_own_store(*out)->fields[0];
    for (int c = 0; c < a->channels && !a->raw; ++c) {
        const double std      = a->std[c] != 0 ? a->std[c] : 1;
        pixels->byte_scale[c] = (gli_affine){1 / (UINT8_MAX * std), -a->mean[c] / std};
        pixels->byte_scales   = c + 1;
    }
    return GLIA_OK;
}

/* ---- Files ---- */

/* A file that is no picture, or a broken one with .verify. */
static glia_status judge(const gli_image_request *request, bool verify, gli_job *job, gli_bytes begin,
                         const char **why) {
    gli_block content;
    gli_pixels pixels = {0};
    glia_image_info info;
    if (!gli_image_is_known(begin)) return *why = "is no picture of a format that is read", GLIA_OK;
    if (!verify) return GLIA_OK;
    glia_status status = gli_job_read_file(job, job->name, request->args.max_bytes, &content);
    if (status == GLIA_OK)
        status = gli_image_decode(job, request, (gli_bytes){content.data, content.bytes}, &info, &pixels);
    gli_block_free(job->ctx, &content);
    gli_pixels_free(job, &pixels);
    if (!gli_job_blames_file(job, status)) return status;
    *why = job->message;
    return GLIA_OK;
}

static glia_status judge_picture(void *user, gli_job *job, gli_bytes begin, const char **why) {
    const gli_image_set *set = user;
    return judge(&set->picture, set->args.verify, job, begin, why);
}

static glia_status judge_mask(void *user, gli_job *job, gli_bytes begin, const char **why) {
    const gli_image_set *set = user;
    return judge(&set->mask, set->args.verify, job, begin, why);
}

/* ---- Classes ---- */

static int64_t label_of(const void *user, int64_t sample) {
    const gli_image_set *set = user;
    return gli_file_list_get(&set->list, sample)->label;
}

static glia_status from_folder(glia_context *ctx, const char *folder, const glia_image_dataset_args *args,
                               glia_dataset **out) {
    const char *function = "glia_dataset_from_image_folder";
    gli_image_set *set;
    glia_dataset *pictures = NULL;
    GLI_REQUIRE(ctx, folder && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, folder ? "out" : "folder");
    GLI_TRY(new_set(ctx, function, args, &set));
    const gli_file_choice choice = {"pictures", judge_picture, set, set->args.skip};
    const glia_status listed     = gli_file_list_classes(ctx, folder, &choice, &set->list);
    if (listed != GLIA_OK) return destroy_set(set), listed;
    GLI_TRY(make_source(set, NULL, 0, &pictures));
    const gli_labels labels  = {label_of, set, set->args.label_dtype, set->list.class_names.data, set->list.classes};
    const glia_status status = gli_dataset_add_labels(pictures, &labels, out);
    glia_dataset_destroy(pictures);
    return status;
}

glia_status glia_dataset_from_image_folder(glia_context *ctx, const char *folder, const glia_image_dataset_args *args,
                                           glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_folder(ctx, folder, args, out);
    gli_leave(ctx);
    return status;
}

/* ---- Pairs ---- */

/* A path below its folder, up to its ending. */
typedef struct stem {
    const char *path, *text;
    size_t length;
} stem;

static stem stem_of(const char *path, size_t folder) {
    const char *text = path + folder, *slash = strrchr(text, '/'), *dot = strrchr(slash ? slash : text, '.');
    while (*text == '/') ++text;
    return (stem){path, text, dot && dot > text ? (size_t)(dot - text) : strlen(text)};
}

/* Of a folder's path, without slashes at its end. */
static size_t length_of(const char *folder) {
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') --length;
    return length;
}

static int by_stem(const void *a, const void *b) {
    const stem *x = a, *y = b;
    const int order = memcmp(x->text, y->text, gli_min_size(x->length, y->length));
    return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

static glia_status pair(gli_image_set *set, size_t images, size_t masks, stem *sorted) {
    const int64_t n = set->mask_list.n;
    for (int64_t i = 0; i < n; ++i) sorted[i] = stem_of(gli_file_list_get(&set->mask_list, i)->path, masks);
    qsort(sorted, (size_t)n, sizeof *sorted, by_stem);
    for (int64_t i = 1; i < n; ++i)
        GLI_REQUIRE(set->ctx, by_stem(&sorted[i - 1], &sorted[i]) != 0, GLIA_BAD_FORMAT,
                    "%s: %s is a mask for the same picture", sorted[i].path, sorted[i - 1].path);
    GLI_TRY(gli_block_alloc(set->ctx, (size_t)set->list.n, sizeof(char *), "the paths of masks", &set->masks));
    const char **to = set->masks.data;
    for (int64_t i = 0; i < set->list.n; ++i) {
        const stem wanted = stem_of(gli_file_list_get(&set->list, i)->path, images);
        const stem *found = bsearch(&wanted, sorted, (size_t)n, sizeof *sorted, by_stem);
        GLI_REQUIRE(set->ctx, found, GLIA_NOT_FOUND, "%s: has no mask of the name '%.*s'", wanted.path,
                    (int)wanted.length, wanted.text);
        to[i] = found->path;
    }
    return GLIA_OK;
}

static glia_status list_pairs(gli_image_set *set, const char *images, const char *masks) {
    const gli_file_choice of_images = {"pictures", judge_picture, set, set->args.skip},
                          of_masks  = {"pictures", judge_mask, set, set->args.skip};
    gli_block sorted;
    GLI_TRY(gli_file_list_files(set->ctx, images, &of_images, &set->list));
    GLI_TRY(gli_file_list_files(set->ctx, masks, &of_masks, &set->mask_list));
    GLI_TRY(gli_block_alloc(set->ctx, (size_t)set->mask_list.n, sizeof(stem), "the paths of masks", &sorted));
    const glia_status status = pair(set, length_of(images), length_of(masks), sorted.data);
    gli_block_free(set->ctx, &sorted);
    return status;
}

static glia_status from_pairs(glia_context *ctx, const char *images, const char *masks,
                              const glia_image_dataset_args *args, glia_dataset **out) {
    const char *function = "glia_dataset_from_image_pairs";
    const char *missing  = !images ? "images" : !masks ? "masks" : !out ? "out" : NULL;
    gli_image_set *set;
    GLI_REQUIRE(ctx, !missing, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, missing);
    GLI_TRY(new_set(ctx, function, args, &set));
    const glia_image_dataset_args *a = &set->args;
    const glia_field mask            = {"mask", a->mask_values ? GLIA_F32 : a->label_dtype,
                             a->mask_values ? GLIA_SHAPE(1, a->height, a->width) : GLIA_SHAPE(a->height, a->width)};
    const glia_status status         = list_pairs(set, images, masks);
    if (status != GLIA_OK) return destroy_set(set), status;
    return make_source(set, &mask, 1, out);
}

glia_status glia_dataset_from_image_pairs(glia_context *ctx, const char *images, const char *masks,
                                          const glia_image_dataset_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_pairs(ctx, images, masks, args, out);
    gli_leave(ctx);
    return status;
}

/* ---- Boxes ---- */

/* The folder of a file, up to its last slash. */
static int folder_length(const char *file) {
    const char *slash = strrchr(file, '/');
    return slash ? (int)(slash - file) + 1 : 0;
}

/* The paths of the list, below the folder unless they are absolute: pointers, then what they point to. */
static glia_status join_paths(const gli_box_list *list, const char *file, const char *folder, gli_block *out) {
    const int n = list->paths.n, prefix = folder ? (int)strlen(folder) : folder_length(file);
    const char *below = folder ? folder : file, *slash = folder ? "/" : "";
    size_t bytes = (size_t)n * sizeof below;
    for (int i = 0; i < n; ++i) bytes += (size_t)prefix + strlen(gli_text_set_text(&list->paths, i)) + 2;
    GLI_TRY(gli_block_alloc(list->ctx, bytes, 1, "the paths of pictures", out));
    const char **to = out->data;
    char *text      = (char *)(to + n);
    for (int i = 0; i < n; ++i) {
        const char *path = gli_text_set_text(&list->paths, i);
        to[i]            = text;
        text += *path == '/' ? sprintf(text, "%s", path) : sprintf(text, "%.*s%s%s", prefix, below, slash, path);
        ++text;
    }
    return GLIA_OK;
}

/* Finds the pictures, and how many boxes a sample has room for. */
static glia_status list_boxed(gli_image_set *set, const char *file, const char *folder) {
    const gli_file_choice choice = {"pictures", judge_picture, set, set->args.skip};
    gli_block paths;
    GLI_TRY(join_paths(&set->boxes, file, folder, &paths));
    const glia_status status = gli_file_list_named(set->ctx, paths.data, set->boxes.paths.n, &choice, &set->list);
    gli_block_free(set->ctx, &paths);
    GLI_TRY(status);
    set->max_boxes = set->args.max_boxes ? set->args.max_boxes : 1;
    for (int64_t i = 0; i < set->list.n; ++i) {
        const gli_file_entry *entry = gli_file_list_get(&set->list, i);
        const int *first            = gli_box_list_first(&set->boxes) + entry->label;
        const int n                 = first[1] - first[0];
        GLI_REQUIRE(set->ctx, !set->args.max_boxes || n <= set->max_boxes, GLIA_BAD_FORMAT,
                    "%s: has %d boxes, max_boxes is %lld", entry->path, n, (long long)set->max_boxes);
        set->max_boxes = gli_max_i64(set->max_boxes, n);
    }
    return GLIA_OK;
}

static glia_status name_classes(const gli_text_set *classes, glia_dataset *dataset, glia_context *ctx) {
    gli_block block;
    GLI_TRY(gli_block_alloc(ctx, (size_t)classes->n, sizeof(char *), "the names of classes", &block));
    const char **names = block.data;
    for (int i = 0; i < classes->n; ++i) names[i] = gli_text_set_text(classes, i);
    const glia_status status = glia_dataset_set_class_names(dataset, 1, names, classes->n);
    gli_block_free(ctx, &block);
    return status;
}

/* Reads a file of boxes: gli_box_list_read or gli_box_list_read_coco. */
typedef glia_status (*box_reader)(glia_context *ctx, const char *path, size_t max_bytes, const char *const *classes,
                                  int n, gli_box_list *out);

static glia_status from_boxes(glia_context *ctx, const char *function, box_reader read, const char *file,
                              const char *folder, const glia_image_dataset_args *args, glia_dataset **out) {
    gli_image_set *set;
    glia_dataset *made = NULL;
    GLI_REQUIRE(ctx, file && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, file ? "out" : "file");
    GLI_REQUIRE(ctx, !folder || *folder, GLIA_INVALID_ARGUMENT, "%s: folder is empty", function);
    GLI_TRY(new_set(ctx, function, args, &set));
    set->has_boxes         = true;
    const size_t max_bytes = args->max_bytes ? args->max_bytes : (size_t)1 << 30;
    glia_status status     = read(ctx, file, max_bytes, args->classes, args->n_classes, &set->boxes);
    if (status == GLIA_OK) status = list_boxed(set, file, folder);
    if (status != GLIA_OK) return destroy_set(set), status;
    const glia_field targets[] = {{"boxes", GLIA_F32, GLIA_SHAPE(set->max_boxes, 4)},
                                  {"classes", set->args.label_dtype, GLIA_SHAPE(set->max_boxes)}};
    GLI_TRY(make_source(set, targets, 2, &made));
    status = name_classes(&set->boxes.classes, made, ctx);
    if (status == GLIA_OK)
        *out = made;
    else
        glia_dataset_destroy(made);
    return status;
}

glia_status glia_dataset_from_image_boxes(glia_context *ctx, const char *file, const char *folder,
                                          const glia_image_dataset_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status =
        from_boxes(ctx, "glia_dataset_from_image_boxes", gli_box_list_read, file, folder, args, out);
    gli_leave(ctx);
    return status;
}

glia_status glia_dataset_from_coco(glia_context *ctx, const char *file, const char *folder,
                                   const glia_image_dataset_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status =
        from_boxes(ctx, "glia_dataset_from_coco", gli_box_list_read_coco, file, folder, args, out);
    gli_leave(ctx);
    return status;
}
