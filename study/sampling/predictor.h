// What samplers ask of a model. No libtorch: tests give models whose distribution is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace hlwq::study {

// Predicts the next token.
class NextTokenModel {
 public:
  virtual ~NextTokenModel() = default;

  virtual size_t vocabulary() const = 0;
  virtual size_t window() const = 0;  // most tokens of a sequence
  // Forgets all, and begins `batch` sequences of up to `capacity` tokens; logits [batch, vocabulary] of
  // the first.
  virtual void Begin(size_t batch, size_t capacity, std::span<float> logits) = 0;
  // Reads one token more of each sequence, [batch]; logits [batch, vocabulary] of the token after it.
  virtual void Append(std::span<const int32_t> tokens, std::span<float> logits) = 0;
};

// Predicts the tokens under masks.
class MaskedTokenModel {
 public:
  virtual ~MaskedTokenModel() = default;

  virtual size_t vocabulary() const = 0;  // the mask token not counted
  virtual size_t window() const = 0;
  virtual int32_t mask_token() const = 0;
  // tokens [batch, length]; times [batch], 1 where all is masked and 0 where nothing is; logits [batch,
  // length, vocabulary] of the token at each place.
  virtual void Predict(std::span<const int32_t> tokens, std::span<const double> times,
                       std::span<float> logits) = 0;
};

}  // namespace hlwq::study
