#include "calibrate/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"
#include "calibrate/starts.h"
#include "calibrate/token_ids.h"

namespace hlwq::calibrate {
namespace {

// Long enough that most tokens see a context, short enough that many beginnings are seen.
constexpr size_t kSequenceTokens = 512;
constexpr uint64_t kMostTextBytes = uint64_t{1} << 30;

uint64_t HashOf(const TokenSequences& sequences) {
  Xxh3Stream hash;
  for (const auto& sequence : sequences) hash.Update(std::as_bytes(std::span(sequence)));
  return hash.Digest();
}

size_t SequenceTokens(const chat::TextModel& model, uint64_t tokens) {
  return std::min<uint64_t>({kSequenceTokens, tokens, model.config().max_positions});
}

TokenSequences ReadText(const chat::TextModel& model, const RunOptions& options) {
  const std::vector<text::TokenId> tokens =
      model.tokenizer().Encode(ReadSmallFile(options.text, kMostTextBytes));
  if (tokens.size() < options.tokens) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: want {} tokens to calibrate with, but the text has {}",
                            options.text, options.tokens, tokens.size()));
  }
  const size_t length = SequenceTokens(model, options.tokens);
  TokenSequences sequences;
  for (size_t begin = 0; begin + length <= tokens.size() && begin < options.tokens;
       begin += length) {
    const auto from = tokens.begin() + static_cast<ptrdiff_t>(begin);
    sequences.emplace_back(from, from + static_cast<ptrdiff_t>(length));
  }
  return sequences;
}

}  // namespace

TokenSequences Run::TextFor(const RunOptions& options) {
  if (options.text == kSelf) {
    return WriteSelfText(model_.engine(),
                         {.tokens = options.tokens,
                          .sequence_tokens = SequenceTokens(model_, options.tokens),
                          .seed = options.seed,
                          .starts = StartsFor(model_),
                          .progress = options.on_text});
  }
  if (std::filesystem::path(options.text).extension() != ".json") return ReadText(model_, options);
  return WithContext(options.text, [&] {
    return SequencesFromJson(ReadJsonFile(std::filesystem::path(options.text), kMostTextBytes),
                             model_.config().sizes.vocab);
  });
}

Run::Run(checkpoint::Checkpoint model, const RunOptions& options)
    : model_(std::move(model), {.engine = {.threads = options.threads}}) {
  if (options.tokens <= model::kShortSegment) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want more than {} tokens to calibrate with, got {}",
                            model::kShortSegment, options.tokens));
  }
  TokenSequences text = TextFor(options);
  size_t tokens = 0;
  for (const auto& sequence : text) tokens += sequence.size();
  CalibrationOptions how;
  how.scratch = options.scratch;
  how.progress = [on_layers = options.on_layers, layers = model_.config().sizes.layers.size()](
                     size_t layer, const TokenProgress& update) {
    if (!on_layers) return;
    const std::string note = fmt::format("layer {} of {}", layer + 1, layers);
    on_layers({.tokens_done = layer * update.tokens_total + update.tokens_done,
               .tokens_total = layers * update.tokens_total,
               .note = note});
  };
  checkpoint::CalibrationRecord& record = calibration_.record;
  AppendSanitized(std::filesystem::path(options.text).filename().string(), record.text);
  record.tokens = tokens;
  record.xxh3 = HashOf(text);
  record.damping = how.damping;
  if (options.text == kSelf) record.seed = options.seed;
  const nlohmann::ordered_json document = {{"calibration", record.Describe()}, {"sequences", text}};
  calibration_.text = document.dump() + "\n";
  feedback_ = std::make_unique<Calibration>(model_.engine(), std::move(text), std::move(how));
  calibration_.source = feedback_.get();
}

}  // namespace hlwq::calibrate
