// Folders of pictures as datasets.
#include <cmath>
#include <filesystem>
#include <numeric>

#include "image/pictures.h"
#include "support/epochs.h"
#include "support/failing.h"

extern "C" {
#include "data/loader.h"
}

namespace {

using namespace glia;

Bytes ppm(int64_t height, int64_t width, const Bytes &pixels) {
    const std::string header = "P6 " + std::to_string(width) + " " + std::to_string(height) + " 255\n";
    Bytes file(header.begin(), header.end());
    file.insert(file.end(), pixels.begin(), pixels.end());
    return file;
}

Bytes pgm(int64_t height, int64_t width, const Bytes &pixels) {
    Bytes file = ppm(height, width, pixels);
    file[1]    = '5';
    return file;
}

class ImageFolder : public PictureTest {
   protected:
    void SetUp() override {
        PictureTest::SetUp();
        // Written in an order that is not that of their names.
        write("zebra/2.ppm", ppm(4, 6, made(4, 6, 3)));
        write("ant/deep/er/b.ppm", ppm(2, 2, made(2, 2, 3)));
        write("ant/a.pgm", pgm(3, 3, made(3, 3, 1)));
        write("zebra/10.ppm", ppm(5, 5, made(5, 5, 3)));
        write("zebra/.hidden", {'x'});
        write("Bee/c.ppm", ppm(2, 4, made(2, 4, 3)));
        if (kPng) write("Bee/d.jpg", picture_file("png_rgb").bytes);  // the content counts, not the name
    }
    std::string root() { return folder / "photos"; }
    std::string write(const std::string &name, const Bytes &bytes, const std::string &under = "photos") {
        const std::filesystem::path path = folder / (under + "/" + name);
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char *>(bytes.data()), std::streamsize(bytes.size()));
        return path.string();
    }
    glia_dataset *open(const glia_image_dataset_args &args = {.height = 4, .width = 4}) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_image_folder(ctx, root().c_str(), &args, &out), GLIA_OK) << message();
        return out;
    }
    // Opening must fail with part in the message.
    void refuses(glia_status want, const std::string &part,
                 const glia_image_dataset_args &args = {.height = 4, .width = 4}) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_image_folder(ctx, root().c_str(), &args, &out), want) << message();
        EXPECT_TRUE(says(part)) << message() << "\nmust have: " << part;
        EXPECT_EQ(out, nullptr);
    }
    std::vector<float> sample(glia_dataset *dataset, int64_t index) {
        const glia_field field = glia_dataset_input(dataset, 0);
        glia_tensor *x = tensor(field.dtype, GLIA_SHAPE(1, field.shape.dim[0], field.shape.dim[1], field.shape.dim[2]));
        EXPECT_EQ(glia_dataset_get(dataset, &index, 1, &x, nullptr), GLIA_OK) << message();
        std::vector<float> out;
        for (int64_t i = 0; i < glia_tensor_count(x); ++i)
            out.push_back(field.dtype == GLIA_U8 ? static_cast<uint8_t *>(glia_tensor_data(x))[i]
                                                 : static_cast<float *>(glia_tensor_data(x))[i]);
        glia_tensor_destroy(x);
        return out;
    }
    std::vector<int64_t> labels(glia_dataset *dataset) {
        std::vector<int64_t> counts(16), out;
        for (int64_t i = 0; i < glia_dataset_count(dataset); ++i) {
            glia_dataset *one = nullptr;
            EXPECT_EQ(glia_dataset_take(dataset, i, 1, &one), GLIA_OK);
            EXPECT_EQ(glia_dataset_class_counts(one, 0, counts.data(), 16), GLIA_OK) << message();
            out.push_back(std::max_element(counts.begin(), counts.end()) - counts.begin());
            glia_dataset_destroy(one);
        }
        return out;
    }
};

TEST_F(ImageFolder, has_the_classes_and_pictures_in_the_order_of_their_bytes) {
    glia_dataset *data = open();
    std::vector<std::string> names, classes;
    for (int64_t i = 0; i < glia_dataset_count(data); ++i) names.push_back(glia_dataset_sample_name(data, i));
    for (int64_t c = 0; c < glia_dataset_classes(data, 0); ++c) classes.push_back(glia_dataset_class_name(data, 0, c));
    std::vector<std::string> want    = {root() + "/Bee/c.ppm", root() + "/ant/a.pgm", root() + "/ant/deep/er/b.ppm",
                                        root() + "/zebra/10.ppm", root() + "/zebra/2.ppm"};
    std::vector<int64_t> want_labels = {0, 1, 1, 2, 2};
    if (kPng) want.insert(want.begin() + 1, root() + "/Bee/d.jpg"), want_labels.insert(want_labels.begin(), 0);
    EXPECT_EQ(names, want);
    EXPECT_EQ(classes, (std::vector<std::string>{"Bee", "ant", "zebra"}));
    EXPECT_EQ(labels(data), want_labels);
    EXPECT_EQ(glia_dataset_sample_name(data, -1), nullptr);
    EXPECT_EQ(glia_dataset_class_name(data, 0, 3), nullptr);
    EXPECT_EQ(glia_dataset_class_name(data, 1, 0), nullptr);
    EXPECT_STREQ(glia_dataset_input(data, 0).name, "image");
    EXPECT_STREQ(glia_dataset_target(data, 0).name, "label");
    glia_dataset_destroy(data);
}

TEST_F(ImageFolder, gives_what_reading_and_resizing_a_picture_gives) {
    const glia_image_dataset_args args{
        .height = 3, .width = 5, .filter = GLIA_IMAGE_AREA, .mean = {0.1, 0.2, 0.3}, .std = {0.5, 0, 2}};
    glia_dataset *data = open(args);
    for (int64_t i = 0; i < glia_dataset_count(data); ++i) {
        const auto image   = read(glia_dataset_sample_name(data, i), {.channels = 3});
        glia_image *out    = nullptr;
        const auto status  = glia_image_resize(image.get(), 3, 5, GLIA_IMAGE_AREA, &out);
        const auto small   = taken(status, out);
        const double std[] = {0.5, 1, 2};
        std::vector<float> want(45);
        ASSERT_EQ(glia_image_to_f32(small.get(), args.mean, std, want.data(), 45 * sizeof(float)), GLIA_OK);
        EXPECT_EQ(sample(data, i), want) << i;
    }
    glia_dataset_destroy(data);
    data = open({.height = 3, .width = 5, .channels = 1, .raw = true});
    EXPECT_EQ(glia_dataset_input(data, 0).dtype, GLIA_U8);
    const auto image   = read(glia_dataset_sample_name(data, 0), {.channels = 1});
    glia_image *out    = nullptr;
    const auto status  = glia_image_resize(image.get(), 3, 5, GLIA_IMAGE_BILINEAR, &out);
    const Numbers want = pixels(taken(status, out));
    EXPECT_EQ(sample(data, 0), std::vector<float>(want.begin(), want.end()));
    glia_dataset_destroy(data);
}

TEST_F(ImageFolder, covers_a_sample_with_the_middle_of_a_picture) {
    write("wide/w.ppm",
          ppm(2, 5, {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9}));
    glia_dataset *data = open({.height = 2, .width = 2, .channels = 1, .fit = GLIA_IMAGE_COVER, .raw = true});
    int64_t at         = 0;
    while (std::string(glia_dataset_sample_name(data, at)).find("wide") == std::string::npos) ++at;
    EXPECT_EQ(sample(data, at), (std::vector<float>{1, 2, 6, 7}));
    glia_dataset_destroy(data);
    data = open({.height = 2, .width = 4, .fit = GLIA_IMAGE_EXACT});
    EXPECT_EQ(sample(data, 0).size(), 24u);
    glia_tensor *x      = tensor(GLIA_F32, GLIA_SHAPE(1, 3, 2, 4));
    const int64_t index = glia_dataset_count(data) - 1;
    EXPECT_EQ(glia_dataset_get(data, &index, 1, &x, nullptr), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("zebra/2.ppm: is 4 x 6, samples are 2 x 4")) << message();
    glia_tensor_destroy(x);
    glia_dataset_destroy(data);
}

// ---- Workers ----

TEST_F(ImageFolder, gives_the_same_bits_for_any_number_of_workers) {
    glia_dataset *data = open();
    const auto want    = two_epochs(data, 0);
    EXPECT_GT(want.size(), 200u);
    for (int workers : {1, 2, 4}) EXPECT_EQ(two_epochs(data, workers), want) << workers;
    glia_dataset_destroy(data);
}

TEST_F(ImageFolder, names_the_broken_picture_whoever_reads_it) {
    const std::string broken = write("ant/broken.ppm", {'P', '6', ' ', '9', ' ', '9', ' ', '9', '\n', 1});
    glia_dataset *data       = open();
    gli_loader loader;
    const gli_loader_args args{2, false, 0, false};
    for (int workers : {0, 2}) {
        glia_status status = GLIA_OK;
        ASSERT_EQ(glia_dataset_set_workers(data, workers, 0), GLIA_OK);
        ASSERT_EQ(gli_loader_create(data, &args, &loader), GLIA_OK) << message();
        gli_loader_begin(&loader, 0);
        for (int64_t n; status == GLIA_OK && (n = gli_loader_peek(&loader)) > 0;) {
            glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(n, 3, 4, 4)), *y = tensor(GLIA_I64, GLIA_SHAPE(n));
            status = gli_loader_next(&loader, &x, &y);
            glia_tensor_destroy(x), glia_tensor_destroy(y);
        }
        EXPECT_EQ(status, GLIA_BAD_FORMAT);
        EXPECT_TRUE(says("ant/broken.ppm: truncated") && says("9 x 9")) << message();
        gli_loader_destroy(&loader);
    }
    glia_dataset_destroy(data);
    refuses(GLIA_BAD_FORMAT, broken + ": truncated", {.height = 4, .width = 4, .verify = true});
    glia_dataset *verified = open({.height = 4, .width = 4, .skip = true, .verify = true});
    for (int64_t i = 0; i < glia_dataset_count(verified); ++i) EXPECT_NE(glia_dataset_sample_name(verified, i), broken);
    glia_dataset_destroy(verified);
}

// ---- What is no picture ----

// What the build lacks is no fault of a file that may be left out.
TEST_F(ImageFolder, of_pictures_that_the_build_does_not_read_is_an_error) {
    if (kPng && kJpeg) GTEST_SKIP() << "there are libpng and libjpeg";
    write("ant/c.x", picture_file(kPng ? "jpeg_420" : "png_rgb").bytes);
    refuses(GLIA_UNSUPPORTED, "ant/c.x: is ", {.height = 4, .width = 4, .skip = true, .verify = true});
    EXPECT_TRUE(says("this build of Glia has no lib")) << message();
}

TEST_F(ImageFolder, refuses_other_files_or_leaves_them_out) {
    glia_dataset *data  = open();
    const int64_t count = glia_dataset_count(data);
    glia_dataset_destroy(data);
    const std::string notes = write("ant/notes.txt", {'H', 'i'});
    refuses(GLIA_BAD_FORMAT, notes + ": is no picture of a format that is read (.skip leaves such files out)");
    write("ant/empty.png", {});
    std::filesystem::create_symlink("nothing", root() + "/ant/link.png");
    std::filesystem::create_symlink("nothing", root() + "/link");
    const std::string stray = write("stray.ppm", ppm(1, 1, {1, 2, 3}));
    data                    = open({.height = 4, .width = 4, .skip = true});
    EXPECT_EQ(glia_dataset_count(data), count);
    glia_dataset_destroy(data);
    std::filesystem::remove_all(root() + "/ant");
    refuses(GLIA_NOT_FOUND, root() + "/link: is a symbolic link to nothing");
    std::filesystem::remove(root() + "/link");
    refuses(GLIA_BAD_FORMAT, stray + ": is not in the folder of a class");
    std::filesystem::remove(stray);
    std::filesystem::create_directories(root() + "/none");
    refuses(GLIA_NOT_FOUND, root() + "/none: the class has no pictures");
    std::filesystem::remove_all(root());
    refuses(GLIA_NOT_FOUND, "No such file");
    std::filesystem::create_directories(root());
    refuses(GLIA_NOT_FOUND, "has no folders of classes");
}

TEST_F(ImageFolder, ends_at_a_link_to_itself) {
    std::filesystem::create_directory_symlink(root(), root() + "/ant/loop");
    refuses(GLIA_BAD_FORMAT, "is folder 17 in another");
}

TEST_F(ImageFolder, refuses_args_that_make_no_sense) {
    refuses(GLIA_INVALID_ARGUMENT, "samples are 0 x 4", {.width = 4});
    refuses(GLIA_INVALID_ARGUMENT, "channels is 5", {.height = 4, .width = 4, .channels = 5});
    refuses(GLIA_INVALID_ARGUMENT, "invalid fit 3", {.height = 4, .width = 4, .fit = glia_image_fit(3)});
    refuses(GLIA_INVALID_ARGUMENT, "invalid filter 3", {.height = 4, .width = 4, .filter = glia_image_filter(3)});
    refuses(GLIA_INVALID_ARGUMENT, "std[0] is nan", {.height = 4, .width = 4, .std = {NAN}});
    refuses(GLIA_INVALID_ARGUMENT, "label_dtype is u8", {.height = 4, .width = 4, .label_dtype = GLIA_U8});
    refuses(GLIA_INVALID_ARGUMENT, "max_pixels is -1", {.height = 4, .width = 4, .max_pixels = -1});
}

// ---- Names belong to the data ----

TEST_F(ImageFolder, shows_its_names_in_views_and_maps) {
    glia_dataset *data = open(), *first = nullptr, *second = nullptr, *mapped = nullptr, *both = nullptr,
                 *other = nullptr;
    const glia_split_args half{.count = 2};
    ASSERT_EQ(glia_dataset_split(data, &half, &first, &second), GLIA_OK) << message();
    const auto keep = [](void *, const glia_sample *, const glia_sample *) { return GLIA_OK; };
    const glia_map_args args{.map = keep};
    ASSERT_EQ(glia_dataset_map(second, &args, &mapped), GLIA_OK) << message();
    glia_dataset *const parts[] = {mapped, first};
    ASSERT_EQ(glia_dataset_concat(parts, 2, &both), GLIA_OK) << message();
    const int64_t table[] = {0, 0, 1};
    ASSERT_EQ(glia_dataset_relabel(data, 0, table, 3, &other), GLIA_OK) << message();
    for (glia_dataset *d : {first, second, mapped, both}) {
        EXPECT_EQ(glia_dataset_classes(d, 0), 3);
        EXPECT_STREQ(glia_dataset_class_name(d, 0, 2), "zebra");
    }
    EXPECT_EQ(glia_dataset_classes(other, 0), 0);
    const int64_t n = glia_dataset_count(second);
    for (int64_t i = 0; i < n; ++i) {
        EXPECT_STREQ(glia_dataset_sample_name(mapped, i), glia_dataset_sample_name(second, i));
        EXPECT_STREQ(glia_dataset_sample_name(both, i), glia_dataset_sample_name(second, i));
    }
    EXPECT_STREQ(glia_dataset_sample_name(both, n + 1), glia_dataset_sample_name(first, 1));
    for (glia_dataset *d : {data, first, second, mapped, both, other}) glia_dataset_destroy(d);
}

// ---- Pairs ----

class ImagePairs : public ImageFolder {
   protected:
    void SetUp() override {
        ContextTest::SetUp();
        write("a.ppm", ppm(2, 3, made(2, 3, 3)), "images");
        write("b/a.ppm", ppm(2, 2, made(2, 2, 3)), "images");
        write("a.pgm", pgm(2, 3, {0, 1, 2, 3, 4, 5}), "masks");
        write("b/a.pgm", pgm(2, 2, {9, 8, 7, 255}), "masks");
        write("c.pgm", pgm(1, 1, {0}), "masks");  // of no picture
    }
    glia_status pairs(const glia_image_dataset_args &args, glia_dataset **out) {
        return glia_dataset_from_image_pairs(ctx, (folder / "images//").c_str(), (folder / "masks").c_str(), &args,
                                             out);
    }
    template <class T>
    std::vector<T> mask(glia_dataset *data, int64_t index) {
        const glia_field field = glia_dataset_target(data, 0);
        glia_shape shape       = {field.shape.ndim + 1, {1}};
        std::copy_n(field.shape.dim, field.shape.ndim, shape.dim + 1);
        const auto image = glia_dataset_input(data, 0).shape;
        glia_tensor *x   = tensor(GLIA_F32, GLIA_SHAPE(1, 3, image.dim[1], image.dim[2])),
                    *y   = tensor(field.dtype, shape);
        EXPECT_EQ(glia_dataset_get(data, &index, 1, &x, &y), GLIA_OK) << message();
        const T *values = static_cast<T *>(glia_tensor_data(y));
        std::vector<T> out(values, values + glia_tensor_count(y));
        glia_tensor_destroy(x), glia_tensor_destroy(y);
        return out;
    }
    // Pairs must be refused, when the first or a sample is read.
    void refuses_pairs(glia_status want, const std::string &part) {
        glia_dataset *data = nullptr;
        glia_status status = pairs({.height = 2, .width = 2}, &data);
        glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(1, 3, 2, 2)), *y = tensor(GLIA_I64, GLIA_SHAPE(1, 2, 2));
        const int64_t first = 0;
        if (status == GLIA_OK) status = glia_dataset_get(data, &first, 1, &x, &y);
        EXPECT_EQ(status, want) << message();
        EXPECT_TRUE(says(part)) << message() << "\nmust have: " << part;
        glia_tensor_destroy(x), glia_tensor_destroy(y);
        glia_dataset_destroy(data);
    }
};

TEST_F(ImagePairs, have_the_classes_of_each_pixel) {
    glia_dataset *data = nullptr;
    ASSERT_EQ(pairs({.height = 2, .width = 3}, &data), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_count(data), 2);
    EXPECT_STREQ(glia_dataset_target(data, 0).name, "mask");
    EXPECT_EQ(mask<int64_t>(data, 0), (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(mask<int64_t>(data, 1), (std::vector<int64_t>{9, 8, 8, 7, 255, 255}));
    glia_dataset_destroy(data);
    ASSERT_EQ(pairs({.height = 2, .width = 2, .fit = GLIA_IMAGE_COVER, .label_dtype = GLIA_I32}, &data), GLIA_OK);
    EXPECT_EQ(mask<int32_t>(data, 0), (std::vector<int32_t>{0, 1, 3, 4}));
    glia_dataset_destroy(data);
    ASSERT_EQ(pairs({.height = 2, .width = 2, .mask_values = true}, &data), GLIA_OK);
    EXPECT_EQ(glia_dataset_target(data, 0).shape.ndim, 3);
    EXPECT_EQ(mask<float>(data, 1), (std::vector<float>{9 / 255.f, 8 / 255.f, 7 / 255.f, 1}));
    glia_dataset_destroy(data);
}

TEST_F(ImagePairs, take_the_numbers_of_a_palette) {
    if (!kPng) GTEST_SKIP() << "no libpng";
    const auto &file = picture_file("png_palette");
    std::filesystem::remove_all(folder / "images/b");
    write("a.ppm", ppm(file.height, file.width, made(file.height, file.width, 3)), "images");
    std::filesystem::remove(folder / "masks/a.pgm");
    write("a.png", file.bytes, "masks");
    glia_dataset *data = nullptr;
    ASSERT_EQ(pairs({.height = file.height, .width = file.width}, &data), GLIA_OK) << message();
    const auto want = pixels(decoded(file.bytes, {.indices = true}));
    EXPECT_EQ(mask<int64_t>(data, 0), std::vector<int64_t>(want.begin(), want.end()));
    glia_dataset_destroy(data);
}

TEST_F(ImagePairs, fit_or_are_refused) {
    write("a.pgm", pgm(2, 2, {0, 1, 2, 3}), "masks");
    refuses_pairs(GLIA_SHAPE_MISMATCH, "masks/a.pgm: the mask is 2 x 2, its picture 2 x 3");
    write("a.pgm", ppm(2, 3, made(2, 3, 3)), "masks");
    refuses_pairs(GLIA_BAD_FORMAT, "the mask has 3 channels");
    write("a.pnm", pgm(1, 1, {0}), "masks");
    refuses_pairs(GLIA_BAD_FORMAT, "is a mask for the same picture");
    std::filesystem::remove(folder / "masks/a.pgm");
    std::filesystem::remove(folder / "masks/a.pnm");
    refuses_pairs(GLIA_NOT_FOUND, "a.ppm: has no mask of the name 'a'");
}

TEST_F(ImagePairs, teach_a_model_by_its_workers) {
    std::filesystem::remove_all(folder / "images/b");
    write("a.pgm", pgm(2, 3, {0, 0, 1, 0, 1, 1}), "masks");
    glia_dataset *data = nullptr;
    ASSERT_EQ(pairs({.height = 2, .width = 3}, &data), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_set_workers(data, 2, 0), GLIA_OK) << message();
    glia_model *net = nullptr;
    ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    glia_conv2d_args layer{};
    layer.filters = 2, layer.kernel[0] = layer.kernel[1] = 1;
    const glia_value x = glia_model_conv2d(net, glia_model_input(net, "image", GLIA_SHAPE(3, 2, 3)), &layer);
    glia_compile_args compile{};
    compile.loss      = glia_loss_cross_entropy();
    compile.optimizer = glia_optimizer_adam(0.1);
    ASSERT_EQ(glia_model_compile(net, x, &compile), GLIA_OK) << message();
    glia_fit_args fit{};
    fit.epochs = 40;
    glia_result before, after;
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &before), GLIA_OK) << message();
    ASSERT_EQ(glia_model_fit(net, data, &fit), GLIA_OK) << message();
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &after), GLIA_OK) << message();
    EXPECT_LT(after.loss, 0.5 * before.loss);
    glia_model_destroy(net);
    glia_dataset_destroy(data);
    gli_prepared_trim(ctx);
}

// ---- Memory ----

TEST_F(ImageFolder, runs_out_of_memory_without_loss) {
    const auto whole = [&](glia_context *c) {
        glia_dataset *data = nullptr;
        const glia_image_dataset_args args{.height = 3, .width = 3, .fit = GLIA_IMAGE_COVER, .verify = true};
        auto status    = glia_dataset_from_image_folder(c, root().c_str(), &args, &data);
        glia_tensor *x = nullptr, *y = nullptr;
        const int64_t index = 0;
        if (status == GLIA_OK) status = glia_tensor_create(c, GLIA_F32, GLIA_SHAPE(1, 3, 3, 3), &x);
        if (status == GLIA_OK) status = glia_tensor_create(c, GLIA_I64, GLIA_SHAPE(1), &y);
        if (status == GLIA_OK) status = glia_dataset_get(data, &index, 1, &x, &y);
        glia_tensor_destroy(x), glia_tensor_destroy(y);
        glia_dataset_destroy(data);
        return status;
    };
    EXPECT_GT(fail_every_allocation(whole), 20);
}

TEST_F(ImagePairs, run_out_of_memory_without_loss) {
    const auto whole = [&](glia_context *c) {
        glia_dataset *data = nullptr;
        const glia_image_dataset_args args{.height = 3, .width = 3};
        const auto status =
            glia_dataset_from_image_pairs(c, (folder / "images").c_str(), (folder / "masks").c_str(), &args, &data);
        glia_dataset_destroy(data);
        return status;
    };
    EXPECT_GT(fail_every_allocation(whole), 10);
}

}  // namespace
