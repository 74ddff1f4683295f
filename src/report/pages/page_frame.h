// What all pages have in common.
#pragma once

#include <string>
#include <string_view>

#include "report/markup.h"

namespace hlwq::report {

// Everything up to the first element of <main>, and from its end on, with the version of the tool
// that made the page (may be empty). `more_style`: CSS after PageStyle.
void OpenPage(Markup& page, std::string_view title, std::string_view more_style = {});
void ClosePage(Markup& page, const std::string& tool_version);

// One figure of a <dl class="key">.
void WriteKey(Markup& page, std::string_view label, const std::string& value,
              const std::string& detail);

// A section with a drawing as wide as the page; nothing for an empty one.
void WriteFigure(Markup& page, const char* title, const std::string& note,
                 const std::string& drawing);

}  // namespace hlwq::report
