// Prompts in, streamed answers out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "hlwq/model.h"
#include "hlwq/tensors.h"

namespace hlwq {

struct LogitBias {
  TokenId token = 0;
  float bias = 0;  // added to the logit; -infinity forbids the token
};

// How the next token is chosen. What is empty is as the model's makers say, else as llama.cpp has it.
struct SamplingOptions {
  std::optional<double> temperature;  // 0: the likeliest token always
  std::optional<size_t> top_k;        // keep the likeliest; 0: all
  std::optional<double> top_p;        // keep the likeliest that have this share together; 1: all
  std::optional<double> min_p;        // keep those at least this likely relative to the likeliest
  std::optional<double> typical_p;    // keep those nearest to the expected surprise; 1: all
  // Of tokens among the last `penalty_window` ones.
  std::optional<double> repeat_penalty;  // logits are divided by it; 1: none
  double presence_penalty = 0;           // taken off once
  double frequency_penalty = 0;          // taken off for each time
  size_t penalty_window = 64;
  std::vector<LogitBias> logit_bias = {};
  uint64_t seed = 0;  // the same seed gives the same answer
};

struct GenerateOptions {
  size_t max_tokens = std::numeric_limits<size_t>::max();
  SamplingOptions sampling = {};
  std::vector<std::string> stop_texts = {};      // the answer ends before the first of these
  std::optional<std::vector<TokenId>> eos = {};  // tokens that end it; empty: those of the model
  bool ignores_eos = false;                      // they are forbidden instead
  // Told the text of the answer as soon as it is certain, whole UTF-8 characters. What it throws ends
  // the answer and reaches the caller.
  std::function<void(std::string_view text)> on_text = {};
  // Told how many tokens of the prompt are taken in, after each pass over a part of it.
  std::function<void(size_t done, size_t total)> on_prompt = {};
  // Once a stop is requested, from any thread, the answer ends after the pass that runs.
  std::stop_token stop = {};
};

enum class FinishReason : uint8_t {
  kEos,          // the model ended its answer
  kStopText,     // one of GenerateOptions::stop_texts
  kLength,       // max_tokens were made
  kCancelled,    // GenerateOptions::stop
  kContextFull,  // no room for another token
};
// "eos", "stop", "length", "cancelled", "context_full".
std::string_view FinishReasonName(FinishReason reason) noexcept;

struct Answer {
  std::string text;             // UTF-8, without special tokens and the stop text
  std::vector<TokenId> tokens;  // those of the stop text included, without the eos
  FinishReason finish = FinishReason::kEos;
  std::optional<std::string> stop_text;  // which one ended it
  size_t prompt_tokens = 0;
  size_t reused_tokens = 0;  // of these: were held already
  double prompt_seconds = 0;
  double first_token_seconds = 0;  // from the call to the first token
  double decode_seconds = 0;       // of all tokens after the first
};

struct SessionOptions {
  size_t context_tokens = 0;  // room for prompt and answer; 0: as the model, at most 4096
  // How keys and values are kept: "f16", "bf16", "f32", or coded with bits of keys and values, "k8v4".
  std::string kv_format = "f16";
  // Other bits for some layers: "0-1=k8v8,-1=k4v8".
  std::string kv_layers;
};

// One sequence of a model: what it has taken in is not computed again, so that the next prompt that
// begins alike costs its new part only. One caller at a time; sessions of one model may be used from
// several threads. Errors leave it usable.
class Session {
 public:
  // Throws Error{kIo} where there is not enough memory for the context, Error{kInvalidArgument} for a format
  // that there is not, Error{kUnsupported} for heads that cannot be coded.
  explicit Session(Model model, const SessionOptions& options = {});
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  const Model& model() const noexcept;
  size_t context_tokens() const noexcept;

  // Goes on from a text, without any template. Throws Error{kInvalidArgument} for a prompt that has no
  // room, or options out of range.
  Answer Generate(std::string_view prompt, const GenerateOptions& options = {});
  Answer Generate(std::span<const TokenId> prompt, const GenerateOptions& options = {});

  // The logits after the last of `tokens` [vocabulary]. Throws as Generate.
  std::vector<float> Logits(std::span<const TokenId> tokens);

  // Writes what the session has taken in to a file, in place of what has the path; Load has it again in another program.
  // Throws Error{kIo}, Error{kAlreadyExists} while another process writes the same, Error{kInvalidArgument} when it holds
  // nothing. Cost: as many bytes as its keys and values take.
  void Save(const std::filesystem::path& path) const;
  // Forgets what it holds and takes what is in a file, as much as there is room for; returns how many tokens
  // it holds. With a prompt only a beginning of it, so much as leaves every bit of the answer to it as it is without a
  // file. (A prompt that was saved and is read as it is to the end needs nothing more.) Throws
  // Error{kNotFound}, Error{kInvalidData} for a file that is damaged or no saved session, Error{kUnsupported} for another
  // version, Error{kInvalidArgument} for another model or other options: it holds nothing then.
  size_t Load(const std::filesystem::path& path, std::span<const TokenId> prompt = {});

  // Another session that holds the same. Shares its keys and values until one of the two goes on.
  Session Fork() const;

 private:
  friend class Conversation;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hlwq
