// Tensors lent and borrowed by DLPack: whose memory it is and how long it lives, what is refused, and what is copied.
#include <functional>
#include <limits>
#include <thread>
#include <vector>

#include "dlpack/standard/dlpack.h"
#include "support/context_test.h"
#include "support/failing.h"
#include "support/internals.h"

namespace {

using namespace glia;

constexpr glia_dlpack_import_args kShare{GLIA_DLPACK_SHARE}, kEither{GLIA_DLPACK_SHARE_OR_COPY},
    kCopy{GLIA_DLPACK_COPY};

// Another library's tensor, [2,3] of f32 in host memory, which counts how often it is given back.
struct Foreign {
    std::vector<float> values   = {1, 2, 3, 4, 5, 6};
    std::vector<int64_t> shape  = {2, 3}, strides;  // no strides: NULL
    int given_back              = 0;
    DLManagedTensorVersioned is = {};
    DLManagedTensor unversioned = {};

    Foreign() {
        is.version          = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
        is.manager_ctx      = this;
        is.deleter          = [](DLManagedTensorVersioned *m) { ++static_cast<Foreign *>(m->manager_ctx)->given_back; };
        is.dl_tensor.device = {kDLCPU, 0};
        is.dl_tensor.dtype  = {kDLFloat, 32, 1};
    }
    DLManagedTensorVersioned *lend() {
        fill();
        return &is;
    }
    DLManagedTensor *lend_unversioned() {
        fill();
        unversioned.dl_tensor   = is.dl_tensor;
        unversioned.manager_ctx = this;
        unversioned.deleter     = [](DLManagedTensor *m) { ++static_cast<Foreign *>(m->manager_ctx)->given_back; };
        return &unversioned;
    }

   private:
    void fill() {
        if (!is.dl_tensor.data) is.dl_tensor.data = values.data();
        is.dl_tensor.ndim    = static_cast<int32_t>(shape.size());
        is.dl_tensor.shape   = shape.data();
        is.dl_tensor.strides = strides.empty() ? nullptr : strides.data();
    }
};

std::vector<float> values_of(const glia_tensor *tensor) {
    std::vector<float> values(static_cast<size_t>(glia_tensor_count(tensor)));
    EXPECT_EQ(glia_tensor_read(tensor, values.data(), values.size() * sizeof(float)), GLIA_OK);
    return values;
}

class DLPackTest : public ContextTest {
   protected:
    glia_tensor *borrow(Foreign &from, const glia_dlpack_import_args &args) {
        glia_tensor *out = nullptr;
        EXPECT_EQ(glia_tensor_from_dlpack(ctx, from.lend(), &args, &out), GLIA_OK) << message();
        return out;
    }
    glia_tensor *filled() {
        const float values[] = {1, 2, 3, 4, 5, 6};
        glia_tensor *t       = tensor(GLIA_F32, GLIA_SHAPE(2, 3));
        EXPECT_EQ(glia_tensor_write(t, values, sizeof values), GLIA_OK);
        return t;
    }
};

// ---- Export ----

TEST_F(DLPackTest, LendsItsMemory) {
    glia_tensor *t                 = filled();
    DLManagedTensorVersioned *lent = nullptr;
    ASSERT_EQ(glia_tensor_to_dlpack(t, nullptr, &lent), GLIA_OK) << message();
    const DLTensor &d = lent->dl_tensor;
    EXPECT_EQ(lent->version.major, 1u);
    EXPECT_EQ(lent->flags, 0u);
    EXPECT_EQ(d.data, glia_tensor_data(t));
    EXPECT_EQ(d.byte_offset, 0u);
    EXPECT_TRUE(d.device.device_type == kDLCPU && d.device.device_id == 0);
    EXPECT_TRUE(d.dtype.code == kDLFloat && d.dtype.bits == 32 && d.dtype.lanes == 1);
    ASSERT_EQ(d.ndim, 2);
    EXPECT_TRUE(d.shape[0] == 2 && d.shape[1] == 3 && d.strides[0] == 3 && d.strides[1] == 1);
    static_cast<float *>(d.data)[5] = 7;  // what the consumer writes is in the tensor
    EXPECT_EQ(values_of(t), (std::vector<float>{1, 2, 3, 4, 5, 7}));
    lent->deleter(lent);
    EXPECT_EQ(values_of(t)[0], 1);  // and it lives on
    glia_tensor_destroy(t);
}

// The consumer is the last one, in another thread, while this one uses a context of its own.
TEST_F(DLPackTest, LivesUntilTheConsumerIsDone) {
    glia_context *other            = nullptr;
    glia_tensor *t                 = nullptr;
    DLManagedTensorVersioned *lent = nullptr, *again = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &other), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(other, GLIA_F32, GLIA_SHAPE(4), &t), GLIA_OK);
    ASSERT_EQ(glia_tensor_fill(t, 3), GLIA_OK);
    ASSERT_EQ(glia_tensor_to_dlpack(t, nullptr, &lent), GLIA_OK);
    ASSERT_EQ(glia_tensor_to_dlpack(t, nullptr, &again), GLIA_OK);
    glia_tensor_destroy(t);
    glia_context_destroy(other);
    again->deleter(again);
    std::thread([&] {
        EXPECT_EQ(static_cast<float *>(lent->dl_tensor.data)[3], 3);
        lent->deleter(lent);
    }).join();
}

TEST_F(DLPackTest, LendsCopiesAndWhatMayNotBeWritten) {
    const int64_t columns[]        = {1, 2};
    float memory[]                 = {1, 4, 2, 5, 3, 6};  // [2,3], a column after the other
    glia_tensor *t                 = nullptr;
    DLManagedTensorVersioned *lent = nullptr;
    ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 3), columns, memory, &t), GLIA_OK);
    glia_dlpack_export_args args = {};
    args.read_only               = true;
    ASSERT_EQ(glia_tensor_to_dlpack(t, &args, &lent), GLIA_OK) << message();
    EXPECT_EQ(lent->flags, DLPACK_FLAG_BITMASK_READ_ONLY);
    EXPECT_TRUE(lent->dl_tensor.strides[0] == 1 && lent->dl_tensor.strides[1] == 2);
    lent->deleter(lent);
    args.read_only = false;
    args.copy      = true;
    ASSERT_EQ(glia_tensor_to_dlpack(t, &args, &lent), GLIA_OK) << message();
    glia_tensor_destroy(t);
    EXPECT_EQ(lent->flags, DLPACK_FLAG_BITMASK_IS_COPIED);
    EXPECT_NE(lent->dl_tensor.data, memory);
    EXPECT_TRUE(lent->dl_tensor.strides[0] == 3 && lent->dl_tensor.strides[1] == 1);
    const float *copied = static_cast<float *>(lent->dl_tensor.data);
    EXPECT_EQ(std::vector<float>(copied, copied + 6), (std::vector<float>{1, 2, 3, 4, 5, 6}));
    lent->deleter(lent);
}

TEST_F(DLPackTest, EveryDtypeThereAndBack) {
    for (int dtype = 0; dtype < GLIA_DTYPE_COUNT; ++dtype) {
        for (const glia_shape &shape : {GLIA_SHAPE(2, 1, 2), GLIA_SCALAR, GLIA_SHAPE(3, 0)}) {
            glia_tensor *t = tensor(glia_dtype(dtype), shape), *back = nullptr;
            DLManagedTensorVersioned *lent = nullptr;
            ASSERT_EQ(glia_tensor_fill(t, 3), GLIA_OK);
            ASSERT_EQ(glia_tensor_to_dlpack(t, nullptr, &lent), GLIA_OK) << message();
            EXPECT_EQ(lent->dl_tensor.dtype.bits, 8 * glia_dtype_size(glia_dtype(dtype)));
            EXPECT_EQ(lent->dl_tensor.data, glia_tensor_count(t) ? glia_tensor_data(t) : nullptr);
            ASSERT_EQ(glia_tensor_from_dlpack(ctx, lent, &kShare, &back), GLIA_OK) << message();
            EXPECT_EQ(glia_tensor_dtype(back), dtype);
            EXPECT_TRUE(gli_same_shape(t, back));
            EXPECT_EQ(glia_tensor_data(back), lent->dl_tensor.data);
            glia_tensor_destroy(t);
            glia_tensor_destroy(back);
        }
    }
}

// ---- Import ----

TEST_F(DLPackTest, BorrowsMemory) {
    Foreign f;
    f.strides      = {1, 2};
    f.shape        = {2, 3};
    glia_tensor *t = borrow(f, kShare);
    EXPECT_EQ(glia_tensor_data(t), f.values.data());
    EXPECT_EQ(values_of(t), (std::vector<float>{1, 3, 5, 2, 4, 6}));
    ASSERT_EQ(glia_tensor_fill(t, 9), GLIA_OK);
    EXPECT_EQ(f.values[5], 9);
    EXPECT_EQ(f.given_back, 0);
    glia_tensor_destroy(t);
    EXPECT_EQ(f.given_back, 1);
}

TEST_F(DLPackTest, BorrowsAnUnversionedOne) {
    Foreign f;
    glia_tensor *t = nullptr;
    ASSERT_EQ(glia_tensor_from_dlpack_unversioned(ctx, f.lend_unversioned(), nullptr, &t), GLIA_OK) << message();
    EXPECT_EQ(glia_tensor_data(t), f.values.data());
    glia_tensor_destroy(t);
    EXPECT_EQ(f.given_back, 1);
    f.unversioned.deleter = nullptr;  // which is allowed
    ASSERT_EQ(glia_tensor_from_dlpack_unversioned(ctx, &f.unversioned, &kCopy, &t), GLIA_OK) << message();
    EXPECT_EQ(values_of(t), f.values);
    glia_tensor_destroy(t);
    f.unversioned.dl_tensor.ndim = -1;
    EXPECT_EQ(glia_tensor_from_dlpack_unversioned(ctx, &f.unversioned, &kCopy, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("glia_tensor_from_dlpack_unversioned: ndim is -1")) << message();
}

// What was borrowed is lent on; the owner has it back when both are done.
TEST_F(DLPackTest, LendsWhatItBorrowed) {
    Foreign f;
    f.is.flags                     = DLPACK_FLAG_BITMASK_READ_ONLY;
    glia_tensor *t                 = borrow(f, kShare);
    DLManagedTensorVersioned *lent = nullptr;
    ASSERT_EQ(glia_tensor_to_dlpack(t, nullptr, &lent), GLIA_OK) << message();
    EXPECT_EQ(lent->flags, DLPACK_FLAG_BITMASK_READ_ONLY);
    glia_tensor_destroy(t);
    EXPECT_EQ(f.given_back, 0);
    lent->deleter(lent);
    EXPECT_EQ(f.given_back, 1);
}

TEST_F(DLPackTest, CopiesWhatItCannotBorrow) {
    Foreign backwards;  // as NumPy's x[::-1]
    backwards.strides                  = {-3, 1};
    backwards.is.dl_tensor.byte_offset = 3 * sizeof(float);
    Foreign unaligned;
    std::vector<char> bytes(sizeof(float) * 6 + 1);
    memcpy(bytes.data() + 1, unaligned.values.data(), sizeof(float) * 6);
    unaligned.is.dl_tensor.data        = bytes.data();
    unaligned.is.dl_tensor.byte_offset = 1;
    const std::vector<float> swapped   = {4, 5, 6, 1, 2, 3};
    glia_tensor *t                     = nullptr;
    EXPECT_EQ(glia_tensor_from_dlpack(ctx, backwards.lend(), &kShare, &t), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("stride 0 is -3")) << message();
    EXPECT_EQ(glia_tensor_from_dlpack(ctx, unaligned.lend(), nullptr, &t), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("not aligned to the 4 bytes of f32")) << message();
    EXPECT_EQ(backwards.given_back + unaligned.given_back, 0);
    for (Foreign *f : {&backwards, &unaligned}) {
        t = borrow(*f, kEither);
        EXPECT_EQ(f->given_back, 1);  // at once
        f->values.assign(6, 0);
        EXPECT_EQ(values_of(t), f == &backwards ? swapped : (std::vector<float>{1, 2, 3, 4, 5, 6}));
        glia_tensor_destroy(t);
        EXPECT_EQ(f->given_back, 1);
    }
    Foreign plain;
    plain.strides = {0, 1};  // [2,3] from 3 numbers
    t             = borrow(plain, kCopy);
    EXPECT_NE(glia_tensor_data(t), plain.values.data());
    EXPECT_EQ(values_of(t), (std::vector<float>{1, 2, 3, 1, 2, 3}));
    EXPECT_EQ(plain.given_back, 1);
    glia_tensor_destroy(t);
}

// Strides of dimensions of one element, and of none, mean nothing.
TEST_F(DLPackTest, StridesThatDoNotMatter) {
    Foreign one, none;
    one.shape    = {1, 6};
    one.strides  = {-77, 1};
    none.shape   = {0, 3};
    none.strides = {-3, -1};
    for (Foreign *f : {&one, &none}) {
        glia_tensor *t = borrow(*f, kShare);
        EXPECT_EQ(values_of(t), f == &one ? f->values : std::vector<float>());
        glia_tensor_destroy(t);
        EXPECT_EQ(f->given_back, 1);
    }
}

TEST_F(DLPackTest, ReadsBools) {
    Foreign f;
    uint8_t bools[6]     = {0, 1, 1, 0, 0, 1}, got[6];
    f.is.dl_tensor.dtype = {kDLBool, 8, 1};
    f.is.dl_tensor.data  = bools;
    glia_tensor *t       = borrow(f, kShare);
    EXPECT_EQ(glia_tensor_dtype(t), GLIA_U8);
    ASSERT_EQ(glia_tensor_read(t, got, sizeof got), GLIA_OK);
    EXPECT_EQ(memcmp(got, bools, sizeof got), 0);
    glia_tensor_destroy(t);
}

// Every way to write a tensor fails; it is read as any other, by ops, and by plans as an input that they copy.
TEST_F(DLPackTest, NothingWritesToWhatIsReadOnly) {
    Foreign f;
    f.is.flags     = DLPACK_FLAG_BITMASK_READ_ONLY;
    f.strides      = {1, 2};
    glia_tensor *t = borrow(f, kShare), *x = filled(), *y = tensor(GLIA_F32, GLIA_SHAPE(2, 3));
    const float numbers[6]       = {};
    const glia_unary_params relu = glia_unary_defaults(GLIA_UNARY_RELU);
    const auto refuses           = [&](glia_status status) {
        EXPECT_EQ(status, GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(says(" is read-only")) << message();
    };
    refuses(glia_tensor_write(t, numbers, sizeof numbers));
    refuses(glia_tensor_fill(t, 0));
    refuses(glia_tensor_copy(x, t));
    refuses(glia_unary(ctx, &relu, x, t));
    refuses(glia_unary(ctx, &relu, t, t));
    glia_graph *graph = nullptr;
    glia_plan *plan   = nullptr;
    ASSERT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
    const glia_value in  = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(2, 3));
    const glia_value out = glia_graph_call(graph, "unary", &relu, &in, 1, nullptr, 0);
    ASSERT_EQ(glia_plan_create(graph, &out, 1, &plan), GLIA_OK) << message();
    const glia_tensor *inputs[] = {x}, *borrowed[] = {t};
    glia_tensor *outputs[] = {t}, *results[] = {y};
    refuses(glia_plan_run(plan, inputs, 1, outputs, 1));
    ASSERT_EQ(glia_plan_run(plan, borrowed, 1, results, 1), GLIA_OK) << message();
    EXPECT_EQ(values_of(y), (std::vector<float>{1, 3, 5, 2, 4, 6}));
    glia_graph_assign(graph, glia_graph_tensor(graph, "t", t), out);
    refuses(glia_graph_status(graph));
    glia_plan_destroy(plan);
    glia_graph_destroy(graph);
    EXPECT_EQ(f.values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
    for (glia_tensor *each : {t, x, y}) glia_tensor_destroy(each);
    t = borrow(f, kCopy);  // a copy is one's own
    EXPECT_EQ(glia_tensor_fill(t, 1), GLIA_OK) << message();
    glia_tensor_destroy(t);
}

// ---- What is refused, by any mode: the tensor stays the caller's, and the message names the values ----

struct Bad {
    const char *part;
    glia_status status;
    std::function<void(DLManagedTensorVersioned &)> spoil;
};

TEST_F(DLPackTest, RefusesWhatNoTensorSays) {
    static int64_t negative[] = {2, -3}, many[] = {INT64_C(1) << 40, INT64_C(1) << 40}, far[] = {INT64_MAX, 1},
                   back[] = {1, INT64_MIN}, ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const Bad all[] = {
        {"DLPack 2.7, Glia reads 1.x", GLIA_UNSUPPORTED, [](auto &m) { m.version = {2, 7}; }},
        {"DLPack 0.8, Glia reads 1.x", GLIA_UNSUPPORTED, [](auto &m) { m.version = {0, 8}; }},
        {"code 2 (float), 32 bits, 4 lanes", GLIA_UNSUPPORTED, [](auto &m) { m.dl_tensor.dtype.lanes = 4; }},
        {"code 2 (float), 32 bits, 0 lanes", GLIA_UNSUPPORTED, [](auto &m) { m.dl_tensor.dtype.lanes = 0; }},
        {"code 5 (complex), 64 bits", GLIA_UNSUPPORTED, [](auto &m) { m.dl_tensor.dtype = {kDLComplex, 64, 1}; }},
        {"code 0 (int), 16 bits", GLIA_UNSUPPORTED, [](auto &m) { m.dl_tensor.dtype = {kDLInt, 16, 1}; }},
        {"code 6 (bool), 1 bits", GLIA_UNSUPPORTED, [](auto &m) { m.dl_tensor.dtype = {kDLBool, 1, 1}; }},
        {"code 200 (?), 32 bits", GLIA_UNSUPPORTED, [](auto &m) { m.dl_tensor.dtype.code = 200; }},
        {"ndim is -1", GLIA_INVALID_ARGUMENT, [](auto &m) { m.dl_tensor.ndim = -1; }},
        {"ndim is -2147483648", GLIA_INVALID_ARGUMENT, [](auto &m) { m.dl_tensor.ndim = INT32_MIN; }},
        {"9 dimensions", GLIA_UNSUPPORTED, [](auto &m) { m.dl_tensor.ndim = 9, m.dl_tensor.shape = ones; }},
        {"2147483647 dimensions", GLIA_UNSUPPORTED, [](auto &m) { m.dl_tensor.ndim = INT32_MAX; }},
        {"shape is NULL, ndim is 2", GLIA_INVALID_ARGUMENT, [](auto &m) { m.dl_tensor.shape = nullptr; }},
        {"dimension 1 is -3", GLIA_INVALID_ARGUMENT, [](auto &m) { m.dl_tensor.shape = negative; }},
        {"more bytes than memory can", GLIA_INVALID_ARGUMENT, [](auto &m) { m.dl_tensor.shape = many; }},
        {"dimension 0 of 2 with stride 9223372036854775807", GLIA_INVALID_ARGUMENT,
         [](auto &m) { m.dl_tensor.strides = far; }},
        {"dimension 1 of 3 with stride -9223372036854775808", GLIA_INVALID_ARGUMENT,
         [](auto &m) { m.dl_tensor.strides = back; }},
        {"data is NULL, shape is [2,3]", GLIA_INVALID_ARGUMENT, [](auto &m) { m.dl_tensor.data = nullptr; }},
        {"byte_offset 18446744073709551615", GLIA_INVALID_ARGUMENT,
         [](auto &m) { m.dl_tensor.byte_offset = UINT64_MAX; }},
        {"elements 0 to 5 of 4 bytes at data 0xffffffffffffffec", GLIA_INVALID_ARGUMENT,
         [](auto &m) { m.dl_tensor.data = reinterpret_cast<void *>(UINTPTR_MAX - 19); }},
        {"kDLCUDA (2) 1, the context is on cpu", GLIA_DEVICE_MISMATCH,
         [](auto &m) { m.dl_tensor.device = {kDLCUDA, 1}; }},
        {"kDLROCM (10) 0", GLIA_DEVICE_MISMATCH, [](auto &m) { m.dl_tensor.device = {kDLROCM, 0}; }},
        {"of another kind (99) -5", GLIA_DEVICE_MISMATCH,
         [](auto &m) { m.dl_tensor.device = {static_cast<DLDeviceType>(99), -5}; }},
    };
    for (const Bad &bad : all)
        for (const glia_dlpack_import_args &args : {kShare, kEither, kCopy}) {
            Foreign f;
            glia_tensor *t = nullptr;
            bad.spoil(*f.lend());
            EXPECT_EQ(glia_tensor_from_dlpack(ctx, &f.is, &args, &t), bad.status) << bad.part;
            EXPECT_TRUE(says(bad.part)) << message() << "\n" << bad.part;
            EXPECT_TRUE(says("glia_tensor_from_dlpack: ")) << message();
            EXPECT_TRUE(t == nullptr && f.given_back == 0);
        }
}

TEST_F(DLPackTest, RefusesWrongArguments) {
    Foreign f;
    glia_tensor *t = filled(), *out = nullptr;
    const glia_dlpack_import_args wrong{static_cast<glia_dlpack_copy>(3)};
    EXPECT_EQ(glia_tensor_from_dlpack(ctx, f.lend(), &wrong, &out), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("copy is 3")) << message();
    glia_tensor view               = *t;
    DLManagedTensorVersioned *lent = nullptr;
    EXPECT_EQ(glia_tensor_to_dlpack(&view, nullptr, &lent), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("only tensors that were created can be lent")) << message();
    glia_tensor_destroy(t);
}

TEST_F(DLPackTest, OutOfMemory) {
    const auto both = [](glia_context *c) {
        Foreign f;
        glia_tensor *t                 = nullptr;
        DLManagedTensorVersioned *lent = nullptr;
        f.strides                      = {1, 2};
        glia_status status             = glia_tensor_from_dlpack(c, f.lend(), &kCopy, &t);
        EXPECT_EQ(f.given_back, status == GLIA_OK);
        glia_dlpack_export_args args = {};
        args.copy                    = true;
        if (status == GLIA_OK) status = glia_tensor_to_dlpack(t, &args, &lent);
        if (status == GLIA_OK) lent->deleter(lent);
        glia_tensor_destroy(t);
        return status;
    };
    EXPECT_GE(fail_every_allocation(both), 5);
}

// The emulator's memory is the host's: it is lent as such, and its own comes back without a copy, other memory with
// one.
TEST(DLPackEmulatedTest, MemoryOfTheHost) {
    glia_context *ctx = nullptr, *cpu = nullptr;
    if (glia_context_create("emulated", nullptr, &ctx) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(glia_context_create("cpu", nullptr, &cpu), GLIA_OK);
    Foreign f;
    glia_tensor *t = nullptr, *back = nullptr, *there = nullptr;
    DLManagedTensorVersioned *lent = nullptr;
    EXPECT_NE(glia_context_stream(ctx), nullptr);
    EXPECT_EQ(glia_context_stream(cpu), nullptr);
    EXPECT_EQ(glia_tensor_from_dlpack(ctx, f.lend(), &kShare, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(std::string(glia_message(ctx)).find("is memory of the host"), std::string::npos) << glia_message(ctx);
    f.strides = {1, 2};
    ASSERT_EQ(glia_tensor_from_dlpack(ctx, f.lend(), &kEither, &t), GLIA_OK) << glia_message(ctx);
    EXPECT_EQ(f.given_back, 1);
    const glia_unary_params neg = glia_unary_defaults(GLIA_UNARY_NEG);
    ASSERT_EQ(glia_unary(ctx, &neg, t, t), GLIA_OK) << glia_message(ctx);
    ASSERT_EQ(glia_tensor_to_dlpack(t, nullptr, &lent), GLIA_OK) << glia_message(ctx);  // waits for neg
    EXPECT_EQ(lent->dl_tensor.device.device_type, kDLCPU);
    EXPECT_EQ(static_cast<float *>(lent->dl_tensor.data)[1], -3);
    ASSERT_EQ(glia_tensor_from_dlpack(cpu, lent, &kShare, &there), GLIA_OK) << glia_message(cpu);
    EXPECT_EQ(values_of(there), (std::vector<float>{-1, -3, -5, -2, -4, -6}));
    glia_dlpack_export_args args = {};
    args.no_wait                 = true;
    ASSERT_EQ(glia_tensor_to_dlpack(t, &args, &lent), GLIA_OK) << glia_message(ctx);
    ASSERT_EQ(glia_tensor_from_dlpack(ctx, lent, &kShare, &back), GLIA_OK) << glia_message(ctx);
    EXPECT_EQ(glia_tensor_data(back), glia_tensor_data(t));
    glia_tensor_destroy(t);
    EXPECT_EQ(values_of(back), values_of(there));
    glia_tensor_destroy(back);
    glia_context_destroy(ctx);
    glia_tensor_destroy(there);
    glia_context_destroy(cpu);
}

}  // namespace
