// Keys and values of random sequences, plain and coded, and what they decode to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/encode_kv.h"
#include "tensor/buffer.h"
#include "tensor/float16.h"

namespace hlwq::test {

struct CodedKvCase {
  int key_bits = 4, value_bits = 4;
  size_t kv_heads = 1, group = 1, head_dim = 64;
  size_t first_page = 1, window = 0, first_position = 0, queries = 1;

  size_t heads() const { return kv_heads * group; }
  size_t positions() const { return first_position + queries; }
  size_t pages() const { return (positions() + kernels::kKvTile - 1) / kernels::kKvTile; }
  std::string Name() const {
    return "k" + std::to_string(key_bits) + "v" + std::to_string(value_bits) + " kv_heads " +
           std::to_string(kv_heads) + " group " + std::to_string(group) + " head_dim " +
           std::to_string(head_dim) + " first_page " + std::to_string(first_page) + " window " +
           std::to_string(window) + " at " + std::to_string(first_position) + " queries " +
           std::to_string(queries);
  }
};

// Plain and coded pages, all bits set before anything is stored. Plain pages that no query may see are
// not there at all.
class CodedKvCaches {
 public:
  CodedKvCaches(const CodedKvCase& c, const std::vector<float>& keys,
                const std::vector<float>& values)
      : case_(c) {
    const codec::KvHeadShape shape = codec::KvShapeOf(c.head_dim);
    coded_.keys = {shape, c.key_bits, true};
    coded_.values = {shape, c.value_bits, false};
    coded_.kv_heads = c.kv_heads;
    coded_.first_page = c.first_page;
    coded_.values_offset = c.kv_heads * coded_.keys.bytes();
    plain_ = {.dtype = DType::kF16,
              .page_tokens = kernels::kKvTile,
              .kv_heads = c.kv_heads,
              .head_dim = c.head_dim};
    plain_.values_offset = (plain_.page_bytes() + 63) / 64 * 64;
    for (size_t page = 0; page < c.pages(); ++page) {
      plain_list_.push_back(Take(plain_.values_offset + plain_.page_bytes()));
      coded_list_.push_back(Take(coded_.values_offset + c.kv_heads * coded_.values.bytes()));
    }
    plain_.pages = plain_list_;
    coded_.pages = coded_list_;
    const size_t width = c.kv_heads * c.head_dim;
    kernels::StoreKv(plain_, 0, {keys, width}, {values, width});
    for (size_t page = 0; page < c.pages(); ++page) {
      if (IsSeenCodedByAll(page)) {
        Code(page);
        plain_list_[page] = nullptr;
      } else if ((page + 1) * kernels::kKvTile <= c.positions()) {
        Code(page);
      }
    }
  }

  const kernels::KvPages& plain() const { return plain_; }
  const kernels::CodedKvPages& coded() const { return coded_; }
  // Of one head, [kernels::kKvTile, head_dim], as a query at `position` sees them.
  const std::vector<float>& Keys(size_t page, size_t head, size_t position) const {
    return IsCoded(page, position)
               ? Once(0, page, head,
                      [&] { return Decoded(coded_.keys, coded_.key_tile(page, head)); })
               : Once(1, page, head,
                      [&] { return Plain(PlainTile(plain_.keys(page), head), true); });
  }
  const std::vector<float>& Values(size_t page, size_t head, size_t position) const {
    return IsCoded(page, position)
               ? Once(2, page, head,
                      [&] { return Decoded(coded_.values, coded_.value_tile(page, head)); })
               : Once(3, page, head,
                      [&] { return Plain(PlainTile(plain_.values(page), head), false); });
  }

 private:
  CodedKvCase case_;
  kernels::KvPages plain_;
  kernels::CodedKvPages coded_;
  std::vector<Buffer<std::byte>> memory_;
  std::vector<std::byte*> plain_list_, coded_list_;
  mutable std::map<std::array<size_t, 3>, std::vector<float>> decoded_;

  const std::vector<float>& Once(size_t kind, size_t page, size_t head, auto decode) const {
    std::vector<float>& found = decoded_[{kind, page, head}];
    if (found.empty()) found = decode();
    return found;
  }
  const std::byte* PlainTile(const std::byte* of_page, size_t head) const {
    return of_page + head * PlainTileBytes();
  }
  std::byte* Take(size_t bytes) {
    memory_.emplace_back(bytes);
    std::memset(memory_.back().data(), 0xFF, bytes);
    return memory_.back().data();
  }
  size_t PlainTileBytes() const { return kernels::kKvTile * case_.head_dim * 2; }
  bool IsCoded(size_t page, size_t position) const {
    return page >= case_.first_page && position >= (page + 1) * kernels::kKvTile;
  }
  bool IsSeenCodedByAll(size_t page) const { return IsCoded(page, case_.first_position); }
  void Code(size_t page) {
    for (size_t head = 0; head < case_.kv_heads; ++head) {
      kernels::EncodeKvTile(coded_.keys, PlainTile(plain_.keys(page), head),
                            coded_.key_tile(page, head));
      kernels::EncodeKvTile(coded_.values, PlainTile(plain_.values(page), head),
                            coded_.value_tile(page, head));
    }
  }
  // [kernels::kKvTile, head_dim]
  std::vector<float> Plain(const std::byte* from, bool is_keys) const {
    std::vector<float> to(kernels::kKvTile * case_.head_dim);
    for (size_t token = 0; token < kernels::kKvTile; ++token) {
      for (size_t i = 0; i < case_.head_dim; ++i) {
        uint16_t half = 0;
        std::memcpy(
            &half, from + 2 * (is_keys ? i * kernels::kKvTile + token : token * case_.head_dim + i),
            2);
        to[token * case_.head_dim + i] = F16ToF32(half);
      }
    }
    return to;
  }
  std::vector<float> Decoded(const codec::KvTileLayout& layout, const std::byte* from) const {
    if (layout.is_plain()) return Plain(from, layout.is_keys);
    std::vector<float> to(kernels::kKvTile * case_.head_dim);
    codec::DecodeKvTile(layout, {from, layout.bytes()}, to);
    return to;
  }
};

}  // namespace hlwq::test
