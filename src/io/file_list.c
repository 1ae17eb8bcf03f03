#define _POSIX_C_SOURCE 200809L
#include "io/file_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/size.h"
#include "io/input.h"

enum { MAX_DEPTH = 16, PATH_BYTES = 4096 };

/* ---- The names in one folder, sorted ---- */

typedef struct names {
    glia_context *ctx;
    char *text;
    int bytes, capacity, n;
    gli_block sorted; /* const char * */
} names;

static void free_names(names *all) {
    gli_free(all->ctx, all->text, (size_t)all->capacity, 1);
    gli_block_free(all->ctx, &all->sorted);
}

/* Appends a text with its NUL to one that grows. */
static glia_status append(glia_context *ctx, char **text, int *bytes, int *capacity, const char *more) {
    const size_t length = strlen(more) + 1;
    GLI_REQUIRE(ctx, length <= (size_t)(INT32_MAX - *bytes), GLIA_OUT_OF_MEMORY,
                "out of memory: the paths of files have more than %d bytes", INT32_MAX);
    GLI_TRY(gli_grow(ctx, text, capacity, *bytes + (int)length, 1, "the paths of files"));
    memcpy(*text + *bytes, more, length);
    *bytes += (int)length;
    return GLIA_OK;
}

static glia_status collect(names *all, DIR *folder, const char *path) {
    for (;;) {
        errno                     = 0;
        const struct dirent *next = readdir(folder);
        if (!next) return errno ? gli_fail_file(all->ctx, path, errno) : GLIA_OK;
        if (next->d_name[0] == '.') continue;
        GLI_TRY(append(all->ctx, &all->text, &all->bytes, &all->capacity, next->d_name));
        ++all->n;
    }
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static glia_status sort(names *all) {
    const char *text = all->text;
    GLI_TRY(gli_block_alloc(all->ctx, (size_t)all->n, sizeof text, "the paths of files", &all->sorted));
    const char **to = all->sorted.data;
    for (int i = 0; i < all->n; ++i, text += strlen(text) + 1) to[i] = text;
    if (all->n > 1) qsort(to, (size_t)all->n, sizeof *to, by_bytes);
    return GLIA_OK;
}

/* After a failure there is nothing to free. */
static glia_status list_names(glia_context *ctx, const char *path, names *out) {
    *out        = (names){.ctx = ctx};
    DIR *folder = opendir(path);
    if (!folder) return gli_fail_file(ctx, path, errno);
    glia_status status = collect(out, folder, path);
    closedir(folder);
    if (status == GLIA_OK) status = sort(out);
    if (status != GLIA_OK) free_names(out);
    return status;
}

/* ---- Files ---- */

typedef struct walk {
    gli_file_list *list;
    const gli_file_choice *choice;
    int64_t label;
    int depth;
    size_t length;
    char path[PATH_BYTES];
} walk;

static glia_status leave_out(const walk *w, const char *why) {
    if (w->choice->skip) return gli_log(w->list->ctx, GLI_LOG_INFO, "left out %s: %s", w->path, why), GLIA_OK;
    return gli_fail(w->list->ctx, GLIA_BAD_FORMAT, "%s: %s (.skip leaves such files out)", w->path, why);
}

static glia_status read_begin(const walk *w, unsigned char *first, size_t *bytes) {
    FILE *file = fopen(w->path, "rb");
    if (!file) return gli_fail_file(w->list->ctx, w->path, errno);
    *bytes          = fread(first, 1, GLI_FILE_MAGIC, file);
    const int error = ferror(file) ? errno : 0;
    fclose(file);
    return error ? gli_fail_file(w->list->ctx, w->path, error) : GLIA_OK;
}

static glia_status add_file(walk *w) {
    gli_file_list *list = w->list;
    gli_job job         = {.ctx = list->ctx, .name = w->path};
    unsigned char first[GLI_FILE_MAGIC];
    gli_bytes begin = {.data = first};
    const char *why = NULL;
    GLI_TRY(read_begin(w, first, &begin.size));
    GLI_TRY(gli_job_explain(&job, w->path, w->choice->judge(w->choice->user, &job, begin, &why)));
    if (why) return leave_out(w, why);
    GLI_TRY(gli_grow(list->ctx, &list->place, &list->place_capacity, list->n_places + 1, sizeof *list->place,
                     "the paths of files"));
    GLI_TRY(gli_grow(list->ctx, &list->label, &list->label_capacity, list->n_places + 1, sizeof *list->label,
                     "the labels of files"));
    list->place[list->n_places] = (size_t)list->bytes;
    list->label[list->n_places] = w->label;
    GLI_TRY(append(list->ctx, &list->text, &list->bytes, &list->text_capacity, w->path));
    ++list->n_places;
    return GLIA_OK;
}

/* Appends /name to the path, and returns what it was long before; 0: there is no room. */
static size_t enter(walk *w, const char *name) {
    const size_t before = w->length, room = PATH_BYTES - before;
    const int more = snprintf(w->path + before, room, "/%s", name);
    if (more < 0 || (size_t)more >= room) return w->path[before] = '\0', 0;
    w->length = before + (size_t)more;
    return before;
}

static void leave(walk *w, size_t before) {
    w->length       = before;
    w->path[before] = '\0';
}

/* A link to nothing is no file; whoever does not leave such out hears of it when its kind is asked for. */
static bool is_left_link(const walk *w) {
    struct stat info;
    return w->choice->skip && stat(w->path, &info) != 0 && errno == ENOENT;
}

static glia_status kind_of(const walk *w, bool *folder, bool *file) {
    struct stat info;
    if (stat(w->path, &info) != 0) return gli_fail_file(w->list->ctx, w->path, errno);
    *folder = S_ISDIR(info.st_mode);
    *file   = S_ISREG(info.st_mode);
    return GLIA_OK;
}

/* What is at the path: a folder's content is added by `inside`. */
static glia_status visit(walk *w, glia_status (*inside)(walk *w)) {
    bool folder = false, file = false;
    if (is_left_link(w)) return leave_out(w, "is a symbolic link to nothing");
    GLI_TRY(kind_of(w, &folder, &file));
    if (file) return add_file(w);
    if (!folder) return leave_out(w, "is a device or a pipe");
    GLI_REQUIRE(w->list->ctx, w->depth < MAX_DEPTH, GLIA_BAD_FORMAT,
                "%s: is folder %d in another: is there a link to one of them?", w->path, MAX_DEPTH + 1);
    ++w->depth;
    const glia_status status = inside(w);
    --w->depth;
    return status;
}

static glia_status for_each(walk *w, glia_status (*what)(walk *w, const char *name)) {
    names all;
    GLI_TRY(list_names(w->list->ctx, w->path, &all));
    glia_status status  = GLIA_OK;
    const char **sorted = all.sorted.data;
    for (int i = 0; i < all.n && status == GLIA_OK; ++i) {
        const size_t before = enter(w, sorted[i]);
        if (before == 0) {
            status = gli_fail(w->list->ctx, GLIA_BAD_FORMAT, "%s: the path of '%s' in it has more than %d bytes",
                              w->path, sorted[i], PATH_BYTES - 1);
            break;
        }
        status = what(w, sorted[i]);
        leave(w, before);
    }
    free_names(&all);
    return status;
}

static glia_status visit_all(walk *w);
static glia_status visit_one(walk *w, const char *name) {
    (void)name;
    return visit(w, visit_all);
}
static glia_status visit_all(walk *w) { return for_each(w, visit_one); }

/* ---- Classes ---- */

static glia_status visit_class(walk *w, const char *name) {
    gli_file_list *list = w->list;
    const int before    = list->n_places;
    bool folder = false, file = false;
    if (is_left_link(w)) return leave_out(w, "is a symbolic link to nothing");
    GLI_TRY(kind_of(w, &folder, &file));
    if (!folder) return leave_out(w, "is not in the folder of a class");
    GLI_TRY(gli_grow(list->ctx, &list->class_place, &list->class_capacity, list->n_classes + 1,
                     sizeof *list->class_place, "the names of classes"));
    list->class_place[list->n_classes] = (size_t)list->bytes;
    GLI_TRY(append(list->ctx, &list->text, &list->bytes, &list->text_capacity, name));
    w->label = list->n_classes++;
    GLI_TRY(visit(w, visit_all));
    GLI_REQUIRE(list->ctx, list->n_places > before, GLIA_NOT_FOUND, "%s: the class has no %s", w->path,
                w->choice->many);
    return GLIA_OK;
}

/* ---- Lists ---- */

void gli_file_list_free(gli_file_list *list) {
    glia_context *ctx = list->ctx;
    gli_block_free(ctx, &list->entries);
    gli_block_free(ctx, &list->class_names);
    gli_free(ctx, list->text, (size_t)list->text_capacity, 1);
    gli_free(ctx, list->place, (size_t)list->place_capacity, sizeof *list->place);
    gli_free(ctx, list->label, (size_t)list->label_capacity, sizeof *list->label);
    gli_free(ctx, list->class_place, (size_t)list->class_capacity, sizeof *list->class_place);
    *list = (gli_file_list){.ctx = ctx};
}

/* From places in the text to pointers. */
static glia_status finish(gli_file_list *list) {
    const size_t n = (size_t)list->n_places, classes = (size_t)list->n_classes;
    GLI_TRY(gli_block_alloc(list->ctx, n, sizeof(gli_file_entry), "the paths of files", &list->entries));
    GLI_TRY(gli_block_alloc(list->ctx, classes, sizeof(char *), "the names of classes", &list->class_names));
    gli_file_entry *entries  = list->entries.data;
    const char **class_names = list->class_names.data;
    for (size_t i = 0; i < n; ++i) entries[i] = (gli_file_entry){list->text + list->place[i], list->label[i]};
    for (size_t i = 0; i < classes; ++i) class_names[i] = list->text + list->class_place[i];
    list->n       = list->n_places;
    list->classes = list->n_classes;
    return GLIA_OK;
}

static glia_status make(glia_context *ctx, const char *folder, const gli_file_choice *choice,
                        glia_status (*what)(walk *w, const char *name), gli_file_list *out) {
    walk w = {.list = out, .choice = choice, .depth = 1, .length = strlen(folder)};
    *out   = (gli_file_list){.ctx = ctx};
    GLI_REQUIRE(ctx, w.length > 0 && w.length < PATH_BYTES, GLIA_INVALID_ARGUMENT,
                "the path of a folder has %zu bytes, must have 1 to %d", w.length, PATH_BYTES - 1);
    memcpy(w.path, folder, w.length + 1);
    while (w.length > 1 && w.path[w.length - 1] == '/') w.path[--w.length] = '\0';
    glia_status status = for_each(&w, what);
    if (status == GLIA_OK && out->n_places == 0)
        status = gli_fail(ctx, GLIA_NOT_FOUND, "%s: has no %s", folder,
                          what == visit_class ? "folders of classes" : choice->many);
    if (status == GLIA_OK) status = finish(out);
    if (status != GLIA_OK) gli_file_list_free(out);
    return status;
}

glia_status gli_file_list_files(glia_context *ctx, const char *folder, const gli_file_choice *choice,
                                gli_file_list *out) {
    return make(ctx, folder, choice, visit_one, out);
}

glia_status gli_file_list_classes(glia_context *ctx, const char *folder, const gli_file_choice *choice,
                                  gli_file_list *out) {
    return make(ctx, folder, choice, visit_class, out);
}

static glia_status add_named(walk *w, const char *const *paths, int n) {
    glia_context *ctx = w->list->ctx;
    for (int i = 0; i < n; ++i) {
        bool folder = false, file = false;
        const size_t length = strlen(paths[i]);
        GLI_REQUIRE(ctx, length < PATH_BYTES, GLIA_BAD_FORMAT, "the path %.64s... has more than %d bytes", paths[i],
                    PATH_BYTES - 1);
        memcpy(w->path, paths[i], length + 1);
        w->label = i;
        GLI_TRY(kind_of(w, &folder, &file));
        if (file)
            GLI_TRY(add_file(w));
        else
            GLI_TRY(leave_out(w, folder ? "is a folder" : "is a device or a pipe"));
    }
    return GLIA_OK;
}

glia_status gli_file_list_named(glia_context *ctx, const char *const *paths, int n, const gli_file_choice *choice,
                                gli_file_list *out) {
    walk w             = {.list = out, .choice = choice};
    *out               = (gli_file_list){.ctx = ctx};
    glia_status status = add_named(&w, paths, n);
    if (status == GLIA_OK && out->n_places == 0)
        status = gli_fail(ctx, GLIA_NOT_FOUND, "of %d files none are %s", n, choice->many);
    if (status == GLIA_OK) status = finish(out);
    if (status != GLIA_OK) gli_file_list_free(out);
    return status;
}
