// Filters that apply a filter or a test to every item: map, select, reject, selectattr, rejectattr.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/attribute_path.h"
#include "text/jinja/filters.h"
#include "text/jinja/heap.h"
#include "text/jinja/operators.h"
#include "text/jinja/tests.h"

namespace hlwq::text::jinja {
namespace {

constexpr size_t kMaxArguments = 100;

std::string_view NameOf(std::string_view what, const Value& name) {
  if (!name.Is(Kind::kString)) {
    Fail(fmt::format("the name of a {} is a str, not {}", what, TypeName(name.kind())));
  }
  return name.text();
}

// The arguments behind the first `count`.
Arguments Rest(const Arguments& arguments, size_t count) {
  // A filter can be applied by map, and that by map again: each takes one argument more.
  if (arguments.positional.size() > kMaxArguments) Fail("more than 100 arguments");
  Arguments rest{.positional = {}, .keywords = arguments.keywords};
  const auto& positional = arguments.positional;
  if (positional.size() > count) {
    rest.positional.assign(positional.begin() + static_cast<std::ptrdiff_t>(count),
                           positional.end());
  }
  return rest;
}

Value MapAttribute(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Value* attribute = nullptr;
  const Value* otherwise = nullptr;
  for (const auto& [name, value] : arguments.keywords) {
    if (name == "attribute") {
      attribute = &value;
    } else if (name == "default") {
      otherwise = value.Is(Kind::kNone) ? nullptr : &value;
    } else {
      Fail(fmt::format("Unexpected keyword argument '{}'", name));
    }
  }
  if (attribute == nullptr) Fail("map requires a filter argument");
  const AttributePath path(heap, *attribute);
  std::vector<Value> mapped;
  for (const Value& item : Items(heap, filtered)) {
    mapped.push_back(path.Of(heap, item, otherwise));
  }
  return heap.Iterator(std::move(mapped));
}

Value Map(Heap& heap, const Value& filtered, const Arguments& arguments) {
  if (!IsTrue(filtered)) return heap.Iterator({});
  if (arguments.positional.empty()) return MapAttribute(heap, filtered, arguments);
  const std::string_view name = NameOf("filter", arguments.positional[0]);
  const FilterFunction filter = FindFilter(name);
  if (filter == nullptr) Fail(fmt::format("filter '{}' is not supported", name));
  const Arguments rest = Rest(arguments, 1);
  std::vector<Value> mapped;
  for (const Value& item : Items(heap, filtered)) {
    heap.Step();
    mapped.push_back(filter(heap, item, rest));
  }
  return heap.Iterator(std::move(mapped));
}

struct Selection {
  bool wanted;
  bool is_by_attribute;
};

Value SelectItems(Heap& heap, const Value& filtered, const Arguments& arguments,
                  Selection selection) {
  if (!IsTrue(filtered)) return heap.Iterator({});
  const auto& positional = arguments.positional;
  if (selection.is_by_attribute && positional.empty()) {
    Fail("Missing parameter for attribute name");
  }
  const AttributePath path(heap, selection.is_by_attribute ? positional[0] : Value::None());
  const size_t test_at = selection.is_by_attribute ? 1 : 0;
  TestFunction test = nullptr;
  if (positional.size() > test_at) {
    const std::string_view name = NameOf("test", positional[test_at]);
    test = FindTest(name);
    if (test == nullptr) Fail(fmt::format("test '{}' is not supported", name));
  }
  const Arguments rest = Rest(arguments, test_at + 1);
  std::vector<Value> selected;
  for (const Value& item : Items(heap, filtered)) {
    heap.Step();
    const Value tested = path.Of(heap, item);
    const bool holds = test != nullptr ? test(heap, tested, rest) : IsTrue(tested);
    if (holds == selection.wanted) selected.push_back(item);
  }
  return heap.Iterator(std::move(selected));
}

Value Select(Heap& heap, const Value& filtered, const Arguments& arguments) {
  return SelectItems(heap, filtered, arguments, {.wanted = true, .is_by_attribute = false});
}
Value Reject(Heap& heap, const Value& filtered, const Arguments& arguments) {
  return SelectItems(heap, filtered, arguments, {.wanted = false, .is_by_attribute = false});
}
Value SelectAttribute(Heap& heap, const Value& filtered, const Arguments& arguments) {
  return SelectItems(heap, filtered, arguments, {.wanted = true, .is_by_attribute = true});
}
Value RejectAttribute(Heap& heap, const Value& filtered, const Arguments& arguments) {
  return SelectItems(heap, filtered, arguments, {.wanted = false, .is_by_attribute = true});
}

struct Row {
  std::string_view name;
  FilterFunction filter;
};

constexpr Row kFilters[] = {
    {"map", Map},
    {"reject", Reject},
    {"rejectattr", RejectAttribute},
    {"select", Select},
    {"selectattr", SelectAttribute},
};

}  // namespace

FilterFunction FindSelectFilter(std::string_view name) noexcept {
  for (const Row& row : kFilters) {
    if (row.name == name) return row.filter;
  }
  return nullptr;
}

}  // namespace hlwq::text::jinja
