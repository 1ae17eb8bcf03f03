// Datasets from CIFAR's binary files: what is read, and that nothing a file may hold does harm.
#include <sys/stat.h>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/gzip.h"
#include "support/internals.h"

namespace {

using namespace glia;

constexpr size_t kImage = 3072;

class Cifar : public ContextTest {
   protected:
    glia_status open(const std::vector<std::string> &files, const glia_cifar_args &args = {}) {
        std::vector<const char *> paths;
        for (const auto &file : files) paths.push_back(file.c_str());
        EXPECT_EQ(dataset, nullptr);
        return glia_dataset_from_cifar(ctx, paths.data(), int(paths.size()), &args, &dataset);
    }
    void close() { glia_dataset_destroy(dataset), dataset = nullptr; }

    // A sample of the dataset: its label, and its image in pixels.
    template <class Pixel>
    int64_t sample(int64_t index, glia_dtype dtype, std::vector<Pixel> *pixels) {
        glia_tensor *x = tensor(dtype, GLIA_SHAPE(1, 3, 32, 32)), *y = tensor(GLIA_I64, GLIA_SHAPE(1));
        EXPECT_EQ(glia_dataset_get(dataset, &index, 1, &x, &y), GLIA_OK) << message();
        const Pixel *data = static_cast<const Pixel *>(glia_tensor_data(x));
        pixels->assign(data, data + kImage);
        const int64_t label = *static_cast<const int64_t *>(glia_tensor_data(y));
        glia_tensor_destroy(x), glia_tensor_destroy(y);
        return label;
    }

    // Opens a file that must be refused for its content, with its path and part in the message.
    void refuses(const Bytes &content, const std::string &part, glia_cifar kind = GLIA_CIFAR_10, size_t max_bytes = 0) {
        glia_cifar_args args = {};
        args.kind = kind, args.max_bytes = max_bytes;
        const std::string path = folder.write("refused", content);
        EXPECT_EQ(open({path}, args), GLIA_BAD_FORMAT) << part;
        EXPECT_TRUE(says(path) && says(part)) << message() << "\nmust have: " << part;
        close();
    }

    Folder folder;
    glia_dataset *dataset = nullptr;
};

TEST_F(Cifar, several_files_make_one_dataset) {
    const auto first  = folder.write("first", cifar_file({{3}, {9}})),
               second = folder.write("second", gzipped(cifar_file({{0}})));
    ASSERT_EQ(open({first, second, first}), GLIA_OK) << message();
    EXPECT_EQ(glia_dataset_count(dataset), 5);
    EXPECT_STREQ(glia_dataset_input(dataset, 0).name, "image");
    EXPECT_STREQ(glia_dataset_target(dataset, 0).name, "label");
    const int64_t want[] = {3, 9, 0, 3, 9}, record[] = {0, 1, 0, 0, 1};
    std::vector<float> pixels;
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(sample(i, GLIA_F32, &pixels), want[i]) << i;
        for (size_t k = 0; k < kImage; ++k)
            EXPECT_EQ(pixels[k], float(static_cast<unsigned char>(31 * size_t(record[i]) + k) * (1 / 255.0)));
    }
    close();
}

TEST_F(Cifar, each_colour_has_its_own_mean_and_deviation) {
    glia_cifar_args args = {};
    args.mean[0] = 0.5, args.mean[2] = 0.25, args.std[1] = 0.2, args.std[2] = 0.5;
    ASSERT_EQ(open({folder.write("file", cifar_file({{3}}))}, args), GLIA_OK) << message();
    std::vector<float> pixels;
    sample(0, GLIA_F32, &pixels);
    const double std[] = {1, 0.2, 0.5};
    for (size_t k = 0; k < kImage; ++k) {
        const double mean = args.mean[k / 1024], x = static_cast<unsigned char>(k) / 255.0;
        EXPECT_NEAR(pixels[k], (x - mean) / std[k / 1024], 1e-6) << k;
    }
    close();
}

TEST_F(Cifar, raw_images_stay_bytes_and_labels_may_be_i32) {
    glia_cifar_args args = {};
    args.raw             = true;
    ASSERT_EQ(open({folder.write("file", cifar_file({{3}, {4}}))}, args), GLIA_OK) << message();
    std::vector<uint8_t> pixels;
    EXPECT_EQ(sample(1, GLIA_U8, &pixels), 4);
    for (size_t k = 0; k < kImage; ++k) EXPECT_EQ(pixels[k], static_cast<unsigned char>(31 + k));
    close();
    args.label_dtype = GLIA_I32;
    ASSERT_EQ(open({folder / "file"}, args), GLIA_OK) << message();
    EXPECT_EQ(glia_dataset_target(dataset, 0).dtype, GLIA_I32);
    close();
    args.std[0] = 1;
    EXPECT_EQ(open({folder / "file"}, args), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("raw images have no mean[0] 0 or std[0] 1")) << message();
}

TEST_F(Cifar, a_file_of_cifar_100_has_two_labels) {
    const auto file = folder.write("train.bin", cifar_file({{19, 99}, {4, 30}}));
    std::vector<uint8_t> pixels;
    glia_cifar_args args = {};
    args.raw             = true;
    for (glia_cifar kind : {GLIA_CIFAR_100, GLIA_CIFAR_100_COARSE}) {
        args.kind = kind;
        ASSERT_EQ(open({file}, args), GLIA_OK) << message();
        EXPECT_EQ(sample(0, GLIA_U8, &pixels), kind == GLIA_CIFAR_100 ? 99 : 19);
        EXPECT_EQ(sample(1, GLIA_U8, &pixels), kind == GLIA_CIFAR_100 ? 30 : 4);
        EXPECT_EQ(pixels[0], 31);
        close();
    }
}

TEST_F(Cifar, a_folder_is_searched_for_the_usual_names) {
    for (bool packed : {false, true}) {
        Folder sets;
        const auto put = [&](const std::string &name, const Bytes &file) {
            sets.write(name + (packed ? ".gz" : ""), packed ? gzipped(file) : file);
        };
        for (unsigned char i = 1; i <= 5; ++i) put("data_batch_" + std::to_string(i) + ".bin", cifar_file({{i}}));
        put("test_batch.bin", cifar_file({{7}, {8}})), put("train.bin", cifar_file({{7, 70}})),
            put("test.bin", cifar_file({{7, 80}}));
        const struct {
            glia_cifar kind;
            glia_part part;
            std::vector<int64_t> labels;
        } table[] = {{GLIA_CIFAR_10, GLIA_PART_TRAIN, {1, 2, 3, 4, 5}},
                     {GLIA_CIFAR_10, GLIA_PART_TEST, {7, 8}},
                     {GLIA_CIFAR_100, GLIA_PART_TRAIN, {70}},
                     {GLIA_CIFAR_100, GLIA_PART_TEST, {80}}};
        setenv("GLIA_DATA_DIR", sets.path().c_str(), 1);
        for (const auto &row : table) {
            glia_cifar_args args = {};
            args.kind            = row.kind;
            for (const std::string &path : {sets.path(), std::string()}) {
                ASSERT_EQ(glia_dataset_from_cifar_folder(ctx, path.empty() ? nullptr : path.c_str(), row.part, &args,
                                                         &dataset),
                          GLIA_OK)
                    << message();
                ASSERT_EQ(glia_dataset_count(dataset), int64_t(row.labels.size()));
                std::vector<float> pixels;
                for (size_t i = 0; i < row.labels.size(); ++i)
                    EXPECT_EQ(sample(int64_t(i), GLIA_F32, &pixels), row.labels[i]);
                close();
            }
        }
        unsetenv("GLIA_DATA_DIR");
    }
}

TEST_F(Cifar, a_folder_without_one_of_the_files_is_refused) {
    for (int i = 1; i <= 4; ++i) folder.write("data_batch_" + std::to_string(i) + ".bin", cifar_file({{1}}));
    const auto find = [&](const char *path, glia_part part) {
        return glia_dataset_from_cifar_folder(ctx, path, part, nullptr, &dataset);
    };
    EXPECT_EQ(find(folder.path().c_str(), GLIA_PART_TRAIN), GLIA_NOT_FOUND);
    EXPECT_TRUE(says(folder.path() + ": has no data_batch_5.bin, with or without .gz")) << message();
    EXPECT_EQ(find(folder.path().c_str(), GLIA_PART_TEST), GLIA_NOT_FOUND);
    EXPECT_TRUE(says("test_batch.bin")) << message();
    EXPECT_EQ(find((folder / "no").c_str(), GLIA_PART_TEST), GLIA_NOT_FOUND);
    EXPECT_TRUE(says("No such file or directory")) << message();
    EXPECT_EQ(find(nullptr, GLIA_PART_TEST), GLIA_NOT_FOUND);
    EXPECT_TRUE(says("GLIA_DATA_DIR")) << message();
    EXPECT_EQ(find(std::string(5000, 'x').c_str(), GLIA_PART_TEST), GLIA_IO_ERROR);
}

TEST_F(Cifar, files_that_cannot_be_opened) {
    EXPECT_EQ(open({folder / "absent"}), GLIA_NOT_FOUND);
    EXPECT_TRUE(says(folder / "absent") && says("No such file")) << message();
    EXPECT_EQ(open({folder.path()}), GLIA_IO_ERROR);
    EXPECT_TRUE(says("is a folder")) << message();
    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(open({folder / "pipe"}), GLIA_IO_ERROR);
    EXPECT_EQ(open({folder.write("good", cifar_file({{1}})), folder / "absent"}), GLIA_NOT_FOUND);
}

TEST_F(Cifar, messages_carry_the_values) {
    Bytes longer = cifar_file({{1}, {2}}), gz = gzipped(cifar_file({{1}, {2}}));
    longer.push_back(7);
    refuses({}, "is empty");
    refuses(gzipped({}), "is empty");
    refuses({5}, "has 1 bytes, which are 0 records of CIFAR-10, of 3073 each, and 1 more");
    refuses(longer, "has 6147 bytes, which are 2 records of CIFAR-10, of 3073 each, and 1 more");
    refuses(gzipped(longer), "has 6147 bytes, which are 2 records");
    refuses(cifar_file({{1}, {2}}), "has 6146 bytes, which are 1 records of CIFAR-100, of 3074 each, and 3072 more",
            GLIA_CIFAR_100);
    refuses(cifar_file({{1}, {10}}), "record 1 has the label 10, must be 0 to 9 in a file of CIFAR-10");
    refuses(cifar_file({{20, 1}}), "record 0 has the label 20, must be 0 to 19 in a file of CIFAR-100", GLIA_CIFAR_100);
    refuses(cifar_file({{1, 255}}), "record 0 has the label 255, must be 0 to 99", GLIA_CIFAR_100_COARSE);
    refuses(gz, "unpacks to more than 6145 bytes", GLIA_CIFAR_10, 6145);
    gz.resize(gz.size() - 3);
    refuses(gz, "gzip data ends in the middle");
    const glia_cifar_args exact = {GLIA_CIFAR_10, {}, {}, false, GLIA_I64, 6146};
    ASSERT_EQ(open({folder.write("exact", gzipped(cifar_file({{1}, {2}})))}, exact), GLIA_OK) << message();
    close();
}

// The second of two files is the bad one: nothing of the first is kept.
TEST_F(Cifar, a_bad_file_behind_a_good_one) {
    const auto good = folder.write("good", cifar_file({{1}, {2}})), bad = folder.write("bad", cifar_file({{1}, {200}}));
    const size_t before = glia_context_bytes(ctx);
    EXPECT_EQ(open({good, bad}), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says(bad) && says("record 1 has the label 200")) << message();
    EXPECT_EQ(glia_context_bytes(ctx), before);
}

TEST_F(Cifar, more_images_than_a_dataset_counts) {
    const auto path = folder.write("holes", {});
    std::error_code error;
    std::filesystem::resize_file(path, uint64_t(3073) << 32, error);
    if (error) GTEST_SKIP() << "no file of 13 TB of holes: " << error.message();
    EXPECT_EQ(open({path}), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says("has 4294967296 images, a dataset has at most 4294967295")) << message();
}

// Mutants: whatever a file holds, the result is an error or a set with the labels that its bytes say.
TEST_F(Cifar, mutants_truncated_or_longer) {
    const Bytes whole = cifar_file({{1}, {2}});
    for (const Bytes &file : {whole, gzipped(whole)}) {
        for (size_t size = 0; size < file.size(); size += size < 20 ? 1 : 61) {
            if (size == kImage + 1) continue;  // the first record is a file
            EXPECT_EQ(open({folder.write("cut", Bytes(file.begin(), file.begin() + long(size)))}), GLIA_BAD_FORMAT)
                << size;
        }
        for (const Bytes &tail : {Bytes{1}, Bytes{0x1f, 0x8b}, Bytes(kImage, 1), Bytes(kImage + 2, 1)}) {
            Bytes longer = file;
            longer.insert(longer.end(), tail.begin(), tail.end());
            EXPECT_EQ(open({folder.write("long", longer)}), GLIA_BAD_FORMAT) << tail.size();
        }
    }
}

TEST_F(Cifar, mutants_of_labels) {
    const gli_random use = {2025, 0, 0};
    for (int i = 0; i < 200; ++i) {
        const auto bits     = gli_random_u32(use, uint64_t(i));
        const uint8_t label = uint8_t(bits >> 24), coarse = uint8_t(bits >> 8 & 31), fine = uint8_t(bits & 127);
        Bytes ten = cifar_file({{1}, {label}}), hundred = cifar_file({{coarse, fine}});
        if (i % 3 == 0) ten = gzipped(ten), hundred = gzipped(hundred);
        EXPECT_EQ(open({folder.write("ten", ten)}), label < 10 ? GLIA_OK : GLIA_BAD_FORMAT) << int(label);
        close();
        glia_cifar_args args = {};
        args.kind            = GLIA_CIFAR_100;
        EXPECT_EQ(open({folder.write("hundred", hundred)}, args), coarse < 20 && fine < 100 ? GLIA_OK : GLIA_BAD_FORMAT)
            << int(coarse) << " " << int(fine);
        close();
    }
}

TEST(CifarMemory, every_allocation_may_fail) {
    Folder folder;
    const std::string plain  = folder.write("plain", cifar_file({{1}})),
                      packed = folder.write("packed", gzipped(cifar_file({{2}})));
    const char *paths[]      = {plain.c_str(), packed.c_str()};
    const int failures       = fail_every_allocation([&](glia_context *ctx) {
        glia_dataset *data       = nullptr;
        const glia_status status = glia_dataset_from_cifar(ctx, paths, 2, nullptr, &data);
        glia_dataset_destroy(data);
        return status;
    });
    EXPECT_GE(failures, 8);
}

}  // namespace
