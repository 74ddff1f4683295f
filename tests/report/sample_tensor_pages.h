// Every kind of tensor page that the tests look at, by name.
#pragma once

#include <map>
#include <string>

namespace hlwq::test {

// File name to HTML.
std::map<std::string, std::string> RenderSampleTensorPages();

}  // namespace hlwq::test
