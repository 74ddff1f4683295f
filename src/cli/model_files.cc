#include "cli/model_files.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace hlwq::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kMaxSideBytes = 256u << 20;
constexpr std::string_view kTokenizer = "tokenizer.json";
constexpr std::string_view kTokenizerConfig = "tokenizer_config.json";
constexpr std::string_view kTemplate = "chat_template.jinja";

text::Tokenizer ParseTokenizer(const std::string& where, std::string_view content) {
  return WithContext(where, [&] { return text::Tokenizer(content); });
}

[[noreturn]] void NoTokenizer(const fs::path& root) {
  throw Error(ErrorCode::kNotFound, fmt::format("{}: no {}: text cannot be turned into tokens",
                                                root.string(), kTokenizer));
}

// A token in tokenizer_config.json: "<s>", or an object with its content; empty for null.
std::optional<std::string> TokenOf(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string()) {
    return value["content"].get<std::string>();
  }
  return std::nullopt;
}

}  // namespace

text::Tokenizer OpenTokenizer(const checkpoint::Checkpoint& checkpoint, size_t vocabulary) {
  const std::optional<std::string> content = ReadSideFile(checkpoint, kTokenizer);
  if (!content) NoTokenizer(checkpoint.root);
  text::Tokenizer tokenizer = ParseTokenizer(SideFilePlace(checkpoint, kTokenizer), *content);
  if (tokenizer.size() > vocabulary) {
    throw Error(
        ErrorCode::kInvalidData,
        fmt::format("{}: want token ids below the model's vocabulary of {}, got up to {}",
                    SideFilePlace(checkpoint, kTokenizer), vocabulary, tokenizer.size() - 1));
  }
  return tokenizer;
}

text::Tokenizer OpenTokenizerAt(const fs::path& path) {
  std::error_code failure;
  if (path.extension() == ".gguf" || path.extension() == ".GGUF") {
    const checkpoint::Checkpoint checkpoint = checkpoint::OpenCheckpoint(path);
    return OpenTokenizer(checkpoint, SIZE_MAX);
  }
  const fs::path file = fs::is_directory(path, failure) ? path / kTokenizer : path;
  if (file != path && !fs::exists(file, failure)) NoTokenizer(path);
  return ParseTokenizer(file.string(), ReadSmallFile(file, kMaxSideBytes));
}

ChatFormat OpenChatFormat(const checkpoint::Checkpoint& checkpoint) {
  json tokenizer_config = ReadSideJson(checkpoint, kTokenizerConfig);
  if (tokenizer_config.is_null()) tokenizer_config = json::object();
  std::string where = SideFilePlace(checkpoint, kTemplate);
  std::optional<std::string> source = ReadSideFile(checkpoint, kTemplate);
  if (!source) {
    where = SideFilePlace(checkpoint, kTokenizerConfig);
    source = WithContext(where, [&] { return text::FindChatTemplate(tokenizer_config, false); });
    where += ": chat_template";
  }
  if (!source) {
    throw Error(ErrorCode::kNotFound,
                fmt::format("{}: no chat template, neither {} nor in {}", checkpoint.root.string(),
                            kTemplate, kTokenizerConfig));
  }
  nlohmann::ordered_json special_tokens = nlohmann::ordered_json::object();
  for (const auto& [key, value] : tokenizer_config.items()) {
    if (!key.ends_with("_token")) continue;
    if (const auto token = TokenOf(value)) special_tokens[key] = *token;
  }
  return {WithContext(where, [&] { return text::ChatTemplate(*source); }),
          std::move(special_tokens)};
}

}  // namespace hlwq::cli
