// What Anthropic's clients get.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "server/openai/chat_request.h"
#include "server/reply.h"

namespace hlwq::server {

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
  std::string model_name_, id_;
  const OpenAiRequest& request_;
  AnswerSplitter splitter_;
  nlohmann::ordered_json blocks_ = nlohmann::ordered_json::array();
  bool is_open_ = false;   // the last block
  std::string arguments_;  // of the call that is open
  bool has_calls_ = false, has_broken_call_ = false;
  std::optional<End> end_;

  std::string Show(const Parts& parts);
  // Adds a block, and closes the one before.
  std::string Open(nlohmann::ordered_json block);
  // Adds text to the open block of this type, which is opened first if need be.
  std::string Add(const char* type, const std::string& text);
  std::string Tell(const nlohmann::ordered_json& delta) const;
  std::string Close();
  nlohmann::ordered_json Message() const;
  nlohmann::ordered_json Usage() const;
  nlohmann::ordered_json StopOf() const;
};

// {"type": "error", "error": {...}}.
nlohmann::ordered_json MessagesError(int status, const std::string& message,
                                     const std::string& param, const std::string& code);

}  // namespace hlwq::server
