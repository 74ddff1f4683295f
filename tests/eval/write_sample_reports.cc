// usage: write_sample_reports DIR
//
// Writes every sample report, for check_report_html.py and for looking at in a browser.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/eval/sample_ablation.h"
#include "tests/eval/sample_kld.h"
#include "tests/eval/sample_reports.h"
#include "tests/eval/sample_trace.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_sample_reports DIR\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  auto pages = hlwq::test::RenderSampleReports();
  pages.emplace("ablation.html", hlwq::test::SampleAblationPage());
  pages.emplace("divergence.html", hlwq::test::SampleKldPage());
  pages.emplace("cache.html", hlwq::test::SampleCachePage());
  for (const auto& [name, html] : pages) {
    std::ofstream(folder / name, std::ios::binary) << html;
    std::cout << name << ": " << html.size() << " bytes\n";
  }
  return 0;
}
