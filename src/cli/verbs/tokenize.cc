// hlwq tokenize: text to token ids and back.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "chat/open_tokenizer.h"
#include "cli/checkpoint_source.h"
#include "cli/output.h"
#include "cli/standard_input.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace hlwq::cli {
namespace {

using nlohmann::json;
using text::TokenId;

constexpr uint64_t kMaxTextBytes = uint64_t{1} << 30;

std::string JsonLine(const json& value) { return value.dump() + "\n"; }

std::string IdLine(const std::vector<TokenId>& ids) {
  return fmt::format("[{}]\n", fmt::join(ids, ", "));
}

std::vector<TokenId> ParseIds(const text::Tokenizer& tokenizer, std::string_view line) {
  const json list = ParseJson(line);
  if (!list.is_array()) throw Error(ErrorCode::kInvalidData, "want a list of token ids");
  std::vector<TokenId> ids;
  for (const json& item : list) {
    const uint64_t id = UnsignedValue(item);
    if (id >= tokenizer.size()) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("token {}: want an id below {}", id, tokenizer.size()));
    }
    ids.push_back(static_cast<TokenId>(id));
  }
  return ids;
}

std::string ParseText(std::string_view line) {
  const json text = ParseJson(line);
  if (!text.is_string()) throw Error(ErrorCode::kInvalidData, "want a JSON string");
  return text.get<std::string>();
}

// Calls `convert` with each line of standard input and writes what it gives.
void ConvertLines(const std::function<std::string(std::string_view)>& convert) {
  LineReader lines;
  std::string line;
  for (size_t number = 1; lines.Next(line) == LineReader::Result::kLine; ++number) {
    const std::string result =
        WithContext(fmt::format("standard input, line {}", number), [&] { return convert(line); });
    if (!Stream::Out().Write(result)) return;
  }
}

json TokensToJson(const text::Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  json texts = json::array();
  for (const TokenId id : ids) texts.push_back(tokenizer.TokenText(id));
  return {{"ids", ids}, {"tokens", std::move(texts)}};
}

}  // namespace

int RunTokenize(const Arguments& arguments) {
  const text::Tokenizer tokenizer = chat::OpenTokenizerAt(LocalSource(arguments.Operand("DIR")));
  const bool skips_special = arguments.Switch(flag::kNoSpecial);
  const text::EncodeOptions encode = {.add_special = !skips_special};
  const bool decodes = arguments.Switch(flag::kDecode);
  if (arguments.Switch(flag::kJsonl)) {
    ConvertLines([&](std::string_view line) {
      return decodes ? JsonLine(tokenizer.Decode(ParseIds(tokenizer, line), skips_special))
                     : IdLine(tokenizer.Encode(ParseText(line), encode));
    });
    return 0;
  }
  const std::string input = ReadStandardInput(kMaxTextBytes);
  if (decodes) {
    const std::string text = WithContext("standard input", [&] {
      return tokenizer.Decode(ParseIds(tokenizer, input), skips_special);
    });
    if (arguments.json()) {
      PrintJson({{"text", text}});
    } else {
      Stream::Out().Write(text);
    }
    return 0;
  }
  const std::vector<TokenId> ids = tokenizer.Encode(input, encode);
  if (arguments.json()) {
    PrintJson(TokensToJson(tokenizer, ids));
  } else {
    Stream::Out().Write(IdLine(ids));
  }
  return 0;
}

}  // namespace hlwq::cli
