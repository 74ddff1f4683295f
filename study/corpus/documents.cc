#include "study/corpus/documents.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"

namespace hlwq::study {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr uint64_t kMaxTextBytes = uint64_t{64} << 30;

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool IsHidden(const std::filesystem::path& path) {
  return path.filename().string().starts_with('.');
}

}  // namespace

std::vector<std::filesystem::path> TextFiles(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCode::kNotFound, path.string() + ": there is no such file or folder");
  }
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && !IsHidden(entry.path())) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  if (files.empty()) throw Error(ErrorCode::kNotFound, path.string() + ": there is no text in it");
  return files;
}

std::string ReadText(const std::filesystem::path& path) {
  return ReadSmallFile(path, kMaxTextBytes);
}

std::vector<std::string_view> CutDocuments(std::string_view text, std::string_view separator) {
  if (separator.empty()) {
    constexpr std::string_view kEnd = "<|endoftext|>";
    separator = text.find(kEnd) == std::string_view::npos ? std::string_view("\n\n") : kEnd;
  }
  std::vector<std::string_view> documents;
  while (true) {
    const size_t cut = text.find(separator);
    const std::string_view document = Trim(text.substr(0, cut));
    if (!document.empty()) documents.push_back(document);
    if (cut == std::string_view::npos) return documents;
    text.remove_prefix(cut + separator.size());
  }
}

}  // namespace hlwq::study
