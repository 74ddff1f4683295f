#include "chat/open_tokenizer.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hlwq::chat {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileName = "tokenizer.json";

text::Tokenizer Parse(const std::string& where, std::string_view content) {
  return WithContext(where, [&] { return text::Tokenizer(content); });
}

[[noreturn]] void NoTokenizer(const fs::path& root) {
  throw Error(ErrorCode::kNotFound, fmt::format("{}: no {}: text cannot be turned into tokens",
                                                root.string(), kFileName));
}

}  // namespace

text::Tokenizer OpenTokenizer(const checkpoint::Checkpoint& checkpoint, size_t vocabulary) {
  const std::optional<std::string> content = ReadSideFile(checkpoint, kFileName);
  if (!content) NoTokenizer(checkpoint.root);
  const std::string where = SideFilePlace(checkpoint, kFileName);
  text::Tokenizer tokenizer = Parse(where, *content);
  if (tokenizer.size() > vocabulary) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{}: want token ids below the model's vocabulary of {}, got up to {}",
                            where, vocabulary, tokenizer.size() - 1));
  }
  return tokenizer;
}

bool HasTokenizer(const checkpoint::Checkpoint& checkpoint) {
  return checkpoint.FindSideFile(kFileName) != nullptr;
}

text::Tokenizer OpenTokenizerAt(const fs::path& path) {
  if (path.extension() == ".gguf" || path.extension() == ".GGUF") {
    return OpenTokenizer(checkpoint::OpenCheckpoint(path), SIZE_MAX);
  }
  std::error_code failure;
  const fs::path file = fs::is_directory(path, failure) ? path / kFileName : path;
  if (file != path && !fs::exists(file, failure)) NoTokenizer(path);
  return Parse(file.string(),
               checkpoint::ReadSideFile({.name = std::string(kFileName), .path = file}));
}

}  // namespace hlwq::chat
