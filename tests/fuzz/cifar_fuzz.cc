// One to three files of CIFAR, plain and gzipped, beside a reader that knows nothing of ours.
#include <cstring>
#include <memory>

#include "fuzz/fuzz.h"

extern "C" {
#include "io/cifar.h"
}

namespace {

using namespace glia;

constexpr size_t kImage = 3072;

// A file of the size that the input says, whose bytes are the input's over and over, below a bound.
Bytes make_file(Input *input) {
    const size_t size = input->number(3) * (kImage + 1 + input->number(2)) + input->number(3);
    const auto bound = unsigned(input->byte()) + 1, factor = unsigned(input->byte());
    Bytes file(size);
    for (size_t i = 0; i < size; ++i) file[i] = static_cast<unsigned char>(i * factor / 7 % bound);
    for (size_t i = 0; i < size; i += kImage + 1) file[i] = input->byte();
    return file;
}

struct Set {
    bool valid = true;
    Bytes images, labels;
};

void add(const Bytes &file, glia_cifar kind, Set *set) {
    const size_t n_labels = kind == GLIA_CIFAR_10 ? 1 : 2, record = n_labels + kImage;
    set->valid = set->valid && !file.empty() && file.size() % record == 0;
    for (size_t at = 0; set->valid && at < file.size(); at += record) {
        set->valid = n_labels == 1 ? file[at] < 10 : file[at] < 20 && file[at + 1] < 100;
        set->labels.push_back(file[at + (kind == GLIA_CIFAR_100)]);
        set->images.insert(set->images.end(), &file[at + n_labels], &file[at] + record);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const auto kind  = glia_cifar(input.number(3));
    const size_t n   = 1 + input.number(3);
    const auto bytes = [](const gli_block &block) { return static_cast<const unsigned char *>(block.data); };
    Set want;
    std::vector<std::unique_ptr<MemoryFile>> files;
    std::vector<const char *> paths;
    for (size_t i = 0; i < n; ++i) {
        const unsigned how = input.byte();
        const Bytes file   = make_file(&input);
        add(file, kind, &want);
        files.push_back(std::make_unique<MemoryFile>(packed(file, how)));
        paths.push_back(files.back()->path());
    }
    gli_cifar_set got;
    const glia_status status = gli_cifar_read(context.get(), paths.data(), int(n), kind, 1 << 20, &got);
    require((status == GLIA_OK) == want.valid, "files are read that are no CIFAR, or are refused");
    if (status == GLIA_OK) {
        require(Bytes(bytes(got.images), bytes(got.images) + got.images.bytes) == want.images, "other images");
        require(Bytes(bytes(got.labels), bytes(got.labels) + got.labels.bytes) == want.labels, "other labels");
        require(got.count == int64_t(want.labels.size()), "another count");
        gli_block_free(context.get(), &got.images);
        gli_block_free(context.get(), &got.labels);
    } else {
        require(status == GLIA_BAD_FORMAT, "another error than GLIA_BAD_FORMAT");
    }
    return 0;
}
