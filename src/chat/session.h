// Prompts in, streamed answers out, over one sequence of a model.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/text_model.h"
#include "runtime/generate.h"
#include "runtime/kv_cache.h"
#include "runtime/saved_sequence.h"
#include "runtime/sequence.h"

namespace hlwq::chat {

struct AnswerOptions {
  runtime::GenerateOptions generate = {};  // TextModel::DefaultOptions
  std::vector<std::string> stops = {};     // an answer ends before the first of these texts
  // The text goes on from that of the prompt, rather than stand alone: a blank between them stays.
  bool continues_prompt = false;
  runtime::TokenFilter* filter = nullptr;  // of one answer; borrowed
};

// Any may be empty.
struct AnswerCallbacks {
  // Told text as soon as it is certain, whole characters; false ends the answer.
  std::function<bool(std::string_view text)> on_text = {};
  // Asked after each token, and after each pass over the prompt.
  std::function<bool()> should_stop = {};
  // Told how many tokens of the prompt are held, after each pass over it.
  std::function<void(size_t done)> on_prompt = {};
};

struct Answer {
  std::string text;                       // UTF-8, without special tokens and the stop string
  std::optional<std::string> found_stop;  // which one ended it
  runtime::GenerationResult generation;  // its tokens, those of the stop string included, and times

  // "eos", "stop" for a stop string, "length", "stopped" by a callback, or "context_full".
  std::string_view end() const noexcept;
};

// One caller at a time, also among the sessions of a model.
class Session {
 public:
  // Has room for `cache.capacity` tokens of prompt and answer. Borrows the model. Throws as
  // runtime::Sequence.
  Session(TextModel& model, const runtime::KvCacheOptions& cache);

  // What the prompt has in common with what the session holds, from the start, is not computed
  // again: the next prompt of a conversation costs its new part only. With max_tokens 0 the prompt is
  // taken in, and that is all. Throws Error{kInvalidArgument} on an empty stop string, as
  // TextModel::tokenizer, and as runtime::Generate.
  Answer Reply(std::span<const runtime::TokenId> prompt, const AnswerOptions& options,
               const AnswerCallbacks& callbacks = {});

  // The logits after the last token of `tokens`, until the next call. Throws as runtime::Generate.
  std::span<const float> Logits(std::span<const runtime::TokenId> tokens);

  // Writes what it holds to a file, and takes what `prompt` has in common with a file: runtime::SaveSequence and
  // LoadSequence, which see.
  void Save(const std::filesystem::path& path) const;
  runtime::LoadedSequence Load(File file, std::span<const runtime::TokenId> prompt,
                               runtime::LoadRule rule);
  // Sequence::NoteSeveral.
  void NoteSeveral(bool notes_several) { sequence_.NoteSeveral(notes_several); }

  // Becomes equal to `other`, of the same model and cache options. Shares its pages.
  void ForkFrom(const Session& other) { sequence_.ForkFrom(other.sequence_); }

 private:
  TextModel& model_;
  runtime::Sequence sequence_;
};

}  // namespace hlwq::chat
