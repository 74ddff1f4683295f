#include "chat/open_tokenizer.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "chat/special_tokens.h"

namespace hlwq::chat {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileName = "tokenizer.json";

text::Tokenizer Parse(const std::string& where, std::string_view content,
                      const SpecialTokens& special) {
  return WithContext(where, [&] { return text::Tokenizer(content, special.added); });
}

// The files beside a tokenizer.json that say more of its tokens.
checkpoint::Checkpoint FilesBeside(const fs::path& file) {
  checkpoint::Checkpoint checkpoint;
  checkpoint.root = file.parent_path();
  for (const char* name :
       {"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"}) {
    std::error_code failure;
    const fs::path path = file.parent_path() / name;
    if (fs::is_regular_file(path, failure)) checkpoint.side_files.push_back({name, path});
  }
  return checkpoint;
}

[[noreturn]] void NoTokenizer(const fs::path& root) {
  throw Error(ErrorCode::kNotFound, fmt::format("{}: no {}: text cannot be turned into tokens",
                                                root.string(), kFileName));
}

}  // namespace

text::Tokenizer OpenTokenizer(const checkpoint::Checkpoint& checkpoint) {
  const std::optional<std::string> content = ReadSideFile(checkpoint, kFileName);
  if (!content) NoTokenizer(checkpoint.root);
  return Parse(SideFilePlace(checkpoint, kFileName), *content, ReadSpecialTokens(checkpoint));
}

bool HasTokenizer(const checkpoint::Checkpoint& checkpoint) {
  return checkpoint.FindSideFile(kFileName) != nullptr;
}

text::Tokenizer OpenTokenizerAt(const fs::path& path) {
  if (path.extension() == ".gguf" || path.extension() == ".GGUF") {
    return OpenTokenizer(checkpoint::OpenCheckpoint(path));
  }
  std::error_code failure;
  const fs::path file = fs::is_directory(path, failure) ? path / kFileName : path;
  if (file != path && !fs::exists(file, failure)) NoTokenizer(path);
  return Parse(file.string(),
               checkpoint::ReadSideFile({.name = std::string(kFileName), .path = file}),
               ReadSpecialTokens(FilesBeside(file)));
}

}  // namespace hlwq::chat
