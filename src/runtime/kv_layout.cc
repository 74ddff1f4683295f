#include "runtime/kv_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace hlwq::runtime {
namespace {

size_t WholeLines(size_t bytes) noexcept { return (bytes + 63) / 64 * 64; }

// The widest of all layers with attention; 0 where one has none.
size_t WidestWindow(const checkpoint::TextConfig& sizes) noexcept {
  size_t widest = 0;
  for (size_t layer = 0; layer < sizes.layers.size(); ++layer) {
    if (!sizes.layers[layer].has_attention()) continue;
    const size_t window = sizes.WindowOf(layer);
    if (window == 0) return 0;
    widest = std::max(widest, window);
  }
  return widest;
}

}  // namespace

KvLayout::KvLayout(const model::ModelConfig& config, const KvFormat& format)
    : kv_heads_(config.sizes.kv_heads),
      head_dim_(config.sizes.head_dim),
      window_(WidestWindow(config.sizes)),
      dtype_(format.dtype()),
      is_coded_(format.is_coded()) {
  if (!IsWeightFloat(dtype_)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("cache: want F16, BF16 or F32, got {}", DTypeName(dtype_)));
  }
  const std::vector<KvBits> bits = format.BitsOfLayers(config.sizes.layers.size());
  const size_t values = kv_heads_ * head_dim_ * kPageTokens;
  part_bytes_ = WholeLines(values * BitsPerElement(dtype_) / 8);
  size_t count = 0;
  for (size_t layer = 0; layer < config.sizes.layers.size(); ++layer) {
    places_.push_back(count);
    if (!config.sizes.layers[layer].has_attention()) continue;
    ++count;
    if (!is_coded_) continue;
    const codec::KvHeadShape shape = codec::KvShapeOf(head_dim_);
    CodedPart part = {.keys = {shape, bits[layer].keys, true},
                      .values = {shape, bits[layer].values, false}};
    part.keys_offset = coded_page_bytes_;
    part.values_offset = part.keys_offset + WholeLines(kv_heads_ * part.keys.bytes());
    coded_page_bytes_ = part.values_offset + WholeLines(kv_heads_ * part.values.bytes());
    coded_.push_back(part);
  }
  page_bytes_ = 2 * count * part_bytes_;
}

size_t KvLayout::FirstSeenPage(size_t position) const noexcept {
  return window_ == 0 || position < window_ ? 0 : (position + 1 - window_) / kPageTokens;
}

size_t KvLayout::FirstKeptPage(size_t tokens) const noexcept {
  return tokens < kGoBackTokens ? 0 : FirstSeenPage(tokens - kGoBackTokens);
}

uint64_t KvLayout::Bytes(size_t tokens) const noexcept {
  const uint64_t pages = Pages(tokens), kept_from = FirstKeptPage(tokens);
  if (!is_coded_) return (pages - kept_from) * page_bytes_;
  const uint64_t full = tokens / kPageTokens;
  const uint64_t coded = full - std::clamp<uint64_t>(kFirstCodedPage, kept_from, full);
  // The first ones, the last full one, and the one that is being filled.
  const uint64_t first = kFirstCodedPage - std::min<uint64_t>(kept_from, kFirstCodedPage);
  const uint64_t floats = std::min(full, first + 1) + (pages - full);
  return floats * page_bytes_ + coded * coded_page_bytes_;
}

double KvLayout::BytesRead(size_t tokens) const noexcept {
  size_t floats = tokens, coded = 0;  // tokens
  if (const size_t full = tokens / kPageTokens; is_coded_ && full > kFirstCodedPage) {
    coded = (full - kFirstCodedPage) * kPageTokens;
    floats -= coded;
  }
  return static_cast<double>(floats * page_bytes_ + coded * coded_page_bytes_) / kPageTokens;
}

double KvLayout::BytesPerToken() const noexcept {
  return static_cast<double>(is_coded_ ? coded_page_bytes_ : page_bytes_) / kPageTokens;
}

KvPageUse KvLayout::UseOf(KvPageKind kind, size_t page, size_t length) const noexcept {
  if (page < FirstKeptPage(length) || page >= Pages(length)) return KvPageUse::kNone;
  const size_t full = length / kPageTokens;
  const KvPageUse use = page < FirstSeenPage(length) ? KvPageUse::kUseful : KvPageUse::kNeeded;
  if (kind == KvPageKind::kCoded) {
    const bool is_coded_page = is_coded_ && page >= kFirstCodedPage && page < full;
    return is_coded_page ? use : KvPageUse::kNone;
  }
  if (!is_coded_ || page < kFirstCodedPage || page == full) return use;
  return page + 1 == full ? KvPageUse::kUseful : KvPageUse::kNone;
}

kernels::KvPages KvLayout::Layer(size_t layer, std::span<std::byte* const> pages) const noexcept {
  const size_t keys = 2 * places_[layer] * part_bytes_;
  return {.dtype = dtype_,
          .page_tokens = kPageTokens,
          .kv_heads = kv_heads_,
          .head_dim = head_dim_,
          .pages = pages,
          .keys_offset = keys,
          .values_offset = keys + part_bytes_};
}

kernels::CodedKvPages KvLayout::CodedLayer(size_t layer,
                                           std::span<std::byte* const> pages) const noexcept {
  const CodedPart& part = coded_[places_[layer]];
  return {.keys = part.keys,
          .values = part.values,
          .kv_heads = kv_heads_,
          .first_page = kFirstCodedPage,
          .pages = pages,
          .keys_offset = part.keys_offset,
          .values_offset = part.values_offset};
}

}  // namespace hlwq::runtime
