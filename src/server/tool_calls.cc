#include "server/tool_calls.h"

#include <algorithm>
#include <utility>

#include "server/reply.h"
#include "server/tags.h"
#include "server/tool_call_text.h"

namespace hlwq::server {
namespace {

void AddCall(const ToolCall& call, Parts& to) {
  to.emplace_back(CallBegin{.id = RandomId("call_"), .name = call.name});
  to.emplace_back(CallArguments{.json = LineOf(call.arguments)});
  to.emplace_back(CallEnd{.is_whole = true});
}

}  // namespace

ToolCallSplitter::ToolCallSplitter(CallReading reading) : reading_(std::move(reading)) {
  if (!reading_.bound || reading_.tools.empty()) return;
  bound_.emplace(reading_.tools, *reading_.bound);
  if (!constrain::IsTagged(*reading_.bound)) state_ = State::kBoundBare;
}

void ToolCallSplitter::Push(std::string_view text, Parts& to) {
  if (reading_.tools.empty()) return AddContent(text, to);
  held_ += text;
  while (Step(to)) {
  }
}

bool ToolCallSplitter::Step(Parts& to) {
  switch (state_) {
    case State::kStart:
      return StepStart();
    case State::kText:
      return StepText(to);
    case State::kBare:
      return StepBare();
    case State::kBoundBare:
      return StepBoundBare(to);
    case State::kBoundCall:
      return StepBoundCall(to);
  }
  return false;
}

bool ToolCallSplitter::StepStart() {
  if (held_.find_first_not_of(kBlanks) == held_.npos) return false;
  state_ = reading_.may_be_bare ? State::kBare : State::kText;
  return true;
}

bool ToolCallSplitter::StepBare() {
  if (MayBecomeBareCalls(held_)) return false;
  state_ = State::kText;
  return true;
}

bool ToolCallSplitter::StepText(Parts& to) {
  if (is_after_call_) {
    held_.erase(0, std::min(held_.find_first_not_of(kBlanks), held_.size()));
    if (held_.empty()) return false;
    is_after_call_ = false;
  }
  size_t open = std::min(held_.find(kCallOpen), held_.size() - PartialTag(held_, kCallOpen));
  // Blanks before a call belong to neither; those before other text do.
  const size_t certain = std::string_view(held_).substr(0, open).find_last_not_of(kBlanks) + 1;
  AddContent(std::string_view(held_).substr(0, certain), to);
  held_.erase(0, certain);
  open -= certain;
  const size_t inside = open + kCallOpen.size();
  if (held_.size() < inside) return false;
  if (bound_) return BeginBound(open, to);
  const size_t close = held_.find(kCallClose, inside);
  if (close == held_.npos) return false;
  const size_t end = close + kCallClose.size();
  const std::string_view held = held_;
  Take(held.substr(0, end), held.substr(inside, close - inside), to);
  held_.erase(0, end);
  return true;
}

std::string_view ToolCallSplitter::Separators() const noexcept {
  return bound_->style() == constrain::ToolStyle::kMistral ? " \t\r\n,[]" : kBlanks;
}

bool ToolCallSplitter::StepBoundBare(Parts& to) {
  const size_t first = held_.find_first_not_of(Separators());
  return first != held_.npos && BeginBound(first, to);
}

bool ToolCallSplitter::BeginBound(size_t at, Parts& to) {
  std::string_view rest = std::string_view(held_).substr(at);
  switch (bound_->Begin(rest, to)) {
    case Reading::kOpen:
      return false;
    case Reading::kWhole:
      held_.erase(0, held_.size() - rest.size());
      is_after_call_ = true;
      state_ = State::kBoundCall;
      return true;
    case Reading::kBroken:
      break;
  }
  bound_.reset();
  if (state_ == State::kBoundBare) state_ = is_after_call_ ? State::kText : State::kStart;
  return true;
}

bool ToolCallSplitter::StepBoundCall(Parts& to) {
  const Reading reading = bound_->Push(held_, to);
  if (reading == Reading::kOpen) return false;
  state_ = constrain::IsTagged(bound_->style()) ? State::kText : State::kBoundBare;
  if (reading == Reading::kBroken) {
    bound_.reset();
    state_ = State::kText;
    is_after_call_ = false;
  }
  return true;
}

void ToolCallSplitter::Take(std::string_view text, std::string_view inside, Parts& to) {
  if (const auto call = ParseToolCall(inside, reading_.tools)) {
    AddCall(*call, to);
    is_after_call_ = true;
  } else {
    AddContent(text, to);
  }
}

bool ToolCallSplitter::TakeBare(Parts& to) {
  const std::vector<ToolCall> calls = ParseBareCalls(held_, reading_.tools);
  for (const ToolCall& call : calls) AddCall(call, to);
  return !calls.empty();
}

void ToolCallSplitter::Finish(Parts& to) {
  if (state_ == State::kBare) {
    if (TakeBare(to)) return;
    state_ = State::kText;  // with tags further on, or none
    while (Step(to)) {
    }
  }
  if (state_ == State::kBoundCall) return bound_->Finish(to);
  if (state_ == State::kBoundBare && is_after_call_ &&
      held_.find_first_not_of(Separators()) == held_.npos) {
    return;
  }
  const std::string held = std::exchange(held_, {});
  const size_t open = bound_ ? held.npos : held.find(kCallOpen);
  if (open == held.npos) {
    AddContent(held, to);
  } else {
    Take(held, std::string_view(held).substr(open + kCallOpen.size()), to);
  }
}

}  // namespace hlwq::server
