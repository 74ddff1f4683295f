// Jinja's filters: what stands behind `|`.
#pragma once

#include <string_view>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;
struct Arguments;

using FilterFunction = Value (*)(Heap&, const Value& filtered, const Arguments&);

// Null when there is no such filter.
FilterFunction FindFilter(std::string_view name) noexcept;

// The parts of FindFilter, one a file.
FilterFunction FindTextFilter(std::string_view name) noexcept;
FilterFunction FindNumberFilter(std::string_view name) noexcept;
FilterFunction FindSequenceFilter(std::string_view name) noexcept;
FilterFunction FindOrderFilter(std::string_view name) noexcept;
FilterFunction FindSelectFilter(std::string_view name) noexcept;

}  // namespace hlwq::text::jinja
