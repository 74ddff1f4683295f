// Requests of a scheduler, and what is answered.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/scheduler.h"

namespace hlwq::test {

inline constexpr std::chrono::seconds kLong(60);

struct Answered {
  std::string text, reason;
  std::vector<runtime::TokenId> tokens;
  std::vector<float> logprobs;
  size_t reused = 0;

  // All but what was reused, to the last bit.
  bool operator==(const Answered& other) const {
    return text == other.text && reason == other.reason && tokens == other.tokens &&
           logprobs == other.logprobs;
  }
};

inline std::vector<Answered> Collect(server::AnswerChannel& channel, size_t choices = 1) {
  std::vector<Answered> answers(choices);
  while (const auto event = channel.Next(kLong)) {
    if (const auto* piece = std::get_if<server::Piece>(&*event)) {
      Answered& answer = answers[piece->choice];
      answer.text += piece->text;
      for (const server::Piece::Token& token : piece->tokens) {
        answer.tokens.push_back(token.chosen.token);
        answer.logprobs.push_back(token.chosen.logprob);
      }
    } else if (const auto* end = std::get_if<server::End>(&*event)) {
      answers[end->choice].reason = end->reason;
      answers[end->choice].reused = end->times.reused_tokens;
    } else if (const auto* failure = std::get_if<server::Failure>(&*event)) {
      ADD_FAILURE() << failure->message;
    }
  }
  return answers;
}

inline server::SchedulerOptions SchedulerOptionsOf(const runtime::KvCacheOptions& cache) {
  server::SchedulerOptions options;
  options.cache = cache;
  options.most_active = 5;
  options.chunk_beside_answers = 64;
  options.most_drafted = 15;
  return options;
}

inline server::Request RequestFor(std::vector<runtime::TokenId> prompt, uint64_t seed = 1,
                                  size_t tokens = 8) {
  server::Request request;
  request.prompts = {std::move(prompt)};
  request.generate.max_tokens = tokens;
  request.generate.sampler = {.temperature = 0.9, .top_k = 0, .top_p = 1, .min_p = 0, .seed = seed};
  request.top_logprobs = 2;
  return request;
}

inline std::vector<runtime::TokenId> RandomTokens(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<runtime::TokenId> tokens;
  for (size_t i = 0; i < count; ++i) tokens.push_back(static_cast<runtime::TokenId>(random() % 56));
  return tokens;
}

inline std::vector<Answered> AtOnce(server::Scheduler& scheduler,
                                    const std::vector<server::Request>& requests) {
  std::vector<std::shared_ptr<server::AnswerChannel>> channels;
  for (const server::Request& request : requests) channels.push_back(scheduler.Submit(request));
  std::vector<Answered> answers;
  for (const auto& channel : channels) answers.push_back(Collect(*channel).front());
  return answers;
}

}  // namespace hlwq::test
