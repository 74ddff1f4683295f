// Where the keys and values of all layers lie in pages of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/attention.h"
#include "model/config.h"
#include "runtime/kv_format.h"

namespace hlwq::runtime {

enum class KvPageKind : uint8_t { kFloats, kCoded };
// Whether a sequence has a page at some place of its chain.
enum class KvPageUse : uint8_t { kNone, kUseful, kNeeded };

// A page holds kPageTokens tokens of all layers: for each layer with attention its keys and then its
// values, so that a short sequence touches little memory. Where the format is coded, pages that are full
// are coded into pages of another kind, but for the first one: the first tokens of a text are the ones
// that most others look at.
class KvLayout {
 public:
  static constexpr size_t kPageTokens = kernels::kKvTile;
  static constexpr size_t kFirstCodedPage = 1;
  // That a sequence can go back where all layers see a window and pages before it are given up: a long
  // answer.
  static constexpr size_t kGoBackTokens = 1024;

  // Throws Error{kInvalidArgument} when the format is none of floats nor of codes, Error{kUnsupported}
  // when it is coded and codec::KvShapeOf does not take the heads.
  KvLayout(const model::ModelConfig& config, const KvFormat& format);

  bool is_coded() const noexcept { return is_coded_; }
  size_t page_bytes() const noexcept { return page_bytes_; }
  size_t coded_page_bytes() const noexcept { return coded_page_bytes_; }
  // Pages that hold `tokens` tokens.
  static size_t Pages(size_t tokens) noexcept { return (tokens + kPageTokens - 1) / kPageTokens; }
  // The first page that a token at `position` sees in any layer, and the first one that a sequence of `tokens`
  // tokens keeps between passes. 0 where a layer sees all tokens.
  size_t FirstSeenPage(size_t position) const noexcept;
  size_t FirstKeptPage(size_t tokens) const noexcept;
  // Of a sequence of `tokens` tokens, between passes.
  uint64_t Bytes(size_t tokens) const noexcept;
  // That the last of `tokens` tokens reads, in layers that see them all.
  double BytesRead(size_t tokens) const noexcept;
  // That another token takes as long as nothing is given up.
  double BytesPerToken() const noexcept;
  // Between passes, of a sequence of `length` tokens. Useful: it lets the sequence go back further.
  KvPageUse UseOf(KvPageKind kind, size_t page, size_t length) const noexcept;

  // One layer of the model, which has attention, in these pages.
  kernels::KvPages Layer(size_t layer, std::span<std::byte* const> pages) const noexcept;
  // @pre is_coded()
  kernels::CodedKvPages CodedLayer(size_t layer, std::span<std::byte* const> pages) const noexcept;

 private:
  struct CodedPart {
    codec::KvTileLayout keys, values;
    size_t keys_offset = 0, values_offset = 0;
  };

  std::vector<size_t> places_;  // of each layer of the model among those with attention
  size_t kv_heads_ = 0, head_dim_ = 0;
  size_t window_ = 0;  // the widest of all layers; 0: a layer sees all tokens
  DType dtype_ = DType::kF16;
  size_t part_bytes_ = 0;  // keys or values of one layer of a page of floats, in whole cache lines
  size_t page_bytes_ = 0, coded_page_bytes_ = 0;
  bool is_coded_ = false;
  std::vector<CodedPart> coded_;  // of each layer with attention
};

}  // namespace hlwq::runtime
