// The bandwidth of the device that a checkpoint lies on, for reads of the size of an expert.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/file.h"
#include "base/page_memory.h"
#include "io/direct_reader.h"

namespace hlwq::eval {

// Reads past the page cache, at random places of the files in proportion to their sizes, so many
// stretches at a time that the device is never idle.
class DeviceReader {
 public:
  // Borrows the files, which are not all empty. Takes memory of 16 stretches.
  DeviceReader(std::span<const File> files, size_t stretch_bytes);

  // Reads at least `bytes` and gives bytes/s. Throws as the reads.
  double Measure(uint64_t bytes);

 private:
  std::span<const File> files_;
  size_t stretch_bytes_ = 0;
  std::vector<uint64_t> ends_;  // of each file, all of them laid one after the other
  PageMemory memory_;
  io::DirectReader reader_;
  uint64_t drawn_ = 0;

  io::FileStretch Draw(std::span<std::byte> room);
};

}  // namespace hlwq::eval
