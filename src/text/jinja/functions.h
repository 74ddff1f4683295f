// The functions every template has: range, dict, namespace, cycler, joiner, raise_exception,
// strftime_now.
#pragma once

#include <string_view>

#include "text/jinja/objects.h"

namespace hlwq::text::jinja {

// Null when there is none of that name.
const Function* FindFunction(std::string_view name) noexcept;

}  // namespace hlwq::text::jinja
