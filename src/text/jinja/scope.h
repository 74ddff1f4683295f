// Names and their values.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/heap.h"
#include "text/jinja/value.h"

namespace hlwq::text::jinja {

// Loops, macros and some blocks have a scope of their own: what is set in it is gone after it, and
// hides what is around it. Names view the template or the variables.
struct Scope final : Object {
  explicit Scope(Scope* outer) noexcept : parent(outer) {}

  // Null when neither this scope nor those around it have the name.
  const Value* Find(Heap& heap, std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent) {
      heap.Step(scope->names.size() / 16);
      for (const auto& [known, value] : scope->names) {
        if (known == name) return &value;
      }
    }
    return nullptr;
  }

  void Set(Heap& heap, std::string_view name, const Value& value) {
    heap.Step(names.size() / 16);
    for (auto& [known, old] : names) {
      if (known == name) {
        old = value;
        return;
      }
    }
    heap.Charge(sizeof(names[0]));
    names.emplace_back(name, value);
  }

  Scope* parent;
  std::vector<std::pair<std::string_view, Value>> names;
};

}  // namespace hlwq::text::jinja
