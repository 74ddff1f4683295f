#include "text/jinja/methods.h"

#include <algorithm>
#include <array>

#include "text/jinja/arguments.h"
#include "text/jinja/heap.h"
#include "text/jinja/operators.h"

namespace hlwq::text::jinja {
namespace {

Value View(Heap& heap, std::string_view name, std::vector<Value> items) {
  const Value view = heap.NewSequence(Kind::kView, std::move(items));
  view.as<Sequence>().name = name;
  return view;
}

template <typename Part>
std::vector<Value> EachEntry(Heap& heap, const Value& self, const Part& part) {
  const auto& entries = self.as<Dict>().entries();
  heap.Step(entries.size());
  std::vector<Value> parts;
  parts.reserve(entries.size());
  for (const Dict::Entry& entry : entries) parts.push_back(part(entry));
  return parts;
}

Value DictKeys(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters none("keys", arguments, {});
  return View(heap, "dict_keys",
              EachEntry(heap, self, [](const Dict::Entry& entry) { return entry.key; }));
}

Value DictValues(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters none("values", arguments, {});
  return View(heap, "dict_values",
              EachEntry(heap, self, [](const Dict::Entry& entry) { return entry.value; }));
}

Value DictItems(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters none("items", arguments, {});
  return View(heap, "dict_items", EachEntry(heap, self, [&](const Dict::Entry& entry) {
                return heap.Tuple({entry.key, entry.value});
              }));
}

Value DictGet(Heap&, const Value& self, const Arguments& arguments) {
  const Parameters parameters("get", arguments, {"key", "default"}, 1);
  if (const Value* found = self.as<Dict>().Find(parameters[0])) return *found;
  return parameters.Or(1, Value::None());
}

// Nothing changes a list or a dict, so one is its own copy.
Value Copy(Heap&, const Value& self, const Arguments& arguments) {
  const Parameters none("copy", arguments, {});
  return self;
}

Value ListCount(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("count", arguments, {"value"}, 1);
  return Value::Integer(std::ranges::count_if(self.as<Sequence>().items, [&](const Value& item) {
    return IsEqual(heap, item, parameters[0]);
  }));
}

Value ListIndex(Heap& heap, const Value& self, const Arguments& arguments) {
  const Parameters parameters("index", arguments, {"value"}, 1);
  const auto& items = self.as<Sequence>().items;
  const auto found = std::ranges::find_if(
      items, [&](const Value& item) { return IsEqual(heap, item, parameters[0]); });
  if (found == items.end()) Fail("the value is not in the list");
  return Value::Integer(found - items.begin());
}

Value CyclerNext(Heap&, const Value& self, const Arguments& arguments) {
  const Parameters none("next", arguments, {});
  Cycler& cycler = self.as<Cycler>();
  const Value current = cycler.items[cycler.at];
  cycler.at = (cycler.at + 1) % cycler.items.size();
  return current;
}

Value CyclerReset(Heap&, const Value& self, const Arguments& arguments) {
  const Parameters none("reset", arguments, {});
  self.as<Cycler>().at = 0;
  return Value::None();
}

struct Row {
  std::string_view name;
  MethodFunction method;
};

constexpr std::array kDictMethods = {
    Row{"copy", Copy},     Row{"get", DictGet},       Row{"items", DictItems},
    Row{"keys", DictKeys}, Row{"values", DictValues},
};
constexpr std::array kListMethods = {
    Row{"copy", Copy},
    Row{"count", ListCount},
    Row{"index", ListIndex},
};
constexpr std::array kTupleMethods = {
    Row{"count", ListCount},
    Row{"index", ListIndex},
};
constexpr std::array kCyclerMethods = {
    Row{"next", CyclerNext},
    Row{"reset", CyclerReset},
};

template <typename Table>
MethodFunction FindIn(const Table& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Row::name);
  return found == table.end() ? nullptr : found->method;
}

constexpr std::array<std::string_view, 8> kListChanges = {"append", "clear",  "extend",  "insert",
                                                          "pop",    "remove", "reverse", "sort"};
constexpr std::array<std::string_view, 5> kDictChanges = {"clear", "pop", "popitem", "setdefault",
                                                          "update"};

}  // namespace

MethodFunction FindMethod(Kind kind, std::string_view name) noexcept {
  switch (kind) {
    case Kind::kString:
      return FindStringMethod(name);
    case Kind::kDict:
      return FindIn(kDictMethods, name);
    case Kind::kList:
      return FindIn(kListMethods, name);
    case Kind::kTuple:
    case Kind::kRange:
      return FindIn(kTupleMethods, name);
    case Kind::kCycler:
      return FindIn(kCyclerMethods, name);
    default:
      return nullptr;
  }
}

bool IsForbidden(Kind kind, std::string_view name) noexcept {
  if (name.size() > 4 && name.starts_with("__") && name.ends_with("__")) return true;
  if (kind == Kind::kList) return std::ranges::find(kListChanges, name) != kListChanges.end();
  return kind == Kind::kDict && std::ranges::find(kDictChanges, name) != kDictChanges.end();
}

}  // namespace hlwq::text::jinja
