// What a model computes from given tokens, written to one safetensors file as it is computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "base/partial_file.h"

namespace hlwq::eval {

struct LogitsShape {
  size_t sequences = 0, tokens = 0, vocabulary = 0;
  size_t hidden = 0;         // width of the hidden states
  size_t hidden_states = 0;  // how many of them before the last norm; 0: none are stored
};

// All F32: `logits` [sequence, token, vocabulary]; where hidden states are stored, `hidden_<index>`
// [sequence, token, hidden] for index 0 (the embedding) to the number of layers, and `hidden_norm`.
// The size is known at once: space is reserved, so that a full disk shows before the work, and
// values go where they belong. Memory: none. Without Finish nothing is left (PartialFile).
class LogitsFile {
 public:
  // Throws Error{kInvalidArgument} when the size overflows, Error{kIo} naming the file where it
  // cannot be written.
  LogitsFile(std::filesystem::path path, const LogitsShape& shape);

  // Values of consecutive tokens of one sequence, the first given. `index` is that of
  // model::OnHidden.
  void WriteLogits(size_t sequence, size_t token, std::span<const float> logits);
  void WriteHidden(size_t index, size_t sequence, size_t token, std::span<const float> hidden);

  // Makes the file durable and gives it its name.
  void Finish() { file_.Finish(); }

 private:
  LogitsShape shape_;
  PartialFile file_;
  uint64_t logits_at_ = 0, hidden_at_ = 0;  // in the file

  void Write(uint64_t offset, std::span<const float> values);
};

}  // namespace hlwq::eval
