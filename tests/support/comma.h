// Numbers with a decimal comma, as many locales have them.
#pragma once

#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>
#include <fstream>
#include <string>

#include "support/environment.h"
#include "support/files.h"

namespace glia {

// A locale whose numbers have a comma, for the length of a test.
class Comma : public testing::Test {
   protected:
    void SetUp() override {
        const std::string source  = folder_ / "source",
                          command = "localedef -c -i " + source + " " + (folder_ / "comma");
        std::ofstream(source) << "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \"\"\ngrouping -1\nEND LC_NUMERIC\n";
        [[maybe_unused]] const int missing_categories = system((command + " >/dev/null 2>&1").c_str());
        const Variable path("LOCPATH", folder_.path().c_str());
        if (!setlocale(LC_NUMERIC, "comma")) GTEST_SKIP() << "this machine has no localedef that makes one";
    }
    void TearDown() override { setlocale(LC_NUMERIC, "C"); }
    Folder folder_;
};

}  // namespace glia
