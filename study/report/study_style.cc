#include "study/report/study_style.h"

#include <fmt/format.h>

#include "report/pages/page_style.h"

namespace hlwq::study {
namespace {

constexpr std::string_view kStyle = R"css(
:root {
  --arm-0: #1a7f86; --arm-1: #7455c0; --arm-2: #c2571a; --arm-3: #857512; --arm-4: #b23a72;
  --arm-5: #3a6db5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --arm-0: #4cb9bd; --arm-1: #ab92ec; --arm-2: #f0935a; --arm-3: #cbb74a; --arm-4: #e880ae;
    --arm-5: #7fb0f0;
  }
}
.arm-0 { --arm: var(--arm-0); } .arm-1 { --arm: var(--arm-1); } .arm-2 { --arm: var(--arm-2); }
.arm-3 { --arm: var(--arm-3); } .arm-4 { --arm: var(--arm-4); } .arm-5 { --arm: var(--arm-5); }
.data { --arm: var(--ink); }
svg .mean { fill: none; stroke: var(--arm); stroke-width: 2; stroke-linejoin: round; }
svg .seed { fill: none; stroke: var(--arm); stroke-width: 0.8; opacity: 0.5; stroke-linejoin: round; }
svg .band { fill: var(--arm); opacity: 0.16; stroke: none; }
svg .path { fill: none; stroke: var(--arm); stroke-width: 1.2; opacity: 0.6; }
svg .mark { fill: var(--arm); stroke: var(--paper); stroke-width: 1; }
svg .dot { fill: var(--arm); opacity: 0.4; }
svg .bar-of-arm { fill: var(--arm); opacity: 0.75; }
svg text.of-arm { fill: var(--arm); font-weight: 600; }
.legend i.of-arm { background: var(--arm); }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr));
  gap: 20px 28px; margin-top: 14px; }
.side h3 { color: var(--arm); }
.sample { margin: 8px 0 0; padding: 10px 14px; background: var(--panel);
  border-left: 3px solid var(--arm); border-radius: 0 6px 6px 0; font-size: 14px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
)css";

}  // namespace

std::string StudyStyle() { return std::string(kStyle); }

std::string ArmClass(size_t arm) { return fmt::format("arm-{}", arm % 6); }

std::string StandaloneSvg(std::string_view drawing) {
  const size_t after_name = std::string_view("<svg").size(), after_tag = drawing.find('>') + 1;
  std::string file = "<svg xmlns=\"http://www.w3.org/2000/svg\"";
  file += drawing.substr(after_name, after_tag - after_name);
  file += "<style>" + report::PageStyle() + StudyStyle() +
          "svg { background: var(--paper); }\n</style>";
  file += drawing.substr(after_tag);
  return file + "\n";
}

}  // namespace hlwq::study
