#include "calibrate/token_ids.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/layer.h"

namespace hlwq::calibrate {
namespace {

[[noreturn]] void Fail(std::string_view got) {
  throw Error(ErrorCode::kInvalidData,
              fmt::format("want \"sequences\", lists of more than {} token ids each, got {}",
                          model::kShortSegment, got));
}

}  // namespace

TokenSequences SequencesFromJson(const nlohmann::json& document, size_t vocabulary) {
  const bool is_record = document.is_object() && document.contains("sequences");
  const nlohmann::json& lists = is_record ? document.at("sequences") : document;
  if (!lists.is_array() || lists.empty()) Fail("none");
  TokenSequences sequences;
  for (const nlohmann::json& list : lists) {
    if (!list.is_array()) Fail("something else");
    if (list.size() <= model::kShortSegment) Fail(fmt::format("one of {}", list.size()));
    std::vector<runtime::TokenId>& sequence = sequences.emplace_back();
    for (const nlohmann::json& id : list) {
      if (!id.is_number_unsigned() || id.get<uint64_t>() >= vocabulary) {
        Fail(fmt::format("an id that is not below {}", vocabulary));
      }
      sequence.push_back(id.get<runtime::TokenId>());
    }
  }
  return sequences;
}

}  // namespace hlwq::calibrate
