#include "image/box_list.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/context_impl.h"
#include "io/csv.h"
#include "io/input.h"

enum { PATH, CLASS, X0, Y0, X1, Y1, COLUMNS };

static const char *const columns[COLUMNS] = {"path", "class", "x0", "y0", "x1", "y1"};

typedef struct reading {
    gli_box_list *list;
    const char *path; /* of the file */
    gli_csv csv;
    int column[COLUMNS]; /* of the file's rows */
    int n_fields;
    bool given; /* the classes are */
} reading;

static glia_context *context_of(const reading *r) { return r->list->ctx; }

/* ---- The header ---- */

static bool is_named(const gli_csv_field *field, const char *name) {
    return field->bytes == strlen(name) && memcmp(field->text, name, field->bytes) == 0;
}

static glia_status read_header(reading *r) {
    GLI_TRY(gli_csv_next(&r->csv));
    r->n_fields = r->csv.n;
    for (int c = 0; c < COLUMNS; ++c) {
        r->column[c] = -1;
        for (int i = 0; i < r->n_fields; ++i)
            if (is_named(&r->csv.fields[i], columns[c])) r->column[c] = i;
        GLI_REQUIRE(context_of(r), r->column[c] >= 0, GLIA_BAD_FORMAT,
                    "%s: its first line has no column '%s': must have path, class, x0, y0, x1, y1", r->path,
                    columns[c]);
    }
    return GLIA_OK;
}

/* ---- Rows ---- */

static const gli_csv_field *field_of(const reading *r, int column) { return &r->csv.fields[r->column[column]]; }

static glia_status text_of(reading *r, int column, const char **out) {
    GLI_REQUIRE(context_of(r), field_of(r, column)->bytes > 0, GLIA_BAD_FORMAT, "%s: line %lld: the %s is empty",
                r->path, (long long)r->csv.row_line, columns[column]);
    return gli_csv_text(&r->csv, field_of(r, column), columns[column], out);
}

static glia_status number_of(reading *r, int column, double *out) {
    char shown[GLI_CSV_SHOWN];
    const double most = INT32_MAX;
    GLI_REQUIRE(context_of(r), gli_csv_number(field_of(r, column), '.', out) && fabs(*out) <= most, GLIA_BAD_FORMAT,
                "%s: line %lld, column '%s': '%s' is no number of pixels", r->path, (long long)r->csv.row_line,
                columns[column], gli_csv_show(field_of(r, column), shown));
    return GLIA_OK;
}

static glia_status class_of(reading *r, int *out) {
    const char *name;
    GLI_TRY(text_of(r, CLASS, &name));
    if (!r->given) return gli_text_set_add(context_of(r), &r->list->classes, name, out);
    *out = gli_text_set_find(&r->list->classes, name);
    GLI_REQUIRE(context_of(r), *out >= 0, GLIA_BAD_FORMAT, "%s: line %lld: '%.64s' is none of the %d classes in args",
                r->path, (long long)r->csv.row_line, name, r->list->classes.n);
    return GLIA_OK;
}

/* A picture that has none is a row with a path alone. */
static bool has_box(const reading *r) {
    for (int c = CLASS; c < COLUMNS; ++c)
        if (field_of(r, c)->bytes > 0) return true;
    return false;
}

static glia_status read_row(reading *r) {
    gli_box_list *list = r->list;
    gli_box box        = {.line = list->n};
    const char *path;
    GLI_REQUIRE(list->ctx, r->csv.n == r->n_fields, GLIA_BAD_FORMAT, "%s: line %lld: has %d fields, the first line %d",
                r->path, (long long)r->csv.row_line, r->csv.n, r->n_fields);
    GLI_TRY(text_of(r, PATH, &path));
    GLI_TRY(gli_text_set_add(list->ctx, &list->paths, path, &box.picture));
    if (!has_box(r)) return GLIA_OK;
    GLI_TRY(class_of(r, &box.label));
    double *const to[] = {&box.x0, &box.y0, &box.x1, &box.y1};
    for (int i = 0; i < 4; ++i) GLI_TRY(number_of(r, X0 + i, to[i]));
    GLI_REQUIRE(list->ctx, box.x0 < box.x1 && box.y0 < box.y1, GLIA_BAD_FORMAT,
                "%s: line %lld: the box from (%g, %g) to (%g, %g) is empty", r->path, (long long)r->csv.row_line,
                box.x0, box.y0, box.x1, box.y1);
    return gli_box_list_add(list, r->path, &box);
}

static glia_status read_rows(reading *r) {
    GLI_TRY(read_header(r));
    for (;;) {
        GLI_TRY(gli_csv_next(&r->csv));
        if (r->csv.n == 0) break;
        GLI_TRY(read_row(r));
    }
    GLI_REQUIRE(context_of(r), r->list->paths.n > 0, GLIA_NOT_FOUND, "%s: has no pictures", r->path);
    return GLIA_OK;
}

/* ---- In order ---- */

typedef struct place {
    const char *text;
    int was;
} place;

static int by_bytes(const void *a, const void *b) { return strcmp(((const place *)a)->text, ((const place *)b)->text); }

/* Sorts the texts; rank[i] is where text i has come to. */
static glia_status sort_texts(glia_context *ctx, gli_text_set *set, int *rank) {
    gli_block block;
    gli_text_set sorted = {0};
    glia_status status  = GLIA_OK;
    int number;
    GLI_TRY(gli_block_alloc(ctx, (size_t)set->n, sizeof(place), "the order of texts", &block));
    place *places = block.data;
    for (int i = 0; i < set->n; ++i) places[i] = (place){gli_text_set_text(set, i), i};
    if (set->n > 1) qsort(places, (size_t)set->n, sizeof *places, by_bytes);
    for (int i = 0; i < set->n && status == GLIA_OK; ++i) {
        rank[places[i].was] = i;
        status              = gli_text_set_add(ctx, &sorted, places[i].text, &number);
    }
    gli_block_free(ctx, &block);
    gli_text_set_free(ctx, status == GLIA_OK ? set : &sorted);
    if (status == GLIA_OK) *set = sorted;
    return status;
}

static int by_picture(const void *a, const void *b) {
    const gli_box *x = a, *y = b;
    if (x->picture != y->picture) return x->picture < y->picture ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static glia_status move_sizes(gli_box_list *list, const int *rank) {
    gli_block moved;
    GLI_TRY(gli_block_alloc(list->ctx, list->sizes.bytes, 1, "the sizes of pictures", &moved));
    for (int i = 0; i < list->paths.n; ++i)
        ((gli_box_size *)moved.data)[rank[i]] = ((const gli_box_size *)list->sizes.data)[i];
    gli_block_free(list->ctx, &list->sizes);
    list->sizes = moved;
    return GLIA_OK;
}

static glia_status sort_by(gli_box_list *list, gli_text_set *set, size_t offset) {
    gli_block block;
    GLI_TRY(gli_block_alloc(list->ctx, (size_t)set->n, sizeof(int), "the order of texts", &block));
    const int *rank    = block.data;
    glia_status status = sort_texts(list->ctx, set, block.data);
    for (int i = 0; i < list->n && status == GLIA_OK; ++i) {
        int *number = (int *)((char *)&list->boxes[i] + offset);
        *number     = rank[*number];
    }
    if (status == GLIA_OK && set == &list->paths && list->sizes.data) status = move_sizes(list, rank);
    gli_block_free(list->ctx, &block);
    return status;
}

glia_status gli_box_list_sort(gli_box_list *list, bool sort_classes) {
    GLI_TRY(sort_by(list, &list->paths, offsetof(gli_box, picture)));
    if (sort_classes) GLI_TRY(sort_by(list, &list->classes, offsetof(gli_box, label)));
    if (list->n > 1) qsort(list->boxes, (size_t)list->n, sizeof *list->boxes, by_picture);
    GLI_TRY(gli_block_alloc(list->ctx, (size_t)list->paths.n + 1, sizeof(int), "the boxes of pictures", &list->first));
    int *first = list->first.data, at = 0;
    for (int i = 0; i <= list->paths.n; ++i) {
        while (at < list->n && list->boxes[at].picture < i) ++at;
        first[i] = at;
    }
    return GLIA_OK;
}

/* ---- Lists ---- */

glia_status gli_box_list_add(gli_box_list *list, const char *path, const gli_box *box) {
    GLI_REQUIRE(list->ctx, list->n < INT_MAX - 1, GLIA_UNSUPPORTED, "%s: has more than %d boxes", path, INT_MAX - 1);
    GLI_TRY(gli_grow(list->ctx, &list->boxes, &list->capacity, list->n + 1, sizeof *box, "the boxes of pictures"));
    list->boxes[list->n++] = *box;
    return GLIA_OK;
}

glia_status gli_box_list_take_classes(gli_box_list *list, const char *function, const char *const *classes, int n) {
    int number;
    for (int i = 0; i < n; ++i) {
        GLI_REQUIRE(list->ctx, classes[i] && *classes[i], GLIA_INVALID_ARGUMENT, "%s: classes[%d] is %s", function, i,
                    classes[i] ? "empty" : "NULL");
        GLI_REQUIRE(list->ctx, gli_text_set_find(&list->classes, classes[i]) < 0, GLIA_INVALID_ARGUMENT,
                    "%s: classes[%d], '%.64s', comes twice", function, i, classes[i]);
        GLI_TRY(gli_text_set_add(list->ctx, &list->classes, classes[i], &number));
    }
    return GLIA_OK;
}

static glia_status read_all(gli_box_list *list, const gli_named_bytes *in, const char *const *classes, int n) {
    reading r = {.list = list, .path = in->where, .given = classes != NULL};
    GLI_TRY(gli_box_list_take_classes(list, "glia_dataset_from_image_boxes", classes, classes ? n : 0));
    GLI_TRY(gli_csv_open(in, 0, &r.csv));
    glia_status status = read_rows(&r);
    if (status == GLIA_OK) status = gli_box_list_sort(list, !r.given);
    gli_csv_close(&r.csv);
    return status;
}

glia_status gli_box_list_read(glia_context *ctx, const char *path, size_t max_bytes, const char *const *classes, int n,
                              gli_box_list *out) {
    gli_block block;
    *out = (gli_box_list){.ctx = ctx};
    GLI_TRY(gli_input_whole(ctx, path, max_bytes, &block));
    const gli_named_bytes in = {ctx, path, block.data, block.bytes};
    const glia_status status = read_all(out, &in, classes, n);
    gli_block_free(ctx, &block);
    if (status != GLIA_OK) gli_box_list_free(out);
    return status;
}

void gli_box_list_free(gli_box_list *list) {
    glia_context *ctx = list->ctx;
    gli_text_set_free(ctx, &list->paths);
    gli_text_set_free(ctx, &list->classes);
    gli_free(ctx, list->boxes, (size_t)list->capacity, sizeof *list->boxes);
    gli_block_free(ctx, &list->first);
    gli_block_free(ctx, &list->sizes);
    *list = (gli_box_list){.ctx = ctx};
}
