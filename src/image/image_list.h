/* The pictures below a folder, in an order that does not depend on the file system. */
#ifndef GLI_IMAGE_IMAGE_LIST_H
#define GLI_IMAGE_IMAGE_LIST_H

#include "image/image.h"

/* Which files count. */
typedef struct gli_image_choice {
    const gli_image_request *request; /* of verify */
    bool skip, verify;
} gli_image_choice;

typedef struct gli_image_entry {
    const char *path;
    int64_t label;
} gli_image_entry;

typedef struct gli_image_list {
    glia_context *ctx;
    int64_t n, classes;
    gli_block entries, class_names; /* gli_image_entry, const char * */
    /* While it is made the text moves, and these are places in it. */
    char *text;
    size_t *place;
    int64_t *label;
    size_t *class_place;
    int bytes, text_capacity, n_places, place_capacity, label_capacity, n_classes, class_capacity;
} gli_image_list;

/* All pictures below a folder, sorted by path. Messages name paths. After a failure the list is empty. */
glia_status gli_image_list_files(glia_context *ctx, const char *folder, const gli_image_choice *choice,
                                 gli_image_list *out);

/* Those in the folders of a folder, with the number of that folder as label. */
glia_status gli_image_list_classes(glia_context *ctx, const char *folder, const gli_image_choice *choice,
                                   gli_image_list *out);

void gli_image_list_free(gli_image_list *list);

static inline const gli_image_entry *gli_image_list_get(const gli_image_list *list, int64_t i) {
    return &((const gli_image_entry *)list->entries.data)[i];
}

#endif
