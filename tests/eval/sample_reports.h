// Every kind of report that the tests look at, by name.
#pragma once

#include <map>
#include <string>

namespace hlwq::test {

// File name to HTML.
std::map<std::string, std::string> RenderSampleReports();

}  // namespace hlwq::test
