#include "report/pages/page_frame.h"

#include <fmt/format.h>

#include "report/pages/page_style.h"

namespace hlwq::report {

void OpenPage(Markup& page, std::string_view title, std::string_view more_style) {
  page.Raw("<!DOCTYPE html>\n").Open("html", {{"lang", "en"}}).Open("head");
  page.Empty("meta", {{"charset", "utf-8"}});
  page.Empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page.Empty("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  page.Leaf("title", {}, title);
  page.Open("style").Raw(PageStyle()).Raw(more_style).Close();
  page.Close();
  page.Open("body").Open("main");
}

void ClosePage(Markup& page, const std::string& tool_version) {
  page.Leaf("footer", {},
            tool_version.empty() ? "Made by hlwq." : fmt::format("Made by hlwq {}.", tool_version));
  page.Close().Close().Close();
}

void WriteKey(Markup& page, std::string_view label, const std::string& value,
              const std::string& detail) {
  page.Open("div").Leaf("dt", {}, label);
  page.Open("dd").Text(value).Leaf("span", {}, detail).Close();
  page.Close();
}

void WriteFigure(Markup& page, const char* title, const std::string& note,
                 const std::string& drawing) {
  if (drawing.empty()) return;
  page.Open("section").Leaf("h2", {}, title).Leaf("p", {{"class", "note"}}, note);
  page.Open("figure").Open("div", {{"class", "scroll"}}).Raw(drawing).Close().Close().Close();
}

}  // namespace hlwq::report
