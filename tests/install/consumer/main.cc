// Uses an installed hlwq: its version, and the codec through the header of its box.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <hlwq/version.h>
#include <span>
#include <vector>

#include "codec/codec.h"

int main() {
  std::printf("hlwq %s\n", hlwq::kVersion);

  constexpr size_t kInputs = 128;
  std::vector<float> weights(kInputs);
  for (size_t i = 0; i < kInputs; ++i) weights[i] = std::sin(static_cast<float>(i * i));
  const auto codec = hlwq::codec::MakeReferenceCodec({.bits = 5});

  std::vector<std::vector<std::byte>> parts;
  for (const hlwq::codec::Part& part : codec->Parts({.out = 1, .in = kInputs})) {
    if (part.bytes_per_row != 0) parts.emplace_back(part.bytes);
  }
  const std::vector<std::span<std::byte>> writable(parts.begin(), parts.end());
  const std::vector<std::span<const std::byte>> readable(parts.begin(), parts.end());
  hlwq::codec::ErrorStats stats;
  codec->EncodeRows(weights, kInputs, 0, writable, stats);

  std::vector<float> decoded(kInputs);
  codec->DecodeRows(readable, kInputs, decoded);
  double signal = 0;
  double noise = 0;
  for (size_t i = 0; i < kInputs; ++i) {
    const double error = static_cast<double>(weights[i]) - static_cast<double>(decoded[i]);
    signal += static_cast<double>(weights[i]) * static_cast<double>(weights[i]);
    noise += error * error;
  }
  const double snr_db = 10 * std::log10(signal / noise);
  std::printf("one block at 5 bits: %.1f dB\n", snr_db);
  return snr_db > 24 && snr_db < 32 ? 0 : 1;
}
