// Self-BLEU (Zhu et al. 2018, "Texygen", arXiv:1802.01886): how well the other samples of a set foretell
// the n-grams of each. 1: all samples are the same text; the lower, the more they differ.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "study/diversity/words.h"

namespace hlwq::study {

inline constexpr size_t kBleuOrder = 4;

// Of each text, the sentence BLEU-4 with all other texts as references:
//
//   BLEU = min(1, e^(1 - r / c)) * (p1 p2 p3 p4)^(1/4)
//
// p_n: the share of its n-grams that are found in a reference, each counted at most as often as in the
// reference that has it most often; c: its words; r: the length of the reference that is closest in
// length, of two the shorter. A p_n of nothing is 0.1 / max(1, n-grams), NLTK's smoothing method 1 (method
// 1 of Chen and Cherry 2014 with epsilon 0.1); a text that shares no word with another scores 0. The same
// numbers as nltk.translate.bleu_score.sentence_bleu(others, text, smoothing_function=
// SmoothingFunction().method1).
// `ngrams`: NumberNgrams of the texts for n = 1 .. 4. `threads`: 0 for the cores of this process. Cost:
// linear in the words, not in the pairs of texts: of each n-gram only the two highest counts are kept.
std::vector<double> SelfBleuScores(std::span<const Ngrams> ngrams, int threads);

}  // namespace hlwq::study
