// Owns what a rendering makes, and counts what it costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/chat_template.h"
#include "text/jinja/objects.h"
#include "text/jinja/value.h"

namespace hlwq::text::jinja {

// Throws Error{kInvalidData}: the template cannot be evaluated. The evaluator adds the line.
[[noreturn]] void Fail(std::string message);

// An arena: everything lives until the rendering ends. Values are small, and a rendering is short;
// in return nothing is counted, and no chain of owners can overflow the stack when it goes.
class Heap {
 public:
  explicit Heap(const TemplateLimits& limits) noexcept : limits_(limits) {}
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // Work done. Throws Error{kInvalidData} past the limit.
  void Step(uint64_t steps = 1) {
    steps_ += steps;
    if (steps_ > limits_.steps) FailSteps();
  }
  // Work on `bytes` bytes of text.
  void StepText(size_t bytes) { Step(1 + bytes / 64); }
  // Memory about to be taken. Throws Error{kInvalidData} past the limit.
  void Charge(size_t bytes) {
    Reserve(bytes);
    memory_bytes_ += bytes;
  }
  // Throws as Charge does if so much more were taken: before something large is made.
  void Reserve(size_t bytes) const {
    if (bytes > limits_.memory_bytes - memory_bytes_) FailMemory();
  }
  const TemplateLimits& limits() const noexcept { return limits_; }

  template <typename T, typename... Parts>
  T* New(Parts&&... parts) {
    Charge(sizeof(T) + sizeof(void*));
    auto made = std::make_unique<T>(std::forward<Parts>(parts)...);
    T* const object = made.get();
    objects_.push_back(std::move(made));
    return object;
  }

  // A string that the heap keeps.
  Value Text(std::string text);
  // `kind` is one of those a Sequence has.
  Value NewSequence(Kind kind, std::vector<Value> items);
  Value List(std::vector<Value> items) { return NewSequence(Kind::kList, std::move(items)); }
  Value Tuple(std::vector<Value> items) { return NewSequence(Kind::kTuple, std::move(items)); }
  Value Iterator(std::vector<Value> items) {
    return NewSequence(Kind::kIterator, std::move(items));
  }
  Value BoundMethod(const Value& self, MethodFunction call) {
    return Value::Of(Kind::kMethod, New<Method>(self, call));
  }

 private:
  [[noreturn]] void FailSteps() const;
  [[noreturn]] void FailMemory() const;

  const TemplateLimits limits_;
  uint64_t steps_ = 0;
  size_t memory_bytes_ = 0;
  std::deque<std::string> texts_;
  std::vector<std::unique_ptr<Object>> objects_;
};

}  // namespace hlwq::text::jinja
