// What clients of /v1/responses get.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/openai/chat_request.h"
#include "server/reply.h"

namespace hlwq::server {

class ResponsesReply final : public Reply {
 public:
  // Borrows the request.
  ResponsesReply(std::string model_name, const OpenAiRequest& request);

  std::string Begin() override;
  std::string Take(const Event& event) override;
  std::string Finish() override;
  std::string Fail(const std::string& message) override;
  nlohmann::ordered_json Body() const override;

 private:
  std::string model_name_, id_;
  const OpenAiRequest& request_;
  int64_t created_ = 0;
  AnswerSplitter splitter_;
  nlohmann::ordered_json output_ =
      nlohmann::ordered_json::array();  // items; the last one may be open
  bool is_open_ = false;
  std::optional<End> end_;
  std::vector<size_t> ends_;  // Piece::ends, of all pieces
  int events_ = 0;

  std::string Tell(const char* type, nlohmann::ordered_json fields);
  std::string Show(const Parts& parts);
  // Adds an item, and closes the one before.
  std::string Open(nlohmann::ordered_json item);
  // Adds text to the open item of this kind, which is opened first if need be.
  std::string Add(const char* kind, const std::string& text);
  std::string AddArguments(const std::string& json);
  std::string Close(bool is_whole = true);
  std::string TellEndOfText();
  nlohmann::ordered_json Place() const;
};

}  // namespace hlwq::server
