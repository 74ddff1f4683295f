// The style sheet of the report.
#pragma once

#include <string>

namespace hlwq::report {

// CSS for light and dark mode, narrow windows and paper. Contains no '<' and no '&'.
std::string PageStyle();

}  // namespace hlwq::report
