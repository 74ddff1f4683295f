#include "text/tokenizer/bpe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace hlwq::text {
namespace {

using Ids = std::vector<TokenId>;

// The letters a to d and random merges of what is there already.
struct RandomModel {
  std::vector<std::string> tokens = {"a", "b", "c", "d"};
  std::vector<std::pair<std::string, std::string>> merges;

  explicit RandomModel(uint64_t seed) {
    std::mt19937_64 random(seed);
    while (merges.size() < 40) {
      const std::string left = tokens[random() % tokens.size()];
      const std::string right = tokens[random() % tokens.size()];
      if (left.size() + right.size() > 9 ||
          std::ranges::count(merges, std::pair(left, right)) > 0) {
        continue;
      }
      merges.emplace_back(left, right);
      if (std::ranges::count(tokens, left + right) == 0) tokens.push_back(left + right);
    }
  }

  BpeModel Make() const {
    Vocabulary vocabulary;
    for (size_t id = 0; id < tokens.size(); ++id) {
      vocabulary.Add(tokens[id], static_cast<TokenId>(id));
    }
    std::vector<MergeText> texts;
    for (const auto& [left, right] : merges) texts.push_back({left, right});
    return BpeModel(std::move(vocabulary), texts, {}, false);
  }

  // The definition: again and again the pair of the lowest rank, the leftmost of them.
  Ids Encode(std::string_view text) const {
    std::vector<std::string> parts;
    for (const char letter : text) parts.emplace_back(1, letter);
    while (true) {
      size_t best_rank = merges.size();
      size_t best = 0;
      for (size_t at = 0; at + 1 < parts.size(); ++at) {
        const auto found = std::ranges::find(merges, std::pair(parts[at], parts[at + 1]));
        const auto rank = static_cast<size_t>(found - merges.begin());
        if (rank < best_rank) {
          best_rank = rank;
          best = at;
        }
      }
      if (best_rank == merges.size()) break;
      parts[best] += parts[best + 1];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
    Ids ids;
    for (const std::string& part : parts) {
      ids.push_back(static_cast<TokenId>(std::ranges::find(tokens, part) - tokens.begin()));
    }
    return ids;
  }
};

TEST(Bpe, EveryLengthIsEncodedAsTheDefinitionSays) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const RandomModel reference(seed);
    const BpeModel model = reference.Make();
    std::mt19937_64 random(1000 + seed);
    // On both sides of where the method changes.
    for (const size_t size : {1, 2, 3, 5, 10, 20, 47, 48, 49, 50, 100, 200}) {
      std::string text;
      while (text.size() < size) text.push_back(static_cast<char>('a' + random() % 4));
      BpeScratch scratch;
      Ids ids;
      model.Encode(text, ids, scratch);
      EXPECT_EQ(ids, reference.Encode(text)) << seed << " " << text;
    }
  }
}

TEST(Bpe, TheCacheChangesNothing) {
  const RandomModel reference(7);
  const BpeModel model = reference.Make();
  BpeScratch cached;
  cached.cache.emplace(4);  // nearly every word meets another one
  Ids with;
  Ids without;
  std::mt19937_64 random(8);
  for (int round = 0; round < 5000; ++round) {
    std::string word;
    for (uint64_t left = 1 + random() % 4; left > 0; --left) {
      word.push_back(static_cast<char>('a' + random() % 4));
    }
    BpeScratch fresh;
    model.Encode(word, with, cached);
    model.Encode(word, without, fresh);
  }
  EXPECT_EQ(with, without);
}

}  // namespace
}  // namespace hlwq::text
