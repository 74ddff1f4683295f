#include "study/sampling/masked_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/error.h"
#include "study/objective/noise.h"
#include "study/sampling/prompts.h"

namespace hlwq::study {
namespace {

using Tokens = std::vector<int32_t>;

// A sequence on its way, one block of it at a time.
class Sequence {
 public:
  Sequence(const Tokens& prompt, const MaskedOptions& options, int32_t mask, uint64_t sample)
      : tokens_(prompt), random_(SampleRandom(options.seed, sample)), end_(prompt.size()) {
    free_ = options.length - prompt.size();
    tokens_.resize(options.length, mask);
  }

  // The next block of up to `block` tokens (0: all) becomes the places to unmask, with a share of the steps.
  // False where nothing is left.
  bool BeginBlock(size_t block, size_t steps) {
    if (end_ == tokens_.size()) return false;
    const size_t size = std::min(block == 0 ? free_ : block, tokens_.size() - end_);
    masked_.resize(size);
    std::iota(masked_.begin(), masked_.end(), end_);
    end_ += size;
    size_ = size;
    steps_ = std::max<size_t>((steps * size + free_ / 2) / free_, 1);
    step_ = 0;
    return true;
  }
  bool HasBlock() const noexcept { return !masked_.empty(); }

  // Goes a step further and notes what it unmasks: places of Chosen(), or in the order of confidence how many.
  // False where that is nothing.
  bool Advance(const MaskedOptions& options) {
    const double before = MaskRate(options.schedule, TimeAt(step_));
    time_ = TimeOfRate(options.schedule, (before * static_cast<double>(size_) +
                                          static_cast<double>(tokens_.size() - end_)) /
                                             static_cast<double>(free_));
    ++step_;
    const double after = MaskRate(options.schedule, TimeAt(step_));
    chosen_.clear();
    if (options.order == UnmaskOrder::kConfidence) {
      const auto left = static_cast<size_t>(std::llround(after * static_cast<double>(size_)));
      count_ = masked_.size() - std::min(left, masked_.size());
      return count_ > 0;
    }
    const double kept = step_ == steps_ ? 0 : after / before;
    for (const size_t place : masked_) {
      if (random_.Uniform() >= kept) chosen_.push_back(place);
    }
    return !chosen_.empty();
  }

  // logits [length, vocabulary]
  void Unmask(std::span<const float> logits, size_t vocabulary, TokenDrawer& drawer,
              UnmaskOrder order) {
    const auto of_place = [&](size_t place) {
      return logits.subspan(place * vocabulary, vocabulary);
    };
    const auto draw = [&](size_t place) { return drawer.Draw(of_place(place), random_); };
    if (order == UnmaskOrder::kConfidence) {
      struct Candidate {
        size_t place;
        int32_t token;
        double probability;
      };
      std::vector<Candidate> candidates;
      for (const size_t place : masked_) {
        const int32_t token = draw(place);
        candidates.push_back({place, token, ProbabilityOf(token, of_place(place))});
      }
      std::ranges::stable_sort(candidates, std::greater(), &Candidate::probability);
      for (size_t index = 0; index < count_; ++index) {
        tokens_[candidates[index].place] = candidates[index].token;
        chosen_.push_back(candidates[index].place);
      }
      std::ranges::sort(chosen_);
    } else {
      for (const size_t place : chosen_) tokens_[place] = draw(place);
    }
    std::vector<size_t> left;
    std::ranges::set_difference(masked_, chosen_, std::back_inserter(left));
    masked_ = std::move(left);
  }

  double time() const noexcept { return time_; }  // of the last Advance, before it
  const Tokens& tokens() const noexcept { return tokens_; }

 private:
  Tokens tokens_;
  CounterRandom random_;
  size_t free_ = 0;  // tokens after the prompt
  size_t end_ = 0;   // of the block
  size_t size_ = 0;  // of the block
  size_t steps_ = 0, step_ = 0;
  double time_ = 1;
  std::vector<size_t> masked_;  // places of the block, ascending
  std::vector<size_t> chosen_;
  size_t count_ = 0;

  double TimeAt(size_t step) const noexcept {
    return 1 - static_cast<double>(step) / static_cast<double>(steps_);
  }
};

// One pass over those of the sequences that unmask something.
void Pass(MaskedTokenModel& model, std::span<Sequence* const> sequences, UnmaskOrder order,
          TokenDrawer& drawer, std::vector<float>& logits) {
  Tokens tokens;
  std::vector<double> times;
  for (const Sequence* sequence : sequences) {
    tokens.insert(tokens.end(), sequence->tokens().begin(), sequence->tokens().end());
    times.push_back(sequence->time());
  }
  const size_t vocabulary = model.vocabulary();
  const size_t each = tokens.size() / sequences.size() * vocabulary;
  logits.resize(std::max(logits.size(), sequences.size() * each));
  const std::span<float> used = std::span(logits).first(sequences.size() * each);
  model.Predict(tokens, times, used);
  for (size_t index = 0; index < sequences.size(); ++index) {
    sequences[index]->Unmask(used.subspan(index * each, each), vocabulary, drawer, order);
  }
}

}  // namespace

std::vector<Tokens> SampleMasked(MaskedTokenModel& model, std::span<const Tokens> prompts,
                                 const MaskedOptions& options, uint64_t first_sample) {
  CheckPrompts(prompts, {options.length, model.window(), model.vocabulary()});
  if (options.steps == 0) {
    throw Error(ErrorCode::kInvalidArgument, "steps: want at least 1, got 0");
  }
  std::vector<Sequence> sequences;
  for (size_t index = 0; index < prompts.size(); ++index) {
    sequences.emplace_back(prompts[index], options, model.mask_token(), first_sample + index);
  }
  TokenDrawer drawer(options.draw);
  std::vector<float> logits;
  std::vector<Sequence*> unmasking;
  for (bool is_done = false; !is_done;) {
    is_done = true;
    unmasking.clear();
    for (Sequence& sequence : sequences) {
      // Steps that unmask nothing are passed over.
      while (sequence.HasBlock() || sequence.BeginBlock(options.block_tokens, options.steps)) {
        if (!sequence.Advance(options)) continue;
        unmasking.push_back(&sequence);
        is_done = false;
        break;
      }
    }
    if (!unmasking.empty()) Pass(model, unmasking, options.order, drawer, logits);
  }
  std::vector<Tokens> tokens;
  for (const Sequence& sequence : sequences) tokens.push_back(sequence.tokens());
  return tokens;
}

}  // namespace hlwq::study
