// How likely samples are under a model that did not make them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::study {

struct Fluency {
  double nll = 0;    // nats a token of the judge, over all tokens scored
  double error = 0;  // standard error, from how samples differ; 0 for fewer than two
  uint64_t tokens = 0;

  bool operator==(const Fluency&) const = default;
};

// A sequence of tokens of the judge. Those from `first_scored` on count, each given all before it; the first token of
// a sequence never does.
struct JudgedSequence {
  std::vector<int32_t> tokens;
  size_t first_scored = 1;
};

// A checkpoint that hlwq runs. One caller at a time.
class Judge {
 public:
  // `threads`: 0 for the cores of this process. Throws as runtime::Engine and chat::OpenTokenizerAt.
  explicit Judge(const std::filesystem::path& checkpoint, int threads = 0);
  ~Judge();

  // Sequences beyond the positions that the model was made for are cut there. Throws Error{kInvalidArgument}
  // naming a token outside its vocabulary, Error{kNonFinite} where logits are not finite.
  Fluency Score(std::span<const JudgedSequence> sequences);
  // A text in the judge's tokens, with what its tokenizer puts before a text; `prompt` bytes of it are not
  // scored, as far as tokens end there.
  JudgedSequence Encode(std::string_view text, size_t prompt_bytes) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hlwq::study
