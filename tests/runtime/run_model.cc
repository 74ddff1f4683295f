#include "tests/runtime/run_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <ostream>
#include <random>

#include "codec/trellis_table.h"
#include "convert/dequantize.h"
#include "convert/quantize.h"
#include "kernels/cpu_backend.h"

namespace hlwq::test {

using runtime::Engine;
using runtime::Sequence;
using runtime::SequenceState;
using runtime::TokenId;

std::vector<TokenId> SomeTokens(size_t count, size_t vocabulary, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens(count);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % vocabulary);
  return tokens;
}

SequenceState FullPrecisionState(Engine& engine, size_t capacity) {
  return engine.MakeState({.format = DType::kF32, .capacity = capacity});
}

std::vector<float> Continue(Engine& engine, SequenceState& state, std::span<const TokenId> tokens) {
  std::vector<float> logits;
  engine.Feed(state, tokens, model::LogitsOf::kAll, [&](size_t, std::span<const float> row) {
    logits.insert(logits.end(), row.begin(), row.end());
  });
  return logits;
}

std::vector<float> Logits(Engine& engine, std::span<const TokenId> tokens, size_t step) {
  SequenceState state = FullPrecisionState(engine, tokens.size());
  std::vector<float> logits;
  for (size_t begin = 0; begin < tokens.size(); begin += step) {
    const auto rows =
        Continue(engine, state, tokens.subspan(begin, std::min(step, tokens.size() - begin)));
    logits.insert(logits.end(), rows.begin(), rows.end());
  }
  return logits;
}

size_t Fill(Engine& engine, Sequence& sequence, std::span<const TokenId> prompt,
            FunctionRef<bool(size_t held)> on_pass) {
  const size_t kept = sequence.Want(prompt);
  while (!sequence.pending().empty()) {
    engine.Step(
        std::array{sequence.Next(engine.chunk_tokens())},
        [&](size_t, size_t, std::span<const float> logits) { sequence.KeepLogits(logits); });
    if (!on_pass(sequence.tokens().size())) break;
  }
  return kept;
}

std::vector<float> Append(Engine& engine, Sequence& sequence, TokenId token) {
  sequence.Append(token);
  std::vector<float> result;
  engine.Step(std::array{sequence.Next(1)}, [&](size_t, size_t, std::span<const float> logits) {
    result.assign(logits.begin(), logits.end());
  });
  return result;
}

double RelativeDifference(std::span<const float> got, std::span<const float> want) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (got.size() != want.size()) return kInfinity;
  double difference = 0, magnitude = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(got[i]) || std::isnan(want[i])) return kInfinity;
    difference = std::max(difference, std::abs(double{got[i]} - want[i]));
    magnitude = std::max(magnitude, std::abs(double{want[i]}));
  }
  return difference / magnitude;
}

namespace {

double SnrDb(std::span<const float> signal, std::span<const float> other) {
  double energy = 0, error = 0;
  for (size_t i = 0; i < signal.size(); ++i) {
    energy += double{signal[i]} * signal[i];
    error += (double{signal[i]} - other[i]) * (double{signal[i]} - other[i]);
  }
  return 10 * std::log10(energy / error);
}

}  // namespace

double MedianSnrDb(std::span<const float> signal, std::span<const float> other, size_t row) {
  EXPECT_EQ(signal.size(), other.size());
  std::vector<double> rows;
  for (size_t begin = 0; begin < signal.size(); begin += row) {
    rows.push_back(SnrDb(signal.subspan(begin, row), other.subspan(begin, row)));
  }
  const auto middle = rows.begin() + static_cast<ptrdiff_t>(rows.size() / 2);
  std::ranges::nth_element(rows, middle);
  return *middle;
}

std::string TestName(std::string model) {
  std::ranges::replace(model, '-', '_');
  return model;
}

std::string Name(const Coding& coding) {
  return (coding.codec == codec::kTrellisCodec ? "t" : "b") + std::to_string(coding.bits);
}

void PrintTo(const Coding& coding, std::ostream* out) { *out << Name(coding); }

void Quantized(const std::filesystem::path& source, const std::filesystem::path& destination,
               Coding coding) {
  convert::QuantizeOptions options;
  options.recipe.recipe = "uniform";
  options.recipe.bits = coding.bits;
  options.recipe.embedding_bits = coding.bits;
  options.codec = codec::DefaultSpec(coding.codec);
  options.codec.bits = coding.bits;
  convert::Quantize(checkpoint::OpenCheckpoint(source), destination, options,
                    kernels::CpuBackend());
}

void Dequantized(const std::filesystem::path& source, const std::filesystem::path& destination) {
  convert::DequantizeOptions to_float;
  to_float.dtype = DType::kF32;
  convert::Dequantize(checkpoint::OpenCheckpoint(source), destination, to_float,
                      kernels::CpuBackend());
}

}  // namespace hlwq::test
