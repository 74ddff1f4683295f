// Runs small models in tests: tokens in, logits out.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/function_ref.h"
#include "runtime/engine.h"
#include "runtime/sequence.h"
#include "runtime/sequence_state.h"

namespace hlwq::test {

// Below `vocabulary`; the same for the same seed.
std::vector<runtime::TokenId> SomeTokens(size_t count, size_t vocabulary, unsigned seed = 7);

// A state for `capacity` tokens, with keys and values as they are computed.
runtime::SequenceState FullPrecisionState(runtime::Engine& engine, size_t capacity);

// Goes on with `tokens`; the logits after each.
std::vector<float> Continue(runtime::Engine& engine, runtime::SequenceState& state,
                            std::span<const runtime::TokenId> tokens);

// The logits after each token of a sequence of its own, fed `step` tokens at a time.
std::vector<float> Logits(runtime::Engine& engine, std::span<const runtime::TokenId> tokens,
                          size_t step);

// Makes a sequence hold `prompt`, in passes of engine.chunk_tokens(); after each, on_pass(tokens held)
// may stop it. Returns how many tokens were kept.
size_t Fill(
    runtime::Engine& engine, runtime::Sequence& sequence, std::span<const runtime::TokenId> prompt,
    FunctionRef<bool(size_t held)> on_pass = [](size_t) { return true; });
// Feeds one token more and returns the logits after it.
std::vector<float> Append(runtime::Engine& engine, runtime::Sequence& sequence,
                          runtime::TokenId token);

// The largest difference over the largest magnitude of `want`; infinite where sizes differ or
// anything is not a number.
double RelativeDifference(std::span<const float> got, std::span<const float> want);

// 20 log10 of signal over difference, of the median row: a few tokens that were near a tie between
// experts do not count.
double MedianSnrDb(std::span<const float> signal, std::span<const float> other, size_t row);

// "qwen3-moe" -> "qwen3_moe", as names of tests want it.
std::string TestName(std::string model);
inline std::string ModelTestName(const ::testing::TestParamInfo<const char*>& info) {
  return TestName(info.param);
}

struct Coding {
  std::string_view codec;
  int bits;
};
// "t4" and "b5" for hlwq-t and hlwq, as in the names of tests.
std::string Name(const Coding& coding);
void PrintTo(const Coding& coding, std::ostream* out);

// Codes all that has a codec, embedding and head included, to polar_state.
void Quantized(const std::filesystem::path& source, const std::filesystem::path& destination,
               Coding coding);
// Decodes it again, to F32.
void Dequantized(const std::filesystem::path& source, const std::filesystem::path& destination);

}  // namespace hlwq::test
