#include "cli/verbs/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "calibrate/starts.h"
#include "cli/checkpoint_source.h"
#include "cli/verbs/conversion.h"

namespace hlwq::cli {
namespace {

// Long enough that most tokens see a context, short enough that many beginnings are seen.
constexpr size_t kSequenceTokens = 512;
constexpr uint64_t kMostTextBytes = uint64_t{1} << 30;

uint64_t HashOf(const calibrate::TokenSequences& sequences) {
  Xxh3Stream hash;
  for (const auto& sequence : sequences) hash.Update(std::as_bytes(std::span(sequence)));
  return hash.Digest();
}

}  // namespace

CalibrationRun::CalibrationRun(const Arguments& arguments, const std::string& source,
                               const std::filesystem::path& destination)
    : model_(LocalSource(source), {.engine = {.threads = ThreadsOf(arguments)}}),
      progress_("calibrate", arguments) {
  const std::string from = arguments.Text(flag::kCalibrate);
  const bool is_self = from == "self";
  const bool is_recorded = !is_self && std::filesystem::path(from).extension() == ".json";
  calibrate::TokenSequences text = is_self       ? SelfText(arguments)
                                   : is_recorded ? Recorded(from)
                                                 : TextOf(arguments, from);
  size_t tokens = 0;
  for (const auto& sequence : text) tokens += sequence.size();
  calibrate::CalibrationOptions options;
  options.scratch = destination;
  options.scratch += ".streams";
  options.progress = [this](size_t layer, TokenProgress update) {
    const std::string note = fmt::format("layer {}", layer);
    update.note = note;
    progress_.Show(update);
  };
  checkpoint::CalibrationRecord& record = calibration_.record;
  record = {.text = is_self ? from : std::filesystem::path(from).filename().string(),
            .tokens = tokens,
            .xxh3 = HashOf(text),
            .seed = std::nullopt,
            .damping = options.damping};
  if (is_self) record.seed = static_cast<uint64_t>(arguments.Integer(flag::kCalibrationSeed));
  nlohmann::ordered_json document = {{"calibration", record.Describe()}, {"sequences", text}};
  calibration_.text = document.dump() + "\n";
  progress_.Finish();
  feedback_ = std::make_unique<calibrate::Calibration>(model_.engine(), std::move(text),
                                                       std::move(options));
  calibration_.source = feedback_.get();
}

calibrate::TokenSequences CalibrationRun::SelfText(const Arguments& arguments) {
  calibrate::SelfTextOptions options;
  options.tokens = static_cast<size_t>(arguments.Integer(flag::kCalibrationTokens));
  options.sequence_tokens =
      std::min({kSequenceTokens, options.tokens, model_.config().max_positions});
  options.seed = static_cast<uint64_t>(arguments.Integer(flag::kCalibrationSeed));
  options.starts = calibrate::StartsFor(model_);
  options.progress = progress_.TokenCallback();
  return calibrate::WriteSelfText(model_.engine(), options);
}

calibrate::TokenSequences CalibrationRun::Recorded(const std::filesystem::path& path) {
  const nlohmann::json document = ReadJsonFile(path, kMostTextBytes);
  const auto fail = [&](std::string_view got) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{}: want \"sequences\", lists of more than {} token ids each, got {}",
                            path.string(), model::kShortSegment, got));
  };
  const nlohmann::json* lists = &document;
  if (document.is_object() && document.contains("sequences")) lists = &document["sequences"];
  if (!lists->is_array() || lists->empty()) fail("no lists");
  calibrate::TokenSequences sequences;
  for (const nlohmann::json& list : *lists) {
    if (!list.is_array() || list.size() <= model::kShortSegment) fail("a shorter list");
    std::vector<runtime::TokenId>& sequence = sequences.emplace_back();
    for (const nlohmann::json& id : list) {
      if (!id.is_number_unsigned() || id.get<uint64_t>() >= model_.config().sizes.vocab) {
        fail(fmt::format("{} (vocabulary {})", id.dump(), model_.config().sizes.vocab));
      }
      sequence.push_back(id.get<runtime::TokenId>());
    }
  }
  return sequences;
}

calibrate::TokenSequences CalibrationRun::TextOf(const Arguments& arguments,
                                                 const std::filesystem::path& path) {
  const auto wanted = static_cast<size_t>(arguments.Integer(flag::kCalibrationTokens));
  const std::vector<text::TokenId> tokens =
      model_.tokenizer().Encode(ReadSmallFile(path, kMostTextBytes));
  if (tokens.size() < wanted) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: want --calibration-tokens {}, but the text has {}", path.string(),
                            wanted, tokens.size()));
  }
  const size_t length = std::min({kSequenceTokens, wanted, model_.config().max_positions});
  calibrate::TokenSequences sequences;
  for (size_t begin = 0; begin + length <= tokens.size() && begin < wanted; begin += length) {
    const auto from = tokens.begin() + static_cast<ptrdiff_t>(begin);
    sequences.emplace_back(from, from + static_cast<ptrdiff_t>(length));
  }
  return sequences;
}

}  // namespace hlwq::cli
