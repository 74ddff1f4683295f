// usage: write_sample_pages DIR
//
// Writes every sample page, for pages/check_pages.py and for looking at in a browser.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/report/sample_ablation.h"
#include "tests/report/sample_cache.h"
#include "tests/report/sample_kld.h"
#include "tests/report/sample_tensor_pages.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_sample_pages DIR\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  auto pages = hlwq::test::RenderSampleTensorPages();
  pages.emplace("ablation.html", hlwq::test::SampleAblationPage());
  pages.emplace("divergence.html", hlwq::test::SampleKldPage());
  pages.emplace("cache.html", hlwq::test::SampleCachePage());
  for (const auto& [name, html] : pages) {
    std::ofstream(folder / name, std::ios::binary) << html;
    std::cout << name << ": " << html.size() << " bytes\n";
  }
  return 0;
}
