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
  PageMemory memory(tiles * (bytes.codes + bytes.norms));
  const std::span<std::byte> codes = memory.bytes().first(tiles * bytes.codes);
  const std::span<std::byte> norms = memory.bytes().subspan(codes.size());
  WorkerPool pool(threads_);  // for this alone: models are opened once and live long
  pool.ParallelFor(tiles, 1, [&](size_t begin, size_t end, int) {
    for (size_t tile = begin; tile < end; ++tile) {
      kernels::TileRows(*rows, tile, codes.subspan(tile * bytes.codes, bytes.codes),
                        norms.subspan(tile * bytes.norms, bytes.norms));
    }
  });
  bytes_ += codes.size() + norms.size();
  owned_.push_back(std::move(memory));
  return TiledHlwqMatrix{{rows->shape, rows->levels, codes, norms}, *rows};
}

}  // namespace hlwq::model
