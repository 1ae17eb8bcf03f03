// Files of ONNX, message by message. Source: Protocol Buffers, "Encoding"; src/onnx/schema/onnx.proto.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace glia::onnx {

struct Message {
    std::string bytes;

    Message &number(unsigned field, uint64_t value) { return varint(field << 3), varint(value); }
    Message &real(unsigned field, float value) {
        varint(field << 3 | 5);
        bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
        return *this;
    }
    Message &text(unsigned field, const std::string &value) {
        varint(field << 3 | 2), varint(value.size());
        bytes += value;
        return *this;
    }
    Message &add(unsigned field, const Message &value) { return text(field, value.bytes); }

   private:
    Message &varint(uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
        bytes += static_cast<char>(value);
        return *this;
    }
};

enum Type { FLOAT = 1, INT64 = 7 };

inline Message tensor(const std::string &name, int type, const std::vector<int64_t> &dims, const std::string &raw) {
    Message m;
    for (int64_t dim : dims) m.number(1, static_cast<uint64_t>(dim));
    return m.number(2, static_cast<uint64_t>(type)).text(8, name).text(9, raw);
}

template <class T>
std::string raw(const std::vector<T> &values) {
    return std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
}

// -1: a dimension that is open.
inline Message value(const std::string &name, int type, const std::vector<int64_t> &dims) {
    Message shape;
    for (int64_t dim : dims)
        shape.add(1, dim < 0 ? Message().text(2, "N") : Message().number(1, static_cast<uint64_t>(dim)));
    const Message of = Message().number(1, static_cast<uint64_t>(type)).add(2, shape);
    return Message().text(1, name).add(2, Message().add(1, of));
}

inline Message integer(const std::string &name, int64_t value) {
    return Message().text(1, name).number(3, static_cast<uint64_t>(value)).number(20, 2);
}
inline Message integers(const std::string &name, const std::vector<int64_t> &values) {
    Message m = Message().text(1, name).number(20, 7);
    for (int64_t value : values) m.number(8, static_cast<uint64_t>(value));
    return m;
}

inline Message node(const std::string &op, const std::vector<std::string> &in, const std::vector<std::string> &out,
                    const std::vector<Message> &attributes = {}) {
    Message m;
    for (const std::string &name : in) m.text(1, name);
    for (const std::string &name : out) m.text(2, name);
    m.text(4, op);
    for (const Message &attribute : attributes) m.add(5, attribute);
    return m;
}

struct Network {
    std::vector<Message> nodes, initializers, inputs, outputs;
    int version = 13;

    std::string file() const {
        Message graph;
        for (const Message &node : nodes) graph.add(1, node);
        graph.text(2, "graph");
        for (const Message &tensor : initializers) graph.add(5, tensor);
        for (const Message &input : inputs) graph.add(11, input);
        for (const Message &output : outputs) graph.add(12, output);
        const Message set = Message().text(1, "").number(2, static_cast<uint64_t>(version));
        return Message().number(1, 8).add(7, graph).add(8, set).bytes;
    }
};

// y [N,2] = relu(x [N,3] w^T + b)
inline Network small_network() {
    Network n;
    n.inputs       = {value("x", FLOAT, {-1, 3})};
    n.outputs      = {value("y", FLOAT, {-1, 2})};
    n.initializers = {tensor("w", FLOAT, {2, 3}, raw<float>({1, -2, 3, -4, 5, -6})),
                      tensor("b", FLOAT, {2}, raw<float>({0.5f, 1}))};
    n.nodes        = {node("Gemm", {"x", "w", "b"}, {"h"}, {integer("transB", 1)}), node("Relu", {"h"}, {"y"})};
    return n;
}

}  // namespace glia::onnx
