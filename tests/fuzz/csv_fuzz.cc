// CSV: any bytes, beside a reader of records that knows nothing of ours. What a field means is judged where there is
// one right answer: whole numbers, and texts that are no numbers.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "fuzz/fuzz.h"
#include "glia/table.h"

extern "C" {
#include "io/csv.h"
}

namespace {

using namespace glia;

using Row = std::vector<std::string>;

bool is_space(char c, char separator) { return (c == ' ' || c == '\t') && c != separator; }

// The records that are not empty; nothing: a quote is wrong.
std::optional<std::vector<Row>> expected(const std::string &text, char separator) {
    std::vector<Row> rows;
    size_t at = text.compare(0, 3, "\xef\xbb\xbf") == 0 ? 3 : 0;
    while (at < text.size()) {
        Row row;
        bool quoted = false, more = true;
        while (more) {
            std::string field;
            while (at < text.size() && is_space(text[at], separator)) ++at;
            if (at < text.size() && text[at] == '"') {
                quoted = true;
                for (++at;; ++at) {
                    if (at >= text.size()) return {};
                    if (text[at] == '"' && (at + 1 >= text.size() || text[at + 1] != '"')) break;
                    if (text[at] == '"') ++at;
                    field += text[at];
                }
                ++at;
                while (at < text.size() && is_space(text[at], separator)) ++at;
            } else {
                while (at < text.size() && text[at] != separator && text[at] != '\n' && text[at] != '\r')
                    field += text[at++];
                while (!field.empty() && is_space(field.back(), separator)) field.pop_back();
            }
            row.push_back(field);
            more = at < text.size() && text[at] == separator;
            if (more)
                ++at;
            else if (at < text.size() && text[at] != '\n' && text[at] != '\r')
                return {};
        }
        if (at < text.size()) at += text.compare(at, 2, "\r\n") == 0 ? 2 : 1;
        if (row.size() > 1 || !row[0].empty() || quoted) rows.push_back(row);
    }
    return rows;
}

std::string plain(const gli_csv_field &field) {
    std::string out;
    for (size_t i = 0; i < field.bytes; ++i) {
        out += field.text[i];
        if (field.doubled && field.text[i] == '"') ++i;
    }
    return out;
}

void check_values(gli_csv *csv, const gli_csv_field &field, const std::string &want) {
    double value, date;
    char shown[GLI_CSV_SHOWN];
    const char *text     = nullptr;
    const bool whole     = !want.empty() && want.size() < 16 && want.find_first_not_of("0123456789") == want.npos;
    const bool is_number = gli_csv_number(&field, '.', &value);
    require(strlen(gli_csv_show(&field, shown)) < sizeof shown, "a text that is shown too long");
    require(!whole || (is_number && value == double(std::stoll(want))), "a whole number is another one");
    require(!is_number || want.find_first_not_of("0123456789+-.eE") == want.npos, "a text is a number");
    if (gli_csv_date(&field, &date)) require(want.size() >= 10 && want[4] == '-' && want[7] == '-', "no date is one");
    const glia_status status = gli_csv_text(csv, &field, "c", &text);
    require(status == GLIA_BAD_FORMAT || (status == GLIA_OK && want == text), "another text");
}

// What is found in the records themselves; the number of those that are read.
size_t check_records(const gli_named_bytes &in, char separator, const std::string &text) {
    gli_csv csv;
    require(gli_csv_open(&in, separator, &csv) == GLIA_OK, "it is not opened");
    const auto want    = expected(text, csv.separator);
    size_t row         = 0;
    glia_status status = GLIA_OK;
    while ((status = gli_csv_next(&csv)) == GLIA_OK && csv.n > 0) {
        if (want) {
            require(row < want->size() && (*want)[row].size() == size_t(csv.n), "another number of fields");
            for (int i = 0; i < csv.n; ++i) {
                require(plain(csv.fields[i]) == (*want)[row][size_t(i)], "another field");
                check_values(&csv, csv.fields[i], (*want)[row][size_t(i)]);
            }
        }
        ++row;
    }
    require((status == GLIA_OK) == want.has_value(), "an error where there is none, or none");
    require(!want || row == want->size(), "another number of rows");
    gli_csv_close(&csv);
    return row;
}

void check_same(const glia_table *a, const glia_table *b) {
    require(glia_table_rows(a) == glia_table_rows(b) && glia_table_features(a) == glia_table_features(b),
            "another table");
    for (int i = 0; i < glia_table_columns(a); ++i) {
        const double *x = glia_table_values(a, i), *y = glia_table_values(b, i);
        require((x != nullptr) == (y != nullptr), "another kind of column");
        require(!x || std::equal(x, x + glia_table_rows(a), y), "other values");
    }
}

void check_table(glia_context *ctx, const glia_table *table) {
    for (int i = 0; i < glia_table_columns(table); ++i) {
        const glia_column column = glia_table_column(table, i);
        const double *values     = glia_table_values(table, i);
        require(glia_table_find(table, column.name) == i, "a column is not found");
        for (int64_t row = 0; row < glia_table_rows(table) && values; ++row) {
            require(std::isfinite(values[row]), "a value that is none");
            require(column.kind != GLIA_COLUMN_CATEGORY || glia_table_category(table, i, int64_t(values[row])),
                    "an index that is no category's");
        }
    }
    glia_dataset *dataset    = nullptr;
    const glia_status status = glia_table_dataset(table, &dataset);
    require(status == GLIA_OK || status == GLIA_NOT_FINITE || status == GLIA_INVALID_ARGUMENT, glia_message(ctx));
    if (status == GLIA_OK) {
        require(glia_dataset_count(dataset) == glia_table_rows(table), "another number of samples");
        require(glia_dataset_input(dataset, 0).shape.dim[0] == glia_table_features(table) ||
                    glia_table_features(table) == 0,
                "another number of features");
    }
    glia_dataset_destroy(dataset);
}

void check_file(glia_context *ctx, const Bytes &content, const glia_csv_args &args, size_t records) {
    const MemoryFile file(content);
    glia_table *table = nullptr, *again = nullptr;
    const glia_status status = glia_table_read_csv(ctx, file.path(), &args, &table);
    if (status == GLIA_OK) {
        require(glia_table_rows(table) == int64_t(records) - !args.no_header, "another number of rows");
        check_table(ctx, table);
        glia_csv_args like{};
        like.separator = args.separator, like.no_header = args.no_header, like.like = table;
        require(glia_table_read_csv(ctx, file.path(), &like, &again) == GLIA_OK, glia_message(ctx));
        check_same(table, again);
    } else {
        require(status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED, "another error");
        require(std::string(glia_message(ctx)).find(file.path()) == 0, "a message without the path");
    }
    glia_table_destroy(again);
    glia_table_destroy(table);
}

glia_context *context() {
    static glia_context *const made = [] {
        glia_context *ctx = nullptr;
        require(glia_context_create("cpu", nullptr, &ctx) == GLIA_OK, "there is no context");
        return ctx;
    }();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Input input(data, size);
    static const char separators[] = {'\0', ',', ';', '\t'}, decimals[] = {'\0', '.', ','};
    const unsigned how  = input.byte();
    const Bytes content = input.rest();
    const std::string text(content.begin(), content.end());
    const gli_named_bytes in = {context(), "file", content.data(), content.size()};
    glia_csv_args args{};
    args.separator       = separators[how % 4];
    args.no_header       = how / 4 % 2 == 1;
    args.missing         = how / 8 % 2 ? GLIA_MISSING_MEAN : GLIA_MISSING_MOST_FREQUENT;
    args.decimal         = decimals[how / 16 % 3];
    args.max_categories  = 5;
    const size_t records = check_records(in, args.separator, text);
    // Two bytes that begin gzip make another file of it.
    if (text.compare(0, 2, "\x1f\x8b") != 0) check_file(context(), content, args, records);
    require(glia_context_bytes(context()) == 0, "memory is left");
    return 0;
}
