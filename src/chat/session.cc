#include "chat/session.h"

#include <utility>

#include "chat/answer_stream.h"

namespace hlwq::chat {

std::string_view Answer::end() const noexcept {
  return found_stop ? "stop" : runtime::StopReasonName(generation.reason);
}

Session::Session(TextModel& model, const runtime::KvCacheOptions& cache)
    : model_(model), sequence_(model.engine(), cache) {}

Answer Session::Reply(std::span<const runtime::TokenId> prompt, const AnswerOptions& options,
                      const AnswerCallbacks& callbacks) {
  bool is_wanted = true;
  AnswerStream stream(model_.tokenizer(),
                      options.continues_prompt ? prompt : std::span<const runtime::TokenId>(),
                      options.stops, [&](std::string_view text) {
                        if (callbacks.on_text && !callbacks.on_text(text)) is_wanted = false;
                      });
  const auto goes_on = [&] { return !callbacks.should_stop || !callbacks.should_stop(); };
  const auto on_token = [&](runtime::TokenId token) {
    return stream.Push(token) && is_wanted && goes_on();
  };
  const auto on_prompt = [&](size_t done) {
    if (callbacks.on_prompt) callbacks.on_prompt(done);
    return goes_on();
  };
  Answer answer;
  answer.generation = runtime::Generate(model_.engine(), sequence_, prompt, options.generate,
                                        {on_token, on_prompt}, options.filter);
  stream.Finish();
  answer.text = stream.text();
  answer.found_stop = stream.found_stop();
  return answer;
}

std::span<const float> Session::Logits(std::span<const runtime::TokenId> tokens) {
  const auto on_token = [](runtime::TokenId) { return true; };
  const auto on_prompt = [](size_t) { return true; };
  runtime::Generate(model_.engine(), sequence_, tokens, {.max_tokens = 0}, {on_token, on_prompt});
  return sequence_.logits();
}

void Session::Save(const std::filesystem::path& path) const {
  runtime::SaveSequence(model_.engine(), sequence_, path);
}

runtime::LoadedSequence Session::Load(File file, std::span<const runtime::TokenId> prompt,
                                      runtime::LoadRule rule) {
  return runtime::LoadSequence(model_.engine(), sequence_, std::move(file), prompt, rule);
}

}  // namespace hlwq::chat
