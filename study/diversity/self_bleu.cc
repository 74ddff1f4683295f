#include "study/diversity/self_bleu.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/parallel.h"

namespace hlwq::study {
namespace {

constexpr double kEpsilon = 0.1;  // SmoothingFunction's default

struct Count {
  uint32_t ngram = 0, count = 0;
};

// The n-grams of a text, each once.
std::vector<Count> CountNgrams(std::vector<uint32_t> ngrams) {
  std::ranges::sort(ngrams);
  std::vector<Count> counts;
  for (const uint32_t ngram : ngrams) {
    if (counts.empty() || counts.back().ngram != ngram) counts.push_back({ngram, 0});
    ++counts.back().count;
  }
  return counts;
}

// How often the text that has an n-gram most often has it, which text that is, and how often the next.
struct Highest {
  uint32_t count = 0, text = 0, next = 0;

  void Add(uint32_t other_text, uint32_t other_count) noexcept {
    if (other_count > count) {
      next = count;
      count = other_count;
      text = other_text;
    } else {
      next = std::max(next, other_count);
    }
  }
  uint32_t AmongOthers(uint32_t than) const noexcept { return than == text ? next : count; }
};

// Of one n.
class Precisions {
 public:
  // On the threads of the caller.
  explicit Precisions(const Ngrams& ngrams)
      : counts_(ngrams.of_text.size()), highest_(ngrams.different) {
    tbb::parallel_for(size_t{0}, counts_.size(),
                      [&](size_t text) { counts_[text] = CountNgrams(ngrams.of_text[text]); });
    for (size_t text = 0; text < counts_.size(); ++text) {
      for (const Count& count : counts_[text]) {
        highest_[count.ngram].Add(static_cast<uint32_t>(text), count.count);
      }
    }
  }

  struct Precision {
    uint64_t found = 0, of = 0;
  };
  Precision Of(size_t text) const noexcept {
    Precision precision;
    for (const Count& count : counts_[text]) {
      precision.of += count.count;
      precision.found +=
          std::min(count.count, highest_[count.ngram].AmongOthers(static_cast<uint32_t>(text)));
    }
    return precision;
  }

 private:
  std::vector<std::vector<Count>> counts_;
  std::vector<Highest> highest_;
};

// The length closest to `length` among `ascending` without one entry of `length`, which is there.
size_t ClosestOther(const std::vector<size_t>& ascending, size_t length) {
  const auto [begin, end] = std::equal_range(ascending.begin(), ascending.end(), length);
  if (end - begin > 1) return length;
  if (begin == ascending.begin()) return *end;
  const size_t below = *(begin - 1);
  if (end == ascending.end()) return below;
  return length - below <= *end - length ? below : *end;
}

double BrevityPenalty(size_t words, size_t reference) {
  if (words > reference) return 1;
  if (words == 0) return 0;
  return std::exp(1 - static_cast<double>(reference) / static_cast<double>(words));
}

}  // namespace

std::vector<double> SelfBleuScores(std::span<const Ngrams> ngrams, int threads) {
  const size_t texts = ngrams.empty() ? 0 : ngrams[0].of_text.size();
  std::vector<double> scores(texts, 0);
  if (texts < 2) return scores;
  std::vector<size_t> lengths(texts);
  for (size_t text = 0; text < texts; ++text) lengths[text] = ngrams[0].of_text[text].size();
  std::vector<size_t> ascending = lengths;
  std::ranges::sort(ascending);
  WithThreads(threads, [&] {
    std::vector<Precisions> precisions;
    precisions.reserve(kBleuOrder);
    for (size_t n = 0; n < kBleuOrder; ++n) precisions.emplace_back(ngrams[n]);
    tbb::parallel_for(size_t{0}, texts, [&](size_t text) {
      double log_sum = 0;
      for (size_t n = 0; n < kBleuOrder; ++n) {
        const Precisions::Precision precision = precisions[n].Of(text);
        if (n == 0 && precision.found == 0) return;
        const double found = precision.found == 0 ? kEpsilon : static_cast<double>(precision.found);
        log_sum += std::log(found / static_cast<double>(std::max<uint64_t>(precision.of, 1)));
      }
      scores[text] = BrevityPenalty(lengths[text], ClosestOther(ascending, lengths[text])) *
                     std::exp(log_sum / kBleuOrder);
    });
  });
  return scores;
}

}  // namespace hlwq::study
