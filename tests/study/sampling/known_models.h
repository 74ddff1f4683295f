// Models whose distribution is known, for the laws of samplers.
#pragma once

#include <cmath>
#include <vector>

#include "study/sampling/predictor.h"

namespace hlwq::study {

// Any distribution over sequences of `length` tokens: joint[code], where the first token is the lowest digit.
struct KnownJoint {
  size_t vocabulary = 0, length = 0;
  std::vector<double> joint;

  size_t TokenOf(size_t code, size_t place) const {
    for (; place > 0; --place) code /= vocabulary;
    return code % vocabulary;
  }
  // log P(the token at `place` | what is known), of each token; known[place] < 0 where it is not.
  void Conditional(std::span<const int32_t> known, size_t place, std::span<float> logits) const {
    std::vector<double> sums(vocabulary, 0);
    for (size_t code = 0; code < joint.size(); ++code) {
      bool fits = true;
      for (size_t other = 0; other < known.size(); ++other) {
        fits =
            fits && (known[other] < 0 || static_cast<size_t>(known[other]) == TokenOf(code, other));
      }
      if (fits) sums[TokenOf(code, place)] += joint[code];
    }
    for (size_t token = 0; token < vocabulary; ++token) {
      logits[token] = static_cast<float>(std::log(sums[token]));
    }
  }
};

class KnownNextToken final : public NextTokenModel {
 public:
  explicit KnownNextToken(KnownJoint joint) : joint_(std::move(joint)) {}
  size_t vocabulary() const override { return joint_.vocabulary; }
  size_t window() const override { return joint_.length; }
  void Begin(size_t batch, size_t, std::span<float> logits) override {
    read_.assign(batch, {});
    for (size_t index = 0; index < batch; ++index) Predict(index, logits);
  }
  void Append(std::span<const int32_t> tokens, std::span<float> logits) override {
    for (size_t index = 0; index < tokens.size(); ++index) {
      read_[index].push_back(tokens[index]);
      Predict(index, logits);
    }
  }

 private:
  KnownJoint joint_;
  std::vector<std::vector<int32_t>> read_;

  void Predict(size_t index, std::span<float> logits) const {
    joint_.Conditional(read_[index], read_[index].size(),
                       logits.subspan(index * vocabulary(), vocabulary()));
  }
};

class KnownMaskedToken final : public MaskedTokenModel {
 public:
  explicit KnownMaskedToken(KnownJoint joint) : joint_(std::move(joint)) {}
  size_t vocabulary() const override { return joint_.vocabulary; }
  size_t window() const override { return joint_.length; }
  int32_t mask_token() const override { return static_cast<int32_t>(joint_.vocabulary); }
  void Predict(std::span<const int32_t> tokens, std::span<const double> times,
               std::span<float> logits) override {
    const size_t row = window();
    sequences += times.size();
    for (size_t index = 0; index < times.size(); ++index) {
      std::vector<int32_t> known;
      for (size_t place = 0; place < row; ++place) {
        const int32_t token = tokens[index * row + place];
        known.push_back(token == mask_token() ? -1 : token);
      }
      for (size_t place = 0; place < joint_.length; ++place) {
        const size_t begin = (index * row + place) * vocabulary();
        joint_.Conditional(known, place, logits.subspan(begin, vocabulary()));
      }
    }
  }

  size_t sequences = 0;  // that it was asked for

 private:
  KnownJoint joint_;
};

// Cells and their chi-square. Of k - 1 degrees of freedom it exceeds k + 5 sqrt(2 k) + 10 once in millions.
inline double ChiSquare(const std::vector<double>& probabilities,
                        const std::vector<size_t>& counts) {
  double total = 0, sum = 0;
  for (const size_t count : counts) total += static_cast<double>(count);
  for (size_t cell = 0; cell < counts.size(); ++cell) {
    const double expected = total * probabilities[cell];
    const double off = static_cast<double>(counts[cell]) - expected;
    if (expected > 0) sum += off * off / expected;
  }
  return sum;
}
inline double ChiSquareBound(size_t cells) {
  const auto k = static_cast<double>(cells);
  return k + 5 * std::sqrt(2 * k) + 10;
}

}  // namespace hlwq::study
