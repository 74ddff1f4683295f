// Methods of strings, lists, dicts and cyclers, by their Python names.
#pragma once

#include <string_view>

#include "text/jinja/objects.h"
#include "text/jinja/value.h"

namespace hlwq::text::jinja {

// Null when values of that kind have no such method, or it is not supported.
MethodFunction FindMethod(Kind kind, std::string_view name) noexcept;

// A method that exists in Python but not in a template: it would change the object, or it is
// internal ("__class__").
bool IsForbidden(Kind kind, std::string_view name) noexcept;

// The part of FindMethod in string_methods.cc.
MethodFunction FindStringMethod(std::string_view name) noexcept;

}  // namespace hlwq::text::jinja
