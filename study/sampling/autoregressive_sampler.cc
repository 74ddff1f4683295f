#include "study/sampling/autoregressive_sampler.h"

#include "study/sampling/prompts.h"

namespace hlwq::study {

std::vector<std::vector<int32_t>> SampleAutoregressive(
    NextTokenModel& model, std::span<const std::vector<int32_t>> prompts,
    const AutoregressiveOptions& options, uint64_t first_sample) {
  const size_t batch = prompts.size(), vocabulary = model.vocabulary();
  CheckPrompts(prompts, {options.length, model.window(), vocabulary});
  std::vector<std::vector<int32_t>> sequences(batch);
  if (batch == 0) return sequences;
  TokenDrawer drawer(options.draw);
  std::vector<CounterRandom> random;
  for (size_t index = 0; index < batch; ++index) {
    random.push_back(SampleRandom(options.seed, first_sample + index));
  }
  std::vector<bool> has_ended(batch, false);
  std::vector<int32_t> next(batch);
  std::vector<float> logits(batch * vocabulary);
  size_t open = batch;
  model.Begin(batch, options.length, logits);
  for (size_t at = 0; at < options.length && open > 0; ++at) {
    for (size_t index = 0; index < batch; ++index) {
      if (has_ended[index]) continue;  // goes on with its last token, which nobody reads
      if (at < prompts[index].size()) {
        next[index] = prompts[index][at];
      } else {
        const auto row = std::span(logits).subspan(index * vocabulary, vocabulary);
        next[index] = drawer.Draw(row, random[index]);
        if (next[index] == options.end) {
          has_ended[index] = true;
          --open;
          continue;
        }
      }
      sequences[index].push_back(next[index]);
    }
    if (open > 0 && at + 1 < options.length) model.Append(next, logits);
  }
  return sequences;
}

}  // namespace hlwq::study
