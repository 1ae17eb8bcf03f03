// Destroys what a test made, in reverse.
#pragma once

#include <functional>
#include <vector>

namespace glia {

class Keep {
   public:
    ~Keep() {
        for (auto it = all_.rbegin(); it != all_.rend(); ++it) (*it)();
    }
    template <class T>
    T *operator()(T *made, void (*destroy)(T *)) {
        if (made) all_.push_back([=] { destroy(made); });
        return made;
    }

   private:
    std::vector<std::function<void()>> all_;
};

}  // namespace glia
