// All states of a model, by name.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "glia/glia.h"

namespace glia {

using Bytes  = std::vector<unsigned char>;
using States = std::map<std::string, Bytes>;

inline States states_of(const glia_model *net) {
    States all;
    for (int i = 0; i < glia_model_state_count(net); ++i) {
        const char *name = glia_model_state_name(net, i);
        glia_state_info info{};
        EXPECT_EQ(glia_model_state_info(net, name, &info), GLIA_OK) << name;
        EXPECT_STREQ(info.name, name);
        EXPECT_EQ(all.count(name), 0u) << name << " is there twice";
        Bytes &values = all[name];
        values.resize(info.bytes);
        EXPECT_EQ(glia_model_state_get(net, name, values.data(), values.size()), GLIA_OK) << name;
    }
    return all;
}

inline void set_states(glia_model *net, const States &all) {
    for (const auto &[name, values] : all)
        EXPECT_EQ(glia_model_state_set(net, name.c_str(), values.data(), values.size()), GLIA_OK) << name;
}

}  // namespace glia
