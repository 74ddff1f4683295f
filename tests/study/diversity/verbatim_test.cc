#include "study/diversity/verbatim.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "study/diversity/diversity.h"

namespace hlwq::study {
namespace {

// By trying all: [begin of the sample][begin of the document].
VerbatimCopy Naive(const TokenIds& sample, const std::vector<TokenIds>& documents) {
  VerbatimCopy longest;
  for (size_t begin = 0; begin < sample.size(); ++begin) {
    for (const TokenIds& document : documents) {
      for (size_t from = 0; from < document.size(); ++from) {
        size_t length = 0;
        while (begin + length < sample.size() && from + length < document.size() &&
               sample[begin + length] == document[from + length]) {
          ++length;
        }
        if (length > longest.length) longest = {begin, length};
      }
    }
  }
  return longest;
}

std::vector<TokenIds> Draw(uint64_t seed, size_t count, size_t most_tokens, int32_t vocabulary) {
  std::vector<TokenIds> drawn(count);
  for (size_t index = 0; index < count; ++index) {
    drawn[index].resize(MixBits(seed + index) % (most_tokens + 1));
    for (size_t at = 0; at < drawn[index].size(); ++at) {
      drawn[index][at] = static_cast<int32_t>(MixBits(MixBits(seed + index) + at) %
                                              static_cast<uint64_t>(vocabulary));
    }
  }
  return drawn;
}

std::vector<VerbatimCopy> Find(const std::vector<TokenIds>& samples,
                               const std::vector<TokenIds>& documents, int threads) {
  const std::vector<std::span<const int32_t>> spans(documents.begin(), documents.end());
  return LongestCopies(samples, spans, threads);
}

// The end of a copy that is first to be complete: of several of one length, the first.
TEST(LongestCopies, AreThoseOfTryingAll) {
  for (const int32_t vocabulary : {1, 2, 3, 7}) {
    for (uint64_t round = 0; round < 40; ++round) {
      const auto samples = Draw(1000 * round + 1, 6, 25, vocabulary);
      const auto documents = Draw(1000 * round + 501, 5, 40, vocabulary);
      const auto found = Find(samples, documents, 2);
      for (size_t sample = 0; sample < samples.size(); ++sample) {
        EXPECT_EQ(found[sample], Naive(samples[sample], documents)) << vocabulary << ' ' << round;
      }
    }
  }
}

// A document is cut for threads at multiples of 2^18 tokens.
TEST(LongestCopies, AreFoundAcrossTheCutsOfALongDocument) {
  TokenIds document((1 << 19) + 100);
  for (size_t at = 0; at < document.size(); ++at) {
    document[at] = static_cast<int32_t>(MixBits(at) % 50000);
  }
  const auto cut = [&](size_t begin, size_t length) {
    return TokenIds(document.begin() + static_cast<ptrdiff_t>(begin),
                    document.begin() + static_cast<ptrdiff_t>(begin + length));
  };
  const std::vector<TokenIds> samples = {cut((1 << 18) - 30, 60), cut((1 << 19) - 1, 50), {60000}};
  const auto found = Find(samples, {document}, 3);
  EXPECT_EQ(found[0], (VerbatimCopy{0, 60}));
  EXPECT_EQ(found[1], (VerbatimCopy{0, 50}));
  EXPECT_EQ(found[2], (VerbatimCopy{0, 0}));
}

TEST(LongestCopies, DoNotRunFromOneDocumentIntoTheNext) {
  EXPECT_EQ(Find({{1, 2, 3, 4}}, {{1, 2}, {3, 4, 5}}, 1)[0], (VerbatimCopy{0, 2}));
}

TEST(SummarizeCopies, CountsWholeSamples) {
  const std::vector<TokenIds> samples = {{1, 2, 3, 4}, {5, 6}, {}};
  const std::vector<VerbatimCopy> copies = {{1, 2}, {0, 2}, {0, 0}};
  const CopyStatistics summary = SummarizeCopies(copies, samples);
  EXPECT_DOUBLE_EQ(summary.mean_tokens, 4.0 / 3);
  EXPECT_EQ(summary.most_tokens, 2);
  EXPECT_EQ(summary.most_sample, 0);
  EXPECT_DOUBLE_EQ(summary.mean_share, 0.5);
  EXPECT_DOUBLE_EQ(summary.whole_samples, 1.0 / 3);
  EXPECT_EQ(CopiesFromJson(ToJson(summary)), summary);
}

}  // namespace
}  // namespace hlwq::study
