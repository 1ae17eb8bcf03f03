// Pictures with boxes as datasets.
#include <cmath>

#include "image/pictures.h"
#include "support/failing.h"

namespace {

using namespace glia;

struct Boxes {
    std::vector<float> boxes;
    std::vector<int64_t> classes;
};

class ImageBoxes : public PictureTest {
   protected:
    void SetUp() override {
        PictureTest::SetUp();
        std::filesystem::create_directories(folder / "p");
        write("p/wide.ppm", picture(20, 40));
        write("p/high.ppm", picture(30, 10));
        write("p/none.ppm", picture(8, 8));
    }
    void TearDown() override {
        glia_dataset_destroy(data);
        PictureTest::TearDown();
    }
    static std::string picture(int64_t height, int64_t width) {
        std::string file = "P6 " + std::to_string(width) + " " + std::to_string(height) + " 255\n";
        for (uint8_t x : made(height, width, 3)) file += char(x);
        return file;
    }
    std::string write(const std::string &name, const std::string &text) {
        return folder.write(name, Bytes(text.begin(), text.end()));
    }
    glia_status open(const std::string &text, const glia_image_dataset_args &args = {.height = 10, .width = 10}) {
        glia_dataset_destroy(data);
        data = nullptr;
        return glia_dataset_from_image_boxes(ctx, write("boxes.csv", text).c_str(), nullptr, &args, &data);
    }
    void refuses(const std::string &text, const std::string &part,
                 const glia_image_dataset_args &args = {.height = 10, .width = 10},
                 glia_status status                  = GLIA_BAD_FORMAT) {
        EXPECT_EQ(open(text, args), status) << part;
        EXPECT_TRUE(says(part)) << message() << "\nmust have: " << part;
        EXPECT_EQ(data, nullptr);
    }
    glia_status get(int64_t i, Boxes *out) {
        const glia_shape image   = glia_dataset_input(data, 0).shape;
        const int64_t rows       = glia_dataset_target(data, 0).shape.dim[0];
        glia_tensor *x           = tensor(glia_dataset_input(data, 0).dtype,
                                          GLIA_SHAPE(1, image.dim[0], image.dim[1], image.dim[2])),
                    *targets[]   = {tensor(GLIA_F32, GLIA_SHAPE(1, rows, 4)),
                                    tensor(glia_dataset_target(data, 1).dtype, GLIA_SHAPE(1, rows))};
        const glia_status status = glia_dataset_get(data, &i, 1, &x, targets);
        const auto *boxes        = static_cast<const float *>(glia_tensor_data(targets[0]));
        out->boxes.assign(boxes, boxes + 4 * rows);
        out->classes.clear();
        for (int64_t k = 0; k < rows; ++k)
            out->classes.push_back(glia_tensor_dtype(targets[1]) == GLIA_I32
                                       ? static_cast<const int32_t *>(glia_tensor_data(targets[1]))[k]
                                       : static_cast<const int64_t *>(glia_tensor_data(targets[1]))[k]);
        for (glia_tensor *t : {x, targets[0], targets[1]}) glia_tensor_destroy(t);
        return status;
    }
    Boxes sample(int64_t i) {
        Boxes out;
        EXPECT_EQ(get(i, &out), GLIA_OK) << message();
        return out;
    }

    const std::string kHeader = "path,class,x0,y0,x1,y1\n";
    const std::string kText   = kHeader +
                              "p/wide.ppm,dog,4,2,12.5,20\np/high.ppm,cat,0,0,10,30\np/none.ppm,,,,,\n"
                              "p/wide.ppm,cat,30,-5,44,10\np/wide.ppm,dog,16,6,24,14\n";
    glia_dataset *data = nullptr;
};

TEST_F(ImageBoxes, are_stretched_with_their_pictures_and_padded) {
    ASSERT_EQ(open(kText), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_count(data), 3);
    EXPECT_EQ(glia_dataset_sample_name(data, 2), folder / "p/wide.ppm");  // sorted by their paths
    EXPECT_STREQ(glia_dataset_class_name(data, 1, 0), "cat");
    EXPECT_STREQ(glia_dataset_class_name(data, 1, 1), "dog");
    EXPECT_STREQ(glia_dataset_target(data, 0).name, "boxes");
    EXPECT_STREQ(glia_dataset_target(data, 1).name, "classes");
    const Boxes wide = sample(2), high = sample(0), none = sample(1);
    // Columns by 10 / 40, rows by 10 / 20; cut at the edges.
    EXPECT_EQ(wide.boxes, (std::vector<float>{1, 1, 3.125f, 10, 7.5f, 0, 10, 5, 4, 3, 6, 7}));
    EXPECT_EQ(wide.classes, (std::vector<int64_t>{1, 0, 1}));
    EXPECT_EQ(high.boxes, (std::vector<float>{0, 0, 10, 10, 0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(high.classes, (std::vector<int64_t>{0, -1, -1}));
    EXPECT_EQ(none.classes, (std::vector<int64_t>{-1, -1, -1}));
}

TEST_F(ImageBoxes, are_cropped_with_their_pictures) {
    ASSERT_EQ(
        open(kText, {.height = 10, .width = 10, .fit = GLIA_IMAGE_COVER, .label_dtype = GLIA_I32, .max_boxes = 4}),
        GLIA_OK)
        << message();
    // Columns 10 to 30 of 40: what ends before them, and what begins behind them, is left out.
    const Boxes wide = sample(2), high = sample(0);
    EXPECT_EQ(wide.boxes, (std::vector<float>{0, 1, 1.25f, 10, 3, 3, 7, 7, 0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(wide.classes, (std::vector<int64_t>{1, 1, -1, -1}));
    EXPECT_EQ(high.boxes[3], 10);
    EXPECT_EQ(glia_dataset_target(data, 1).dtype, GLIA_I32);
    ASSERT_EQ(open(kHeader + "p/none.ppm,a,1,2,3,4\n", {.height = 8, .width = 8, .fit = GLIA_IMAGE_EXACT}), GLIA_OK);
    EXPECT_EQ(sample(0).boxes, (std::vector<float>{1, 2, 3, 4}));
}

// A white rectangle on black: its box is where the sample is bright, whatever was done to the picture.
TEST_F(ImageBoxes, are_where_the_picture_shows_them) {
    std::string file = "P6 64 48 255\n";
    for (int y = 0; y < 48; ++y)
        for (int x = 0; x < 64; ++x) file += std::string(3, x >= 16 && x < 40 && y >= 8 && y < 32 ? '\xff' : '\0');
    write("p/white.ppm", file);
    for (glia_image_fit fit : {GLIA_IMAGE_STRETCH, GLIA_IMAGE_COVER}) {
        ASSERT_EQ(open(kHeader + "p/white.ppm,a,16,8,40,32\n",
                       {.height = 24, .width = 24, .fit = fit, .filter = GLIA_IMAGE_NEAREST}),
                  GLIA_OK);
        const int64_t i = 0;
        glia_tensor *x  = tensor(GLIA_F32, GLIA_SHAPE(1, 3, 24, 24));
        ASSERT_EQ(glia_dataset_get(data, &i, 1, &x, nullptr), GLIA_OK);
        const std::vector<float> b = sample(0).boxes;
        for (int row = 0; row < 24; ++row)
            for (int column = 0; column < 24; ++column) {
                const float at_x = float(column) + 0.5f, at_y = float(row) + 0.5f;
                EXPECT_EQ(static_cast<const float *>(glia_tensor_data(x))[24 * row + column],
                          float(at_x > b[0] && at_x < b[2] && at_y > b[1] && at_y < b[3]))
                    << row << " " << column;
            }
        glia_tensor_destroy(x);
    }
}

// What training sees of the same rectangle: exactly its box under maps that move and mirror, and nothing outside of it
// where the picture is turned.
TEST_F(ImageBoxes, move_with_pictures_that_are_augmented) {
    constexpr int kSide = 24;
    std::string file    = "P6 24 24 255\n";
    for (int i = 0; i < kSide * kSide; ++i)
        file += std::string(3, i % 24 >= 5 && i % 24 < 16 && i / 24 >= 3 && i / 24 < 11 ? '\xff' : '\0');
    write("p/white.ppm", file);
    ASSERT_EQ(open(kHeader + "p/white.ppm,a,5,3,16,11\n", {.height = kSide, .width = kSide, .max_boxes = 2}), GLIA_OK)
        << message();
    const int64_t index = 0;
    glia_tensor *x      = tensor(GLIA_F32, GLIA_SHAPE(1, 3, kSide, kSide)),
                *y[]    = {tensor(GLIA_F32, GLIA_SHAPE(1, 2, 4)), tensor(GLIA_I64, GLIA_SHAPE(1, 2))};
    const auto *pixels  = static_cast<const float *>(glia_tensor_data(x));
    const auto *box     = static_cast<const float *>(glia_tensor_data(y[0]));
    const auto *classes = static_cast<const int64_t *>(glia_tensor_data(y[1]));
    for (bool turned : {false, true}) {
        glia_augment_args args{};
        args.transforms[0] = glia_augment_crop(turned ? 0 : 6), args.transforms[1] = glia_augment_flip(0.5);
        args.transforms[2] = glia_augment_flip_vertical(0.5);
        args.transforms[3] = turned ? glia_augment_rotate(180) : glia_augment_translate(0.7, 0.7);
        args.boxes = "boxes", args.box_classes = "classes", args.nearest = true;
        int left_out = 0;
        for (int64_t epoch = 0; epoch < 60; ++epoch) {
            ASSERT_EQ(glia_augment_get(data, &args, epoch, &index, 1, &x, y), GLIA_OK) << message();
            int bright = 0, within = 0;
            for (int i = 0; i < kSide * kSide; ++i) {
                const float u = float(i % kSide) + 0.5f, v = float(i / kSide) + 0.5f;
                const bool inside = u > box[0] && u < box[2] && v > box[1] && v < box[3];
                bright += pixels[i] == 1, within += inside;
                EXPECT_TRUE(turned ? inside || pixels[i] == 0 : inside == (pixels[i] == 1)) << epoch << " " << i;
            }
            EXPECT_GE((turned ? 2 : 1) * bright + 10, within) << "a box is at most twice its rectangle, " << epoch;
            EXPECT_EQ(classes[0], box[2] > box[0] ? 0 : -1);
            EXPECT_EQ(classes[1], -1);
            EXPECT_EQ(std::vector<float>(box + 4, box + 8), std::vector<float>(4));
            left_out += classes[0] < 0;
        }
        EXPECT_EQ(left_out > 3, !turned);
    }
    for (glia_tensor *t : {x, y[0], y[1]}) glia_tensor_destroy(t);
    glia_augment_args wrong{};
    wrong.transforms[0] = glia_augment_flip(1), wrong.boxes = "boxes", wrong.box_classes = "boxes";
    EXPECT_NE(glia_augment_get(data, &wrong, 0, nullptr, 0, nullptr, nullptr), GLIA_OK);
    EXPECT_TRUE(says("the classes of boxes are 'boxes', which is no other target")) << message();
}

TEST_F(ImageBoxes, take_classes_and_a_folder_that_are_given) {
    const char *const classes[] = {"dog", "bird", "cat"};
    const glia_image_dataset_args args{.height = 10, .width = 10, .classes = classes, .n_classes = 3};
    const std::string file = write("elsewhere.csv", "class;y1;y0;x1;x0;note;path\ncat;4,5;1;3;2;x;wide.ppm\n");
    ASSERT_EQ(glia_dataset_from_image_boxes(ctx, file.c_str(), (folder / "p").c_str(), &args, &data), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says("column 'y1': '4,5' is no number of pixels")) << message();
    write("elsewhere.csv", "class;y1;y0;x1;x0;note;path\ncat;4.5;1;3;2;x;wide.ppm\n");
    ASSERT_EQ(glia_dataset_from_image_boxes(ctx, file.c_str(), (folder / "p").c_str(), &args, &data), GLIA_OK)
        << message();
    EXPECT_EQ(sample(0).boxes, (std::vector<float>{0.5f, 0.5f, 0.75f, 2.25f}));
    EXPECT_EQ(sample(0).classes, (std::vector<int64_t>{2}));
    EXPECT_EQ(glia_dataset_classes(data, 1), 3);
    ASSERT_EQ(open(kHeader + (folder / "p/wide.ppm") + ",cow,1,1,2,2\n"), GLIA_OK) << message();  // an absolute path
    refuses(kHeader + "p/wide.ppm,cow,1,1,2,2\n", "boxes.csv: line 2: 'cow' is none of the 3 classes in args", args);
}

TEST_F(ImageBoxes, refuse_what_is_wrong) {
    refuses("path,class,x0,y0,x1\n", "has no column 'y1': must have path, class, x0, y0, x1, y1");
    refuses("", "has no column 'path'");
    refuses(kHeader, "boxes.csv: has no pictures", {.height = 10, .width = 10}, GLIA_NOT_FOUND);
    refuses(kHeader + "p/wide.ppm,dog,1,2,3\n", "line 2: has 5 fields, the first line 6");
    refuses(kHeader + ",dog,1,2,3,4\n", "line 2: the path is empty");
    refuses(kHeader + "p/wide.ppm,,1,2,3,4\n", "line 2: the class is empty");
    refuses(kHeader + "p/wide.ppm,dog,1,2,,4\n", "line 2, column 'x1': '' is no number of pixels");
    refuses(kHeader + "p/wide.ppm,dog,1,2,nan,4\n", "'nan' is no number of pixels");
    refuses(kHeader + "p/wide.ppm,dog,1,2,1e10,4\n", "'1e10' is no number of pixels");
    refuses(kHeader + "p/wide.ppm,dog,3,2,3,4\n", "line 2: the box from (3, 2) to (3, 4) is empty");
    refuses(kHeader + "p/wide.ppm,d\xff,1,2,3,4\n", "is not UTF-8");
    refuses(kHeader + "p/gone.ppm,dog,1,2,3,4\n", "p/gone.ppm: No such file", {.height = 10, .width = 10},
            GLIA_NOT_FOUND);
    refuses(kHeader + "p,dog,1,2,3,4\n", "/p: is a folder");
    refuses(kHeader + "boxes.csv,dog,1,2,3,4\n", "is no picture of a format that is read");
    refuses(kHeader + std::string(5000, 'a') + ",dog,1,2,3,4\n", "has more than 4095 bytes");
    refuses(kText, "p/wide.ppm: has 3 boxes, max_boxes is 2", {.height = 10, .width = 10, .max_boxes = 2});
    const char *const twice[] = {"a", "a"}, *const empty[] = {"a", ""};
    const auto bad = [&](const glia_image_dataset_args &args, const std::string &part) {
        refuses(kText, part, args, GLIA_INVALID_ARGUMENT);
    };
    bad({.height = 10, .width = 10, .max_boxes = -1}, "max_boxes is -1");
    bad({.height = 10, .width = 10, .classes = twice}, "n_classes is 0, and classes is given");
    bad({.height = 10, .width = 10, .n_classes = -1}, "n_classes is -1");
    bad({.height = 10, .width = 10, .classes = twice, .n_classes = 2}, "classes[1], 'a', comes twice");
    bad({.height = 10, .width = 10, .classes = empty, .n_classes = 2}, "classes[1] is empty");
    // With .skip, files that are no pictures are left out with their boxes.
    ASSERT_EQ(open(kHeader + "boxes.csv,dog,1,2,3,4\nboxes.csv,dog,1,2,3,4\np/none.ppm,cat,1,2,3,4\n",
                   {.height = 10, .width = 10, .skip = true}),
              GLIA_OK)
        << message();
    EXPECT_EQ(glia_dataset_count(data), 1);
    EXPECT_EQ(sample(0).classes, (std::vector<int64_t>{0}));
    refuses(kHeader + "boxes.csv,dog,1,2,3,4\n", "of 1 files none are pictures",
            {.height = 10, .width = 10, .skip = true}, GLIA_NOT_FOUND);
    // What is beyond a picture is found when it is read.
    for (const char *box : {"40,1,50,2", "1,20,2,21", "-3,1,0,2", "1,-2,2,0"}) {
        ASSERT_EQ(open(kHeader + "p/wide.ppm,dog," + box + "\n"), GLIA_OK);
        Boxes none;
        EXPECT_EQ(get(0, &none), GLIA_BAD_FORMAT) << box;
        EXPECT_TRUE(says("wide.ppm: the box from (") && says(") is beyond the picture of 20 x 40")) << message();
    }
}

TEST_F(ImageBoxes, run_out_of_memory_without_loss) {
    const std::string file = write("boxes.csv", kText);
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  glia_dataset *made = nullptr;
                  const glia_image_dataset_args args{.height = 10, .width = 10};
                  const glia_status status = glia_dataset_from_image_boxes(c, file.c_str(), nullptr, &args, &made);
                  glia_dataset_destroy(made);
                  return status;
              }),
              20);
}

}  // namespace
