// Pictures with boxes from annotation files of COCO.
#include "image/pictures.h"
#include "support/failing.h"

namespace {

using namespace glia;

class Coco : public PictureTest {
   protected:
    void SetUp() override {
        PictureTest::SetUp();
        std::filesystem::create_directories(folder / "p");
        write("p/wide.ppm", "P5 40 20 255\n" + std::string(800, 'a'));
        write("p/high.ppm", "P5 10 30 255\n" + std::string(300, 'b'));
        write("p/none.ppm", "P5 8 8 255\n" + std::string(64, 'c'));
    }
    void TearDown() override {
        glia_dataset_destroy(data);
        PictureTest::TearDown();
    }
    std::string write(const std::string &name, const std::string &text) {
        return folder.write(name, Bytes(text.begin(), text.end()));
    }
    glia_status open(const std::string &text, const glia_image_dataset_args &args = {.height = 10, .width = 10}) {
        glia_dataset_destroy(data);
        data = nullptr;
        return glia_dataset_from_coco(ctx, write("boxes.json", text).c_str(), (folder / "p").c_str(), &args, &data);
    }
    // What `from` has become `to`, and is an error.
    void refuses(const std::string &from, const std::string &to, const std::string &part,
                 glia_status status                  = GLIA_BAD_FORMAT,
                 const glia_image_dataset_args &args = {.height = 10, .width = 10}) {
        std::string text = kText;
        const size_t at  = text.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
        EXPECT_EQ(open(text, args), status) << to;
        EXPECT_TRUE(says(part) && says("boxes.json: ")) << message() << "\nmust have: " << part;
        EXPECT_EQ(data, nullptr);
    }
    // The boxes of sample i, and behind them their classes.
    glia_status get(int64_t i, std::vector<float> *out) {
        const int64_t rows       = glia_dataset_target(data, 0).shape.dim[0];
        glia_tensor *x           = tensor(GLIA_F32, GLIA_SHAPE(1, 3, 10, 10)),
                    *y[]         = {tensor(GLIA_F32, GLIA_SHAPE(1, rows, 4)), tensor(GLIA_I64, GLIA_SHAPE(1, rows))};
        const glia_status status = glia_dataset_get(data, &i, 1, &x, y);
        const auto *boxes        = static_cast<const float *>(glia_tensor_data(y[0]));
        const auto *classes      = static_cast<const int64_t *>(glia_tensor_data(y[1]));
        out->assign(boxes, boxes + 4 * rows);
        out->insert(out->end(), classes, classes + rows);
        for (glia_tensor *t : {x, y[0], y[1]}) glia_tensor_destroy(t);
        return status;
    }
    std::vector<float> sample(int64_t i) {
        std::vector<float> out;
        EXPECT_EQ(get(i, &out), GLIA_OK) << message();
        return out;
    }

    // As COCO has it: ids with gaps, polygons, fields that nobody asks for; annotations before what they refer to.
    const std::string kText = R"({
        "info": {"year": 2017, "nothing": null, "nested": [[], {}, [{"a": [1, -2.5e3, true]}]]},
        "annotations": [
            {"segmentation": [[239.9, 260.2, 222.0]], "area": 27.5, "iscrowd": 0, "image_id": 139,
             "bbox": [4, 2, 8.5, 18], "category_id": 18, "id": 1},
            {"image_id": 7, "category_id": 17, "bbox": [0, 0, 10, 30], "id": 2},
            {"segmentation": {"counts": [272, 2, 4], "size": [20, 40]}, "iscrowd": 1, "image_id": 139,
             "bbox": [0, 0, 40, 20], "category_id": 1, "id": 900100000001},
            {"image_id": 139, "category_id": 17, "bbox": [30.0, 0, 10, 1e1], "id": 4},
            {"image_id": 139, "category_id": 17, "bbox": [30.5, 0, 0, 3], "id": 5}
        ],
        "images": [
            {"license": 4, "file_name": "wide.ppm", "height": 20, "width": 40, "id": 139},
            {"file_name": "none.ppm", "id": 12, "date_captured": "2013-11-14 \u00e9"},
            {"id": 7, "width": 10, "height": 30, "file_name": "high.ppm"}
        ],
        "categories": [
            {"supercategory": "animal", "id": 18, "name": "dog"},
            {"id": 1, "name": "person"},
            {"id": 17, "name": "cat"}
        ]
    })";
    glia_dataset *data      = nullptr;
};

TEST_F(Coco, boxes_are_those_of_their_pictures) {
    ASSERT_EQ(open(kText), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_count(data), 3);
    EXPECT_EQ(glia_dataset_sample_name(data, 2), folder / "p/wide.ppm");  // sorted by their paths
    ASSERT_EQ(glia_dataset_classes(data, 1), 3);
    EXPECT_STREQ(glia_dataset_class_name(data, 1, 0), "person");  // in the order of their ids
    EXPECT_STREQ(glia_dataset_class_name(data, 1, 1), "cat");
    EXPECT_STREQ(glia_dataset_class_name(data, 1, 2), "dog");
    // Columns by 10 / 40, rows by 10 / 20; the crowd and the box without a width are left out.
    EXPECT_EQ(sample(2), (std::vector<float>{1, 1, 3.125f, 10, 7.5f, 0, 10, 5, 2, 1}));
    EXPECT_EQ(sample(0), (std::vector<float>{0, 0, 10, 10, 0, 0, 0, 0, 1, -1}));
    EXPECT_EQ(sample(1), (std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, -1, -1}));
    const char *const classes[] = {"dog", "cat"};
    const glia_image_dataset_args args{.height = 10, .width = 10, .max_boxes = 3, .classes = classes, .n_classes = 2};
    ASSERT_EQ(open(kText, args), GLIA_OK) << message();
    EXPECT_EQ(sample(2), (std::vector<float>{1, 1, 3.125f, 10, 7.5f, 0, 10, 5, 0, 0, 0, 0, 0, 1, -1}));
}

TEST_F(Coco, errors_name_the_entry_and_its_value) {
    const char *const classes[] = {"dog"};
    refuses("\"image_id\": 7", "\"image_id\": 8", "annotations[1]: no image has the id 8");
    refuses("\"category_id\": 18", "\"category_id\": 19", "annotations[0]: no category has the id 19");
    refuses("[0, 0, 10, 30]", "[0, 0, -10, 30]", "annotations[1]: bbox [0, 0, -10, 30] is no box of pixels");
    refuses("[0, 0, 10, 30]", "[0, 0, 10, 3e10]", "annotations[1]: bbox [0, 0, 10, 3e+10] is no box");
    refuses("[0, 0, 10, 30]", "[0, 0, 10]", "no array of four numbers before it, x, y, width and height, at byte");
    refuses("[0, 0, 10, 30]", "[0, 0, 10]", ", in annotations[1]");
    refuses("[0, 0, 10, 30]", "[0, 0, 10, 30, 1]", "no ']' after four numbers at byte");
    refuses("[0, 0, 10, 30]", "[0, 0, 10, \"inf\"]", "no number at byte");
    refuses("[0, 0, 10, 30]", "null", "no '[' at byte");
    refuses("\"image_id\": 7", "\"image\": 7", "annotations[1] has no 'image_id'");
    refuses("\"image_id\": 7", "\"bbox\": 7", ", in annotations[1]");
    refuses("\"image_id\": 7,", "\"image_id\": 7, \"image_id\": 7,", "annotations[1] has 'image_id' twice");
    refuses("\"image_id\": 7", "\"image_id\": -7", "no whole number up to 2^63 - 1 at byte");
    refuses("\"file_name\": \"none.ppm\", ", "", "images[1] has no 'file_name'");
    refuses("\"none.ppm\"", "\"\"", "images[1]: file_name is empty");
    refuses("\"none.ppm\"", "\"wide.ppm\"", "images[1]: 'wide.ppm' is the file_name of images[0], too");
    refuses("\"id\": 12", "\"id\": 7", "images[1] and images[2] have the same id 7");
    refuses("\"name\": \"cat\"", "\"name\": \"dog\"", "another category has the name 'dog', too");
    refuses("\"id\": 17, \"name\"", "\"id\": 1, \"name\"", "have the same id 1");
    refuses("\"categories\"", "\"categories \"", "the file has no 'categories'");
    refuses("[[], {}", "[[}, {}", "no number at byte");
    refuses("[[], {}", "[[], {]", "no '\"' at byte");
    refuses("\"year\": 2017", "\"year\": nulL", "no null at byte");
    refuses("\"year\": 2017", "\"year\": " + std::string(99, '['), "no value in fewer than 64 others at byte");
    refuses(kText, "", "no '{' at byte 0");
    refuses(kText, "{\"images\": [], \"annotations\": [], \"categories\": []}", "has no pictures", GLIA_NOT_FOUND);
    refuses(kText, kText + "]", "no end at byte");
    refuses("4, 2", "4, 2", "annotations[1]: 'cat' is none of the 1 classes in args", GLIA_BAD_FORMAT,
            {.height = 10, .width = 10, .classes = classes, .n_classes = 1});
    refuses("4, 2", "4, 2", "has " + std::to_string(kText.size()) + " bytes, allowed are 100", GLIA_BAD_FORMAT,
            {.height = 10, .width = 10, .max_bytes = 100});
}

TEST_F(Coco, pictures_have_the_size_that_the_file_says) {
    std::string text = kText;
    text.replace(text.find("\"height\": 20, \"width\": 40"), 25, "\"height\": 40, \"width\": 20");
    ASSERT_EQ(open(text), GLIA_OK) << message();
    std::vector<float> none;
    EXPECT_EQ(get(2, &none), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("the picture is 20 x 40, the file of its boxes says 40 x 20: it may have been turned upright"))
        << message();
    text.replace(text.find("\"height\": 40"), 12, "\"height\": 0 ");
    ASSERT_EQ(open(text), GLIA_OK) << message();
    EXPECT_EQ(get(2, &none), GLIA_OK) << message();
}

TEST_F(Coco, runs_out_of_memory_without_loss) {
    const std::string file = write("boxes.json", kText), below = folder / "p";
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  glia_dataset *made = nullptr;
                  const glia_image_dataset_args args{.height = 10, .width = 10};
                  const glia_status status = glia_dataset_from_coco(c, file.c_str(), below.c_str(), &args, &made);
                  glia_dataset_destroy(made);
                  return status;
              }),
              20);
}

}  // namespace
