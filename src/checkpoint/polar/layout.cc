#include "checkpoint/polar/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "base/checked.h"
#include "base/error.h"

namespace hlwq::checkpoint {
namespace {

using codec::BitOrder;

// Far above any matrix, and low enough that the products below stay inside 64 bits.
constexpr uint64_t kMaxAxis = uint64_t{1} << 40;

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

// One way to read `__meta`, before the codes are looked at.
struct Reading {
  std::string name;
  uint64_t out = 0;
  uint64_t n_blocks = 0;
  std::optional<uint64_t> in = {};  // recorded by the reading
  std::optional<int> bits = {};     // recorded by the reading
  std::string contradiction = {};   // empty: agrees with norms and block size
};

std::string NormsMismatch(const Shape& norms, uint64_t out, uint64_t n_blocks) {
  const bool fits = norms.size() == 2 ? norms[0] == out && norms[1] == n_blocks
                                      : CheckedMul(out, n_blocks) == norms.at(0);
  if (fits) return {};
  return fmt::format("want norms [{}, {}], got {}", out, n_blocks, ShapeToString(norms));
}

bool IsAxis(int64_t value) { return value > 0 && static_cast<uint64_t>(value) <= kMaxAxis; }

Reading ReadAsShape(const MatrixEvidence& evidence) {
  const std::vector<int64_t>& meta = evidence.meta;
  Reading reading{.name = meta.size() == 5 ? "[out, n_blocks, block, codes, in]"
                                           : "[out, n_blocks, block, codes]"};
  if (!IsAxis(meta[0]) || !IsAxis(meta[1]) || (meta.size() == 5 && !IsAxis(meta[4]))) {
    reading.contradiction = "sizes out of range";
    return reading;
  }
  reading.out = static_cast<uint64_t>(meta[0]);
  reading.n_blocks = static_cast<uint64_t>(meta[1]);
  if (meta.size() == 5) reading.in = static_cast<uint64_t>(meta[4]);
  const auto blocks = CheckedMul(reading.out, reading.n_blocks);
  const auto codes = blocks ? CheckedMul(*blocks, uint64_t{evidence.block_size}) : std::nullopt;
  if (meta[2] != static_cast<int64_t>(evidence.block_size)) {
    reading.contradiction = fmt::format("want block {}, got {}", evidence.block_size, meta[2]);
  } else if (!codes || meta[3] < 0 || static_cast<uint64_t>(meta[3]) != *codes) {
    reading.contradiction =
        codes ? fmt::format("want {} codes, got {}", *codes, meta[3]) : "sizes overflow";
  } else {
    reading.contradiction = NormsMismatch(evidence.norms_shape, reading.out, reading.n_blocks);
  }
  return reading;
}

Reading ReadAsBits(const MatrixEvidence& evidence) {
  const std::vector<int64_t>& meta = evidence.meta;
  const Shape& norms = evidence.norms_shape;
  Reading reading{.name = "[bits, in_padded, ...]"};
  if (meta[0] < 1 || meta[0] > 8) {
    reading.contradiction = fmt::format("want 1 to 8 bits, got {}", meta[0]);
  } else if (!IsAxis(meta[1]) || static_cast<uint64_t>(meta[1]) % evidence.block_size != 0) {
    reading.contradiction =
        fmt::format("want in_padded a multiple of {}, got {}", evidence.block_size, meta[1]);
  } else {
    reading.bits = static_cast<int>(meta[0]);
    reading.n_blocks = static_cast<uint64_t>(meta[1]) / evidence.block_size;
    reading.out = norms.size() == 2 ? norms[0] : norms.at(0) / reading.n_blocks;
    reading.contradiction = NormsMismatch(norms, reading.out, reading.n_blocks);
  }
  return reading;
}

std::vector<Reading> Readings(const MatrixEvidence& evidence) {
  std::vector<Reading> readings;
  const size_t count = evidence.meta.size();
  if (count == 4 || count == 5) readings.push_back(ReadAsShape(evidence));
  if (count >= 2) readings.push_back(ReadAsBits(evidence));
  return readings;
}

// The number of inputs: recorded by the meta and by polar_config.json, which must agree, else whole
// blocks. Empty when a record contradicts another or the number of blocks.
std::optional<uint64_t> InputCount(const Reading& reading, const MatrixEvidence& evidence) {
  const uint64_t padded = reading.n_blocks * evidence.block_size;
  const uint64_t in = reading.in.value_or(evidence.in_features.value_or(padded));
  if (evidence.in_features && *evidence.in_features != in) return std::nullopt;
  if (in == 0 || CeilDiv(in, uint64_t{evidence.block_size}) != reading.n_blocks)
    return std::nullopt;
  return in;
}

std::string InputsMismatch(const Reading& reading, const MatrixEvidence& evidence) {
  return fmt::format(
      "want in between {} and {}, got {}{}", (reading.n_blocks - 1) * evidence.block_size + 1,
      reading.n_blocks * evidence.block_size,
      reading.in ? fmt::format("{} in __meta", *reading.in) : "none in __meta",
      evidence.in_features ? fmt::format(", {} in polar_config.json", *evidence.in_features) : "");
}

// The ways in which `code_bytes` bytes hold `codes` codes.
struct Packing {
  int bits = 0;
  BitOrder bit_order = BitOrder::kMsb;
};

std::vector<Packing> PackingsOf(uint64_t codes, uint64_t code_bytes) {
  std::vector<Packing> packings;
  for (int bits = 1; bits <= 8; ++bits) {
    const auto stream_bits = CheckedMul(codes, static_cast<uint64_t>(bits));
    if (stream_bits && CeilDiv(*stream_bits, uint64_t{8}) == code_bytes) {
      packings.push_back({bits, BitOrder::kMsb});
    } else if (codes == code_bytes && (bits == 1 || bits == 7)) {
      packings.push_back({bits, BitOrder::kPlain});  // published tools do not pack these two widths
    }
  }
  return packings;
}

struct Candidate {
  MatrixLayout layout;
  std::string description;
};

// The candidates that `reading` leaves; a reason for each that it rules out goes to `reasons`.
std::vector<Candidate> Combine(const Reading& reading, const MatrixEvidence& evidence,
                               std::vector<std::string>& reasons) {
  const auto reject = [&](std::string why) {
    reasons.push_back(fmt::format("__meta as {}: {}", reading.name, why));
    return std::vector<Candidate>();
  };
  if (!reading.contradiction.empty()) return reject(reading.contradiction);
  const auto in = InputCount(reading, evidence);
  if (!in) return reject(InputsMismatch(reading, evidence));
  if (evidence.out_features && *evidence.out_features != reading.out) {
    return reject(fmt::format("want out {} of polar_config.json, got {}", *evidence.out_features,
                              reading.out));
  }
  const auto blocks = CheckedMul(reading.out, reading.n_blocks);
  const auto codes = blocks ? CheckedMul(*blocks, uint64_t{evidence.block_size}) : std::nullopt;
  if (!codes) return reject("sizes overflow");
  const std::vector<Packing> packings = PackingsOf(*codes, evidence.code_bytes);
  if (packings.empty()) {
    return reject(fmt::format("no width of 1 to 8 bits puts {} codes into {} bytes", *codes,
                              evidence.code_bytes));
  }
  std::vector<Candidate> fitting;
  std::vector<int> widths;
  for (const Packing& packing : packings) {
    widths.push_back(packing.bits);
    if (reading.bits.value_or(packing.bits) != packing.bits) continue;
    if (evidence.bits.value_or(packing.bits) != packing.bits) continue;
    fitting.push_back(
        {{{reading.out, *in}, reading.n_blocks, packing.bits, packing.bit_order},
         fmt::format("__meta as {}: [{}, {}] at {} bits{}", reading.name, reading.out, *in,
                     packing.bits,
                     packing.bit_order == BitOrder::kPlain ? ", one byte a code" : "")});
  }
  if (fitting.empty()) {
    return reject(fmt::format(
        "{} bytes hold codes of {} bits{}{}", evidence.code_bytes, fmt::join(widths, " or "),
        reading.bits ? fmt::format(", __meta says {}", *reading.bits) : "",
        evidence.bits ? fmt::format(", {} says {}", evidence.bits_source, *evidence.bits) : ""));
  }
  return fitting;
}

void CheckNormsShape(const MatrixEvidence& evidence) {
  const Shape& norms = evidence.norms_shape;
  if (norms.empty() || norms.size() > 2) {
    Fail(fmt::format("norms: want [out, n_blocks], got {}", ShapeToString(norms)));
  }
  for (const uint64_t axis : norms) {
    if (axis == 0 || axis > kMaxAxis) {
      Fail(fmt::format("norms: want [out, n_blocks], got {}", ShapeToString(norms)));
    }
  }
}

}  // namespace

MatrixLayout SolvePacked(const MatrixEvidence& evidence) {
  CheckNormsShape(evidence);
  std::vector<Candidate> candidates;
  std::vector<std::string> reasons;
  for (const Reading& reading : Readings(evidence)) {
    for (Candidate& candidate : Combine(reading, evidence, reasons)) {
      candidates.push_back(std::move(candidate));
    }
  }
  if (candidates.empty()) {
    if (reasons.empty()) {
      Fail(fmt::format("__meta: want 4 or 5 numbers, got {}", evidence.meta.size()));
    }
    Fail(fmt::format("nothing fits: {}", fmt::join(reasons, "; ")));
  }
  if (candidates.size() > 1) {
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates) names.push_back(candidate.description);
    Fail(fmt::format("ambiguous: {}", fmt::join(names, "; or ")));
  }
  return candidates.front().layout;
}

MatrixLayout SolveCodes(const MatrixEvidence& evidence, LegacyPacking recorded) {
  CheckNormsShape(evidence);
  const Shape& norms = evidence.norms_shape;
  if (norms.size() != 2) {
    Fail(fmt::format("norms: want [out, n_blocks], got {}", ShapeToString(norms)));
  }
  if (!evidence.bits || *evidence.bits < 1 || *evidence.bits > 8) {
    Fail(evidence.bits
             ? fmt::format("want 1 to 8 bits, {} says {}", evidence.bits_source, *evidence.bits)
             : "ambiguous: no table and no polar_config.json says which of 1 to 8 bits its codes "
               "have");
  }
  const Reading reading{.name = "", .out = norms[0], .n_blocks = norms[1]};
  if (evidence.out_features && *evidence.out_features != reading.out) {
    Fail(fmt::format("norms: want {} rows as in polar_config.json, got {}", *evidence.out_features,
                     reading.out));
  }
  const auto in = InputCount(reading, evidence);
  if (!in) Fail(InputsMismatch(reading, evidence));
  const auto blocks = CheckedMul(reading.out, reading.n_blocks);
  const auto codes = blocks ? CheckedMul(*blocks, uint64_t{evidence.block_size}) : std::nullopt;
  if (!codes || !CheckedMul(*codes, uint64_t{8})) Fail("sizes overflow");

  LegacyPacking packing = LegacyPacking::kUnrecorded;
  const int bits = *evidence.bits;
  if (evidence.code_bytes == *codes) packing = LegacyPacking::kPlain;
  if (evidence.code_bytes * 2 == *codes && bits <= 4) packing = LegacyPacking::kHalfNibble;
  if (*codes % 8 == 0 && evidence.code_bytes == *codes / 8 * 5 && bits == 5) {
    packing = LegacyPacking::kLsb5;
  }
  if (packing == LegacyPacking::kUnrecorded) {
    Fail(fmt::format("codes: want {} bytes for {} codes of {} bits{}, got {}", *codes, *codes, bits,
                     bits <= 4   ? fmt::format(" (or {} as nibbles)", *codes / 2)
                     : bits == 5 ? fmt::format(" (or {} as 5-bit groups)", *codes / 8 * 5)
                                 : "",
                     evidence.code_bytes));
  }
  if (recorded != LegacyPacking::kUnrecorded && recorded != packing) {
    static constexpr const char* kNames[] = {"unrecorded", "one byte a code", "nibbles",
                                             "5-bit groups"};
    Fail(fmt::format("codes: polar_config.json says {}, {} bytes hold {}",
                     kNames[static_cast<int>(recorded)], evidence.code_bytes,
                     kNames[static_cast<int>(packing)]));
  }
  static constexpr BitOrder kOrders[] = {BitOrder::kMsb, BitOrder::kPlain, BitOrder::kHalfNibble,
                                         BitOrder::kLsb};
  return {{reading.out, *in}, reading.n_blocks, bits, kOrders[static_cast<int>(packing)]};
}

}  // namespace hlwq::checkpoint
