// Calls of tools in the text of an answer.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "constrain/tool_formats.h"
#include "server/answer_parts.h"
#include "server/bound_calls.h"

namespace hlwq::server {

// Where calls are looked for, and how they are read.
struct CallReading {
  // The request's. Without any, all is text.
  nlohmann::ordered_json tools = nlohmann::ordered_json::array();
  // An answer that is JSON as a whole may be calls (Llama 3, Mistral, whose tags are special tokens).
  bool may_be_bare = true;
  // A grammar binds calls to this style, those in tags once they have begun, others as the whole of the answer.
  std::optional<constrain::ToolStyle> bound = std::nullopt;
};

// Takes calls out of an answer that comes in pieces. Calls that a grammar binds come while they are written. Others are
// read leniently (ParseToolCall, ParseBareCalls), and come when they are complete; what begins as one and is none stays
// text: nothing of an answer is lost.
class ToolCallSplitter {
 public:
  explicit ToolCallSplitter(CallReading reading);

  void Push(std::string_view text, Parts& to);
  void Finish(Parts& to);

 private:
  // kStart: only blanks so far. kBare: the answer began as JSON, and is held to its end. kBoundBare: bound calls are the
  // whole of it, and none is open. kBoundCall: one is.
  enum class State : uint8_t { kStart, kText, kBare, kBoundBare, kBoundCall };

  CallReading reading_;
  std::optional<BoundCalls> bound_;  // none where calls are read leniently
  State state_ = State::kStart;
  std::string held_;            // blanks, and what may be a call
  bool is_after_call_ = false;  // blanks are left out

  // Each looks at what is held; whether there is more to do with it.
  bool Step(Parts& to);
  bool StepStart();
  bool StepBare();
  bool StepText(Parts& to);
  bool StepBoundBare(Parts& to);
  bool StepBoundCall(Parts& to);
  // A bound call that may begin so many bytes on. Gives up reading by the grammar where something else does.
  bool BeginBound(size_t at, Parts& to);
  // A call, or `text` as it is.
  void Take(std::string_view text, std::string_view inside, Parts& to);
  // Whether the whole of what is held is calls.
  bool TakeBare(Parts& to);
  // What stands between the calls of an answer that is nothing else.
  std::string_view Separators() const noexcept;
};

}  // namespace hlwq::server
