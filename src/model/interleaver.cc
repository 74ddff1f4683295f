#include "model/interleaver.h"

#include "base/worker_pool.h"
#include "kernels/tile_codes.h"

namespace hlwq::model {

template <class Matrix>
Interleaver::Tiles Interleaver::LayOut(const Matrix& rows) {
  const size_t tiles = (rows.shape.out + kernels::kTileRows - 1) / kernels::kTileRows;
  const kernels::TileBytes bytes = kernels::TileBytesOf(rows);
  Buffer<std::byte> codes(tiles * bytes.codes);
  Buffer<std::byte> multipliers(tiles * bytes.multipliers);
  WorkerPool pool(threads_);  // for this alone: models are opened once and live long
  pool.ParallelFor(tiles, 1, [&](size_t begin, size_t end, int) {
    for (size_t tile = begin; tile < end; ++tile) {
      kernels::TileRows(rows, tile, codes.span().subspan(tile * bytes.codes, bytes.codes),
                        multipliers.span().subspan(tile * bytes.multipliers, bytes.multipliers));
    }
  });
  bytes_ += codes.size() + multipliers.size();
  owned_.push_back(std::move(codes));
  const std::span<const std::byte> of_codes = owned_.back().span();
  owned_.push_back(std::move(multipliers));
  return {of_codes, owned_.back().span()};
}

StoredMatrix Interleaver::operator()(const StoredMatrix& matrix) {
  if (ShapeOf(matrix).out < kernels::kTileRows) return matrix;
  if (const auto* rows = std::get_if<HlwqMatrix>(&matrix); rows && kernels::CanTile(*rows)) {
    const Tiles tiles = LayOut(*rows);
    return TiledHlwqMatrix{{rows->shape, rows->levels, tiles.codes, tiles.multipliers}, *rows};
  }
  if (const auto* rows = std::get_if<TrellisMatrix>(&matrix)) {
    const Tiles tiles = LayOut(*rows);
    return TiledTrellisMatrix{
        {rows->shape, rows->levels, tiles.codes, tiles.multipliers, rows->row_scales}, *rows};
  }
  return matrix;
}

}  // namespace hlwq::model
