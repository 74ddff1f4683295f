// What is done to a text before it is cut.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer/regex.h"

namespace hlwq::text {

// One step. Immutable. Thread: safe.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  // The text after this step: `text` itself where nothing changes, else the content put into
  // `buffer`, which does not hold `text`.
  virtual std::string_view Apply(std::string_view text, MatchScratch& scratch,
                                 std::string& buffer) const = 0;
};

// The "normalizer" of a tokenizer.json: steps in order. NFC, NFD, NFKC, NFKD, Lowercase, Strip,
// StripAccents, Prepend, Replace, ByteLevel, Sequence.
class NormalizerChain {
 public:
  // `json` may be null. Throws Error{kUnsupported} naming a normalizer it does not know.
  explicit NormalizerChain(const nlohmann::json& json);

  // The text after all steps; it lies in `text` or in one of the buffers.
  std::string_view Apply(std::string_view text, MatchScratch& scratch, std::string& buffer,
                         std::string& other) const;

 private:
  std::vector<std::unique_ptr<const Normalizer>> steps_;
};

}  // namespace hlwq::text
