// Filters that compare items with each other.
#include <algorithm>
#include <vector>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/attribute_path.h"
#include "text/jinja/filters.h"
#include "text/jinja/heap.h"
#include "text/jinja/operators.h"

namespace hlwq::text::jinja {
namespace {

struct Keyed {
  Value key;
  Value item;
};

// Stable both ways: items with equal keys stay in their order.
void SortByKey(Heap& heap, std::vector<Keyed>& items, bool is_reverse) {
  std::ranges::stable_sort(items, [&](const Keyed& a, const Keyed& b) {
    return is_reverse ? Compare(heap, CompareOperator::kLess, b.key, a.key)
                      : Compare(heap, CompareOperator::kLess, a.key, b.key);
  });
}

Value ItemsOf(Heap& heap, const std::vector<Keyed>& keyed) {
  std::vector<Value> items;
  items.reserve(keyed.size());
  for (const Keyed& one : keyed) items.push_back(one.item);
  return heap.List(std::move(items));
}

Value Sort(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool is_case_sensitive = parameters.IsTrue(1, false);
  const auto paths = AttributePaths(heap, parameters.Or(2, Value::None()));
  std::vector<Keyed> keyed;
  for (const Value& item : Items(heap, filtered)) {
    heap.Step();
    std::vector<Value> keys;
    for (const AttributePath& path : paths) {
      keys.push_back(SortKey(heap, path.Of(heap, item), is_case_sensitive));
    }
    keyed.push_back({heap.List(std::move(keys)), item});
  }
  SortByKey(heap, keyed, parameters.IsTrue(0, false));
  return ItemsOf(heap, keyed);
}

Value SortDict(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  RequireDefined(filtered);
  if (!filtered.Is(Kind::kDict)) Fail("dictsort wants a dict");
  const std::string_view by = parameters.Text(1, "key");
  if (by != "key" && by != "value") Fail("You can only sort by either \"key\" or \"value\"");
  std::vector<Keyed> keyed;
  for (const Dict::Entry& entry : filtered.as<Dict>().entries()) {
    heap.Step();
    const Value& key = by == "key" ? entry.key : entry.value;
    keyed.push_back(
        {SortKey(heap, key, parameters.IsTrue(0, false)), heap.Tuple({entry.key, entry.value})});
  }
  SortByKey(heap, keyed, parameters.IsTrue(2, false));
  return ItemsOf(heap, keyed);
}

Value Unique(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("unique", arguments, {"case_sensitive", "attribute"});
  const AttributePath path(heap, parameters.Or(1, Value::None()));
  Dict* const seen = heap.New<Dict>();
  std::vector<Value> items;
  for (const Value& item : Items(heap, filtered)) {
    heap.Step();
    const Value key = SortKey(heap, path.Of(heap, item), parameters.IsTrue(0, false));
    if (seen->Find(key) != nullptr) continue;
    seen->Set(heap, key, Value::None());
    items.push_back(item);
  }
  return heap.Iterator(std::move(items));
}

Value Extreme(Heap& heap, std::string_view name, const Value& filtered, const Arguments& arguments,
              CompareOperator better) {
  const Parameters parameters(name, arguments, {"case_sensitive", "attribute"});
  const AttributePath path(heap, parameters.Or(1, Value::None()));
  Value best = Value::Undefined(Missing::kMessage, "No aggregated item, sequence was empty.");
  Value best_key;
  bool is_first = true;
  for (const Value& item : Items(heap, filtered)) {
    heap.Step();
    const Value key = SortKey(heap, path.Of(heap, item), parameters.IsTrue(0, false));
    if (is_first || Compare(heap, better, key, best_key)) {
      best = item;
      best_key = key;
    }
    is_first = false;
  }
  return best;
}

Value Min(Heap& heap, const Value& filtered, const Arguments& arguments) {
  return Extreme(heap, "min", filtered, arguments, CompareOperator::kLess);
}
Value Max(Heap& heap, const Value& filtered, const Arguments& arguments) {
  return Extreme(heap, "max", filtered, arguments, CompareOperator::kGreater);
}

// Pairs (key, items), sorted by key; the key is that of the first item, with its case.
Value GroupBy(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const AttributePath path(heap, parameters[0]);
  const Value otherwise = parameters.Or(1, Value::None());
  const Value* const fallback = parameters.IsSet(1) ? &otherwise : nullptr;
  std::vector<Keyed> keyed;
  for (const Value& item : Items(heap, filtered)) {
    heap.Step();
    keyed.push_back(
        {SortKey(heap, path.Of(heap, item, fallback), parameters.IsTrue(2, false)), item});
  }
  SortByKey(heap, keyed, false);
  std::vector<Value> groups;
  for (size_t start = 0, end = 0; start < keyed.size(); start = end) {
    std::vector<Value> members;
    for (; end < keyed.size() && IsEqual(heap, keyed[start].key, keyed[end].key); ++end) {
      members.push_back(keyed[end].item);
    }
    if (end == start) {  // a key that is not equal to itself: NaN
      members.push_back(keyed[end++].item);
    }
    const Value key = path.Of(heap, keyed[start].item, fallback);
    const Value group = heap.Tuple({key, heap.List(std::move(members))});
    group.as<Sequence>().name = kGroupName;
    groups.push_back(group);
  }
  return heap.List(std::move(groups));
}

struct Row {
  std::string_view name;
  FilterFunction filter;
};

constexpr Row kFilters[] = {
    {"dictsort", SortDict}, {"groupby", GroupBy}, {"max", Max},
    {"min", Min},           {"sort", Sort},       {"unique", Unique},
};

}  // namespace

FilterFunction FindOrderFilter(std::string_view name) noexcept {
  for (const Row& row : kFilters) {
    if (row.name == name) return row.filter;
  }
  return nullptr;
}

}  // namespace hlwq::text::jinja
