#include "text/jinja/filters.h"

namespace hlwq::text::jinja {

FilterFunction FindFilter(std::string_view name) noexcept {
  for (const auto find :
       {FindTextFilter, FindNumberFilter, FindSequenceFilter, FindOrderFilter, FindSelectFilter}) {
    if (const FilterFunction found = find(name)) return found;
  }
  return nullptr;
}

}  // namespace hlwq::text::jinja
