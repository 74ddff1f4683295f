#include "text/tokenizer/decoder.h"

#include <nlohmann/json.hpp>
#include <variant>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizer/byte_alphabet.h"
#include "text/tokenizer/json_fields.h"

namespace hlwq::text {
namespace {

constexpr std::string_view kWhere = "decoder";
constexpr uint64_t kMaxStrip = 1u << 20;
// Pieces go down a call for each step.
constexpr size_t kMaxSteps = 100;

struct ByteLevel {};
struct ByteFallback {};
struct Fuse {};
struct Spaces {};
struct Replace {
  Pattern pattern;
  std::string content;
};
struct Strip {
  std::string character;
  StripCounts counts;
};

std::string Replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (size_t at; !from.empty() && (at = text.find(from)) != text.npos;) {
    result.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return result.append(text);
}

}  // namespace

class DecodeStream::End final : public DecodeStage {
 public:
  void Push(std::string_view piece) override { *out += piece; }
  void Finish() override {}

  std::string* out = nullptr;
};

DecodeStream::DecodeStream(std::vector<std::unique_ptr<DecodeStage>> stages)
    : stages_(std::move(stages)) {
  auto end = std::make_unique<End>();
  end_ = end.get();
  stages_.push_back(std::move(end));
  for (size_t index = 0; index + 1 < stages_.size(); ++index) {
    stages_[index]->set_next(stages_[index + 1].get());
  }
}

void DecodeStream::Push(std::string_view token, std::string& out) {
  end_->out = &out;
  stages_.front()->Push(token);
}

void DecodeStream::Finish(std::string& out) {
  end_->out = &out;
  stages_.front()->Finish();
}

struct Decoder::Step {
  std::variant<ByteLevel, ByteFallback, Fuse, Spaces, Replace, Strip, MetaspaceOptions> what;
};

Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;

Decoder::Decoder(const nlohmann::json& json) {
  if (json.is_null()) {
    steps_.push_back({Spaces{}});
    return;
  }
  Add(json);
  if (steps_.size() > kMaxSteps) {
    throw Error(ErrorCode::kUnsupported,
                "decoder: more than " + std::to_string(kMaxSteps) + " steps are not supported");
  }
}

void Decoder::Add(const nlohmann::json& json) {
  const JsonFields fields(json, kWhere);
  const std::string& type = fields.type();
  if (type == "Sequence") {
    for (const nlohmann::json& item : fields.List("decoders")) Add(item);
  } else if (type == "ByteLevel") {
    steps_.push_back({ByteLevel{}});
  } else if (type == "ByteFallback") {
    steps_.push_back({ByteFallback{}});
  } else if (type == "Fuse") {
    steps_.push_back({Fuse{}});
  } else if (type == "Replace") {
    steps_.push_back({Replace{Pattern::FromJson(fields), fields.String("content")}});
  } else if (type == "Metaspace") {
    steps_.push_back({MetaspaceOptions::FromJson(fields)});
  } else if (type == "Strip") {
    Strip strip{fields.String("content"),
                {fields.Size("start", {0, kMaxStrip}), fields.Size("stop", {0, kMaxStrip})}};
    if (strip.character.empty() || CharacterSize(strip.character[0]) != strip.character.size()) {
      fields.Fail("content", "want one character");
    }
    steps_.push_back({std::move(strip)});
  } else {
    fields.Unsupported();
  }
}

std::string Decoder::BytesOf(std::string_view token) const {
  std::string bytes(token);
  for (const Step& step : steps_) {
    std::string other;
    if (std::holds_alternative<ByteLevel>(step.what)) {
      if (AppendBytesOf(bytes, other)) bytes = std::move(other);
    } else if (std::holds_alternative<ByteFallback>(step.what)) {
      if (const std::optional<char> byte = FallbackByte(token)) return std::string(1, *byte);
    } else if (const auto* replace = std::get_if<Replace>(&step.what)) {
      if (const std::string* literal = replace->pattern.literal())
        bytes = Replaced(bytes, *literal, replace->content);
    } else if (const auto* metaspace = std::get_if<MetaspaceOptions>(&step.what)) {
      bytes = Replaced(bytes, metaspace->replacement, " ");
    } else if (std::holds_alternative<Spaces>(step.what)) {
      bytes.insert(0, 1, ' ');
    }
  }
  return bytes;
}

DecodeStream Decoder::NewStream() const {
  std::vector<std::unique_ptr<DecodeStage>> stages;
  bool is_whole = false;  // what comes is one text, no more tokens
  // A stage that must see a whole text at once, where it comes in parts.
  const auto gather = [&] {
    if (is_whole) stages.push_back(MakeGatherStage());
  };
  for (const Step& step : steps_) {
    if (std::holds_alternative<Fuse>(step.what)) {
      is_whole = true;
    } else if (std::holds_alternative<Spaces>(step.what)) {
      stages.push_back(MakeSpacesStage());
    } else if (std::holds_alternative<ByteLevel>(step.what)) {
      gather();
      stages.push_back(MakeByteLevelStage());
      is_whole = true;
    } else if (std::holds_alternative<ByteFallback>(step.what)) {
      gather();
      stages.push_back(MakeByteFallbackStage());
    } else if (const auto* replace = std::get_if<Replace>(&step.what)) {
      if (replace->pattern.literal() == nullptr) gather();
      stages.push_back(MakeReplaceStage(replace->pattern, replace->content, is_whole));
    } else if (const auto* strip = std::get_if<Strip>(&step.what)) {
      stages.push_back(MakeStripStage(strip->character, strip->counts, is_whole));
    } else if (const auto* metaspace = std::get_if<MetaspaceOptions>(&step.what)) {
      stages.push_back(MakeMetaspaceStage(*metaspace, is_whole));
    }
  }
  return DecodeStream(std::move(stages));
}

}  // namespace hlwq::text
