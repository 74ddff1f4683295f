// The arguments of a call, and functions' parameters.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> keywords;
};

// Arguments by parameter: matched by position, then by name.
class Parameters {
 public:
  // `names` has the parameters in order, of which the first `required` must be given; at most 8.
  // Throws Error{kInvalidData} naming the function on too many, too few or unknown arguments.
  Parameters(std::string_view function, const Arguments& arguments,
             std::initializer_list<std::string_view> names, size_t required = 0);

  bool Has(size_t parameter) const { return values_[parameter] != nullptr; }
  // The argument; must be given.
  const Value& operator[](size_t parameter) const { return *values_[parameter]; }
  Value Or(size_t parameter, const Value& otherwise) const {
    return Has(parameter) ? *values_[parameter] : otherwise;
  }
  // The argument as a type, or `otherwise` when it is not given. Throws Error{kInvalidData} when it
  // is of another type.
  int64_t Integer(size_t parameter, int64_t otherwise) const;
  bool IsTrue(size_t parameter, bool otherwise) const;
  std::string_view Text(size_t parameter, std::string_view otherwise) const;
  // Given, and not none.
  bool IsSet(size_t parameter) const {
    return Has(parameter) && !(*this)[parameter].Is(Kind::kNone);
  }

 private:
  [[noreturn]] void FailType(size_t parameter, std::string_view want) const;

  std::string_view function_;
  std::array<std::string_view, 8> names_{};
  std::array<const Value*, 8> values_{};
};

}  // namespace hlwq::text::jinja
