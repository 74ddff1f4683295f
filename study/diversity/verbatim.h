// The longest runs of tokens that samples have word for word from the documents they were trained on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hlwq::study {

using TokenIds = std::vector<int32_t>;

// Tokens [begin, begin + length) of a sample that stand in a document just so.
struct VerbatimCopy {
  size_t begin = 0, length = 0;

  bool operator==(const VerbatimCopy&) const = default;
};

// Of each sample the longest such run, of several the first. A run lies inside of one document. `threads`:
// 0 for the cores of this process; the result does not depend on them.
// A suffix automaton is built of the samples, and the documents, which may be a mapped file, pass through
// it: memory is some 60 bytes for each token of the samples and 8 for each of them and thread, however large the
// corpus. Cost: linear in both.
// Throws Error{kInvalidArgument} for more than 2^30 tokens in the samples.
std::vector<VerbatimCopy> LongestCopies(std::span<const TokenIds> samples,
                                        std::span<const std::span<const int32_t>> documents,
                                        int threads);

}  // namespace hlwq::study
