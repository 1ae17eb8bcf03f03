/* Pictures with boxes, as a table names them. */
#ifndef GLI_IMAGE_BOX_LIST_H
#define GLI_IMAGE_BOX_LIST_H

#include "data/text_set.h"

typedef struct gli_box {
    int picture, label,
        line; /* of the list; line: its place in the file, in which boxes of one picture stay in order */
    double x0, y0, x1, y1;
} gli_box;

/* As the file says; 0: it does not. */
typedef struct gli_box_size {
    int64_t height, width;
} gli_box_size;

typedef struct gli_box_list {
    glia_context *ctx;
    gli_text_set paths, classes; /* sorted by bytes once they are read; classes that were given stay in their order */
    gli_box *boxes;              /* sorted by picture */
    int n, capacity;
    gli_block first; /* int [pictures + 1]: the boxes of picture i are first[i] to first[i + 1] - 1 */
    gli_block sizes; /* of COCO's files: gli_box_size of each picture; otherwise empty */
} gli_box_list;

/* Reads a CSV file with the columns path, class, x0, y0, x1 and y1 among others. classes NULL: those of the file. After
 * a failure the list is empty. */
glia_status gli_box_list_read(glia_context *ctx, const char *path, size_t max_bytes, const char *const *classes, int n,
                              gli_box_list *out);

/* The same of a file of COCO's, whose classes are in the order of their ids. */
glia_status gli_box_list_read_coco(glia_context *ctx, const char *path, size_t max_bytes, const char *const *classes,
                                   int n, gli_box_list *out);

/* For readers of such files: the classes of args; one more box; all of it sorted, its classes on request. */
glia_status gli_box_list_take_classes(gli_box_list *list, const char *function, const char *const *classes, int n);
glia_status gli_box_list_add(gli_box_list *list, const char *path, const gli_box *box);
glia_status gli_box_list_sort(gli_box_list *list, bool sort_classes);

void gli_box_list_free(gli_box_list *list);

static inline const int *gli_box_list_first(const gli_box_list *list) { return (const int *)list->first.data; }

#endif
