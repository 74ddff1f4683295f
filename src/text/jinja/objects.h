// The objects that values refer to, beside Dict (dict.h) and Loop (loop.h).
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/dict.h"
#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;
struct Scope;
struct Arguments;
namespace ast {
struct MacroBody;
}

// Lists, tuples, ranges, views of dicts, iterators.
struct Sequence final : Object {
  explicit Sequence(std::vector<Value> values) : items(std::move(values)) {}

  std::vector<Value> items;
  // Of a view: "dict_keys"; of a range, as it was made: "range(0, 3)"; of a pair that groupby
  // makes: kGroupName.
  std::string_view name;
  size_t next = 0;  // of an iterator: what is before it has been walked
};

// Pairs with this name have the attributes `grouper` and `list`.
inline constexpr std::string_view kGroupName = "group";

// What `namespace()` makes: the one object whose members a template can set.
struct Namespace final : Object {
  Dict members;
};

// A macro with the scope it was defined in, which it sees as it is when called.
struct Macro final : Object {
  Macro(std::string_view macro_name, const ast::MacroBody* macro_body, Scope* defined_in)
      : name(macro_name), body(macro_body), scope(defined_in) {}

  std::string_view name;  // empty for the block of a call
  const ast::MacroBody* body;
  Scope* scope;
};

// A function of the global scope; a table of the program holds it.
struct Function {
  std::string_view name;
  Value (*call)(Heap&, const Arguments&);
};

using MethodFunction = Value (*)(Heap&, const Value& self, const Arguments&);

struct Method final : Object {
  Method(const Value& bound_to, MethodFunction called) : self(bound_to), call(called) {}

  Value self;
  MethodFunction call;
};

struct Cycler final : Object {
  std::vector<Value> items;  // at least one
  size_t at = 0;
};

struct Joiner final : Object {
  std::string_view separator;
  bool is_used = false;
};

}  // namespace hlwq::text::jinja
