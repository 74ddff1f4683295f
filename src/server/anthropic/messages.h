// Anthropic's Messages API: POST /v1/messages and /v1/messages/count_tokens.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "server/openai/chat_request.h"
#include "server/reply.h"

namespace hlwq::server {

// The body as one of /v1/chat/completions, which everything else is read from. System texts that begin
// "x-anthropic-", which change with every request, are left out. Throws BadRequest.
nlohmann::ordered_json ChatBodyOf(const nlohmann::ordered_json& body);

OpenAiRequest ReadMessagesRequest(const nlohmann::ordered_json& body, const ModelContext& context);

class MessagesReply final : public Reply {
 public:
  // Borrows the request.
  MessagesReply(std::string model_name, const OpenAiRequest& request);

  std::string Begin() override;
  std::string Take(const Event& event) override;
  std::string Finish() override;
  std::string Fail(const std::string& message) override;
  std::string Ping() const override;
  nlohmann::ordered_json Body() const override;

 private:
  enum class Block : uint8_t { kNone, kThinking, kText };  // a call is one event's

  std::string model_name_, id_;
  const OpenAiRequest& request_;
  AnswerSplitter splitter_;
  std::string thinking_, text_;
  std::vector<ToolCall> calls_;
  Block open_ = Block::kNone;
  int blocks_ = 0;
  std::optional<End> end_;

  std::string Show(const Said& said);
  std::string Open(Block block);
  std::string Close();
  nlohmann::ordered_json Message() const;
  nlohmann::ordered_json Usage() const;
  nlohmann::ordered_json StopOf() const;
};

// {"type": "error", "error": {...}}.
nlohmann::ordered_json MessagesError(int status, const std::string& message,
                                     const std::string& param, const std::string& code);

}  // namespace hlwq::server
