#include "study/diversity/fluency.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "chat/open_tokenizer.h"
#include "kernels/vector_ops.h"
#include "runtime/engine.h"
#include "text/tokenizer.h"

namespace hlwq::study {
namespace {

struct Sum {
  double nll = 0;
  size_t tokens = 0;
};

double NllOf(std::span<const float> logits, int32_t token) {
  return kernels::LogSumExp(logits) - logits[static_cast<size_t>(token)];
}

// Of a quotient of sums: the deviation of nll - mean * tokens over the samples.
Fluency Summarize(const std::vector<Sum>& sums) {
  Fluency result;
  double nll = 0;
  for (const Sum& sum : sums) {
    nll += sum.nll;
    result.tokens += sum.tokens;
  }
  if (result.tokens == 0) return result;
  const auto tokens = static_cast<double>(result.tokens), count = static_cast<double>(sums.size());
  result.nll = nll / tokens;
  if (sums.size() < 2) return result;
  double squares = 0;
  for (const Sum& sum : sums) {
    const double off = sum.nll - result.nll * static_cast<double>(sum.tokens);
    squares += off * off;
  }
  result.error = std::sqrt(squares * count / (count - 1)) / tokens;
  return result;
}

}  // namespace

struct Judge::Impl {
  std::filesystem::path path;
  runtime::Engine engine;
  std::optional<text::Tokenizer> tokenizer;  // opened when text is to be encoded

  Sum Score(const JudgedSequence& sequence, runtime::SequenceState& state) {
    std::span<const int32_t> tokens = sequence.tokens;
    tokens = tokens.first(std::min(tokens.size(), engine.config().max_positions));
    const size_t first = std::max<size_t>(sequence.first_scored, 1);
    Sum sum;
    if (tokens.size() <= first) return sum;
    for (const int32_t token : tokens) {
      if (token >= 0 && static_cast<size_t>(token) < engine.config().sizes.vocab) continue;
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{}: has no token {}; want one below {}", path.string(), token,
                              engine.config().sizes.vocab));
    }
    state.Clear();
    engine.Feed(state, tokens.first(first - 1), model::LogitsOf::kNone,
                [](size_t, std::span<const float>) {});
    engine.Feed(state, tokens.subspan(first - 1, tokens.size() - first), model::LogitsOf::kAll,
                [&](size_t index, std::span<const float> logits) {
                  sum.nll += NllOf(logits, tokens[first + index]);
                  ++sum.tokens;
                });
    if (!std::isfinite(sum.nll)) {
      throw Error(ErrorCode::kNonFinite, path.string() + ": logits are not finite");
    }
    return sum;
  }
};

Judge::Judge(const std::filesystem::path& checkpoint, int threads)
    : impl_(new Impl{checkpoint, {checkpoint, {.threads = threads}}, std::nullopt}) {
  impl_->tokenizer.emplace(chat::OpenTokenizerAt(checkpoint));
}

Judge::~Judge() = default;

Fluency Judge::Score(std::span<const JudgedSequence> sequences) {
  size_t longest = 1;
  for (const JudgedSequence& sequence : sequences) {
    longest = std::max(longest, sequence.tokens.size());
  }
  runtime::SequenceState state = impl_->engine.MakeState(
      {.format = DType::kF32, .capacity = std::min(longest, impl_->engine.config().max_positions)});
  std::vector<Sum> sums;
  for (const JudgedSequence& sequence : sequences) sums.push_back(impl_->Score(sequence, state));
  return Summarize(sums);
}

JudgedSequence Judge::Encode(std::string_view text, size_t prompt_bytes) const {
  JudgedSequence sequence = {.tokens = impl_->tokenizer->Encode(text)};
  if (prompt_bytes > 0) {
    const auto prompt = impl_->tokenizer->Encode(text.substr(0, prompt_bytes));
    const auto [end, unused] = std::ranges::mismatch(prompt, sequence.tokens);
    sequence.first_scored = std::max<size_t>(static_cast<size_t>(end - prompt.begin()), 1);
  }
  return sequence;
}

}  // namespace hlwq::study
