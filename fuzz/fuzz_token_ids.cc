// Token ids to calibrate with: any bytes give sequences of ids that a model may be given, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "calibrate/token_ids.h"
#include "model/layer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr hlwq::runtime::TokenId kVocabulary = 1000;
  try {
    const auto sequences = hlwq::calibrate::SequencesFromJson(
        hlwq::ParseJson(std::string_view(reinterpret_cast<const char*>(data), size)), kVocabulary);
    if (sequences.empty()) std::abort();
    for (const auto& sequence : sequences) {
      if (sequence.size() <= hlwq::model::kShortSegment) std::abort();
      for (const hlwq::runtime::TokenId id : sequence) {
        if (id < 0 || id >= kVocabulary) std::abort();
      }
    }
  } catch (const hlwq::Error&) {
  }
  return 0;
}
