// One call by each provider that takes it, of the CPU and of the emulated device: for what all of them must agree on.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "support/call.h"

namespace glia {

// Each tensor has device memory of its own: contexts for single small calls fill no chunks of it.
inline const int everywhere_environment = setenv("GLIA_CUDA_CHUNK", "0", 0);

// The provider's name and the outputs of the call. A call that nobody takes is a failure.
inline std::vector<std::pair<std::string, std::vector<Array>>> everywhere_raw(
    const gli_op &op, const void *params, const std::vector<Array> &in,
    const std::vector<const char *> &devices = {"cpu", "emulated"}) {
    std::vector<std::pair<std::string, std::vector<Array>>> all;
    for (const char *device : devices) {
        gli_device_choice choice;
        if (gli_device_find(device, &choice) != GLIA_OK) continue;
        for (const gli_provider *const *it = choice.device->providers(&op); *it; ++it) {
            Session session((*it)->name, device);
            Result result = session.call_raw(op, params, in);
            if (result.message.find("which declines") != std::string::npos) continue;
            EXPECT_EQ(result.status, GLIA_OK) << (*it)->name << ": " << result.message;
            if (result.status == GLIA_OK) all.emplace_back((*it)->name, std::move(result.out));
        }
    }
    EXPECT_FALSE(all.empty()) << op.name;
    return all;
}

template <class Params>
auto everywhere(const gli_op &op, const Params &params, const std::vector<Array> &in) {
    return everywhere_raw(op, &params, in);
}

// Output 0, or another, exactly, by all of them.
template <class Params>
void expect_everywhere(const gli_op &op, const Params &params, const std::vector<Array> &in,
                       const std::vector<double> &want, size_t output = 0) {
    for (const auto &[provider, out] : everywhere(op, params, in))
        EXPECT_EQ(out.at(output).values, want) << op.name << " by " << provider;
}

// Within a share of the larger of 1 and the number.
template <class Params>
void expect_everywhere_near(const gli_op &op, const Params &params, const std::vector<Array> &in,
                            const std::vector<double> &want, size_t output = 0, double share = 1e-6) {
    for (const auto &[provider, out] : everywhere(op, params, in)) {
        ASSERT_EQ(out.at(output).values.size(), want.size()) << op.name << " by " << provider;
        for (size_t i = 0; i < want.size(); ++i)
            EXPECT_NEAR(out[output].values[i], want[i], share * std::max(1.0, std::fabs(want[i])))
                << op.name << " by " << provider << ", element " << i;
    }
}

}  // namespace glia
