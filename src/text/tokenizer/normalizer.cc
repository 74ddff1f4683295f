#include "text/tokenizer/normalizer.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.h"
#include "text/tokenizer/byte_alphabet.h"
#include "text/tokenizer/json_fields.h"
#include "text/tokenizer/pattern.h"
#include "text/tokenizer/unicode.h"

namespace hlwq::text {
namespace {

constexpr std::string_view kWhere = "normalizer";

class FormNormalizer final : public Normalizer {
 public:
  explicit FormNormalizer(NormalForm form) : form_(form) {}
  std::string_view Apply(std::string_view text, MatchScratch&, std::string& buffer) const override {
    return ToNormalForm(form_, text, buffer);
  }

 private:
  NormalForm form_;
};

// Replaces each character by what `Append` appends for it.
template <void (*Append)(char32_t, std::string&)>
class CharacterNormalizer final : public Normalizer {
 public:
  std::string_view Apply(std::string_view text, MatchScratch&, std::string& buffer) const override {
    buffer.clear();
    for (size_t at = 0; at < text.size(); at += CharacterSize(text[at])) {
      Append(FirstCharacter(text.substr(at)), buffer);
    }
    return buffer;
  }
};

void AppendWithoutAccent(char32_t code, std::string& out) {
  if (!IsMark(code)) AppendCharacter(code, out);
}

class StripNormalizer final : public Normalizer {
 public:
  explicit StripNormalizer(const JsonFields& fields)
      : left_(fields.Flag("strip_left", false)), right_(fields.Flag("strip_right", false)) {}

  std::string_view Apply(std::string_view text, MatchScratch&, std::string&) const override {
    while (left_ && !text.empty() && IsWhiteSpace(FirstCharacter(text))) {
      text.remove_prefix(CharacterSize(text[0]));
    }
    while (right_ && !text.empty() && IsWhiteSpace(FirstCharacter(LastCharacter(text)))) {
      text.remove_suffix(LastCharacter(text).size());
    }
    return text;
  }

 private:
  bool left_;
  bool right_;
};

class PrependNormalizer final : public Normalizer {
 public:
  explicit PrependNormalizer(const JsonFields& fields) : prefix_(fields.String("prepend")) {}

  std::string_view Apply(std::string_view text, MatchScratch&, std::string& buffer) const override {
    if (text.empty()) return text;
    buffer = prefix_;
    buffer += text;
    return buffer;
  }

 private:
  std::string prefix_;
};

class ReplaceNormalizer final : public Normalizer {
 public:
  explicit ReplaceNormalizer(const JsonFields& fields)
      : pattern_(Pattern::FromJson(fields)), content_(fields.String("content")) {}

  std::string_view Apply(std::string_view text, MatchScratch& scratch,
                         std::string& buffer) const override {
    buffer.clear();
    pattern_.AppendReplaced(text, content_, scratch, buffer);
    return buffer;
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class ByteLevelNormalizer final : public Normalizer {
 public:
  std::string_view Apply(std::string_view text, MatchScratch&, std::string& buffer) const override {
    buffer.clear();
    AppendByteCharacters(text, buffer);
    return buffer;
  }
};

void AddSteps(const nlohmann::json& json, std::vector<std::unique_ptr<const Normalizer>>& steps) {
  const JsonFields fields(json, kWhere);
  const std::string& type = fields.type();
  if (type == "Sequence") {
    for (const nlohmann::json& item : fields.List("normalizers")) AddSteps(item, steps);
  } else if (type == "NFC") {
    steps.push_back(std::make_unique<FormNormalizer>(NormalForm::kNfc));
  } else if (type == "NFD") {
    steps.push_back(std::make_unique<FormNormalizer>(NormalForm::kNfd));
  } else if (type == "NFKC") {
    steps.push_back(std::make_unique<FormNormalizer>(NormalForm::kNfkc));
  } else if (type == "NFKD") {
    steps.push_back(std::make_unique<FormNormalizer>(NormalForm::kNfkd));
  } else if (type == "Lowercase") {
    steps.push_back(std::make_unique<CharacterNormalizer<AppendLowercase>>());
  } else if (type == "StripAccents") {
    steps.push_back(std::make_unique<CharacterNormalizer<AppendWithoutAccent>>());
  } else if (type == "Strip") {
    steps.push_back(std::make_unique<StripNormalizer>(fields));
  } else if (type == "Prepend") {
    steps.push_back(std::make_unique<PrependNormalizer>(fields));
  } else if (type == "Replace") {
    steps.push_back(std::make_unique<ReplaceNormalizer>(fields));
  } else if (type == "ByteLevel") {
    steps.push_back(std::make_unique<ByteLevelNormalizer>());
  } else {
    fields.Unsupported();
  }
}

}  // namespace

NormalizerChain::NormalizerChain(const nlohmann::json& json) {
  if (!json.is_null()) AddSteps(json, steps_);
}

std::string_view NormalizerChain::Apply(std::string_view text, MatchScratch& scratch,
                                        std::string& buffer, std::string& other) const {
  std::string* free = &buffer;
  std::string* used = &other;
  for (const std::unique_ptr<const Normalizer>& step : steps_) {
    const std::string_view after = step->Apply(text, scratch, *free);
    // A step that gives back its own text, or a part of it, leaves the free buffer free.
    if (after.data() == free->data()) std::swap(free, used);
    text = after;
  }
  return text;
}

}  // namespace hlwq::text
