// Jinja's tests: what stands behind `is`.
#pragma once

#include <string_view>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;
struct Arguments;

using TestFunction = bool (*)(Heap&, const Value& tested, const Arguments&);

// Null when there is no such test.
TestFunction FindTest(std::string_view name) noexcept;

}  // namespace hlwq::text::jinja
