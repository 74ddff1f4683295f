// A model that can be run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hlwq/tokenizer.h"

namespace hlwq {

struct ModelOptions {
  int threads = 0;  // 0: the cores of this process
  // Most keys and values of all sessions together; 0: no limit.
  uint64_t kv_bytes = 0;
  // Of a mixture, how many experts of a layer, or how many bytes of them, are kept in memory; the
  // others are read when they are wanted. Empty: all where there is enough memory, else as many as
  // fit. Results are the same to the last bit.
  std::optional<size_t> experts_per_layer;
  std::optional<uint64_t> expert_bytes;
  // Lays out plain hlwq codes anew in memory when the model is opened, as many bytes again: faster without
  // AVX-512, and for prompts and several sessions. Results differ in the last bits.
  bool interleave = false;
};

// Copies share one open model, which lives until the last copy and the last session is gone. Thread:
// safe; of all sessions of a model one runs at a time, the others wait. A callback of a session must
// not run a session of the same model: that throws Error{kInvalidArgument}.
class Model {
 public:
  // Opens what `path` holds, of any format, and maps the weights: codes are used as they lie. Throws
  // Error{kUnsupported} for a family or a setting that hlwq does not compute, and as Checkpoint.
  explicit Model(const std::filesystem::path& path, const ModelOptions& options = {});

  const std::filesystem::path& path() const noexcept;
  std::string_view model_type() const noexcept;  // of config.json: "llama"
  size_t vocabulary() const noexcept;            // length of its logits
  size_t max_context_tokens() const noexcept;    // what it was made for
  uint64_t bytes_per_token() const noexcept;     // of weights, read for one token
  std::vector<std::string> notes() const;        // what a user should know

  // The tokenizer and the chat template beside the weights are read when they are first wanted. Throws
  // Error{kNotFound} where there is none.
  Tokenizer tokenizer() const;
  bool HasChatTemplate() const;

 private:
  friend class Session;
  friend class Conversation;
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared by copies and sessions
};

}  // namespace hlwq
