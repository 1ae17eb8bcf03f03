#include "golden/golden.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "support/params.h"

#include "support/unoptimized.h"  // behind the others

namespace glia::golden {
namespace {

const std::vector<double> kSpecial = {0.0,  -0.0, 1.0,  -1.0,  0.5,     -0.5,     2.0,       -2.0, 3.0,
                                      -3.0, 6.0,  30.0, -30.0, 0x1p-10, INFINITY, -INFINITY, NAN};

class Reader {
   public:
    explicit Reader(const std::string &path) {
        std::ifstream file(path, std::ios::binary);
        if (!file) throw std::runtime_error("cannot read " + path);
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
    }
    // The library supports little-endian machines only, so the file's numbers are the machine's.
    template <class T>
    T number() {
        T value;
        std::memcpy(&value, take(sizeof value), sizeof value);
        return value;
    }
    std::string text(size_t size) { return std::string(take(size), size); }

   private:
    const char *take(size_t size) {
        if (size > bytes_.size() - at_) throw std::runtime_error("a golden file is too short");
        at_ += size;
        return bytes_.data() + at_ - size;
    }
    std::string bytes_;
    size_t at_ = 0;
};

enum { F32_VALUES, F64_VALUES, I32_VALUES };

void read_array(Reader &in, Recorded &out) {
    const auto role = in.number<uint8_t>(), index = in.number<uint8_t>(), kind = in.number<uint8_t>(),
               ndim = in.number<uint8_t>();
    Array array;
    size_t count = 1;
    for (int i = 0; i < ndim; ++i) array.dims.push_back(in.number<uint32_t>()), count *= size_t(array.dims.back());
    for (size_t i = 0; i < count; ++i)
        array.values.push_back(kind == F32_VALUES   ? in.number<float>()
                               : kind == F64_VALUES ? in.number<double>()
                                                    : in.number<int32_t>());
    array.rounded = kind == F32_VALUES, array.integer = kind == I32_VALUES;
    auto &list = role == 0 ? out.outputs : out.gradients;
    if (list.size() <= index) list.resize(size_t(index) + 1);
    list[index] = std::move(array);
}

struct Store {
    std::map<uint64_t, Recorded> entries;
    std::vector<std::string> versions;  // of each file
    size_t cases = 0;                   // entries that are no curves
};

// All files of the folder: which of them holds an entry does not matter.
const Store &store() {
    static const Store all = [] {
        Store out;
        for (const auto &file : std::filesystem::directory_iterator(GLIA_GOLDEN_DIR)) {
            if (file.path().extension() != ".bin") continue;
            Reader in(file.path());
            if (in.text(8) != "GLIAGOLD") throw std::runtime_error(file.path().string() + " is no golden file");
            out.versions.push_back(file.path().filename().string() + ": " + in.text(in.number<uint32_t>()));
            const auto entries = in.number<uint32_t>();
            if (file.path().stem() != "curves") out.cases += entries;
            for (uint32_t k = 0; k < entries; ++k) {
                Recorded &entry = out.entries[in.number<uint64_t>()];
                for (int arrays = in.number<uint8_t>(); arrays > 0; --arrays) read_array(in, entry);
            }
        }
        return out;
    }();
    return all;
}

const Recorded *find(uint64_t key) {
    const auto it = store().entries.find(key);
    return it == store().entries.end() ? nullptr : &it->second;
}

std::string without_spaces(const std::string &text) {
    std::string out;
    for (char c : text)
        if (!isspace(static_cast<unsigned char>(c))) out += c;
    return out;
}

double rounded_to(glia_dtype dtype, double value) {
    alignas(8) char element[8];
    gli_store(dtype, element, 0, value);
    return gli_load(dtype, element, 0);
}

void make_distribution(const std::vector<int64_t> &dims, std::vector<double> &values) {
    const size_t axis = dims.size() > 1 ? 1 : 0, length = size_t(dims[axis]);
    size_t inner = 1;
    for (size_t d = axis + 1; d < dims.size(); ++d) inner *= size_t(dims[d]);
    for (size_t row = 0; row < values.size() / length; ++row) {
        double *first = &values[row / inner * inner * length + row % inner];
        double sum    = 0;
        for (size_t k = 0; k < length; ++k) sum += first[k * inner];
        for (size_t k = 0; k < length; ++k) first[k * inner] /= sum;
    }
}

}  // namespace

// The text is that of the line, so it has to be taken here, before any macro in it expands. Each case is a function of
// its own: one function that makes them all takes a compiler minutes.
#define PARAMS(...) {__VA_ARGS__}
#define CASE(op_, name_, params_, ...)                                             \
    [] {                                                                           \
        return Case{&gli_op_##op_,                                                 \
                    #name_,                                                        \
                    without_spaces(#op_ "," #name_ "," #params_ "," #__VA_ARGS__), \
                    false,                                                         \
                    bytes_of(params::op_ params_),                                 \
                    {__VA_ARGS__}};                                                \
    },
#define STEPS(op_, name_, params_, ...)                                            \
    [] {                                                                           \
        return Case{&gli_op_##op_,                                                 \
                    #name_,                                                        \
                    without_spaces(#op_ "," #name_ "," #params_ "," #__VA_ARGS__), \
                    true,                                                          \
                    bytes_of(params::op_ params_),                                 \
                    {__VA_ARGS__}};                                                \
    },

const std::vector<Case> &all_cases() {
    static Case (*const makers[])() = {
#include "golden/conv.inc"
#include "golden/data.inc"
#include "golden/elementwise.inc"
#include "golden/linear.inc"
#include "golden/loss.inc"
#include "golden/metric.inc"
#include "golden/movement.inc"
#include "golden/norm.inc"
#include "golden/optimizer.inc"
#include "golden/pool.inc"
#include "golden/random.inc"
#include "golden/reduce.inc"
#include "golden/sequence.inc"
#include "golden/rnn.inc"
    };
    static const std::vector<Case> cases = [] {
        std::vector<Case> all;
        for (Case (*make)() : makers) all.push_back(make());
        return all;
    }();
    return cases;
}

const Recorded *recorded(const Case &c) { return find(fnv1a(c.text)); }
const Recorded *recorded_curve(const std::string &name) { return find(fnv1a(name)); }
size_t recorded_count() { return store().cases; }
const std::vector<std::string> &recorded_versions() { return store().versions; }

// Source: Fowler, Noll, Vo, FNV-1a, 64 bits.
uint64_t fnv1a(const std::string &text) {
    uint64_t hash = 0xcbf29ce484222325;
    for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
    return hash;
}

std::vector<double> numbers_of(const Input &input, uint64_t seed, uint32_t stream, uint32_t step) {
    size_t count = 1;
    for (int64_t d : input.dims) count *= size_t(d);
    std::vector<double> values(count);
    for (size_t i = 0; i < count; ++i) {
        const uint32_t word = gli_random_u32({seed, stream, step}, i);
        const double unit   = (word >> 9) * 0x1p-23;  // [0, 1)
        switch (input.content) {
            case Content::absent:
            case Content::near:
            case Content::small:
            case Content::scaled:
            case Content::largest:
            case Content::made: break;  // of the provider suite
            case Content::signed_: values[i] = 2 * unit - 1; break;
            case Content::wide: values[i] = input.value * (2 * unit - 1); break;
            case Content::positive: values[i] = 0.5 + unit; break;
            case Content::unit:
            case Content::distribution: values[i] = 0.05 + 0.9 * unit; break;
            case Content::whole: values[i] = word % 9 - 4.0; break;
            case Content::special: values[i] = kSpecial[word % kSpecial.size()]; break;
            case Content::index: values[i] = word % uint32_t(input.value); break;
            case Content::constant: values[i] = input.value; break;
            case Content::step: values[i] = std::max(step, 1u); break;
        }
    }
    if (input.content == Content::distribution) make_distribution(input.dims, values);
    for (double &v : values) v = rounded_to(input.fixed ? input.dtype : GLIA_F32, v);
    return values;
}

}  // namespace glia::golden
