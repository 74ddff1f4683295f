// The style sheet of the report.
#pragma once

#include <string>

namespace hlwq::eval {

// CSS for light and dark mode, narrow windows and paper. Contains no '<' and no '&'.
std::string ReportStyle();

}  // namespace hlwq::eval
