#include "model/interleaver.h"

#include "base/worker_pool.h"
#include "kernels/tile_codes.h"

namespace hlwq::model {

StoredMatrix Interleaver::operator()(const StoredMatrix& matrix) {
  const auto* rows = std::get_if<HlwqMatrix>(&matrix);
  if (rows == nullptr || rows->shape.out < kernels::kTileRows || !kernels::CanTile(*rows)) {
    return matrix;
  }
  const size_t tiles = (rows->shape.out + kernels::kTileRows - 1) / kernels::kTileRows;
  const kernels::TileBytes bytes = kernels::TileBytesOf(*rows);
  Buffer<std::byte> codes(tiles * bytes.codes);
  Buffer<std::byte> norms(tiles * bytes.norms);
  WorkerPool pool(threads_);  // for this alone: models are opened once and live long
  pool.ParallelFor(tiles, 1, [&](size_t begin, size_t end, int) {
    for (size_t tile = begin; tile < end; ++tile) {
      kernels::TileRows(*rows, tile, codes.span().subspan(tile * bytes.codes, bytes.codes),
                        norms.span().subspan(tile * bytes.norms, bytes.norms));
    }
  });
  bytes_ += codes.size() + norms.size();
  owned_.push_back(std::move(codes));
  const std::span<const std::byte> of_codes = owned_.back().span();
  owned_.push_back(std::move(norms));
  return TiledHlwqMatrix{{rows->shape, rows->levels, of_codes, owned_.back().span()}, *rows};
}

}  // namespace hlwq::model
