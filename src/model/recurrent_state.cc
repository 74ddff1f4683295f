#include "model/recurrent_state.h"

#include <algorithm>

#include "base/error.h"

namespace hlwq::model {
namespace {

size_t InputFloats(const checkpoint::TextConfig& sizes) noexcept {
  return sizes.conv_kernel == 0 ? 0 : (sizes.conv_kernel - 1) * DeltaChannels(sizes);
}

size_t MemoryFloats(const checkpoint::TextConfig& sizes) noexcept {
  return sizes.value_heads * sizes.key_dim * sizes.value_dim;
}

size_t DeltaLayers(const checkpoint::TextConfig& sizes) noexcept {
  return static_cast<size_t>(
      std::ranges::count(sizes.layers, false, &checkpoint::LayerKind::has_attention));
}

}  // namespace

RecurrentState::RecurrentState(const ModelConfig& config)
    : input_floats_(InputFloats(config.sizes)),
      memory_floats_(MemoryFloats(config.sizes)),
      values_(DeltaLayers(config.sizes) * (input_floats_ + memory_floats_)) {
  size_t offset = 0;
  for (const checkpoint::LayerKind kind : config.sizes.layers) {
    offsets_.push_back(offset);
    if (!kind.has_attention()) offset += input_floats_ + memory_floats_;
  }
}

uint64_t RecurrentState::Bytes(const ModelConfig& config) noexcept {
  return DeltaLayers(config.sizes) * (InputFloats(config.sizes) + MemoryFloats(config.sizes)) *
         sizeof(float);
}

std::span<float> RecurrentState::Inputs(size_t layer) noexcept {
  return values_.span().subspan(offsets_[layer], input_floats_);
}

std::span<float> RecurrentState::Memory(size_t layer) noexcept {
  return values_.span().subspan(offsets_[layer] + input_floats_, memory_floats_);
}

void RecurrentState::Clear() noexcept { std::ranges::fill(values_.span(), 0.0f); }

RecurrentState RecurrentState::Copy() const {
  RecurrentState copy;
  copy.input_floats_ = input_floats_;
  copy.memory_floats_ = memory_floats_;
  copy.offsets_ = offsets_;
  copy.values_ = Buffer<float>(values_.size());
  copy.CopyFrom(*this);
  return copy;
}

void RecurrentState::CopyFrom(const RecurrentState& other) noexcept {
  HLWQ_DASSERT(values_.size() == other.values_.size());
  std::ranges::copy(other.values_.span(), values_.data());
}

}  // namespace hlwq::model
