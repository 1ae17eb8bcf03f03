// Tensors whose every byte is watched: elements, the gaps between them, and a guard band on either side.
#pragma once

#include <algorithm>
#include <utility>

#include "support/suite.h"

namespace glia {

constexpr size_t kBand           = 256;
constexpr unsigned char kPattern = 0xA5;

// Bytes of the device, aligned for any access. A failure of the device shows as content that is wrong.
class Memory {
   public:
    Memory(glia_context *ctx, size_t bytes) : ctx_(ctx) { ctx->device->alloc(ctx, bytes, "a test", &block_); }
    Memory(Memory &&other) noexcept : ctx_(other.ctx_), block_(std::exchange(other.block_, {})) {}
    ~Memory() { ctx_->device->release(ctx_, &block_); }

    char *data() const { return static_cast<char *>(block_.data); }
    void write(const std::vector<unsigned char> &bytes) {
        ctx_->device->upload(ctx_, block_.data, bytes.data(), bytes.size());
    }
    void read(std::vector<unsigned char> &bytes) const {
        ctx_->device->download(ctx_, bytes.data(), block_.data, bytes.size());
    }

   private:
    glia_context *ctx_;
    gli_block block_{};
};

// A tensor between two guard bands, whose elements are the only bytes that may change. The device's memory is written
// when the content is set, and read when it is asked for.
class Buffer {
   public:
    Buffer(glia_context *ctx, glia_dtype dtype, const std::vector<int64_t> &dims, Layout layout)
        : memory_(ctx, layed_out(ctx, dtype, dims, layout)) {
        tensor_.data = memory_.data() + front_;
    }
    Buffer(Buffer &&) = default;

    glia_tensor *tensor() { return &tensor_; }
    const glia_tensor *tensor() const { return &tensor_; }

    void fill(const std::vector<double> &values) {
        for (size_t i = 0; i < values.size(); ++i) gli_store(tensor_.dtype, start(), offset(int64_t(i)), values[i]);
        set();
    }
    void poison(unsigned char byte) {  // 0xFF makes every float a NaN
        const size_t size = glia_dtype_size(tensor_.dtype);
        for (int64_t i = 0, n = gli_count(&tensor_); i < n; ++i) memset(element(i), byte, size);
        set();
    }
    void get() { memory_.read(bytes_); }
    void keep() {  // what is there now is what must stay
        get();
        before_ = bytes_;
    }

    std::vector<double> values() const {
        std::vector<double> out(size_t(gli_count(&tensor_)));
        for (size_t i = 0; i < out.size(); ++i) out[i] = gli_load(tensor_.dtype, start(), offset(int64_t(i)));
        return out;
    }
    bool unchanged() const { return bytes_ == before_; }
    bool only_elements_changed() const {
        std::vector<unsigned char> now = bytes_;
        const size_t size              = glia_dtype_size(tensor_.dtype);
        const size_t start             = front_;
        for (int64_t i = 0, n = gli_count(&tensor_); i < n; ++i) {
            const size_t at = start + size_t(offset(i)) * size;
            std::copy_n(before_.begin() + ptrdiff_t(at), size, now.begin() + ptrdiff_t(at));
        }
        return now == before_;
    }
    std::vector<unsigned char> element_bytes() const {
        const size_t size = glia_dtype_size(tensor_.dtype);
        std::vector<unsigned char> out(size_t(gli_count(&tensor_)) * size);
        for (int64_t i = 0, n = gli_count(&tensor_); i < n; ++i) memcpy(&out[size_t(i) * size], element(i), size);
        return out;
    }

   private:
    void set_strides(Layout layout) {
        int64_t step = layout == Layout::gapped ? 2 : 1;
        switch (layout) {
            case Layout::dense:
            case Layout::shifted:
            case Layout::turned: return;
            case Layout::channels_last:
                if (tensor_.ndim >= 4) gli_channels_last_strides(tensor_.ndim, tensor_.dim, tensor_.stride);
                return;
            case Layout::permuted:  // the first dimension is the innermost
                for (int i = 0; i < tensor_.ndim; ++i)
                    tensor_.stride[i] = step, step *= std::max<int64_t>(tensor_.dim[i], 1);
                return;
            case Layout::sliced:  // rows, images, ... that are one too long
            case Layout::gapped:  // and every other element of them
                for (int i = tensor_.ndim - 1; i >= 0; --i) tensor_.stride[i] = step, step *= tensor_.dim[i] + 1;
                return;
        }
    }
    size_t layed_out(glia_context *ctx, glia_dtype dtype, const std::vector<int64_t> &dims, Layout layout) {
        tensor_.ctx = ctx;
        gli_set_shape(&tensor_, dtype, int(dims.size()), dims.data());
        set_strides(layout);
        if (layout == Layout::shifted) front_ += glia_dtype_size(dtype);
        bytes_.assign(front_ + size_t(gli_extent(&tensor_)) * glia_dtype_size(dtype) + kBand, kPattern);
        return bytes_.size();
    }
    void set() {
        before_ = bytes_;
        memory_.write(bytes_);
    }
    unsigned char *start() { return bytes_.data() + front_; }
    const unsigned char *start() const { return bytes_.data() + front_; }
    int64_t offset(int64_t i) const {
        int64_t at = 0;
        for (int d = tensor_.ndim - 1; d >= 0; --d) at += i % tensor_.dim[d] * tensor_.stride[d], i /= tensor_.dim[d];
        return at;
    }
    const unsigned char *element(int64_t i) const {
        return start() + size_t(offset(i)) * glia_dtype_size(tensor_.dtype);
    }
    unsigned char *element(int64_t i) { return start() + size_t(offset(i)) * glia_dtype_size(tensor_.dtype); }

    glia_tensor tensor_{};
    size_t front_ = kBand;  // bytes before the tensor
    std::vector<unsigned char> bytes_, before_;
    Memory memory_;
};

}  // namespace glia
