#include "core/size.h"
#include "cpu/onednn/dnn_list.h"

const gli_dnn_slices gli_dnn_one_slice = {.count = 1, .total = 1};

double gli_dnn_elements(const gli_dnn_view *view) {
    double count = 1;
    for (int d = 0; d < view->ndim; ++d) count *= (double)view->dim[d];
    return count;
}

/* Enough slices for many threads, each large enough that what a call of oneDNN costs is little beside it. */
static int64_t number_of_slices(const gli_dnn_cut *cut) {
    enum { MOST = 32, MOST_ADDED = 8 };
    const double least_work = 2 << 20, wanted = cut->work / least_work;
    const int most = cut->added ? MOST_ADDED : MOST;
    int64_t number = wanted < 1 ? 1 : wanted > most ? most : (int64_t)wanted;
    while (cut->added && cut->dim % number != 0) --number;
    number = gli_max_i64(number, gli_min_i64(cut->least, cut->dim));
    while (cut->added && cut->dim % number != 0) ++number;
    return number;
}

bool gli_dnn_part(const gli_dnn_cut *cut, int part, gli_dnn_slices *out) {
    const int64_t number = number_of_slices(cut), share = (cut->dim + number - 1) / number;
    const int64_t size = gli_min_i64((share + cut->multiple - 1) / cut->multiple * cut->multiple, cut->dim);
    const int full     = (int)(cut->dim / size);
    const int64_t rest = cut->dim % size;
    *out               = (gli_dnn_slices){.first  = part == 0 ? 0 : full,
                                          .count  = part == 0 ? full : rest > 0,
                                          .total  = full + (rest > 0),
                                          .size   = size,
                                          .extent = part == 0 ? size : rest};
    return out->count > 0;
}

gli_dnn_view gli_dnn_slice(gli_dnn_view view, int d, const gli_dnn_slices *slices) {
    if (d >= 0 && view.memory != GLI_DNN_ABSENT) view.dim[d] = slices->extent;
    return view;
}
