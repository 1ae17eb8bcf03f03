// CSV: any bytes, beside a reader of records that knows nothing of ours. What a field means is judged where there is
// one right answer: whole numbers, and texts that are no numbers.
#include <cstring>
#include <optional>

#include "fuzz/fuzz.h"

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    static const char separators[] = {'\0', ',', ';', '\t'};
    const char separator           = separators[input.byte() % 4];
    const Bytes content            = input.rest();
    const std::string text(content.begin(), content.end());
    const gli_bytes in = {context.get(), "file", content.data(), content.size()};
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
    return 0;
}
