#include "convert/gguf_task.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "codec/ggml_encode.h"
#include "convert/f16_range.h"

namespace hlwq::convert {
namespace {

using checkpoint::Checkpoint;
using checkpoint::RowReader;
using checkpoint::TensorEntry;
using codec::GgmlType;

class GgufTask final : public Task {
 public:
  GgufTask(const Checkpoint& source, std::vector<TensorEntry> pieces, GgmlType type,
           const codec::Backend& backend)
      : pieces_(std::move(pieces)), type_(type) {
    HLWQ_DASSERT(!pieces_.empty());
    for (const TensorEntry& piece : pieces_) {
      readers_.emplace_back(source, piece, backend);
      HLWQ_DASSERT(readers_.back().matrix() == readers_.front().matrix());
      HLWQ_DASSERT(readers_.back().slice_rows() == matrix().out);
    }
    rows = matrix().out * pieces_.size();
    // Pieces are read one by one, and the rows that belong together (heads) at a time.
    rows_per_slice = matrix().out;
    const uint64_t block = readers_.front().row_block();
    const uint64_t row_bytes = std::max<uint64_t>(
        {readers_.front().StoredBytes({0, std::min(block, matrix().out)}) / block, RowBytes(),
         uint64_t{1}});
    rows_per_chunk = std::max(block, kChunkBytes / row_bytes / block * block);
    source_file = readers_.front().FirstFile(0);
  }

  uint64_t RowBytes() const {
    return matrix().in / codec::GgmlBlockWeights(type_) * codec::GgmlBlockBytes(type_);
  }

  void Read(RowRange range, std::vector<std::byte>& in) const override {
    ReaderOf(range).ReadStored(InPiece(range), in);
  }
  void Prefetch(RowRange range) const override { ReaderOf(range).Prefetch(InPiece(range)); }
  // `range` may be the whole task, which lies in several pieces of one size.
  uint64_t SourceBytes(RowRange range) const override {
    if (range.size() == rows)
      return pieces_.size() * readers_.front().StoredBytes({0, matrix().out});
    return ReaderOf(range).StoredBytes(InPiece(range));
  }

  void Transform(RowRange range, std::span<const std::byte> in,
                 std::span<const std::span<std::byte>> out, codec::ErrorStats&) const override {
    const RowReader& reader = ReaderOf(range);
    const RowRange rows_of_piece = InPiece(range);
    switch (type_) {
      case GgmlType::kF32:
        return reader.DecodeTo(DType::kF32, rows_of_piece, in, out[0]);
      case GgmlType::kBF16:
        return reader.DecodeTo(DType::kBF16, rows_of_piece, in, out[0]);
      case GgmlType::kF16:
        reader.DecodeTo(DType::kF16, rows_of_piece, in, out[0]);
        return RequireF16Range(out[0], matrix().in, range.begin, "--type bf16 holds it");
      default:
        reader.DecodeTiles(
            rows_of_piece, in, 1, [&](RowRange tile, std::span<const float> weights) {
              codec::EncodeGgml(type_, weights, matrix().in, range.begin + tile.begin,
                                out[0].subspan(tile.begin * RowBytes(), tile.size() * RowBytes()));
            });
    }
  }

 private:
  MatrixShape matrix() const { return readers_.front().matrix(); }
  const RowReader& ReaderOf(RowRange range) const { return readers_[range.begin / matrix().out]; }
  RowRange InPiece(RowRange range) const {
    const uint64_t first = range.begin / matrix().out * matrix().out;
    return {range.begin - first, range.end - first};
  }

  std::vector<TensorEntry> pieces_;
  std::vector<RowReader> readers_;  // borrow pieces_
  GgmlType type_;
};

}  // namespace

std::unique_ptr<Task> MakeGgufTask(const Checkpoint& source, std::vector<TensorEntry> pieces,
                                   GgmlType type, const codec::Backend& backend, size_t tensor) {
  auto task = std::make_unique<GgufTask>(source, std::move(pieces), type, backend);
  task->outputs = {{tensor, {task->RowBytes()}}};
  return task;
}

}  // namespace hlwq::convert
