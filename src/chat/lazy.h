// A value that is made when it is first asked for.
#pragma once

#include <mutex>
#include <optional>

namespace hlwq::chat {

// Thread: safe. A `make` that throws is tried again at the next call.
template <typename Value>
class Lazy {
 public:
  template <typename Make>
  const Value& Get(Make make) const {
    const std::lock_guard lock(mutex_);
    if (!value_) value_.emplace(make());
    return *value_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::optional<Value> value_;
};

}  // namespace hlwq::chat
