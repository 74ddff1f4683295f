#include "base/folder.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace hlwq {

bool IsListedBelow(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 7> kSuffixes = {".json",     ".jinja", ".txt", ".model",
                                                         ".tiktoken", ".py",    ".md"};
  return std::ranges::any_of(kSuffixes, [&](auto suffix) { return name.ends_with(suffix); });
}

std::vector<std::string> LocalFolder::Names() const {
  std::error_code failure;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(path_, failure), end; !failure && it != end;
       it.increment(failure)) {
    names.push_back(it->path().filename().string());
  }
  if (failure) {
    throw Error(ErrorCode::kIo, path_.string() + ": cannot list: " + failure.message());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> LocalFolder::NamesBelow() const {
  std::vector<std::string> names;
  for (const std::string& folder : Names()) {
    std::error_code failure;
    if (folder.starts_with('.') || !std::filesystem::is_directory(path_ / folder, failure))
      continue;
    for (const std::string& name : LocalFolder(path_ / folder).Names()) {
      if (IsListedBelow(name)) names.push_back(folder + "/" + name);
    }
  }
  return names;
}

}  // namespace hlwq
