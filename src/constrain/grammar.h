// Answers that must have a form: grammars over the tokens of a model. The work is xgrammar's
// (scripts/xgrammar.sh; arXiv:2411.15100).
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>

#include "runtime/token_filter.h"
#include "text/tokenizer.h"

namespace hlwq::constrain {

// Whether this program was built with xgrammar.
bool IsAvailable() noexcept;

// A grammar for the tokens of one model. Immutable. Thread: safe.
class Grammar {
 public:
  virtual ~Grammar() = default;
  // For one answer. Cost of a mask: some 30 us for 150,000 tokens (bench/grammar_bench.cc).
  virtual std::unique_ptr<runtime::TokenFilter> NewFilter() const = 0;
};

// Makes grammars for one model. Thread: safe.
class Compiler {
 public:
  // `vocabulary` is that of the logits, `ends` what ends an answer. Borrows nothing.
  Compiler(const text::Tokenizer& tokenizer, size_t vocabulary,
           std::span<const text::TokenId> ends);
  ~Compiler();

  // Of a format as xgrammar's structural tags have it (constrain/formats.h). The answer ends where the format does.
  // What was compiled before comes from a cache of bounded size. Throws Error{kInvalidArgument} with the library's
  // words for a format that makes no sense, Error{kUnsupported} without the library and for a model that has no token to
  // end an answer. Cost: milliseconds, for thirty tools of an agent a tenth of a second.
  std::shared_ptr<const Grammar> Compile(const nlohmann::ordered_json& format) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hlwq::constrain
