// The transformer of both kinds of arms: RMSNorm, rotary positions, SwiGLU, no biases, as Llama, with weights under
// Hugging Face's names for it. With a causal mask it is a Llama to the last weight; without, and with a mask token,
// it is what masked diffusion trains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "study/config/config.h"

// libtorch's headers take seconds to compile: only who computes with tensors includes them.
namespace at {
class Tensor;
}

namespace hlwq::study {

using TokenId = int32_t;

struct NetOptions {
  ModelConfig model;
  // Tokens that are predicted; the embedding has one row more, of the mask token.
  size_t vocabulary = 0;
  bool is_causal = true;
  bool is_tied = true;
  bool has_time_embedding = false;
  double dropout = 0;  // of what each block adds to the residual stream, and of the embeddings
};

// The options of an arm.
NetOptions OptionsOf(const ModelConfig& model, const ArmConfig& arm, size_t vocabulary);

// Sequences of equal length, one after another.
struct TokenGrid {
  std::span<const TokenId> tokens;  // [batch, length]
  size_t batch = 0;
  size_t length = 0;
};

// Thread: one caller at a time.
class Net {
 public:
  // Keys and values of what a causal net has read, of `batch` sequences of equal length.
  class Cache {
   public:
    ~Cache();

   private:
    friend class Net;
    Cache();
    struct State;
    std::unique_ptr<State> state_;
  };

  // Weights are normal(0, 0.02), those of the two products that add to the residual stream divided by
  // sqrt(2 layers), from `seed` and the name of the tensor alone: equal in all arms, on every machine.
  // On the GPU where there is one and `device` is "cuda"; "cpu" otherwise. Throws Error{kInvalidArgument} for
  // a device that is not there.
  Net(const NetOptions& options, uint64_t seed, const std::string& device = "cpu");
  Net(Net&&) noexcept;
  ~Net();

  const NetOptions& options() const noexcept;
  size_t vocabulary() const noexcept { return options().vocabulary; }
  TokenId mask_token() const noexcept { return static_cast<TokenId>(vocabulary()); }
  size_t ParameterCount() const;

  // --- Without libtorch's headers: no gradients, no dropout, float32 results on this side.

  // Logits [batch, length, vocabulary] of what the net makes of each position: of a causal net the next token,
  // otherwise the token at this place. `times` [batch] is read only where there is a time embedding, and may be empty
  // elsewhere. Throws Error{kInvalidArgument} for a token above the mask's, or more than `window` tokens.
  void Logits(const TokenGrid& grid, std::span<const double> times, std::span<float> logits) const;

  // An empty cache for up to `capacity` tokens. Of a causal net.
  std::unique_ptr<Cache> MakeCache(size_t batch, size_t capacity) const;
  // Reads one token more of each sequence, [batch]; logits [batch, vocabulary] are those of Logits at that place.
  void Append(Cache& cache, std::span<const TokenId> tokens, std::span<float> logits) const;

  // --- With them.

  // In a fixed order, all float32 with gradients: what is trained and stored.
  const std::vector<std::pair<std::string, at::Tensor>>& parameters() const noexcept;
  const std::string& device() const noexcept;

  // What the last norm gives, [batch, length, width]. tokens: int64 [batch, length]; times: float32 [batch], undefined
  // without a time embedding. Dropout where `is_training`, by libtorch's generator.
  at::Tensor Hidden(const at::Tensor& tokens, const at::Tensor& times, bool is_training) const;
  // Logits [..., vocabulary] of rows of Hidden [..., width].
  at::Tensor Head(const at::Tensor& hidden) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hlwq::study
