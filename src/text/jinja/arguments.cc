#include "text/jinja/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/heap.h"
#include "text/jinja/operators.h"

namespace hlwq::text::jinja {

Parameters::Parameters(std::string_view function, const Arguments& arguments,
                       std::initializer_list<std::string_view> names, size_t required)
    : function_(function) {
  std::ranges::copy(names, names_.begin());
  if (arguments.positional.size() > names.size()) {
    Fail(fmt::format("{}() takes at most {} argument(s), got {}", function, names.size(),
                     arguments.positional.size()));
  }
  for (size_t index = 0; index < arguments.positional.size(); ++index) {
    values_[index] = &arguments.positional[index];
  }
  for (const auto& [name, value] : arguments.keywords) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      Fail(fmt::format("{}() got an unexpected keyword argument '{}'", function, name));
    }
    const auto index = static_cast<size_t>(found - names.begin());
    if (values_[index] != nullptr) {
      Fail(fmt::format("{}() got multiple values for argument '{}'", function, name));
    }
    values_[index] = &value;
  }
  for (size_t index = 0; index < required; ++index) {
    if (values_[index] == nullptr) {
      Fail(fmt::format("{}() misses the argument '{}'", function, names_[index]));
    }
  }
}

void Parameters::FailType(size_t parameter, std::string_view want) const {
  const Value& value = (*this)[parameter];
  RequireDefined(value);
  Fail(fmt::format("{}(): '{}': want {}, got {}", function_, names_[parameter], want,
                   TypeName(value.kind())));
}

int64_t Parameters::Integer(size_t parameter, int64_t otherwise) const {
  if (!Has(parameter)) return otherwise;
  if (!(*this)[parameter].IsIntegral()) FailType(parameter, "int");
  return (*this)[parameter].integer();
}

bool Parameters::IsTrue(size_t parameter, bool otherwise) const {
  return Has(parameter) ? jinja::IsTrue((*this)[parameter]) : otherwise;
}

std::string_view Parameters::Text(size_t parameter, std::string_view otherwise) const {
  if (!Has(parameter)) return otherwise;
  if (!(*this)[parameter].Is(Kind::kString)) FailType(parameter, "str");
  return (*this)[parameter].text();
}

}  // namespace hlwq::text::jinja
