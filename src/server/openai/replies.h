// What OpenAI's clients get: bodies and chunks of chat completions and completions.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/openai/chat_request.h"
#include "server/reply.h"
#include "server/request.h"
#include "text/tokenizer.h"

namespace hlwq::server {

enum class ReplyKind : uint8_t { kChat, kCompletion };

// Borrows the tokenizer and the request.
class OpenAiReply final : public Reply {
 public:
  OpenAiReply(ReplyKind kind, std::string model_name, const text::Tokenizer& tokenizer,
              const OpenAiRequest& request);

  std::string Begin() override;
  std::string Take(const Event& event) override;
  std::string Finish() override;
  std::string Fail(const std::string& message) override;
  nlohmann::ordered_json Body() const override;

 private:
  struct ChoiceState {
    AnswerSplitter splitter;
    nlohmann::ordered_json calls = nlohmann::ordered_json::array();
    std::string text, reasoning, finish_reason;
    bool has_broken_call = false;  // cut off
    nlohmann::ordered_json logprobs = nlohmann::ordered_json::array();
    std::vector<size_t> ends;  // Piece::ends, of all pieces
    runtime::GenerateTimes times;
  };

  ReplyKind kind_;
  std::string model_name_, id_;
  const text::Tokenizer& tokenizer_;
  const OpenAiRequest& request_;
  int64_t created_ = 0;
  std::vector<ChoiceState> choices_;

  nlohmann::ordered_json Chunk(nlohmann::ordered_json choices) const;
  // Adds the parts to what the choice has said. Returns them as a delta.
  static nlohmann::ordered_json Keep(const Parts& parts, ChoiceState& choice);
  std::string ShowParts(size_t choice, const Parts& parts, const Piece* piece);
  nlohmann::ordered_json LogprobOf(const Piece::Token& token) const;
  nlohmann::ordered_json Logprobs(const nlohmann::ordered_json& list) const;
  std::string EchoOf(size_t choice) const;
  nlohmann::ordered_json Usage() const;
  nlohmann::ordered_json Timings() const;
};

// {"error": {...}}, as OpenAI has it.
nlohmann::ordered_json ErrorBody(int status, const std::string& message,
                                 const std::string& param = {}, const std::string& code = {});

}  // namespace hlwq::server
