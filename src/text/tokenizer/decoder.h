// How the texts of tokens become a text.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "text/tokenizer/decode_stage.h"

namespace hlwq::text {

// One text being decoded. One thread at a time.
class DecodeStream {
 public:
  // `stages` come with their neighbours not yet set.
  explicit DecodeStream(std::vector<std::unique_ptr<DecodeStage>> stages);

  // Appends the text that is certain with this token to `out`: whole characters only.
  void Push(std::string_view token, std::string& out);
  // Appends what was held back. The stream is then as new.
  void Finish(std::string& out);

 private:
  class End;
  std::vector<std::unique_ptr<DecodeStage>> stages_;  // the last one is an End
  End* end_;
};

// The "decoder" of a tokenizer.json: ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace,
// Sequence. Immutable. Thread: safe.
class Decoder {
 public:
  // `json` may be null: tokens with spaces between. Throws Error{kUnsupported} naming a decoder it
  // does not know.
  explicit Decoder(const nlohmann::json& json);
  ~Decoder();
  Decoder(Decoder&&) noexcept;

  // What the token stands for where others stand before and after it.
  std::string BytesOf(std::string_view token) const;
  // The stream borrows this decoder.
  DecodeStream NewStream() const;

 private:
  struct Step;
  void Add(const nlohmann::json& json);

  std::vector<Step> steps_;
};

}  // namespace hlwq::text
