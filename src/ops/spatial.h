/* The spatial dimensions of a geometry, as arrays with a name for each element. */
#ifndef GLI_OPS_SPATIAL_H
#define GLI_OPS_SPATIAL_H

enum { GLI_AXES = 3 }; /* slices, rows, columns; what has fewer dimensions has the last ones */

/* A member array[GLI_AXES] of a struct, whose elements are members, too. */
#define GLI_SPATIAL(array, of_slices, of_rows, of_columns) \
    union {                                                \
        int array[GLI_AXES];                               \
        __extension__ struct {                             \
            int of_slices, of_rows, of_columns;            \
        };                                                 \
    }

/* The element that has axis i of `rank`. */
static inline int gli_axis_place(int rank, int i) { return GLI_AXES - rank + i; }

#endif
