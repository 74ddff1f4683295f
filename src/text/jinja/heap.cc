#include "text/jinja/heap.h"

#include <fmt/format.h>

#include "base/error.h"

namespace hlwq::text::jinja {

void Fail(std::string message) { throw Error(ErrorCode::kInvalidData, std::move(message)); }

Value Heap::Text(std::string text) {
  Charge(sizeof(std::string) + text.size());
  return Value::String(texts_.emplace_back(std::move(text)));
}

Value Heap::NewSequence(Kind kind, std::vector<Value> items) {
  Charge(items.size() * sizeof(Value));
  return Value::Of(kind, New<Sequence>(std::move(items)));
}

void Heap::FailSteps() const {
  Fail(fmt::format("the template takes more than {} steps", limits_.steps));
}

void Heap::FailMemory() const {
  Fail(fmt::format("the template takes more than {} bytes of memory", limits_.memory_bytes));
}

std::string_view TypeName(Kind kind) noexcept {
  switch (kind) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInteger:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kRange:
      return "range";
    case Kind::kView:
      return "dict view";
    case Kind::kIterator:
      return "generator";
    case Kind::kDict:
      return "dict";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kMacro:
      return "Macro";
    case Kind::kFunction:
      return "function";
    case Kind::kMethod:
      return "method";
    case Kind::kCycler:
      return "Cycler";
    case Kind::kJoiner:
      return "Joiner";
  }
  return "object";
}

}  // namespace hlwq::text::jinja
