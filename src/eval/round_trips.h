// Changes of rows that show what coding does to weights: coded, and decoded again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "checkpoint/views/row_change.h"
#include "codec/codec.h"
#include "codec/ggml_blocks.h"

namespace hlwq::eval {

using SharedChange = std::shared_ptr<const checkpoint::RowChange>;

// Rows become what the codec decodes of their codes, made with `feedback` where it is not null. Throws as
// Codec::EncodeRowsWith.
class CodecRoundTrip final : public checkpoint::RowChange {
 public:
  explicit CodecRoundTrip(std::shared_ptr<const codec::Codec> codec,
                          std::shared_ptr<const codec::Feedback> feedback = nullptr)
      : codec_(std::move(codec)), feedback_(std::move(feedback)) {}

  void Apply(RowRange rows, std::span<float> weights) const override;

 private:
  std::shared_ptr<const codec::Codec> codec_;
  std::shared_ptr<const codec::Feedback> feedback_;
};

// Of a fused tensor every slice of `rows` rows by its own change. Each changes rows one by one.
class SliceChanges final : public checkpoint::RowChange {
 public:
  SliceChanges(uint64_t rows, std::vector<SharedChange> changes)
      : rows_(rows), changes_(std::move(changes)) {}

  void Apply(RowRange rows, std::span<float> weights) const override;

 private:
  uint64_t rows_;
  std::vector<SharedChange> changes_;
};

// The same of a format of ggml. @pre codec::CanEncodeGgml(type), and rows are whole blocks.
class GgmlRoundTrip final : public checkpoint::RowChange {
 public:
  explicit GgmlRoundTrip(codec::GgmlType type) : type_(type) {}

  void Apply(RowRange rows, std::span<float> weights) const override;

 private:
  codec::GgmlType type_;
};

// Several, one after another. Each changes rows one by one (row_block 1).
class ChangeChain final : public checkpoint::RowChange {
 public:
  explicit ChangeChain(std::vector<SharedChange> changes) : changes_(std::move(changes)) {}

  void Apply(RowRange rows, std::span<float> weights) const override;

 private:
  std::vector<SharedChange> changes_;
};

// Changes rows that are filled up with zeros to whole blocks, as the hlwq codec does, and cuts them
// off again.
class PaddedRows final : public checkpoint::RowChange {
 public:
  PaddedRows(uint64_t block, SharedChange change) : block_(block), change_(std::move(change)) {}

  void Apply(RowRange rows, std::span<float> weights) const override;

 private:
  uint64_t block_;
  SharedChange change_;
};

}  // namespace hlwq::eval
