// Lays out plain codes with rows interleaved (kernels/tile_layout.h), as those of the trellis code are in
// files: processors without AVX-512 multiply them faster, and all do with several tokens at once.
#pragma once

#include <cstdint>
#include <vector>

#include "base/page_memory.h"
#include "model/stored_matrix.h"

namespace hlwq::model {

// Owns what it lays out.
class Interleaver {
 public:
  // Works with so many threads; 0: the cores of this process.
  explicit Interleaver(int threads) noexcept : threads_(threads) {}

  // The same matrix interleaved, in memory; as it is where it has no codes that can be, or fewer rows
  // than a tile. Cost: reads it once; as many bytes again.
  StoredMatrix operator()(const StoredMatrix& matrix);

  uint64_t bytes() const noexcept { return bytes_; }

 private:
  int threads_;
  std::vector<PageMemory> owned_;
  uint64_t bytes_ = 0;
};

}  // namespace hlwq::model
