// The report: one HTML page, whole in itself, that shows what quantizing (or the difference of two
// checkpoints) did to every tensor.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/tensor_report.h"
#include "codec/codec_spec.h"

namespace hlwq::report {

enum class TensorPageKind {
  kQuantization,  // records of quantize: before is the source, after what was stored
  kComparison,    // records of Compare: before is the first checkpoint, after the second
};

// What the page says besides the records. Empty strings, zeros and empty lists leave their line out.
struct TensorPageInput {
  TensorPageKind kind = TensorPageKind::kQuantization;
  std::string title;                         // of the model: "SmolLM2-135M-Instruct"
  std::string source;                        // name of the first checkpoint
  std::string destination;                   // name of the second
  std::string codec;                         // "hlwq, version 1"
  std::string table;                         // "lloyd-max"
  std::string scale_rule;                    // "search"
  uint32_t block_size = 128;                 // of the rotation; 1: none, 0 when unknown
  uint32_t scale_group = 0;                  // weights that share a multiplier; 0 when unknown
  std::map<int, std::vector<float>> levels;  // ascending, in a unit of the codec's own, by bits
  // Code use and coordinates by bits, for records that hold none of their own (comparisons).
  std::map<int, codec::ErrorStats> recorded_codes;
  // Sizes of the whole checkpoints; 0: the sums over the records.
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
  double seconds = 0;  // how long the work took
  std::string tool_version;
  std::vector<std::pair<std::string, std::string>> facts;  // further lines of the header
  std::vector<std::string> notes;
  std::span<const checkpoint::TensorReport> tensors;

  // What the page says of the codec.
  void SetCodec(const codec::CodecSpec& spec);
};

// HTML5 that is also well-formed XML, inline CSS and SVG, no scripts, no outside resources; readable
// in light and dark, on a phone and on paper. No date and no path but those given: equal input gives
// equal bytes. Records are summed by layer and role, so the page stays below 2 MB for any number of
// them. A panel without data is left out with a word. Pure; cost linear in the records.
std::string RenderTensorPage(const TensorPageInput& input);

}  // namespace hlwq::report
