/* The files below a folder, in an order that does not depend on the file system. */
#ifndef GLI_IO_FILE_LIST_H
#define GLI_IO_FILE_LIST_H

#include "io/job.h"

enum { GLI_FILE_MAGIC = 64 }; /* bytes at a file's beginning that are enough to tell what it is */

/* Which files count. */
typedef struct gli_file_choice {
    const char *many; /* what they are, for messages: "pictures" */
    /* Whether the file that the job names, which begins so, is one: *why, NULL before, says what is wrong with it. A
     * failure of the machine or the build is returned, with the message in the job. Called once for each file, in their
     * order, by the thread that uses the context. */
    glia_status (*judge)(void *user, gli_job *job, gli_bytes begin, const char **why);
    void *user;
    bool skip; /* what is none is left out; otherwise it is an error */
} gli_file_choice;

typedef struct gli_file_entry {
    const char *path;
    int64_t label;
} gli_file_entry;

typedef struct gli_file_list {
    glia_context *ctx;
    int64_t n, classes;
    gli_block entries, class_names; /* gli_file_entry, const char * */
    /* While it is made the text moves, and these are places in it. */
    char *text;
    size_t *place;
    int64_t *label;
    size_t *class_place;
    int bytes, text_capacity, n_places, place_capacity, label_capacity, n_classes, class_capacity;
} gli_file_list;

/* All files that count below a folder, sorted by path. Messages name paths. After a failure the list is empty. */
glia_status gli_file_list_files(glia_context *ctx, const char *folder, const gli_file_choice *choice,
                                gli_file_list *out);

/* Those in the folders of a folder, with the number of that folder as label. */
glia_status gli_file_list_classes(glia_context *ctx, const char *folder, const gli_file_choice *choice,
                                  gli_file_list *out);

/* Those of the n paths, in their order, with their numbers as labels. */
glia_status gli_file_list_named(glia_context *ctx, const char *const *paths, int n, const gli_file_choice *choice,
                                gli_file_list *out);

void gli_file_list_free(gli_file_list *list);

static inline const gli_file_entry *gli_file_list_get(const gli_file_list *list, int64_t i) {
    return &((const gli_file_entry *)list->entries.data)[i];
}

#endif
