// Python's dict: keys of several types, in the order they were set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

// 1, 1.0 and true are one key, as in Python. Keys are strings, numbers, none and tuples of these;
// anything else throws Error{kInvalidData} ("unhashable type: 'list'").
class Dict final : public Object {
 public:
  struct Entry {
    Value key;
    Value value;
  };

  // Null when the key is not there. Cost: constant.
  const Value* Find(const Value& key) const;
  const Value* Find(std::string_view key) const { return Find(Value::String(key)); }
  void Set(Heap& heap, const Value& key, const Value& value);

  const std::vector<Entry>& entries() const noexcept { return entries_; }
  size_t size() const noexcept { return entries_.size(); }

 private:
  struct KeyHash {
    size_t operator()(const Value& key) const;
  };
  struct KeyEqual {
    bool operator()(const Value& a, const Value& b) const;
  };

  std::vector<Entry> entries_;
  // Made once there are more entries than are quickly compared one by one.
  std::unordered_map<Value, uint32_t, KeyHash, KeyEqual> index_;
};

}  // namespace hlwq::text::jinja
