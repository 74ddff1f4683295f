#include "text/jinja/functions.h"

#include <fmt/format.h>

#include <ctime>

#include "base/error.h"
#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/heap.h"
#include "text/jinja/to_text.h"

namespace hlwq::text::jinja {
namespace {

constexpr uint64_t kMaxRange = 100'000;  // the limit of Jinja's sandbox

Value Range(Heap& heap, const Arguments& arguments) {
  const Parameters parameters("range", arguments, {"start", "stop", "step"}, 1);
  if (!arguments.keywords.empty()) Fail("range() takes no keyword arguments");
  const bool has_start = parameters.Has(1);
  const int64_t start = has_start ? parameters.Integer(0, 0) : 0;
  const int64_t stop = parameters.Integer(has_start ? 1 : 0, 0);
  const int64_t step = parameters.Integer(2, 1);
  if (step == 0) Fail("range() arg 3 must not be zero");
  std::vector<Value> items;
  for (int64_t item = start; step > 0 ? item < stop : item > stop;) {
    heap.Step();
    if (items.size() == kMaxRange) Fail("range too big: more than 100000 items");
    items.push_back(Value::Integer(item));
    if (__builtin_add_overflow(item, step, &item)) break;
  }
  const Value range = heap.NewSequence(Kind::kRange, std::move(items));
  range.as<Sequence>().name =
      heap.Text(step == 1 ? fmt::format("range({}, {})", start, stop)
                          : fmt::format("range({}, {}, {})", start, stop, step))
          .text();
  return range;
}

// What dict() and namespace() take: a dict or a list of pairs, then keywords.
void Fill(Heap& heap, const Arguments& arguments, Dict& dict) {
  if (arguments.positional.size() > 1) Fail("dict expected at most 1 argument");
  if (!arguments.positional.empty()) {
    const Value& first = arguments.positional[0];
    if (first.Is(Kind::kDict)) {
      for (const Dict::Entry& entry : first.as<Dict>().entries()) {
        heap.Step();
        dict.Set(heap, entry.key, entry.value);
      }
    } else {
      for (const Value& pair : Items(heap, first)) {
        heap.Step();
        const auto parts = Items(heap, pair);
        if (parts.size() != 2) Fail("dict() wants pairs");
        dict.Set(heap, parts[0], parts[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.keywords) {
    dict.Set(heap, Value::String(name), value);
  }
}

Value MakeDict(Heap& heap, const Arguments& arguments) {
  Dict* const dict = heap.New<Dict>();
  Fill(heap, arguments, *dict);
  return Value::Of(Kind::kDict, dict);
}

Value MakeNamespace(Heap& heap, const Arguments& arguments) {
  Namespace* const made = heap.New<Namespace>();
  Fill(heap, arguments, made->members);
  return Value::Of(Kind::kNamespace, made);
}

Value MakeCycler(Heap& heap, const Arguments& arguments) {
  if (!arguments.keywords.empty()) Fail("cycler() takes no keyword arguments");
  if (arguments.positional.empty()) Fail("at least one item has to be provided");
  Cycler* const cycler = heap.New<Cycler>();
  heap.Charge(arguments.positional.size() * sizeof(Value));
  cycler->items = arguments.positional;
  return Value::Of(Kind::kCycler, cycler);
}

Value MakeJoiner(Heap& heap, const Arguments& arguments) {
  Joiner* const joiner = heap.New<Joiner>();
  joiner->separator = Parameters("joiner", arguments, {"sep"}).Text(0, ", ");
  return Value::Of(Kind::kJoiner, joiner);
}

Value RaiseException(Heap& heap, const Arguments& arguments) {
  const Parameters parameters("raise_exception", arguments, {"message"}, 1);
  throw Error(ErrorCode::kInvalidArgument, std::string(ToText(heap, parameters[0])));
}

// The local time, as strftime writes it.
Value StrftimeNow(Heap& heap, const Arguments& arguments) {
  const Parameters parameters("strftime_now", arguments, {"format"}, 1);
  // strftime returns 0 both for an empty result and for lack of space: the mark tells them apart.
  const std::string format = std::string(parameters.Text(0, {})) + "!";
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  if (localtime_r(&now, &local) == nullptr) Fail("the local time is not known");
  std::string text(256 + 4 * format.size(), '\0');
  heap.Reserve(text.size());
  const size_t size = std::strftime(text.data(), text.size(), format.c_str(), &local);
  if (size == 0) Fail("strftime_now: the result is too long");
  text.resize(size - 1);
  return heap.Text(std::move(text));
}

constexpr Function kFunctions[] = {
    {"cycler", MakeCycler},
    {"dict", MakeDict},
    {"joiner", MakeJoiner},
    {"namespace", MakeNamespace},
    {"raise_exception", RaiseException},
    {"range", Range},
    {"strftime_now", StrftimeNow},
};

}  // namespace

const Function* FindFunction(std::string_view name) noexcept {
  for (const Function& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

}  // namespace hlwq::text::jinja
