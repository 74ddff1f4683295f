#include "server/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "model/layer.h"
#include "model/recurrent_state.h"

namespace hlwq::server {
namespace {

// Tokens of a prompt for a pass that has room for `most`: cut so that no bit depends on where (kPieceStep).
// 0 where it has not room enough.
size_t PieceOf(size_t pending, size_t most) noexcept {
  if (pending <= most) return pending;
  size_t piece = most / kPieceStep * kPieceStep;
  if (piece > 0 && pending - piece <= model::kShortSegment) piece -= kPieceStep;
  return piece;
}

// Reading so many tokens again costs more than to keep a state that saves it.
constexpr size_t kWorthNoting = 128;

// The tokens of the first message, where messages begin with one control token: often the instructions and tools
// that conversations have in common. 0: there is no other message, or it cannot be told.
size_t FirstMessageTokens(const text::Tokenizer& tokenizer,
                          std::span<const runtime::TokenId> prompt) {
  const auto second = std::find(prompt.begin() + 1, prompt.end(), prompt.front());
  if (second == prompt.end() || !tokenizer.IsSpecial(prompt.front())) return 0;
  return static_cast<size_t>(second - prompt.begin());
}

}  // namespace

Scheduler::Scheduler(chat::TextModel& model, const SchedulerOptions& options,
                     std::shared_ptr<Metrics> metrics)
    : model_(model),
      options_(options),
      own_metrics_(std::move(metrics)),
      metrics_(*own_metrics_),
      idle_(options.idle_bytes, runtime::KvLayout(model.config(), options.cache.format)),
      thread_([this] { Run(); }) {}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
  // Others may count on with these.
  metrics_.waiting = metrics_.active = 0;
  metrics_.idle_bytes = metrics_.sequence_bytes = 0;
}

std::shared_ptr<AnswerChannel> Scheduler::Submit(Request request) {
  CheckPrompts(request);
  runtime::CheckSamplerOptions(request.generate.sampler, model_.config().sizes.vocab);
  if (std::ranges::find(request.stops, "") != request.stops.end()) {
    throw Error(ErrorCode::kInvalidArgument, "want stop strings of a character or more, got ''");
  }
  auto channel = std::make_shared<AnswerChannel>(request.answers());
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.most_waiting) return nullptr;
    waiting_.push_back({std::move(request), channel, Stopwatch(), 0});
    metrics_.waiting = waiting_.size();
  }
  ++metrics_.requests;
  changed_.notify_one();
  return channel;
}

void Scheduler::CheckPrompts(const Request& request) const {
  if (request.answers() == 0) throw Error(ErrorCode::kInvalidArgument, "there is no prompt");
  for (const std::vector<runtime::TokenId>& prompt : request.prompts) {
    if (prompt.empty()) throw Error(ErrorCode::kInvalidArgument, "the prompt is empty");
    if (prompt.size() >= context_tokens()) {
      throw Error(ErrorCode::kInvalidArgument, "the prompt has " + std::to_string(prompt.size()) +
                                                   " tokens, the context " +
                                                   std::to_string(context_tokens()));
    }
    model_.engine().model().CheckPrompt(prompt);
  }
}

void Scheduler::Run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return is_ending_ || !waiting_.empty() || !active_.empty(); });
      if (is_ending_) break;
    }
    Admit();
    Retire();  // those whose client has gone
    if (!active_.empty()) RunPass();
    Retire();
    NoteMemory();
  }
  for (auto& choice : active_) choice->Fail("the server is shutting down");
  active_.clear();
  const std::lock_guard lock(mutex_);
  for (Waiting& waiting : waiting_) waiting.channel->Push(Failure{"the server is shutting down"});
  waiting_.clear();
}

// An answer waits for the prompt of another of its request to be read, where it can take over some of it.
bool Scheduler::IsReady(const Waiting& waiting) const noexcept {
  const Request& request = waiting.request;
  return std::ranges::none_of(active_, [&](const auto& choice) {
    return choice->is_of(waiting.channel.get()) && choice->is_reading() &&
           ReusableTokens(request.PromptOf(choice->index()),
                          request.PromptOf(waiting.next_answer)) > 0;
  });
}

void Scheduler::Admit() {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [](const Waiting& waiting) { return waiting.channel->is_cancelled(); });
  while (!waiting_.empty() && active_.size() < options_.most_active) {
    const auto ready = std::ranges::find_if(waiting_, [&](const Waiting& w) { return IsReady(w); });
    if (ready == waiting_.end()) break;
    Begin(*ready);
    if (ready->next_answer == ready->request.answers()) waiting_.erase(ready);
  }
  metrics_.active = active_.size();  // first: together they are never 0 while there is work
  metrics_.waiting = waiting_.size();
}

void Scheduler::Begin(Waiting& waiting) {
  const size_t index = waiting.next_answer++;
  if (index == 0) metrics_.queue_seconds.Add(waiting.since.Seconds());
  try {
    waiting.request.generate.most_drafted = options_.most_drafted;
    const std::vector<size_t> places = PlacesToNote(waiting.request, index);
    active_.push_back(std::make_unique<Choice>(model_.engine(), model_.tokenizer(), waiting.request,
                                               index, SequenceFor(waiting.request, index),
                                               waiting.channel));
    const runtime::GenerateTimes& times = active_.back()->times();
    for (const size_t place : places) {
      if (place >= times.reused_tokens + kWorthNoting) active_.back()->NoteAt(place);
    }
    metrics_.prompt_tokens += times.prompt_tokens;
    metrics_.reused_tokens += times.reused_tokens;
  } catch (const std::exception& error) {
    waiting.channel->Push(Failure{error.what()});
    waiting.next_answer = waiting.request.answers();
  }
}

// Where states are recurrent: how far others may have this prompt in common. That is its first message, and what
// a sequence that is held has in common with it, but cannot go back to.
std::vector<size_t> Scheduler::PlacesToNote(const Request& request, size_t answer) const {
  if (model::RecurrentState::Bytes(model_.config()) == 0 || !request.reuses_prompts) return {};
  const std::span<const runtime::TokenId> prompt = request.PromptOf(answer);
  size_t common = idle_.MostInCommon(prompt);
  for (const auto& choice : active_) {
    common = std::max(common, CommonTokens(choice->sequence().tokens(), prompt));
  }
  return {FirstMessageTokens(model_.tokenizer(), prompt), common};
}

// An idle sequence that the prompt goes on from; else a new one that shares with an idle or an active one what
// they have in common.
HeldSequence Scheduler::SequenceFor(const Request& request, size_t answer) {
  const std::span<const runtime::TokenId> prompt = request.PromptOf(answer);
  HeldSequence taken;
  if (request.reuses_prompts) taken = idle_.TakeFor(prompt);
  size_t most = taken.sequence ? Reusable(*taken.sequence, taken.prompt_tokens, true, prompt) : 0;
  if (!taken.sequence) {
    taken.sequence = std::make_unique<runtime::Sequence>(model_.engine(), options_.cache);
    const runtime::Sequence* best = nullptr;
    const auto consider = [&](const runtime::Sequence& sequence, size_t prompt_tokens,
                              bool has_ended) {
      const size_t tokens = Reusable(sequence, prompt_tokens, has_ended, prompt);
      if (tokens <= most) return;
      most = tokens;
      best = &sequence;
      taken.prompt_tokens = prompt_tokens;
    };
    if (request.reuses_prompts) {
      if (const HeldSequence* idle = idle_.BestFor(prompt)) {
        consider(*idle->sequence, idle->prompt_tokens, true);
      }
      for (const auto& choice : active_) {
        consider(choice->sequence(), choice->prompt_tokens(), false);
      }
    }
    if (best != nullptr) taken.sequence->ForkFrom(*best);
  }
  // Cuts it back to what is taken over.
  taken.sequence->Want(prompt.first(std::min(most + 1, prompt.size())));
  return taken;
}

// What a prompt left, in any case: whoever reads it anew gets the same bits. What an answer left, where the prompt
// goes on from it, and nobody asked for the bits of reading it anew.
size_t Scheduler::Reusable(const runtime::Sequence& sequence, size_t prompt_tokens, bool has_ended,
                           std::span<const runtime::TokenId> prompt) const noexcept {
  const std::span<const runtime::TokenId> held = sequence.tokens();
  const size_t common = CommonTokens(held, prompt);
  if (has_ended && !options_.is_exact && common > prompt_tokens) return sequence.CouldKeep(common);
  return sequence.CouldKeep(
      ReusableTokens(held.first(std::min(held.size(), prompt_tokens)), prompt));
}

void Scheduler::RunPass() {
  std::vector<runtime::Work> work(active_.size());
  std::vector<bool> was_reading;
  for (const auto& choice : active_) was_reading.push_back(choice->is_reading());
  size_t room = model_.engine().chunk_tokens();
  const auto answers = static_cast<size_t>(std::ranges::count(was_reading, false));
  if (answers > 0) room = std::min(room, options_.chunk_beside_answers);
  room = std::max(room, 2 * kPieceStep);
  for (size_t i = 0; i < active_.size(); ++i) {
    Choice& choice = *active_[i];
    if (!choice.is_reading()) {
      work[i] = choice.Next(std::max<size_t>(1, model::kShortSegment / answers));
    } else if (const size_t piece = PieceOf(choice.pending(), room); piece > 0) {
      work[i] = choice.Next(piece);
      room -= piece;
    }
  }
  const Stopwatch watch;
  try {
    model_.engine().Step(work, [&](size_t i, size_t token, std::span<const float> logits) {
      active_[i]->OnLogits(token, logits);
    });
  } catch (const std::exception& error) {
    for (size_t i = 0; i < active_.size(); ++i) active_[i]->Fail(error.what());
    return;
  }
  ++metrics_.passes;
  for (size_t i = 0; i < active_.size(); ++i) {
    Choice& choice = *active_[i];
    if (work[i].tokens.empty()) continue;
    const size_t tokens = choice.Advance();
    metrics_.answer_tokens += tokens;
    if (tokens > 0 && was_reading[i]) {
      metrics_.first_token_seconds.Add(choice.times().first_token_seconds);
    } else if (tokens > 0) {
      metrics_.token_seconds.Add(watch.Seconds() / static_cast<double>(tokens));
    }
    choice.Tell();  // whoever has the answer finds it counted
  }
}

void Scheduler::Retire() {
  for (auto& choice : active_) {
    if (!choice->is_over() && choice->is_cancelled()) choice->Stop();
    if (!choice->is_over()) continue;
    if (options_.idle_bytes > 0) idle_.Put(choice->TakeSequence());
    choice.reset();
  }
  std::erase(active_, nullptr);
  const std::lock_guard lock(mutex_);
  metrics_.active = active_.size();
  metrics_.idle_bytes = idle_.bytes();
}

void Scheduler::NoteMemory() {
  uint64_t bytes = model_.engine().sequence_bytes() + idle_.state_bytes();
  for (const auto& choice : active_) bytes += choice->sequence().state_bytes();
  metrics_.sequence_bytes = bytes;
  if (bytes <= most_bytes_) return;
  most_bytes_ = bytes;
  if (options_.on_growth) options_.on_growth();
}

}  // namespace hlwq::server
