// What there is to know of each codec: one record, in the order of the alternatives of
// CodecSpec::parameters. The vector forms are chosen in kernels/cpu_backend.cc.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "codec/codec.h"

namespace hlwq::codec {

// Which files hold matrices of a codec.
enum class CodecHome : uint8_t {
  kPolarState,     // checkpoints that other tools read as well
  kOwnPolarState,  // checkpoints that only hlwq reads
  kCompressedTensors,
};

struct CodecRecord {
  std::string_view name;
  int version = 1;
  int min_bits = 1;
  int max_bits = 8;
  CodecHome home = CodecHome::kPolarState;
  // Unless told otherwise, without levels.
  CodecSpec (*default_spec)();
  // The words of a spec of this codec, name and version aside.
  SpecWords (*describe)(const CodecSpec& spec);
  // The inverse, from words of this name and version. Throws as SpecFromJson.
  CodecParameters (*parse)(const SpecWords& words, int bits);
  std::unique_ptr<const Codec> (*make_reference)(const CodecSpec& spec);
};

std::span<const CodecRecord* const> CodecRecords() noexcept;
const CodecRecord& RecordOf(const CodecSpec& spec) noexcept;
// Throws Error{kUnsupported} for an unknown name.
const CodecRecord& RecordOf(std::string_view name);

template <class Reference>
std::unique_ptr<const Codec> MakeReference(const CodecSpec& spec) {
  return std::make_unique<const Reference>(spec);
}

// Defined beside the codecs.
extern const CodecRecord kHlwqRecord;
extern const CodecRecord kTrellisRecord;
extern const CodecRecord kPackQuantizedRecord;

}  // namespace hlwq::codec
