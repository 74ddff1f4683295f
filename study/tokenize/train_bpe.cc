#include "study/tokenize/train_bpe.h"

#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/error.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "study/tokenize/merge_learner.h"
#include "text/tokenizer/byte_alphabet.h"
#include "text/tokenizer/pre_tokenizer.h"

namespace hlwq::study {
namespace {

using nlohmann::ordered_json;
using WordCounts = std::unordered_map<std::string, uint64_t>;

ordered_json ByteLevelJson() {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", true}};
}

// Puts a special token, of id 0, before a text.
ordered_json BeginTexts(const std::string& token) {
  const auto special = [&](int type) -> ordered_json {
    return {{"SpecialToken", {{"id", token}, {"type_id", type}}}};
  };
  const auto text = [](const char* name, int type) -> ordered_json {
    return {{"Sequence", {{"id", name}, {"type_id", type}}}};
  };
  ordered_json ids = ordered_json::array(), names = ordered_json::array();
  ids.push_back(0);
  names.push_back(token);
  return {{"type", "TemplateProcessing"},
          {"single", ordered_json::array({special(0), text("A", 0)})},
          {"pair", ordered_json::array({special(0), text("A", 0), special(1), text("B", 1)})},
          {"special_tokens", {{token, {{"id", token}, {"ids", ids}, {"tokens", names}}}}}};
}

// The words of all texts. The order does not depend on the threads.
std::map<std::string, uint64_t> CountWords(std::span<const std::string_view> texts, int threads) {
  const text::PreTokenizerChain cut{nlohmann::json(ByteLevelJson())};
  tbb::enumerable_thread_specific<WordCounts> counts;
  WithThreads(threads, [&] {
    tbb::parallel_for(size_t{0}, texts.size(), [&](size_t index) {
      text::MatchScratch scratch;
      WordCounts& of_thread = counts.local();
      const auto count = [&](text::Piece piece) { ++of_thread[std::string(piece.text)]; };
      std::string valid;
      AppendSanitized(texts[index], valid);
      if (!valid.empty()) cut.Split({valid, true}, scratch, count);
    });
  });
  std::map<std::string, uint64_t> all;
  for (const WordCounts& of_thread : counts) {
    for (const auto& [word, count] : of_thread) all[word] += count;
  }
  return all;
}

[[noreturn]] void Refuse(const std::string& complaint) {
  throw Error(ErrorCode::kInvalidArgument, "vocabulary: " + complaint);
}

// The special tokens and the bytes, in the order of their characters.
BpeVocabulary Begin(const BpeOptions& options) {
  BpeVocabulary vocabulary = {.tokens = options.special, .special = options.special.size()};
  std::vector<std::string_view> characters;
  for (int byte = 0; byte < 256; ++byte) {
    characters.push_back(text::ByteCharacter(static_cast<uint8_t>(byte)));
  }
  // In UTF-8 the order of bytes is that of code points.
  std::ranges::sort(characters);
  for (size_t index = 0; index < options.special.size(); ++index) {
    const std::string& token = options.special[index];
    const auto begin = options.special.begin();
    if (token.empty()) Refuse("a special token is empty");
    if (std::find(begin, begin + static_cast<ptrdiff_t>(index), token) !=
        begin + static_cast<ptrdiff_t>(index)) {
      Refuse(fmt::format("the special token '{}' is given twice", token));
    }
    if (std::ranges::binary_search(characters, std::string_view(token))) {
      Refuse(fmt::format("the special token '{}' is a byte as well", token));
    }
  }
  vocabulary.tokens.insert(vocabulary.tokens.end(), characters.begin(), characters.end());
  if (options.vocabulary < vocabulary.tokens.size()) {
    Refuse(fmt::format("want at least {} tokens, for 256 bytes and {} special ones, got {}",
                       vocabulary.tokens.size(), vocabulary.special, options.vocabulary));
  }
  return vocabulary;
}

std::vector<CountedWord> SplitIntoBytes(const std::map<std::string, uint64_t>& words,
                                        const BpeVocabulary& vocabulary) {
  std::unordered_map<std::string_view, uint32_t> ids;
  for (size_t id = vocabulary.special; id < vocabulary.tokens.size(); ++id) {
    ids[vocabulary.tokens[id]] = static_cast<uint32_t>(id);
  }
  std::array<uint32_t, 256> byte_ids;
  for (size_t byte = 0; byte < 256; ++byte) {
    byte_ids[byte] = ids.at(text::ByteCharacter(static_cast<uint8_t>(byte)));
  }
  std::vector<CountedWord> split;
  split.reserve(words.size());
  for (const auto& [word, count] : words) {
    CountedWord& counted = split.emplace_back();
    counted.count = count;
    for (const char byte : word) counted.tokens.push_back(byte_ids[static_cast<uint8_t>(byte)]);
  }
  return split;
}

}  // namespace

BpeVocabulary TrainBpe(std::span<const std::string_view> texts, const BpeOptions& options) {
  BpeVocabulary vocabulary = Begin(options);
  MergeLearner learner(SplitIntoBytes(CountWords(texts, options.threads), vocabulary));
  std::unordered_map<std::string, uint32_t> ids;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    ids[vocabulary.tokens[id]] = static_cast<uint32_t>(id);
  }
  while (vocabulary.tokens.size() < options.vocabulary) {
    const auto pair = learner.Next(options.least_count);
    if (!pair) break;
    const std::string made = vocabulary.tokens[pair->left] + vocabulary.tokens[pair->right];
    const auto [known, is_new] =
        ids.try_emplace(made, static_cast<uint32_t>(vocabulary.tokens.size()));
    if (is_new) vocabulary.tokens.push_back(made);
    vocabulary.merges.push_back({pair->left, pair->right, known->second});
    learner.Merge(known->second);
  }
  return vocabulary;
}

std::string BpeToJson(const BpeVocabulary& vocabulary, bool begins_texts) {
  ordered_json added = ordered_json::array(), ids = ordered_json::object(),
               merges = ordered_json::array();
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    ids[vocabulary.tokens[id]] = id;
    if (id >= vocabulary.special) continue;
    added.push_back({{"id", id},
                     {"content", vocabulary.tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  for (const BpeMerge& merge : vocabulary.merges) {
    merges.push_back({vocabulary.tokens[merge.left], vocabulary.tokens[merge.right]});
  }
  const ordered_json document = {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added},
      {"normalizer", nullptr},
      {"pre_tokenizer", ByteLevelJson()},
      {"post_processor", begins_texts ? BeginTexts(vocabulary.tokens.at(0)) : ordered_json()},
      {"decoder", ByteLevelJson()},
      {"model",
       {{"type", "BPE"},
        {"dropout", nullptr},
        {"unk_token", nullptr},
        {"continuing_subword_prefix", nullptr},
        {"end_of_word_suffix", nullptr},
        {"fuse_unk", false},
        {"byte_fallback", false},
        {"ignore_merges", false},
        {"vocab", ids},
        {"merges", merges}}}};
  return document.dump(1) + "\n";
}

}  // namespace hlwq::study
