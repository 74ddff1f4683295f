// Many requests on one model: a thread that owns the engine and lets all of them take part in its passes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "chat/text_model.h"
#include "server/answer_channel.h"
#include "server/choice.h"
#include "server/idle_sequences.h"
#include "server/metrics.h"
#include "server/request.h"

namespace hlwq::server {

struct SchedulerOptions {
  runtime::KvCacheOptions cache;  // capacity: the most tokens of prompt and answer of a request
  size_t most_active = 4;         // answers that are made at the same time
  size_t most_waiting = 128;      // requests in the queue
  uint64_t idle_bytes = 0;        // of keys and values kept for later prompts
  // Tokens of prompts in a pass while answers are being written: how long a token waits for a prompt.
  size_t chunk_beside_answers = 128;
  // Tokens that may be drafted of an answer for one pass (GenerateOptions::most_drafted), shared by the answers: with
  // many of them a pass has enough to do.
  size_t most_drafted = 0;
  // Takes over what prompts left only, not what answers did: then nothing that was computed before changes
  // a bit of what is computed later, for the price of reading each answer once more.
  bool is_exact = false;
  // Called by the thread of the engine whenever sequences hold more memory than they ever did
  // (Metrics::sequence_bytes). Must not end the scheduler.
  std::function<void()> on_growth = {};
};

// Continuous batching: every pass takes the next token of each answer and the next piece of the prompts, first come
// first served. What a request gets does not depend, to the last bit, on what else runs
// (docs/server.md says what it does depend on). Thread: safe.
class Scheduler {
 public:
  // Borrows the model, whose engine nobody else uses meanwhile.
  Scheduler(chat::TextModel& model, const SchedulerOptions& options,
            std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>());
  // Ends what is running, as if all clients had gone.
  ~Scheduler();

  // Its events, in order; null when the queue is full. Throws Error{kInvalidArgument} without prompts, for one
  // that is empty, too long or has a token that the model has not, for options that the sampler refuses, and
  // for an empty stop string.
  std::shared_ptr<AnswerChannel> Submit(Request request);

  size_t context_tokens() const noexcept { return options_.cache.capacity; }
  const Metrics& metrics() const noexcept { return metrics_; }

 private:
  struct Waiting {
    Request request;
    std::shared_ptr<AnswerChannel> channel;
    Stopwatch since;
    size_t next_answer = 0;  // that is not begun
  };

  chat::TextModel& model_;
  SchedulerOptions options_;
  std::shared_ptr<Metrics> own_metrics_;
  Metrics& metrics_;
  IdleSequences idle_;
  std::vector<std::unique_ptr<Choice>> active_;  // in the order in which they came
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool is_ending_ = false;
  uint64_t most_bytes_ = 0;  // that sequences held so far
  std::thread thread_;

  void CheckPrompts(const Request& request) const;
  void Run();
  void Admit();
  // Whether a choice of it can begin now.
  bool IsReady(const Waiting& waiting) const noexcept;
  void Begin(Waiting& waiting);
  HeldSequence SequenceFor(const Request& request, size_t answer);
  std::vector<size_t> PlacesToNote(const Request& request, size_t answer) const;
  // What a sequence can keep for a prompt. `has_ended`: nothing more comes to it.
  size_t Reusable(const runtime::Sequence& sequence, size_t prompt_tokens, bool has_ended,
                  std::span<const runtime::TokenId> prompt) const noexcept;
  void RunPass();
  void Retire();
  void NoteMemory();
};

}  // namespace hlwq::server
