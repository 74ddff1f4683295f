// What is put around the ids of a text: <s>, </s> and their like.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "text/tokenizer.h"

namespace hlwq::text {

// The "post_processor" of a tokenizer.json: TemplateProcessing, BertProcessing,
// RobertaProcessing, ByteLevel (which concerns offsets only), Sequence. Immutable. Thread: safe.
class PostProcessor {
 public:
  // `json` may be null. Throws Error{kUnsupported} naming one it does not know.
  explicit PostProcessor(const nlohmann::json& json);

  const std::vector<TokenId>& prefix() const noexcept { return prefix_; }
  const std::vector<TokenId>& suffix() const noexcept { return suffix_; }

 private:
  void Add(const nlohmann::json& json);

  std::vector<TokenId> prefix_;
  std::vector<TokenId> suffix_;
  bool has_template_ = false;
};

}  // namespace hlwq::text
