// One model that is open, with all that requests need of it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "chat/model_memory.h"
#include "chat/prompt.h"
#include "chat/text_model.h"
#include "server/metrics.h"
#include "server/openai/chat_request.h"
#include "server/openai/constraints.h"
#include "server/scheduler.h"

namespace hlwq::server {

// Thread: safe.
class ServedModel {
 public:
  using Open = std::function<chat::TextModel()>;
  using Scheduling = std::function<SchedulerOptions(const chat::TextModel& model)>;

  // Calls each once. Throws as they do, and where the model has no tokenizer.
  ServedModel(std::string name, const Open& open, const Scheduling& scheduling,
              std::shared_ptr<Metrics> metrics)
      : name_(std::move(name)),
        model_(open()),
        plain_text_(model_.tokenizer()),
        forms_(model_),
        options_(scheduling(model_)),
        memory_(chat::MemoryOf(model_.engine(), options_.cache.format)),
        scheduler_(model_, options_, std::move(metrics)) {}

  const std::string& name() const noexcept { return name_; }
  const chat::TextModel& model() const noexcept { return model_; }
  ModelContext context() const noexcept {
    return {model_, plain_text_, forms_, scheduler_.context_tokens()};
  }
  Scheduler& scheduler() noexcept { return scheduler_; }
  const Scheduler& scheduler() const noexcept { return scheduler_; }
  // With the memory of its sequences, at least that of one of runtime::CountedTokens.
  uint64_t memory_bytes() const noexcept {
    return memory_.Bytes(scheduler_.metrics().sequence_bytes);
  }
  // Once no request comes any more.
  void FinishTrace() { model_.engine().FinishTrace(); }

 private:
  std::string name_;
  chat::TextModel model_;
  chat::PlainText plain_text_;
  AnswerForms forms_;
  SchedulerOptions options_;
  chat::ModelMemory memory_;
  Scheduler scheduler_;
};

}  // namespace hlwq::server
