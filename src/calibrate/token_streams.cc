#include "calibrate/token_streams.h"

#include <algorithm>

namespace hlwq::calibrate {

TokenStreams::TokenStreams(size_t tokens, size_t width, const std::filesystem::path& scratch,
                           uint64_t most_bytes)
    : width_(width) {
  const size_t values = tokens * width;
  if (values * sizeof(float) <= most_bytes) {
    values_.resize(values);
    return;
  }
  file_ = File::OpenForWrite(scratch);
  std::filesystem::remove(scratch);  // it is gone with its last user, however that ends
  file_->Allocate(values * sizeof(float));
}

void TokenStreams::Read(size_t first_token, std::span<float> to) const {
  const size_t first = first_token * width_;
  if (file_) {
    file_->ReadAt(first * sizeof(float), std::as_writable_bytes(to));
  } else {
    std::copy_n(values_.begin() + static_cast<ptrdiff_t>(first), to.size(), to.begin());
  }
}

void TokenStreams::Write(size_t first_token, std::span<const float> from) {
  const size_t first = first_token * width_;
  if (file_) {
    file_->WriteAt(first * sizeof(float), std::as_bytes(from));
  } else {
    std::ranges::copy(from, values_.begin() + static_cast<ptrdiff_t>(first));
  }
}

}  // namespace hlwq::calibrate
