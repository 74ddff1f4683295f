#include "eval/round_trips.h"

#include <algorithm>
#include <cstddef>

#include "codec/ggml_encode.h"
#include "codec/round_trip.h"

namespace hlwq::eval {
namespace {

// Rows are taken in pieces of so many weights: what they need beside themselves stays in a cache.
constexpr uint64_t kPieceWeights = 64 * 1024;

// Calls visit(rows, weights) for consecutive pieces of [rows, in].
template <typename Visit>
void ForEachPiece(RowRange rows, std::span<float> weights, Visit visit) {
  if (weights.empty()) return;
  const uint64_t in = weights.size() / rows.size();
  const uint64_t step = std::max<uint64_t>(kPieceWeights / in, 1);
  for (uint64_t row = rows.begin; row < rows.end; row += step) {
    const RowRange piece = {row, std::min(row + step, rows.end)};
    visit(piece, weights.subspan((row - rows.begin) * in, piece.size() * in), in);
  }
}

}  // namespace

void CodecRoundTrip::Apply(RowRange rows, std::span<float> weights) const {
  ForEachPiece(rows, weights, [&](RowRange piece, std::span<float> values, uint64_t in) {
    codec::RoundTripRows(*codec_, feedback_.get(), piece.begin, in, values);
  });
}

void SliceChanges::Apply(RowRange rows, std::span<float> weights) const {
  if (weights.empty()) return;
  const uint64_t in = weights.size() / rows.size();
  for (uint64_t row = rows.begin; row < rows.end;) {
    const uint64_t slice = row / rows_, first = slice * rows_;
    const uint64_t end = std::min(rows.end, first + rows_);
    changes_[slice]->Apply({row - first, end - first},
                           weights.subspan((row - rows.begin) * in, (end - row) * in));
    row = end;
  }
}

void GgmlRoundTrip::Apply(RowRange rows, std::span<float> weights) const {
  ForEachPiece(rows, weights, [&](RowRange piece, std::span<float> values, uint64_t in) {
    std::vector<std::byte> blocks(values.size() / codec::GgmlBlockWeights(type_) *
                                  codec::GgmlBlockBytes(type_));
    codec::EncodeGgml(type_, values, in, piece.begin, blocks);
    codec::DecodeGgml(type_, blocks, values);
  });
}

void ChangeChain::Apply(RowRange rows, std::span<float> weights) const {
  for (const SharedChange& change : changes_) change->Apply(rows, weights);
}

void PaddedRows::Apply(RowRange rows, std::span<float> weights) const {
  ForEachPiece(rows, weights, [&](RowRange piece, std::span<float> values, uint64_t in) {
    const uint64_t padded = (in + block_ - 1) / block_ * block_;
    if (padded == in) return change_->Apply(piece, values);
    std::vector<float> wide(piece.size() * padded);
    for (uint64_t row = 0; row < piece.size(); ++row) {
      std::copy_n(values.begin() + static_cast<ptrdiff_t>(row * in), in,
                  wide.begin() + static_cast<ptrdiff_t>(row * padded));
    }
    change_->Apply(piece, wide);
    for (uint64_t row = 0; row < piece.size(); ++row) {
      std::copy_n(wide.begin() + static_cast<ptrdiff_t>(row * padded), in,
                  values.begin() + static_cast<ptrdiff_t>(row * in));
    }
  });
}

}  // namespace hlwq::eval
