// CSV files as tables and datasets.
#include "glia/table.h"

#include <clocale>
#include <cmath>
#include <numeric>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/internals.h"

namespace {

using namespace glia;
using Numbers = std::vector<double>;
using Texts   = std::vector<std::string>;

class Table : public ContextTest {
   protected:
    void TearDown() override {
        glia_table_destroy(table);
        ContextTest::TearDown();
    }

    std::string write(const std::string &text) { return folder.write("t.csv", Bytes(text.begin(), text.end())); }

    glia_status read(const std::string &text, const glia_csv_args &args = {}) {
        glia_table_destroy(table);
        table = nullptr;
        return glia_table_read_csv(ctx, write(text).c_str(), &args, &table);
    }

    Numbers values(const std::string &column) {
        const double *from = glia_table_values(table, glia_table_find(table, column.c_str()));
        return from ? Numbers(from, from + glia_table_rows(table)) : Numbers{};
    }
    glia_column column(const std::string &name) {
        return glia_table_column(table, glia_table_find(table, name.c_str()));
    }
    Texts categories(const std::string &name) {
        Texts out;
        for (int64_t c = 0; c < column(name).categories; ++c)
            out.push_back(glia_table_category(table, glia_table_find(table, name.c_str()), c));
        return out;
    }

    void expect_refused(const std::string &text, const std::string &words, const glia_csv_args &args = {},
                        glia_status status = GLIA_BAD_FORMAT) {
        EXPECT_EQ(read(text, args), status) << text;
        EXPECT_TRUE(says(words)) << message() << "\nlacks " << words;
        EXPECT_EQ(table, nullptr);
    }

    Folder folder;
    glia_table *table = nullptr;
};

TEST_F(Table, kinds_are_found) {
    ASSERT_EQ(read("a,b,when,c\n1,-2.5e1,2024-02-29,red\n+2,.5,1969-12-31,blue\n3,7.,2000-01-01,red\n"), GLIA_OK)
        << message();
    EXPECT_EQ(glia_table_rows(table), 3);
    EXPECT_EQ(glia_table_columns(table), 4);
    EXPECT_EQ(column("a").kind, GLIA_COLUMN_NUMBER);
    EXPECT_EQ(values("a"), (Numbers{1, 2, 3}));
    EXPECT_EQ(values("b"), (Numbers{-25, .5, 7}));
    EXPECT_EQ(column("when").kind, GLIA_COLUMN_DATE);
    EXPECT_EQ(values("when"), (Numbers{19782, -1, 10957}));
    EXPECT_EQ(column("c").kind, GLIA_COLUMN_CATEGORY);
    EXPECT_EQ(categories("c"), (Texts{"blue", "red"}));
    EXPECT_EQ(values("c"), (Numbers{1, 0, 1}));
    EXPECT_EQ(glia_table_features(table), 5);
    EXPECT_EQ(glia_table_feature(table, 2).column, 2);
    EXPECT_EQ(glia_table_feature(table, 2).category, -1);
    EXPECT_EQ(glia_table_feature(table, 4).column, 3);
    EXPECT_EQ(glia_table_feature(table, 4).category, 1);
    EXPECT_EQ(glia_table_feature(table, 5).column, -1);
}

TEST_F(Table, quotes_line_ends_spaces_and_a_mark) {
    ASSERT_EQ(read("\xef\xbb\xbf\"a, b\" , n\r\n\r\n\"x\"\"y\",1\r\n\"two\nlines, \", 2 \r  plain text ,3\n"
                   "\"\"\"\",\"4\"\n5\" disk,5"),
              GLIA_OK)
        << message();
    EXPECT_EQ(values("n"), (Numbers{1, 2, 3, 4, 5}));
    EXPECT_EQ(categories("a, b"), (Texts{"\"", "5\" disk", "plain text", "two\nlines, ", "x\"y"}));
    EXPECT_EQ(values("a, b"), (Numbers{4, 3, 2, 0, 1}));
    ASSERT_EQ(read("n\n1\n\n2"), GLIA_OK) << message();
    EXPECT_EQ(values("n"), (Numbers{1, 2}));
}

TEST_F(Table, separators_and_decimals) {
    ASSERT_EQ(read("a;b\n1,5;2\n-0,25;3,0e1\n"), GLIA_OK) << message();
    EXPECT_EQ(values("a"), (Numbers{1.5, -0.25}));
    EXPECT_EQ(values("b"), (Numbers{2, 30}));
    ASSERT_EQ(read("1,5;2,5\n3,5;4,5\n", {.no_header = true}), GLIA_OK) << message();
    EXPECT_EQ(values("column1"), (Numbers{2.5, 4.5}));
    ASSERT_EQ(read("a\tb\n1.5\tx, y;z\n"), GLIA_OK) << message();
    EXPECT_EQ(categories("b"), (Texts{"x, y;z"}));
    ASSERT_EQ(read("a|b\n1|2\n"), GLIA_OK) << message();
    EXPECT_EQ(values("b"), (Numbers{2}));
    ASSERT_EQ(read("a,b\n\"1,5\",2\n", {.decimal = ','}), GLIA_OK) << message();
    EXPECT_EQ(values("a"), (Numbers{1.5}));
    ASSERT_EQ(read("a,b\n\"1,500\",2\n"), GLIA_OK) << message();
    EXPECT_EQ(column("a").kind, GLIA_COLUMN_CATEGORY);  // perhaps thousands: nobody said
    ASSERT_EQ(read("a:b\n1:2\n", {.separator = ':'}), GLIA_OK) << message();
    EXPECT_EQ(values("b"), (Numbers{2}));
}

TEST_F(Table, numbers_are_the_same_in_any_locale) {
    const std::string before = setlocale(LC_ALL, nullptr);
    for (const char *name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C"}) {
        if (!setlocale(LC_ALL, name)) continue;
        ASSERT_EQ(read("a\n0.1\n1e-300\n123456789.123456789\n"), GLIA_OK) << message();
        EXPECT_EQ(values("a"), (Numbers{0.1, 1e-300, 123456789.123456789})) << name;
    }
    setlocale(LC_ALL, before.c_str());
}

TEST_F(Table, dates) {
    const glia_column_args seconds{.name = "t", .seconds = true};
    ASSERT_EQ(read("t\n1970-01-01T00:00:01Z\n1970-01-02 00:00\n2000-02-29T12:30:15.5+01:30\n1969-12-31T23:00:00-0100\n"
                   "0000-03-01\n\"9999-12-31T23:59:59,25\"\n",
                   {.columns = &seconds, .n_columns = 1}),
              GLIA_OK)
        << message();
    EXPECT_EQ(column("t").kind, GLIA_COLUMN_DATE);
    EXPECT_EQ(values("t"), (Numbers{1, 86400, 951822015.5, 0, -62162035200, 253402300799.25}));
    ASSERT_EQ(read("t\n2024-01-01T12:00\n"), GLIA_OK) << message();
    EXPECT_EQ(values("t"), (Numbers{19723.5}));
    for (const char *wrong : {"2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-04-31",
                              "2024-1-1", "2024-01-01T", "2024-01-01T24:00", "2024-01-01T10:60", "2024-01-01T10:00:60",
                              "2024-01-01T10:00:00.", "2024-01-01T10:00+1", "2024-01-01T10:00+01:", "2024-01-01x"}) {
        const glia_column_args date{.name = "t", .kind = GLIA_COLUMN_DATE};
        expect_refused("t\n2024-01-01\n" + std::string(wrong) + "\n",
                       "line 3, column 't': '" + std::string(wrong) + "' is no date",
                       {.columns = &date, .n_columns = 1});
    }
}

TEST_F(Table, missing_values) {
    const std::string text = "n,c,d\n1,x,2024-01-01\n,?,\nNA,y,2024-01-03\n4,y,2024-01-03\n\"4\",\"NA\",2024-01-09\n";
    expect_refused(text, "t.csv: line 3, column 'n': '' is missing");
    ASSERT_EQ(read(text, {.missing = GLIA_MISSING_MEAN}), GLIA_OK) << message();
    EXPECT_EQ(values("n"), (Numbers{1, 3, 3, 4, 4}));
    EXPECT_EQ(column("n").missing, 2);
    EXPECT_EQ(column("n").fill, 3);
    EXPECT_EQ(categories("c"), (Texts{"NA", "x", "y"}));
    EXPECT_EQ(values("c"), (Numbers{1, 2, 2, 2, 0}));
    EXPECT_EQ(values("d")[1], 19726);
    ASSERT_EQ(read(text, {.missing = GLIA_MISSING_MOST_FREQUENT}), GLIA_OK) << message();
    EXPECT_EQ(values("n"), (Numbers{1, 4, 4, 4, 4}));
    EXPECT_EQ(values("d")[1], 19725);
    const glia_column_args fill[] = {{.name = "n", .missing = GLIA_MISSING_FILL, .fill = -1},
                                     {.name = "c", .missing = GLIA_MISSING_FILL, .fill_category = "none"},
                                     {.name = "d", .kind = GLIA_COLUMN_SKIPPED}};
    ASSERT_EQ(read(text, {.columns = fill, .n_columns = 3}), GLIA_OK) << message();
    EXPECT_EQ(values("n"), (Numbers{1, -1, -1, 4, 4}));
    EXPECT_EQ(categories("c"), (Texts{"NA", "none", "x", "y"}));
    EXPECT_EQ(values("c"), (Numbers{2, 1, 3, 3, 0}));
    EXPECT_EQ(glia_table_values(table, 2), nullptr);
    const char *words[] = {"x"};
    ASSERT_EQ(read("n\n1\nx\n3\n", {.missing = GLIA_MISSING_MEAN, .missing_words = words, .n_missing_words = 1}),
              GLIA_OK);
    EXPECT_EQ(values("n"), (Numbers{1, 2, 3}));
    expect_refused("a,n\n1,NA\n2,NA\n", "column 'n' has no value in 2 rows", {.missing = GLIA_MISSING_MEAN});
    const char *target = "n";
    expect_refused("a,n\n1,1\n2,NA\n", "line 3, column 'n': 'NA' is missing",
                   {.targets = &target, .n_targets = 1, .missing = GLIA_MISSING_MEAN});
}

TEST_F(Table, what_is_said_of_a_column_leaves_the_rest_as_it_is) {
    const glia_column_args plan[] = {{.name = "plan", .index = true}};
    ASSERT_EQ(read("plan,n\n7,1\n5,\n7,3\n,2\n", {.columns = plan, .n_columns = 1, .missing = GLIA_MISSING_MEAN}),
              GLIA_OK)
        << message();
    EXPECT_EQ(column("plan").kind, GLIA_COLUMN_CATEGORY);
    EXPECT_EQ(categories("plan"), (Texts{"5", "7"}));
    EXPECT_EQ(values("plan"), (Numbers{1, 0, 1, 1}));
    EXPECT_EQ(values("n"), (Numbers{1, 2, 3, 2}));
    const glia_column_args strict[] = {{.name = "n", .missing = GLIA_MISSING_ERROR}};
    expect_refused("n\n1\nNA\n", "line 3, column 'n': 'NA' is missing",
                   {.columns = strict, .n_columns = 1, .missing = GLIA_MISSING_MEAN});
    const glia_column_args number[] = {{.name = "n", .kind = GLIA_COLUMN_NUMBER, .index = true}};
    expect_refused("n\n1\n", "columns[0], 'n', has index, which categories have, and kind 1",
                   {.columns = number, .n_columns = 1}, GLIA_INVALID_ARGUMENT);
    const glia_column_args twice[] = {{.name = "n"}, {.name = "n", .seconds = true}};
    expect_refused("n\n1\n", "columns[0] and columns[1] are both 'n'", {.columns = twice, .n_columns = 2},
                   GLIA_INVALID_ARGUMENT);
}

TEST_F(Table, a_line_of_another_length_leaves_the_separator_as_it_is) {
    for (const char *separator : {";", "|", "\t", ","}) {
        std::string text = "a;b;y\n1;2;0\n3;4\n5;6;1\n";
        std::replace(text.begin(), text.end(), ';', *separator);
        expect_refused(text, "line 3: has 2 fields");
    }
}

TEST_F(Table, wrong_lines) {
    expect_refused("a,b,c\n1,2,3\n\n4,5\n", "t.csv: line 4: has 2 fields, the first line 3");
    expect_refused("a,b\n1,2\n1,2,3\n", "line 3: has 3 fields, the first line 2");
    expect_refused("a,b\n\"1\n2\",2\n3,\"4\n", "line 4: field 2 has an opening quote and no closing one");
    expect_refused("a,b\n1,\"2\"x\n", "line 2: field 2 goes on after its closing quote");
    expect_refused("a,a\n1,2\n", "line 1: two columns have the name 'a'");
    expect_refused("", "t.csv: has no line with anything in it");
    expect_refused("a,b\n1,\xe4\n", "line 2, column 'b': '\xe4' is not UTF-8");
    expect_refused(std::string("a,b\n1,x\0y\n", 10), "line 2, column 'b': 'x\\x00y' has a NUL byte");
    expect_refused(std::string("\xff\xfe"
                               "a\0,\0b\0\n\0",
                               10),
                   "t.csv: is UTF-16, save it as UTF-8", {}, GLIA_UNSUPPORTED);
    expect_refused("a\tb\x7f\n1\t\x01\x7f\xc3\n", "column 'b?': '\\x01\\x7f\xc3' is not UTF-8");
    expect_refused("a\n1\n1e999\n", "line 3, column 'a': '1e999' is out of range");
    const glia_column_args number{.name = "b", .kind = GLIA_COLUMN_NUMBER};
    expect_refused("a,b\n1,2\n2,0x10\n", "line 3, column 'b': '0x10' is no number",
                   {.columns = &number, .n_columns = 1});
    for (const char *wrong : {"1.2.3", "-", ".", "e5", "1e", "1e+", "inf", "1 2", "1_000", "--1"})
        expect_refused("b\n" + std::string(wrong) + "\n", "'" + std::string(wrong) + "' is no number",
                       {.columns = &number, .n_columns = 1});
    std::string many = "id,x\n";
    for (int i = 0; i < 300; ++i) many += "id" + std::to_string(i) + ",1\n";
    expect_refused(many, "line 258: column 'id' has more than 256 categories, the limit (max_categories)");
    expect_refused(many, "allowed are 100 (max_bytes)", {.max_bytes = 100});
    const glia_column_args unknown{.name = "z"};
    expect_refused("a,b\n1,2\n", "has no column 'z', of columns[0]; there are a, b",
                   {.columns = &unknown, .n_columns = 1}, GLIA_INVALID_ARGUMENT);
    std::string names = "first";
    for (int i = 0; i < 200; ++i) names += ",c" + std::to_string(i);
    expect_refused(names + "\n" + names + "\n", "there are first, c0, c1, ", {.columns = &unknown, .n_columns = 1},
                   GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(message().ends_with(", ..."));
}

TEST_F(Table, one_wrong_value_among_numbers_is_no_category) {
    std::string text = "age,born,shape\n";
    for (int i = 10; i < 50; ++i)
        text += std::to_string(i) + ",2000-01-" + std::to_string(i % 20 + 10) + (i % 2 ? ",round\n" : ",7\n");
    ASSERT_EQ(read(text), GLIA_OK) << message();
    EXPECT_EQ(column("shape").kind, GLIA_COLUMN_CATEGORY);  // half are numbers
    expect_refused(text + "6O,2000-01-01,7\n", "line 42, column 'age': '6O' is no number, as 40 of 41 values are");
    expect_refused(text + "60,2000-13-01,7\n", "line 42, column 'born': '2000-13-01' is no date, as 40 of 41");
    expect_refused(
        "age;x\n6O;1\n" +
            [] {
                std::string more;
                for (int i = 0; i < 20; ++i) more += std::to_string(i) + ",5;1\n";
                return more;
            }(),
        "line 2, column 'age': '6O' is no number, as 20 of 21");
    // What is meant is said; more than one to twenty are no mistakes.
    const char *word = "6O";
    ASSERT_EQ(
        read(text + "6O,2000-01-01,7\n", {.missing = GLIA_MISSING_MEAN, .missing_words = &word, .n_missing_words = 1}),
        GLIA_OK)
        << message();
    EXPECT_EQ(column("age").kind, GLIA_COLUMN_NUMBER);
    const glia_column_args category{.name = "age", .kind = GLIA_COLUMN_CATEGORY}, index{.name = "age", .index = true};
    for (const glia_column_args &said : {category, index}) {
        ASSERT_EQ(read(text + "6O,2000-01-01,7\n", {.columns = &said, .n_columns = 1}), GLIA_OK) << message();
        EXPECT_EQ(column("age").categories, 41);
    }
    ASSERT_EQ(read(text + "a,,7\nb,,7\nc,,7\n", {.missing = GLIA_MISSING_MOST_FREQUENT}), GLIA_OK) << message();
    EXPECT_EQ(column("age").kind, GLIA_COLUMN_CATEGORY);
}

TEST_F(Table, paths_that_are_no_files) {
    const std::string there = write("a\n1\n"), link = folder / "link";
    std::filesystem::create_symlink("nothing", link);
    const auto fails = [&](const std::string &path, glia_status status, const std::string &words) {
        EXPECT_EQ(glia_table_read_csv(ctx, path.c_str(), nullptr, &table), status) << path;
        EXPECT_EQ(message(), path + ": " + words);
    };
    fails(link, GLIA_NOT_FOUND, "is a symbolic link to nothing");
    fails(folder.path(), GLIA_IO_ERROR, "is a folder, not a file");
    fails(there + "/x/y.csv", GLIA_NOT_FOUND, "'t.csv' in the path is a file, not a folder");
    fails(folder / "nowhere/y.csv", GLIA_NOT_FOUND, "No such file or directory");
    glia_dataset *data = nullptr;
    EXPECT_EQ(glia_dataset_from_idx_folder(ctx, there.c_str(), GLIA_PART_TRAIN, nullptr, &data), GLIA_IO_ERROR);
    EXPECT_EQ(message(), there + ": is a file, not a folder");
    std::filesystem::current_path(folder.path());
    fails("t.csv/x", GLIA_NOT_FOUND, "'t.csv' in the path is a file, not a folder");
    std::filesystem::current_path("/");
}

// The content of input or target i of all samples.
template <class T>
std::vector<T> content(glia_context *ctx, glia_dataset *dataset, bool target, int i, glia_dtype dtype) {
    const int64_t n = glia_dataset_count(dataset);
    std::vector<int64_t> index(size_t(n), 0);
    std::iota(index.begin(), index.end(), 0);
    std::vector<glia_tensor *> tensors[2];
    for (int side = 0; side < 2; ++side)
        for (int k = 0; k < (side ? glia_dataset_targets(dataset) : glia_dataset_inputs(dataset)); ++k) {
            const glia_field field = side ? glia_dataset_target(dataset, k) : glia_dataset_input(dataset, k);
            glia_shape shape{field.shape.ndim + 1, {n}};
            std::copy(field.shape.dim, field.shape.dim + field.shape.ndim, shape.dim + 1);
            tensors[side].push_back(nullptr);
            EXPECT_EQ(glia_tensor_create(ctx, field.dtype, shape, &tensors[side].back()), GLIA_OK);
        }
    EXPECT_EQ(glia_dataset_get(dataset, index.data(), n, tensors[0].data(), tensors[1].data()), GLIA_OK);
    glia_tensor *wanted = tensors[target][size_t(i)];
    EXPECT_EQ(glia_tensor_dtype(wanted), dtype);
    const T *data = static_cast<const T *>(glia_tensor_data(wanted));
    std::vector<T> out(data, data + glia_tensor_count(wanted));
    for (auto &side : tensors)
        for (glia_tensor *t : side) glia_tensor_destroy(t);
    return out;
}

TEST_F(Table, datasets) {
    const char *targets[]           = {"kind", "price"};
    const glia_column_args column[] = {{.name = "kind", .kind = GLIA_COLUMN_CATEGORY}, {.name = "id", .index = true}};
    const glia_csv_args args{.targets = targets, .n_targets = 2, .columns = column, .n_columns = 2};
    ASSERT_EQ(read("id,kind,x,colour,price\nk,10,1.5,red,7\nl,2,2.5,blue,8\nk,10,3.5,red,9.5\n", args), GLIA_OK)
        << message();
    glia_dataset *dataset = nullptr;
    ASSERT_EQ(glia_table_dataset(table, &dataset), GLIA_OK) << message();
    glia_table_destroy(table);
    table = nullptr;
    EXPECT_EQ(glia_dataset_count(dataset), 3);
    EXPECT_STREQ(glia_dataset_input(dataset, 0).name, "features");
    EXPECT_EQ(content<float>(ctx, dataset, false, 0, GLIA_F32), (std::vector<float>{1.5, 0, 1, 2.5, 1, 0, 3.5, 0, 1}));
    EXPECT_STREQ(glia_dataset_input(dataset, 1).name, "id");
    EXPECT_EQ(content<int64_t>(ctx, dataset, false, 1, GLIA_I64), (std::vector<int64_t>{0, 1, 0}));
    EXPECT_EQ(content<int64_t>(ctx, dataset, true, 0, GLIA_I64), (std::vector<int64_t>{1, 0, 1}));
    EXPECT_EQ(content<float>(ctx, dataset, true, 1, GLIA_F32), (std::vector<float>{7, 8, 9.5}));
    ASSERT_EQ(glia_dataset_classes(dataset, 0), 2);
    EXPECT_STREQ(glia_dataset_class_name(dataset, 0, 0), "2");  // as numbers, not as texts
    EXPECT_STREQ(glia_dataset_class_name(dataset, 0, 1), "10");
    glia_dataset_destroy(dataset);
    ASSERT_EQ(read("a\n1e39\n"), GLIA_OK);
    EXPECT_EQ(glia_table_dataset(table, &dataset), GLIA_NOT_FINITE);
    EXPECT_TRUE(says("row 0 of column 'a' is 1e+39")) << message();
}

TEST_F(Table, one_like_another) {
    const char *target = "y";
    ASSERT_EQ(read("x,c,y\n1,a,p\n3,b,q\n,b,q\n", {.targets = &target, .n_targets = 1, .missing = GLIA_MISSING_MEAN}),
              GLIA_OK)
        << message();
    glia_table *first = table;
    table             = nullptr;
    ASSERT_EQ(read("c;more;x;y\nb;0;;q\nNA;0;7,5;q\n", {.like = first}), GLIA_OK) << message();
    EXPECT_EQ(values("x"), (Numbers{2, 7.5}));
    EXPECT_EQ(values("c"), (Numbers{1, 1}));
    EXPECT_EQ(values("y"), (Numbers{1, 1}));
    EXPECT_EQ(glia_table_features(table), 3);
    ASSERT_EQ(read("x,c\n1,a\n", {.like = first}), GLIA_OK) << message();  // to predict from
    EXPECT_EQ(column("y").kind, GLIA_COLUMN_SKIPPED);
    EXPECT_EQ(glia_table_features(table), 3);
    expect_refused("x,c,y\n1,new,p\n", "line 2, column 'c': 'new' is no category of the table in args",
                   {.like = first});
    expect_refused("x,y\n1,p\n", "has no column 'c'", {.like = first});
    glia_table_destroy(first);
}

TEST_F(Table, out_of_memory_is_an_ordinary_error) {
    const std::string path = write("a;c\n1,5;x\nNA;\"y\"\"\"\n3;x\n");
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  const char *target = "c";
                  const glia_csv_args args{.targets = &target, .n_targets = 1, .missing = GLIA_MISSING_MEAN};
                  glia_table *read      = nullptr;
                  glia_dataset *made    = nullptr;
                  const glia_status one = glia_table_read_csv(c, path.c_str(), &args, &read);
                  const glia_status two = one == GLIA_OK ? glia_table_dataset(read, &made) : one;
                  glia_dataset_destroy(made);
                  glia_table_destroy(read);
                  return two;
              }),
              20);
}

}  // namespace
