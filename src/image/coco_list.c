/* Pictures with boxes, as the annotation files of COCO name them: an object whose "images", "annotations" and
 * "categories" come in any order, and refer to each other by ids. Source: https://cocodataset.org/#format-data */
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/box_list.h"
#include "io/input.h"
#include "io/json.h"

/* An id, and what has it: the number of a picture or of a class. */
typedef struct id {
    int64_t value;
    int number;
    const char *name; /* of a category */
} id;

typedef struct ids {
    id *all; /* sorted once they are read */
    int n, capacity;
} ids;

typedef struct annotation {
    int64_t image, category;
} annotation;

typedef struct reading {
    gli_box_list *list;
    const char *path;
    bool given; /* the classes are */
    ids images, categories;
    annotation *annotations; /* of each box of the list, whose numbers come last */
    int annotation_capacity;
    gli_box_size *sizes; /* of each picture */
    int size_capacity;
    int64_t crowds, empty; /* left out */
} reading;

static glia_context *context_of(const reading *r) { return r->list->ctx; }

/* ---- Entries ---- */

enum { WHERE = 40 };

/* An entry that cannot be read is named behind what is wrong. */
static glia_status explain(const reading *r, glia_status status, const char *where) {
    char message[400];
    if (status != GLIA_BAD_FORMAT || strstr(glia_message(context_of(r)), where)) return status;
    snprintf(message, sizeof message, "%s", glia_message(context_of(r)));
    return gli_fail(context_of(r), status, "%s, in %s", message, where);
}

static glia_status add_id(reading *r, ids *to, id what) {
    GLI_REQUIRE(context_of(r), to->n < INT_MAX - 1, GLIA_UNSUPPORTED, "%s: has more than %d entries", r->path,
                INT_MAX - 1);
    GLI_TRY(gli_grow(context_of(r), &to->all, &to->capacity, to->n + 1, sizeof what, "the entries of COCO"));
    to->all[to->n++] = what;
    return GLIA_OK;
}

typedef struct image_entry {
    int64_t id;
    gli_box_size size;
    const char *file_name;
} image_entry;

static glia_status read_image(gli_json *json, void *to, int index) {
    static const gli_json_field fields[] = {
        {"id", GLI_JSON_INT64, true, offsetof(image_entry, id), NULL},
        {"file_name", GLI_JSON_STRING, true, offsetof(image_entry, file_name), NULL},
        {"width", GLI_JSON_INT64, false, offsetof(image_entry, size.width), NULL},
        {"height", GLI_JSON_INT64, false, offsetof(image_entry, size.height), NULL},
    };
    reading *r       = to;
    image_entry read = {0};
    int number;
    char where[WHERE];
    snprintf(where, sizeof where, "images[%d]", index);
    GLI_TRY(explain(r, gli_json_loose_object(json, where, fields, 4, &read), where));
    GLI_REQUIRE(context_of(r), *read.file_name, GLIA_BAD_FORMAT, "%s: %s: file_name is empty", r->path, where);
    GLI_TRY(gli_text_set_add(context_of(r), &r->list->paths, read.file_name, &number));
    GLI_REQUIRE(context_of(r), number == index, GLIA_BAD_FORMAT, "%s: %s: '%.128s' is the file_name of images[%d], too",
                r->path, where, read.file_name, number);
    GLI_TRY(
        gli_grow(context_of(r), &r->sizes, &r->size_capacity, number + 1, sizeof *r->sizes, "the sizes of pictures"));
    r->sizes[number] = read.size;
    return add_id(r, &r->images, (id){.value = read.id, .number = number});
}

typedef struct category_entry {
    int64_t id;
    const char *name;
} category_entry;

static glia_status read_category(gli_json *json, void *to, int index) {
    static const gli_json_field fields[] = {{"id", GLI_JSON_INT64, true, offsetof(category_entry, id), NULL},
                                            {"name", GLI_JSON_STRING, true, offsetof(category_entry, name), NULL}};
    reading *r                           = to;
    category_entry read                  = {0};
    char where[WHERE];
    snprintf(where, sizeof where, "categories[%d]", index);
    GLI_TRY(explain(r, gli_json_loose_object(json, where, fields, 2, &read), where));
    GLI_REQUIRE(context_of(r), *read.name, GLIA_BAD_FORMAT, "%s: %s: the name is empty", r->path, where);
    return add_id(r, &r->categories, (id){.value = read.id, .number = index, .name = read.name});
}

typedef struct box_entry {
    annotation of;
    double box[4]; /* x, y, width, height */
    int64_t crowd;
} box_entry;

static glia_status read_number(gli_json *json, void *to, int index) {
    double value = 0;
    if (index >= 4) return gli_json_refuse(json, "']' after four numbers");
    GLI_TRY(gli_json_number(json, &value));
    ((box_entry *)to)->box[index] = value;
    return GLIA_OK;
}

static glia_status read_box(gli_json *json, void *to) {
    box_entry *entry = to;
    entry->box[3]    = NAN; /* there have to be four */
    GLI_TRY(gli_json_array(json, read_number, to));
    return isnan(entry->box[3]) ? gli_json_refuse(json, "array of four numbers before it, x, y, width and height,")
                                : GLIA_OK;
}

static glia_status read_annotation(gli_json *json, void *to, int index) {
    static const gli_json_field fields[] = {
        {"image_id", GLI_JSON_INT64, true, offsetof(box_entry, of.image), NULL},
        {"category_id", GLI_JSON_INT64, true, offsetof(box_entry, of.category), NULL},
        {"bbox", GLI_JSON_CALL, true, 0, read_box},
        {"iscrowd", GLI_JSON_INT64, false, offsetof(box_entry, crowd), NULL},
    };
    reading *r        = to;
    box_entry read    = {0};
    const double most = INT32_MAX, *b = read.box;
    char where[WHERE];
    snprintf(where, sizeof where, "annotations[%d]", index);
    GLI_TRY(explain(r, gli_json_loose_object(json, where, fields, 4, &read), where));
    GLI_REQUIRE(context_of(r),
                fabs(b[0]) <= most && fabs(b[1]) <= most && b[2] >= 0 && b[2] <= most && b[3] >= 0 && b[3] <= most,
                GLIA_BAD_FORMAT, "%s: %s: bbox [%g, %g, %g, %g] is no box of pixels", r->path, where, b[0], b[1], b[2],
                b[3]);
    const gli_box box = {.line = index, .x0 = b[0], .y0 = b[1], .x1 = b[0] + b[2], .y1 = b[1] + b[3]};
    const bool empty  = !(box.x0 < box.x1 && box.y0 < box.y1);
    r->crowds += read.crowd != 0;
    r->empty += read.crowd == 0 && empty;
    if (read.crowd != 0 || empty) return GLIA_OK;
    GLI_TRY(gli_grow(context_of(r), &r->annotations, &r->annotation_capacity, r->list->n + 1, sizeof read.of,
                     "the boxes of pictures"));
    r->annotations[r->list->n] = read.of;
    return gli_box_list_add(r->list, r->path, &box);
}

/* ---- References ---- */

static int by_value(const void *a, const void *b) {
    const id *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static glia_status sort_ids(const reading *r, ids *all, const char *what) {
    if (all->n > 1) qsort(all->all, (size_t)all->n, sizeof *all->all, by_value);
    for (int i = 1; i < all->n; ++i)
        GLI_REQUIRE(context_of(r), all->all[i - 1].value < all->all[i].value, GLIA_BAD_FORMAT,
                    "%s: %s[%d] and %s[%d] have the same id %lld", r->path, what, all->all[i - 1].number, what,
                    all->all[i].number, (long long)all->all[i].value);
    return GLIA_OK;
}

/* The classes are the categories in the order of their ids, or those of args, and a category's number its class; -1:
 * args has it not. */
static glia_status number_classes(reading *r) {
    gli_text_set *classes = &r->list->classes;
    for (int i = 0; i < r->categories.n; ++i) {
        id *category = &r->categories.all[i];
        const int at = category->number;
        if (r->given) {
            category->number = gli_text_set_find(classes, category->name);
            continue;
        }
        GLI_TRY(gli_text_set_add(context_of(r), classes, category->name, &category->number));
        GLI_REQUIRE(context_of(r), category->number == i, GLIA_BAD_FORMAT,
                    "%s: categories[%d]: another category has the name '%.64s', too", r->path, at, category->name);
    }
    return GLIA_OK;
}

static const id *find(const ids *all, int64_t value) {
    const id wanted = {.value = value};
    return all->n > 0 ? bsearch(&wanted, all->all, (size_t)all->n, sizeof wanted, by_value) : NULL;
}

static glia_status resolve(reading *r) {
    GLI_TRY(sort_ids(r, &r->images, "images"));
    GLI_TRY(sort_ids(r, &r->categories, "categories"));
    GLI_TRY(number_classes(r));
    for (int i = 0; i < r->list->n; ++i) {
        gli_box *box       = &r->list->boxes[i];
        const annotation a = r->annotations[i];
        const id *image = find(&r->images, a.image), *category = find(&r->categories, a.category);
        GLI_REQUIRE(context_of(r), image, GLIA_BAD_FORMAT, "%s: annotations[%d]: no image has the id %lld", r->path,
                    box->line, (long long)a.image);
        GLI_REQUIRE(context_of(r), category, GLIA_BAD_FORMAT, "%s: annotations[%d]: no category has the id %lld",
                    r->path, box->line, (long long)a.category);
        GLI_REQUIRE(context_of(r), category->number >= 0, GLIA_BAD_FORMAT,
                    "%s: annotations[%d]: '%.64s' is none of the %d classes in args", r->path, box->line,
                    category->name, r->list->classes.n);
        box->picture = image->number;
        box->label   = category->number;
    }
    return GLIA_OK;
}

/* ---- Files ---- */

static glia_status read_images(gli_json *json, void *to) { return gli_json_array(json, read_image, to); }
static glia_status read_annotations(gli_json *json, void *to) { return gli_json_array(json, read_annotation, to); }
static glia_status read_categories(gli_json *json, void *to) { return gli_json_array(json, read_category, to); }

static glia_status keep_sizes(reading *r) {
    const size_t n = (size_t)r->list->paths.n;
    GLI_TRY(gli_block_alloc(context_of(r), n, sizeof *r->sizes, "the sizes of pictures", &r->list->sizes));
    memcpy(r->list->sizes.data, r->sizes, n * sizeof *r->sizes);
    return GLIA_OK;
}

static glia_status read_all(reading *r, gli_json *json) {
    static const gli_json_field fields[] = {{"images", GLI_JSON_CALL, true, 0, read_images},
                                            {"annotations", GLI_JSON_CALL, true, 0, read_annotations},
                                            {"categories", GLI_JSON_CALL, true, 0, read_categories}};
    GLI_TRY(gli_json_loose_object(json, "the file", fields, 3, r));
    GLI_TRY(gli_json_end(json));
    GLI_REQUIRE(context_of(r), r->list->paths.n > 0, GLIA_NOT_FOUND, "%s: has no pictures", r->path);
    GLI_TRY(resolve(r));
    GLI_TRY(keep_sizes(r));
    if (r->crowds > 0 || r->empty > 0)
        gli_log(context_of(r), GLI_LOG_INFO, "%s: left out %lld crowds and %lld empty boxes", r->path,
                (long long)r->crowds, (long long)r->empty);
    return gli_box_list_sort(r->list, false);
}

glia_status gli_box_list_read_coco(glia_context *ctx, const char *path, size_t max_bytes, const char *const *classes,
                                   int n, gli_box_list *out) {
    gli_block block;
    *out      = (gli_box_list){.ctx = ctx};
    reading r = {.list = out, .path = path, .given = classes != NULL};
    GLI_TRY(gli_input_whole(ctx, path, max_bytes, &block));
    char *text         = block.bytes > 0 ? block.data : "";
    gli_json json      = {.ctx = ctx, .path = path, .begin = text, .next = text, .end = text + block.bytes};
    glia_status status = gli_box_list_take_classes(out, "glia_dataset_from_coco", classes, classes ? n : 0);
    if (status == GLIA_OK) status = read_all(&r, &json);
    gli_free(ctx, r.images.all, (size_t)r.images.capacity, sizeof(id));
    gli_free(ctx, r.categories.all, (size_t)r.categories.capacity, sizeof(id));
    gli_free(ctx, r.annotations, (size_t)r.annotation_capacity, sizeof(annotation));
    gli_free(ctx, r.sizes, (size_t)r.size_capacity, sizeof(gli_box_size));
    gli_block_free(ctx, &block);
    if (status != GLIA_OK) gli_box_list_free(out);
    return status;
}
