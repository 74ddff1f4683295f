#include "text/tokenizer/pattern.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/utf8.h"

namespace hlwq::text {
namespace {

// No published replacement makes a text longer than three times its length.
constexpr size_t kMaxGrowth = 64;
constexpr size_t kMaxGrowthBytes = 1u << 20;

void ForEachLiteral(std::string_view literal, std::string_view text,
                    FunctionRef<void(Range)> sink) {
  if (literal.empty()) return;
  for (size_t at = text.find(literal); at != text.npos; at = text.find(literal, at)) {
    sink({at, at + literal.size()});
    at += literal.size();
  }
}

void ForEachRegexMatch(const Regex& regex, std::string_view text, MatchScratch& scratch,
                       FunctionRef<void(Range)> sink) {
  std::optional<size_t> last_end;
  for (size_t at = 0; at <= text.size();) {
    const std::optional<Range> match = regex.Find(text, at, scratch);
    if (!match) return;
    if (match->begin == match->end && last_end == match->end) {
      at = match->end == text.size() ? text.size() + 1
                                     : match->end + CharacterSize(text[match->end]);
      continue;
    }
    // A look-behind with \K could begin before what was matched already.
    if (match->begin < last_end.value_or(0)) {
      throw Error(ErrorCode::kUnsupported, "a regular expression whose matches overlap");
    }
    sink(*match);
    at = match->end;
    last_end = match->end;
  }
}

}  // namespace

Pattern Pattern::FromJson(const JsonFields& fields) {
  const nlohmann::json& pattern = fields.Object("pattern");
  if (pattern.size() == 1 && pattern.begin()->is_string()) {
    const std::string& text = pattern.begin()->get_ref<const std::string&>();
    if (pattern.begin().key() == "String") return Pattern(text);
    if (pattern.begin().key() == "Regex") return Pattern(Regex(text));
  }
  fields.Fail("pattern", "want a 'String' or a 'Regex'");
}

void Pattern::ForEachMatch(std::string_view text, MatchScratch& scratch,
                           FunctionRef<void(Range)> sink) const {
  if (const std::string* const text_to_find = literal()) {
    ForEachLiteral(*text_to_find, text, sink);
  } else {
    ForEachRegexMatch(std::get<Regex>(what_), text, scratch, sink);
  }
}

void Pattern::AppendReplaced(std::string_view text, std::string_view content, MatchScratch& scratch,
                             std::string& out) const {
  const size_t before = out.size();
  const size_t limit = kMaxGrowthBytes + kMaxGrowth * text.size();
  size_t done = 0;
  ForEachMatch(text, scratch, [&](Range match) {
    out += text.substr(done, match.begin - done);
    out += content;
    done = match.end;
    if (out.size() - before > limit) {
      throw Error(ErrorCode::kInvalidData,
                  "'Replace' makes the text " + std::to_string(kMaxGrowth) + " times longer");
    }
  });
  out += text.substr(done);
}

}  // namespace hlwq::text
