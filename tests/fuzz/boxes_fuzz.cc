// Tables of boxes, and annotation files of COCO: what is read is sorted, and no box is empty.
#include <cmath>
#include <cstring>

#include "fuzz/fuzz.h"

extern "C" {
#include "image/box_list.h"
}

namespace {

using namespace glia;

void check_texts(const gli_text_set &texts, bool sorted) {
    for (int i = 0; i < texts.n; ++i) {
        require(gli_text_set_find(&texts, gli_text_set_text(&texts, i)) == i, "a text is not found");
        require(!sorted || i == 0 || strcmp(gli_text_set_text(&texts, i - 1), gli_text_set_text(&texts, i)) < 0,
                "texts are not sorted");
    }
}

void check(const gli_box_list &list, bool sorted) {
    const int *first = gli_box_list_first(&list);
    check_texts(list.paths, true);
    check_texts(list.classes, sorted);
    require(list.paths.n > 0 && first[0] == 0 && first[list.paths.n] == list.n, "boxes are of no picture");
    for (int i = 0; i < list.paths.n; ++i)
        for (int k = first[i]; k < first[i + 1]; ++k) {
            const gli_box &box = list.boxes[k];
            require(box.picture == i, "a box is of another picture");
            require(k == first[i] || list.boxes[k - 1].line < box.line, "boxes are in another order");
            require(box.label >= 0 && box.label < list.classes.n, "a class that there is not");
            require(box.x0 < box.x1 && box.y0 < box.y1, "an empty box");
            require(std::isfinite(box.x0 + box.y0 + box.x1 + box.y1), "a number that is none");
        }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const classes[] = {"cat", "dog"};
    Context context;
    Input input(data, size);
    const unsigned how = input.byte();
    const bool given = how & 16, coco = how & 32;
    const MemoryFile file(packed(input.rest(), how & 15));
    gli_box_list list;
    const glia_status status = (coco ? gli_box_list_read_coco : gli_box_list_read)(
        context.get(), file.path(), 1 << 20, given ? classes : nullptr, given ? 2 : 0, &list);
    if (status == GLIA_OK) {
        check(list, !given && !coco);
    } else {
        require(status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED || status == GLIA_NOT_FOUND, "another error");
        require(context.message().find(file.path()) == 0, "a message without the path");
    }
    gli_box_list_free(&list);
    return 0;
}
