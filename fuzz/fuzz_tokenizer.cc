// A tokenizer.json, and behind a NUL the text to encode with it. What is decoded must be UTF-8, and
// the same token by token and all at once.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizer.h"
#include "text/tokenizer/vocabulary.h"

using namespace hlwq;

namespace {

constexpr std::string_view kText =
    "The cat's <s> 1234  caf\xC3\xA9 \xE4\xBD\xA0\n\xE2\x96\x81x\xF0\x9F\x98\x80 \xFF "
    "aaaaaaaaaaaaaaaa";

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckDecode(const text::Tokenizer& tokenizer, const std::vector<text::TokenId>& ids) {
  for (const bool skips_special : {false, true}) {
    const std::string all = tokenizer.Decode(ids, skips_special);
    Check(IsValidUtf8(all));
    text::StreamDecoder stream(tokenizer, skips_special);
    std::string joined;
    for (const text::TokenId id : ids) {
      const std::string part = stream.Push(id);
      Check(IsValidUtf8(part));
      joined += part;
    }
    Check(joined + stream.Finish() == all);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t border = std::min(input.find('\0'), input.size());
  const std::string_view own_text = input.substr(std::min(border + 1, input.size()));
  try {
    const text::Tokenizer tokenizer(input.substr(0, border));
    for (const std::string_view text : {kText, own_text}) {
      for (const bool parses_special : {true, false}) {
        const std::vector<text::TokenId> ids =
            tokenizer.Encode(text, {.parse_special = parses_special});
        for (const text::TokenId id : ids)
          Check(id >= 0 && static_cast<size_t>(id) < text::kMaxTokens);
        CheckDecode(tokenizer, ids);
      }
    }
    // Ids in an order that no text has.
    std::vector<text::TokenId> ids;
    const auto count = static_cast<text::TokenId>(std::min<size_t>(tokenizer.size(), 600));
    for (text::TokenId id = -1; id <= count; ++id) ids.push_back(id * 7 % std::max(count, 1));
    CheckDecode(tokenizer, ids);
  } catch (const Error& error) {
    const std::string_view line = error.what();
    Check(!line.empty() && line.find('\n') == line.npos);
  }
  return 0;
}
