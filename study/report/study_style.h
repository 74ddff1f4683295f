// The colours of arms, in light and dark, and drawings as files of their own.
#pragma once

#include <string>
#include <string_view>

namespace hlwq::study {

// CSS to go after report::PageStyle: classes arm-0 to arm-5 and what the drawings of study/report use.
std::string StudyStyle();
// "arm-2"; colours come again after six.
std::string ArmClass(size_t arm);

// The content of a file for one drawing (<svg> first): with a name space, a background and the styles.
std::string StandaloneSvg(std::string_view drawing);

}  // namespace hlwq::study
