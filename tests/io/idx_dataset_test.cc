// Datasets from IDX files and folders.
#include <cmath>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/gzip.h"
#include "support/internals.h"

extern "C" {
#include "data/loader.h"
}

namespace {

using namespace glia;

class IdxData : public ContextTest {};

// One image of 2x2 for each label.
Bytes images_of(uint32_t count) {
    Bytes content;
    for (uint32_t i = 0; i < 4 * count; ++i) content.push_back(static_cast<unsigned char>(i * 5));
    return idx_file(8, {count, 2, 2}, content);
}
Bytes labels_of(uint32_t count) {
    Bytes content;
    for (uint32_t i = 0; i < count; ++i) content.push_back(static_cast<unsigned char>(i % 10));
    return idx_file(8, {count}, content);
}

TEST_F(IdxData, idx_images_are_normalised_and_labels_widened) {
    Folder folder;
    const auto images = folder.write("images", images_of(3)), labels = folder.write("labels", gzipped(labels_of(3)));
    const int64_t index[] = {2, 0};
    glia_tensor *f32 = tensor(GLIA_F32, GLIA_SHAPE(2, 1, 2, 2)), *u8 = tensor(GLIA_U8, GLIA_SHAPE(2, 1, 2, 2));
    glia_tensor *i64 = tensor(GLIA_I64, GLIA_SHAPE(2)), *i32 = tensor(GLIA_I32, GLIA_SHAPE(2));
    glia_dataset *dataset = nullptr;
    ASSERT_EQ(glia_dataset_from_idx(ctx, images.c_str(), labels.c_str(), nullptr, &dataset), GLIA_OK) << message();
    EXPECT_STREQ(glia_dataset_input(dataset, 0).name, "image");
    EXPECT_STREQ(glia_dataset_target(dataset, 0).name, "label");
    ASSERT_EQ(glia_dataset_get(dataset, index, 2, &f32, &i64), GLIA_OK) << message();
    const float *values = static_cast<const float *>(glia_tensor_data(f32));
    EXPECT_EQ(values[0], float(40 * (1 / 255.0)));
    EXPECT_EQ(values[7], float(15 * (1 / 255.0)));
    EXPECT_EQ(static_cast<const int64_t *>(glia_tensor_data(i64))[0], 2);
    glia_dataset_destroy(dataset);

    glia_idx_args args = {};
    args.mean = 0.2860, args.std = 0.3530, args.label_dtype = GLIA_I32;
    ASSERT_EQ(glia_dataset_from_idx(ctx, images.c_str(), labels.c_str(), &args, &dataset), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_get(dataset, index, 2, &f32, &i32), GLIA_OK) << message();
    EXPECT_NEAR(values[0], (40 / 255.0 - 0.2860) / 0.3530, 1e-6);
    EXPECT_EQ(static_cast<const int32_t *>(glia_tensor_data(i32))[0], 2);
    glia_dataset_destroy(dataset);

    args     = {};
    args.raw = true;
    ASSERT_EQ(glia_dataset_from_idx(ctx, images.c_str(), labels.c_str(), &args, &dataset), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_get(dataset, index, 2, &u8, &i64), GLIA_OK) << message();
    EXPECT_EQ(static_cast<const uint8_t *>(glia_tensor_data(u8))[0], 40);
    glia_dataset_destroy(dataset);

    const glia_idx_args bad[] = {{0, 0, -1, false, GLIA_I64, 0},
                                 {NAN, 0, 0, false, GLIA_I64, 0},
                                 {0, 0, 0, false, GLIA_F64, 0},
                                 {2, 0, 0, true, GLIA_I64, 0}};
    for (const auto &a : bad)
        EXPECT_EQ(glia_dataset_from_idx(ctx, images.c_str(), labels.c_str(), &a, &dataset), GLIA_INVALID_ARGUMENT);
    for (glia_tensor *t : {f32, u8, i64, i32}) glia_tensor_destroy(t);
}

TEST_F(IdxData, idx_files_that_do_not_belong_together) {
    Folder folder;
    const auto images = folder.write("images", images_of(3)), labels = folder.write("labels", labels_of(3));
    const auto more = folder.write("more", labels_of(4)), reals = folder.write("reals", idx_file(0x0D, {3}, Bytes(12)));
    glia_dataset *dataset = nullptr;
    const auto make       = [&](const std::string &a, const std::string &b) {
        return glia_dataset_from_idx(ctx, a.c_str(), b.c_str(), nullptr, &dataset);
    };
    EXPECT_EQ(make(labels, labels), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says(labels) && says("[3]: these are labels, not images")) << message();
    EXPECT_EQ(make(images, images), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says("[3,2,2]: these are images, not labels")) << message();
    EXPECT_EQ(make(images, more), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says("has 3 images") && says("has 4 labels")) << message();
    EXPECT_EQ(make(images, reals), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says("labels are f32")) << message();
    EXPECT_EQ(make(images, folder / "absent"), GLIA_NOT_FOUND);
    EXPECT_TRUE(says("absent")) << message();
    EXPECT_EQ(glia_dataset_from_idx(ctx, images.c_str(), nullptr, nullptr, &dataset), GLIA_INVALID_ARGUMENT);
    // A sample shape that no memory can hold, in a set without samples.
    const auto monster = folder.write("monster", idx_file(8, {0, 0xffffffff, 0xffffffff}, {})),
               none    = folder.write("none", labels_of(0));
    EXPECT_EQ(make(monster, none), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(dataset, nullptr);
}

TEST_F(IdxData, a_folder_is_searched_for_all_usual_names) {
    glia_dataset *dataset = nullptr;
    for (const char *separator : {"-", "."}) {
        for (bool packed : {false, true}) {
            Folder folder;
            const auto put = [&](const std::string &stem, const std::string &kind, const Bytes &bytes) {
                folder.write(stem + separator + kind + "-ubyte" + (packed ? ".gz" : ""),
                             packed ? gzipped(bytes) : bytes);
            };
            put("train-images", "idx3", images_of(5)), put("train-labels", "idx1", labels_of(5));
            put("t10k-images", "idx3", images_of(2)), put("t10k-labels", "idx1", labels_of(2));
            for (glia_part part : {GLIA_PART_TRAIN, GLIA_PART_TEST}) {
                ASSERT_EQ(glia_dataset_from_idx_folder(ctx, folder.path().c_str(), part, nullptr, &dataset), GLIA_OK)
                    << message();
                EXPECT_EQ(glia_dataset_count(dataset), part == GLIA_PART_TRAIN ? 5 : 2);
                glia_dataset_destroy(dataset);
            }
            setenv("GLIA_DATA_DIR", folder.path().c_str(), 1);
            ASSERT_EQ(glia_dataset_from_idx_folder(ctx, nullptr, GLIA_PART_TEST, nullptr, &dataset), GLIA_OK)
                << message();
            glia_dataset_destroy(dataset);
            unsetenv("GLIA_DATA_DIR");
        }
    }
    Folder empty;
    EXPECT_EQ(glia_dataset_from_idx_folder(ctx, empty.path().c_str(), GLIA_PART_TEST, nullptr, &dataset),
              GLIA_NOT_FOUND);
    EXPECT_TRUE(says(empty.path()) && says("t10k-images-idx3-ubyte")) << message();
    EXPECT_EQ(glia_dataset_from_idx_folder(ctx, (empty / "no").c_str(), GLIA_PART_TEST, nullptr, &dataset),
              GLIA_NOT_FOUND);
    EXPECT_TRUE(says("No such file or directory")) << message();
    EXPECT_EQ(glia_dataset_from_idx_folder(ctx, nullptr, GLIA_PART_TEST, nullptr, &dataset), GLIA_NOT_FOUND);
    EXPECT_EQ(glia_dataset_from_idx_folder(ctx, empty.path().c_str(), glia_part(3), nullptr, &dataset),
              GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_from_idx_folder(ctx, std::string(5000, 'x').c_str(), GLIA_PART_TEST, nullptr, &dataset),
              GLIA_IO_ERROR);
}

// The set as Debian and Ubuntu ship it, against what its authors publish.
TEST_F(IdxData, fashion_mnist) {
    const char *folder    = "/usr/share/datasets/fashion-mnist";
    glia_dataset *dataset = nullptr;
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
    ASSERT_EQ(glia_dataset_from_idx_folder(ctx, folder, GLIA_PART_TRAIN, nullptr, &dataset), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_count(dataset), 60000);
    std::vector<int64_t> index(60000);
    for (size_t i = 0; i < index.size(); ++i) index[i] = int64_t(i);
    glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(60000, 1, 28, 28)), *y = tensor(GLIA_I64, GLIA_SHAPE(60000));
    ASSERT_EQ(glia_dataset_get(dataset, index.data(), 60000, &x, &y), GLIA_OK) << message();
    const float *pixels = static_cast<const float *>(glia_tensor_data(x));
    const auto *labels  = static_cast<const int64_t *>(glia_tensor_data(y));
    double sum = 0, squares = 0, of_class[10] = {};
    const double n = 60000.0 * 28 * 28;
    for (int64_t i = 0; i < int64_t(n); ++i) sum += pixels[i], squares += double(pixels[i]) * pixels[i];
    for (int i = 0; i < 60000; ++i) ++of_class[labels[i]];
    EXPECT_NEAR(sum / n, 0.2860, 5e-5);
    EXPECT_NEAR(std::sqrt(squares / n - sum / n * sum / n), 0.3530, 5e-5);
    for (double count : of_class) EXPECT_EQ(count, 6000);
    const int64_t first[] = {9, 0, 0, 3, 0, 2, 7, 2, 5, 5};
    for (int i = 0; i < 10; ++i) EXPECT_EQ(labels[i], first[i]);
    glia_tensor_destroy(x), glia_tensor_destroy(y), glia_dataset_destroy(dataset);
}

TEST(IdxDataMemory, every_allocation_may_fail) {
    Folder folder;
    const auto images  = folder.write("images", gzipped(images_of(3))),
               labels  = folder.write("labels", gzipped(labels_of(3)));
    const int failures = fail_every_allocation([&](glia_context *ctx) {
        glia_dataset *data = nullptr, *first = nullptr, *second = nullptr;
        gli_loader loader             = {};
        const glia_split_args halves  = {2, 0, false, 0};
        const gli_loader_args batches = {2, true, 1, false};
        glia_status status            = glia_dataset_from_idx(ctx, images.c_str(), labels.c_str(), nullptr, &data);
        if (status == GLIA_OK) status = glia_dataset_split(data, &halves, &first, &second);
        if (status == GLIA_OK) status = gli_loader_create(first, &batches, &loader);
        gli_loader_destroy(&loader);
        for (glia_dataset *d : {data, first, second}) glia_dataset_destroy(d);
        return status;
    });
    EXPECT_GE(failures, 12);
}

}  // namespace
