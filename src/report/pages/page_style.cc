#include "report/pages/page_style.h"

#include <string_view>

namespace hlwq::report {
namespace {

constexpr std::string_view kPalette = R"css(
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #1b1f24; --soft: #59626e; --faint: #8a929c; --rule: #e2e5e9;
  --accent: #1a7f86; --accent-area: #1a7f8633; --warm: #c2571a; --carried: #a9b0b9;
  --panel: #f5f6f7; --missing: #eceef1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e8eaed; --soft: #a5adb8; --faint: #7b8490; --rule: #2b3038;
    --accent: #4cb9bd; --accent-area: #4cb9bd3d; --warm: #f0935a; --carried: #616a76;
    --panel: #1b1f25; --missing: #242930;
  }
}
)css";

constexpr std::string_view kPage = R"css(
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans",
    Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1168px; margin: 0 auto; padding: 44px 24px 64px; }
h1 { font-size: 34px; line-height: 1.15; letter-spacing: -0.015em; margin: 0 0 10px;
  overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 21px; line-height: 1.3; letter-spacing: -0.008em; margin: 0 0 4px; }
h3 { font-size: 15px; margin: 0 0 2px; }
p { margin: 0 0 12px; max-width: 74ch; }
.kicker { color: var(--accent); font-size: 13px; font-weight: 600; letter-spacing: 0.06em;
  text-transform: uppercase; margin: 0 0 8px; }
.lede { font-size: 19px; line-height: 1.5; color: var(--ink); max-width: 62ch; margin-bottom: 26px; }
.note { color: var(--soft); font-size: 14px; }
section { margin: 52px 0 0; }
figure { margin: 14px 0 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr));
  gap: 24px 32px; }
.scroll { overflow-x: auto; }
.key { display: flex; flex-wrap: wrap; gap: 1px;
  background: var(--rule); border: 1px solid var(--rule); border-radius: 8px; overflow: hidden;
  margin: 0 0 26px; }
.key div { flex: 1 1 190px; background: var(--paper); padding: 14px 18px 15px; }
.key dt { color: var(--soft); font-size: 13px; }
.key dd { margin: 1px 0 0; font-size: 25px; line-height: 1.25; font-weight: 600;
  letter-spacing: -0.015em; }
.key span { display: block; color: var(--soft); font-size: 13px; font-weight: 400;
  letter-spacing: 0; line-height: 1.4; margin-top: 2px; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr));
  gap: 12px 24px; margin: 0; font-size: 14px; line-height: 1.4; }
.facts dt { color: var(--soft); font-size: 13px; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
ul.notes { margin: 16px 0 0; padding-left: 18px; font-size: 14px; color: var(--soft); }
.chips { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 8px 0 0; padding: 0; list-style: none;
  font-size: 14px; color: var(--soft); }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 7px;
  vertical-align: -1px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; margin-top: 14px; }
th { text-align: left; color: var(--soft); font-weight: 400; font-size: 13px; vertical-align: bottom;
  border-bottom: 1px solid var(--faint); padding: 4px 14px 5px 0; white-space: nowrap; }
td { border-bottom: 1px solid var(--rule); padding: 5px 14px 5px 0; vertical-align: top;
  white-space: nowrap; }
td.wrap { white-space: normal; overflow-wrap: anywhere; min-width: 230px; }
th.num, td.num { text-align: right; }
th:last-child, td:last-child { padding-right: 0; }
code { font: 0.93em/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
footer { margin-top: 56px; padding-top: 14px; border-top: 1px solid var(--rule); color: var(--soft);
  font-size: 13px; }
.legend { color: var(--soft); font-size: 14px; margin: 6px 0 0; }
.legend .item { display: inline-block; margin-right: 18px; }
.legend i { display: inline-block; width: 22px; height: 10px; margin-right: 6px; border-radius: 1px; }
.legend .rod { height: 0; border-top: 2px solid; border-radius: 0; vertical-align: 4px; }
)css";

constexpr std::string_view kDrawings = R"css(
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg.wide { min-width: 760px; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
  "Liberation Sans", Arial, sans-serif; fill: var(--soft); white-space: pre; }
svg .name, svg .number { font-size: 13px; fill: var(--ink); }
svg .strong { font-weight: 600; }
svg .value { font-size: 11px; }
svg .on-pale { fill: #14171b; }
svg .on-deep { fill: #ffffff; }
svg .middle { text-anchor: middle; }
svg .end { text-anchor: end; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .axis { stroke: var(--faint); stroke-width: 1; }
svg .tick { stroke: var(--faint); stroke-width: 1; }
svg .marker { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 2 3; }
svg .empty { fill: var(--missing); }
svg .area { fill: var(--accent-area); stroke: var(--accent); stroke-width: 0.75; }
svg .bar { fill: var(--accent); fill-opacity: 0.5; }
svg .curve { fill: none; stroke: var(--ink); stroke-width: 1.4; stroke-linejoin: round; }
svg .line { fill: none; stroke: var(--accent); stroke-width: 1.8; stroke-linejoin: round; }
svg .line.second { stroke: var(--warm); }
svg .line.third { stroke: var(--carried); }
svg .reference { fill: none; stroke: var(--ink); stroke-width: 1.1; stroke-dasharray: 3 3; }
svg .level { stroke: var(--warm); stroke-width: 1.3; }
svg .fine { stroke-width: 0.6; }
svg .hover { fill: transparent; }
svg g:hover .bar { fill-opacity: 0.85; }
.quantized { fill: var(--accent); background: var(--accent); }
.carried { fill: var(--carried); background: var(--carried); }
.plain { fill: var(--warm); background: var(--warm); }
svg .error { stroke: var(--faint); stroke-width: 1.2; }
.before { opacity: 0.42; }
.rod.gauss { border-color: var(--ink); }
.rod.sphere { border-top-style: dashed; border-color: var(--ink); }
.counted { background: var(--accent); opacity: 0.6; }
)css";

constexpr std::string_view kMedia = R"css(
@media (max-width: 640px) {
  main { padding: 26px 16px 44px; }
  h1 { font-size: 27px; }
  .lede { font-size: 17px; }
  .key div { flex-basis: 145px; padding: 11px 13px; }
  .key dd { font-size: 20px; }
  .facts { grid-template-columns: 1fr 1fr; }
  section { margin-top: 40px; }
}
@media print {
  :root { --paper: #ffffff; --ink: #000000; --soft: #444444; --faint: #777777; --rule: #d4d4d4;
    --accent: #1a7f86; --accent-area: #1a7f8633; --warm: #c2571a; --carried: #a9b0b9;
    --missing: #eeeeee; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  section { margin-top: 26pt; }
  figure, tr, .key { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  svg.wide { min-width: 0; }
}
)css";

}  // namespace

std::string PageStyle() {
  std::string style;
  for (const std::string_view part : {kPalette, kPage, kDrawings, kMedia}) style += part;
  return style;
}

}  // namespace hlwq::report
