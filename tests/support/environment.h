// Variables of the environment for the length of a test.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace glia {

class Variable {
   public:
    Variable(const char *name, const char *value) : name_(name) {
        if (const char *before = std::getenv(name)) before_ = before;
        if (value)
            setenv(name, value, 1);
        else
            unsetenv(name);
    }
    ~Variable() {
        if (before_)
            setenv(name_, before_->c_str(), 1);
        else
            unsetenv(name_);
    }
    Variable(const Variable &) = delete;

   private:
    const char *name_;
    std::optional<std::string> before_;
};

}  // namespace glia
