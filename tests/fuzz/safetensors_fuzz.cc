// safetensors: raw files, headers whose length is right, and files that are right but for one thing; beside a reader
// with jansson. Whatever is read is written, and read again, as the same.
#include <jansson.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <optional>

#include "fuzz/fuzz.h"
#include "glia/safetensors.h"

namespace {

using namespace glia;
using Shape = std::vector<int64_t>;

struct Dtype {
    size_t bytes;
    glia_dtype dtype;
};

const std::map<std::string, Dtype> &dtypes() {
    constexpr auto none                             = GLIA_DTYPE_OTHER;
    static const std::map<std::string, Dtype> known = {
        {"BOOL", {1, none}},    {"U8", {1, GLIA_U8}},   {"I8", {1, none}},        {"F8_E5M2", {1, none}},
        {"F8_E4M3", {1, none}}, {"F8_E8M0", {1, none}}, {"I16", {2, none}},       {"U16", {2, none}},
        {"F16", {2, GLIA_F16}}, {"I32", {4, GLIA_I32}}, {"BF16", {2, GLIA_BF16}}, {"U32", {4, none}},
        {"F32", {4, GLIA_F32}}, {"C64", {8, none}},     {"F64", {8, GLIA_F64}},   {"I64", {8, GLIA_I64}},
        {"U64", {8, none}}};
    return known;
}

struct Tensor {
    glia_dtype dtype;
    Shape shape;
    Bytes values;
    bool operator==(const Tensor &) const = default;
};

struct Content {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string> notes;
    bool operator==(const Content &) const = default;
};

// ---- The other reader ----

using Json = std::unique_ptr<json_t, decltype(&json_decref)>;

struct Place {
    size_t begin, end;
    auto operator<=>(const Place &) const = default;
};

bool read_counts(const json_t *array, size_t most, Shape *out) {
    if (!json_is_array(array) || json_array_size(array) > most) return false;
    for (size_t i = 0; i < json_array_size(array); ++i) {
        const json_t *number = json_array_get(array, i);
        if (!json_is_integer(number) || json_integer_value(number) < 0) return false;
        out->push_back(json_integer_value(number));
    }
    return true;
}

bool read_tensor(const json_t *object, const unsigned char *values, size_t size, Tensor *out, Place *place) {
    const char *dtype = json_string_value(json_object_get(object, "dtype"));
    Shape offsets;
    if (json_object_size(object) != 3 || !dtype || !dtypes().count(dtype)) return false;
    if (!read_counts(json_object_get(object, "shape"), GLIA_MAX_DIMS, &out->shape)) return false;
    if (!read_counts(json_object_get(object, "data_offsets"), 2, &offsets) || offsets.size() != 2) return false;
    size_t count = 1;
    for (int64_t dim : out->shape)
        if (__builtin_mul_overflow(count, size_t(dim), &count)) return false;
    if (__builtin_mul_overflow(count, dtypes().at(dtype).bytes, &count)) return false;
    *place = {size_t(offsets[0]), size_t(offsets[1])};
    if (place->begin > place->end || place->end > size || place->end - place->begin != count) return false;
    out->dtype = dtypes().at(dtype).dtype;
    out->values.assign(values + place->begin, values + place->end);
    return true;
}

bool read_notes(json_t *object, Content *out) {
    const char *key;
    json_t *value;
    if (!json_is_object(object)) return false;
    json_object_foreach(object, key, value) {
        if (!json_is_string(value)) return false;
        out->notes[key] = json_string_value(value);
    }
    return true;
}

bool read_members(json_t *header, const unsigned char *values, size_t size, Content *out) {
    const char *key;
    json_t *value;
    std::vector<Place> places;
    json_object_foreach(header, key, value) {
        if (strcmp(key, "__metadata__") == 0) {
            if (!read_notes(value, out)) return false;
            continue;
        }
        Tensor tensor;
        Place place;
        if (!json_is_object(value) || !read_tensor(value, values, size, &tensor, &place)) return false;
        out->tensors[key] = tensor;
        places.push_back(place);
    }
    std::sort(places.begin(), places.end());
    size_t end = 0;
    for (const Place &place : places) {
        if (place.begin != end) return false;
        end = place.end;
    }
    return end == size;
}

// Nothing: it is not safetensors.
std::optional<Content> expected(const Bytes &file) {
    uint64_t length;
    if (file.size() < sizeof length) return {};
    memcpy(&length, file.data(), sizeof length);
    if (length > file.size() - 8 || length == 0 || file[8] != '{') return {};
    json_error_t error;
    const Json header(json_loadb(reinterpret_cast<const char *>(&file[8]), length, JSON_REJECT_DUPLICATES, &error),
                      json_decref);
    Content out;
    if (!header || !read_members(header.get(), file.data() + 8 + length, file.size() - 8 - length, &out)) return {};
    return out;
}

// jansson takes -0 for an integer.
bool has_minus_zero(const Bytes &file) {
    const char text[] = {'-', '0'};
    return std::search(file.begin(), file.end(), std::begin(text), std::end(text)) != file.end();
}

// ---- Files ----

Bytes with_length(const Bytes &rest, size_t header) {
    Bytes file(8);
    const uint64_t length = std::min(header, rest.size());
    memcpy(file.data(), &length, sizeof length);
    file.insert(file.end(), rest.begin(), rest.end());
    return file;
}

std::string object(const std::string &dtype, const Shape &shape, size_t begin, size_t end) {
    std::string dims;
    for (int64_t dim : shape) dims += (dims.empty() ? "" : ",") + std::to_string(dim);
    return "{\"dtype\":\"" + dtype + "\",\"shape\":[" + dims + "],\"data_offsets\":[" + std::to_string(begin) + "," +
           std::to_string(end) + "]}";
}

// Tensors as the bytes say, and one mistake in a third of the files.
Bytes built(Input *input) {
    const size_t count = input->number(6), mistake = input->number(18), where = input->number(6);
    std::string header = input->byte() % 2 ? "{\"__metadata__\":{\"a\":\"b\"}" : "{";
    size_t at          = 0;
    for (size_t i = 0; i < count; ++i) {
        const auto dtype = std::next(dtypes().begin(), ptrdiff_t(input->number(dtypes().size())));
        Shape shape(input->number(4));
        size_t bytes = dtype->second.bytes;
        for (int64_t &dim : shape) dim = int64_t(input->number(5)), bytes *= size_t(dim);
        size_t begin = at, end = at + bytes;
        at               = end;
        std::string name = "t" + std::to_string(i);
        if (i == where) {
            if (mistake == 0) ++begin;
            if (mistake == 1) ++end;
            if (mistake == 2) std::swap(begin, end);
            if (mistake == 3) shape.push_back(2);
            if (mistake == 4) name = "t0";
            if (mistake == 5) ++begin, ++end, ++at;
        }
        header += (header.size() > 1 ? ",\"" : "\"") + name + "\":" + object(dtype->first, shape, begin, end);
    }
    header += "}" + std::string(input->number(8), ' ');
    Bytes rest(header.begin(), header.end());
    Bytes values = input->rest();
    values.resize(at);
    rest.insert(rest.end(), values.begin(), values.end());
    return with_length(rest, header.size());
}

Bytes file_of(Input *input) {
    const unsigned how = input->byte() % 3;
    if (how == 2) return built(input);
    const size_t header = how == 1 ? input->number(4096) : 0;
    return how == 1 ? with_length(input->rest(), header) : input->rest();
}

// ---- What the library reads ----

Content content_of(const glia_safetensors *file) {
    Content out;
    for (int i = 0; i < glia_safetensors_count(file); ++i) {
        glia_safetensors_entry entry;
        require(glia_safetensors_get(file, i, &entry) == GLIA_OK, "a tensor is not there");
        require(glia_safetensors_find(file, entry.name) == i, "a name is not found");
        Bytes copy(entry.bytes + 1);
        require(glia_safetensors_read(file, i, copy.data(), entry.bytes) == GLIA_OK, "values are not read");
        copy.pop_back();
        require(entry.bytes == 0 || memcmp(copy.data(), entry.values, entry.bytes) == 0, "other values than mapped");
        out.tensors[entry.name] = {entry.dtype, Shape(entry.shape.dim, entry.shape.dim + entry.shape.ndim), copy};
    }
    for (int i = 0; i < glia_safetensors_note_count(file); ++i) {
        glia_safetensors_note note;
        require(glia_safetensors_get_note(file, i, &note) == GLIA_OK, "a note is not there");
        require(glia_safetensors_find_note(file, note.key) == note.value, "a note is not found");
        out.notes[note.key] = note.value;
    }
    return out;
}

void check_written(Context *context, const glia_safetensors *file, Content content) {
    std::vector<glia_safetensors_entry> entries;
    std::vector<glia_safetensors_note> notes(size_t(glia_safetensors_note_count(file)));
    std::erase_if(content.tensors, [](const auto &tensor) { return tensor.second.dtype == GLIA_DTYPE_OTHER; });
    for (size_t i = 0; i < notes.size(); ++i) glia_safetensors_get_note(file, int(i), &notes[i]);
    for (int i = 0; i < glia_safetensors_count(file); ++i) {
        glia_safetensors_entry entry;
        glia_safetensors_get(file, i, &entry);
        if (entry.dtype != GLIA_DTYPE_OTHER) entries.push_back(entry);
    }
    glia_safetensors *again = nullptr;
    require(glia_safetensors_write(context->get(), scratch().c_str(), entries.data(), int(entries.size()), notes.data(),
                                   int(notes.size())) == GLIA_OK,
            "it is not written");
    require(glia_safetensors_open(context->get(), scratch().c_str(), &again) == GLIA_OK, "it is not read again");
    require(content_of(again) == content, "another content after writing");
    glia_safetensors_close(again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const Bytes content = file_of(&input);
    const auto want     = expected(content);
    const MemoryFile file(content);
    glia_safetensors *got    = nullptr;
    const glia_status status = glia_safetensors_open(context.get(), file.path(), &got);
    require(gli_memory_peak(&context.get()->memory) <= 4 * content.size() + (64 << 20), "too much memory");
    if (status == GLIA_OK) {
        const Content read = content_of(got);
        require(want && read == *want, "bytes that are no safetensors are read, or others than there are");
        check_written(&context, got, read);
        glia_safetensors_close(got);
    } else {
        require(!want || has_minus_zero(content), "a file is refused");
        require(status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED, "another error");
        require(context.message().find(file.path()) == 0, "a message without the path");
    }
    return 0;
}
