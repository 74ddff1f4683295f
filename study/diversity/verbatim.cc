#include "study/diversity/verbatim.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>

#include "base/parallel.h"
#include "study/diversity/suffix_automaton.h"

namespace hlwq::study {
namespace {

using State = SuffixAutomaton::State;
using Document = std::span<const int32_t>;

constexpr size_t kPieceTokens = 1 << 18;  // of a document, for one thread

// Documents in pieces for threads; one begins `overlap` tokens before the end of that before it, so that
// a run across the cut is whole in one of them.
std::vector<Document> CutDocuments(std::span<const Document> documents, size_t overlap) {
  std::vector<Document> pieces;
  for (const auto& document : documents) {
    for (size_t begin = 0; begin < document.size(); begin += kPieceTokens) {
      const size_t from = begin - std::min(begin, overlap);
      const size_t end = std::min(begin + kPieceTokens, document.size());
      pieces.push_back(document.subspan(from, end - from));
    }
  }
  return pieces;
}

// best[state]: the most tokens of a part of this state that stand in the piece.
void Pass(const SuffixAutomaton& automaton, Document piece, std::vector<uint32_t>& best) {
  State state = SuffixAutomaton::kRoot;
  uint32_t length = 0;
  for (const int32_t token : piece) {
    auto next = automaton.Step(state, token);
    while (!next && state != SuffixAutomaton::kRoot) {
      state = automaton.link(state);
      length = automaton.length(state);
      next = automaton.Step(state, token);
    }
    if (!next) continue;  // at the root, with a length of 0
    state = *next;
    best[state] = std::max(best[state], ++length);
  }
}

VerbatimCopy LongestOf(const SuffixAutomaton& automaton, std::span<const uint32_t> best,
                       const TokenIds& sample) {
  VerbatimCopy longest;
  State state = SuffixAutomaton::kRoot;
  for (size_t at = 0; at < sample.size(); ++at) {
    state = *automaton.Step(state, sample[at]);
    // All that ends here and begins later is shorter than what is found already.
    if (best[state] > longest.length) longest = {at + 1 - best[state], best[state]};
  }
  return longest;
}

}  // namespace

std::vector<VerbatimCopy> LongestCopies(std::span<const TokenIds> samples,
                                        std::span<const Document> documents, int threads) {
  const SuffixAutomaton automaton(samples);
  size_t longest = 0;
  for (const TokenIds& sample : samples) longest = std::max(longest, sample.size());
  const auto pieces = CutDocuments(documents, longest);
  tbb::enumerable_thread_specific<std::vector<uint32_t>> bests(automaton.size());
  WithThreads(threads, [&] {
    tbb::parallel_for(size_t{0}, pieces.size(),
                      [&](size_t piece) { Pass(automaton, pieces[piece], bests.local()); });
  });
  std::vector<uint32_t> best(automaton.size());
  for (const std::vector<uint32_t>& of_thread : bests) {
    for (size_t state = 0; state < best.size(); ++state) {
      best[state] = std::max(best[state], of_thread[state]);
    }
  }
  const std::vector<State> by_length = automaton.ByLength();
  // What stands there stands there without its first tokens as well,
  for (size_t index = by_length.size(); index-- > 0;) {
    const State state = by_length[index], link = automaton.link(state);
    if (best[state] > 0) best[link] = std::max(best[link], automaton.length(link));
  }
  // and a part that does not may have an end that does.
  for (const State state : by_length) {
    if (best[state] == 0) best[state] = best[automaton.link(state)];
  }
  std::vector<VerbatimCopy> copies(samples.size());
  WithThreads(threads, [&] {
    tbb::parallel_for(size_t{0}, samples.size(), [&](size_t sample) {
      copies[sample] = LongestOf(automaton, best, samples[sample]);
    });
  });
  return copies;
}

}  // namespace hlwq::study
