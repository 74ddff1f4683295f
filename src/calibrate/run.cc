#include "calibrate/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"
#include "calibrate/starts.h"
#include "calibrate/token_ids.h"
#include "convert/staging.h"

namespace hlwq::calibrate {
namespace {

namespace fs = std::filesystem;

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

// A file itself, or all files below a folder in the order of their names.
std::vector<fs::path> FilesOf(const fs::path& text) {
  if (!fs::is_directory(text)) return {text};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(text)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

TokenSequences ReadText(const chat::TextModel& model, const RunOptions& options) {
  std::vector<text::TokenId> tokens;
  for (const fs::path& file : FilesOf(options.text)) {
    if (tokens.size() >= options.tokens) break;
    const auto some = model.tokenizer().Encode(ReadSmallFile(file, kMostTextBytes));
    tokens.insert(tokens.end(), some.begin(), some.end());
  }
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

checkpoint::CalibrationRecord RecordOf(const chat::TextModel& model, const RunOptions& options,
                                       const TokenSequences& sequences) {
  checkpoint::CalibrationRecord record;
  const fs::path text = options.text;
  const fs::path named = text.has_filename() ? text : text.parent_path();
  AppendSanitized(named.filename().string(), record.text);
  for (const auto& sequence : sequences) record.tokens += sequence.size();
  record.xxh3 = HashOf(sequences);
  record.damping = CalibrationOptions().damping;
  if (Propagates(model.config().sizes)) record.propagation = CalibrationOptions().propagation;
  if (options.text == kSelf) record.seed = options.seed;
  return record;
}

// What a run that was stopped left, if it is what this one would write; empty otherwise.
TokenSequences SavedText(const chat::TextModel& model, const RunOptions& options) {
  const size_t length = SequenceTokens(model, options.tokens);
  const uint64_t tokens = CeilDiv(options.tokens, length) * length;
  for (const auto& folder : {convert::StagingFolder(options.resumed), options.resumed}) {
    const fs::path path = folder / checkpoint::kCalibrationFileName;
    if (!fs::exists(path)) continue;
    try {
      const nlohmann::json document = ReadJsonFile(path, kMostTextBytes);
      TokenSequences sequences = SequencesFromJson(document, model.config().sizes.vocab);
      const checkpoint::CalibrationRecord record = RecordOf(model, options, sequences);
      if (record.tokens == tokens && document.value("calibration", "") == record.Describe()) {
        return sequences;
      }
    } catch (const std::exception&) {
      // Half a file, or another's: the text is written anew.
    }
  }
  return {};
}

}  // namespace

TokenSequences Run::TextFor(const RunOptions& options) {
  if (options.text == kSelf) {
    if (!options.resumed.empty()) {
      TokenSequences saved = SavedText(model_, options);
      if (!saved.empty()) return saved;
    }
    return WriteSelfText(model_.engine(),
                         {.tokens = options.tokens,
                          .sequence_tokens = SequenceTokens(model_, options.tokens),
                          .seed = options.seed,
                          .starts = StartsFor(model_),
                          .progress = options.on_text});
  }
  if (fs::path(options.text).extension() != ".json") return ReadText(model_, options);
  return WithContext(options.text, [&] {
    return SequencesFromJson(ReadJsonFile(fs::path(options.text), kMostTextBytes),
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
  text_ = TextFor(options);
  how_.scratch = options.scratch;
  how_.progress = [on_layers = options.on_layers, layers = model_.config().sizes.layers.size()](
                      size_t layer, const TokenProgress& update) {
    if (!on_layers) return;
    const std::string note = fmt::format("layer {} of {}", layer + 1, layers);
    on_layers({.tokens_done = layer * update.tokens_total + update.tokens_done,
               .tokens_total = layers * update.tokens_total,
               .note = note});
  };
  calibration_.record = RecordOf(model_, options, text_);
  const nlohmann::ordered_json document = {{"calibration", calibration_.record.Describe()},
                                           {"sequences", text_}};
  calibration_.text = document.dump() + "\n";
  Rewind();
}

void Run::Rewind() {
  feedback_.reset();  // whose streams are large
  feedback_ = std::make_unique<Calibration>(model_.engine(), text_, how_);
  calibration_.source = feedback_.get();
}

}  // namespace hlwq::calibrate
