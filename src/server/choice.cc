#include "server/choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace hlwq::server {
namespace {

runtime::GenerateOptions OptionsOf(const Request& request, size_t index) {
  runtime::GenerateOptions options = request.generate;
  options.sampler.seed += index % request.choices;
  return options;
}

}  // namespace

Choice::Choice(const runtime::Engine& engine, const text::Tokenizer& tokenizer,
               const Request& request, size_t index, HeldSequence held,
               std::shared_ptr<AnswerChannel> channel)
    : index_(index),
      held_(std::move(held)),
      channel_(std::move(channel)),
      stream_(tokenizer,
              request.continues_prompt ? std::span<const runtime::TokenId>(request.PromptOf(index))
                                       : std::span<const runtime::TokenId>(),
              request.stops, [this](std::string_view text) { text_ += text; }),
      top_logprobs_(request.top_logprobs) {
  if (request.grammar) filter_ = request.grammar->NewFilter();
  generation_.emplace(engine, *held_.sequence, request.PromptOf(index), OptionsOf(request, index),
                      filter_.get());
  if (top_logprobs_ && !generation_->chosen().empty()) {
    chosen_.push_back(Describe(generation_->chosen().front(), held_.sequence->logits()));
  }
  // What it reads is a prompt's as long as it goes on from one.
  reads_on_ = held_.sequence->tokens().size() <= held_.prompt_tokens;
  held_.prompt_tokens = std::min(held_.prompt_tokens, held_.sequence->tokens().size());
}

void Choice::OnLogits(size_t token, std::span<const float> logits) noexcept {
  if (failure_) return;
  try {
    const std::optional<runtime::TokenId> chosen = generation_->OnLogits(token, logits);
    if (chosen && top_logprobs_) chosen_.push_back(Describe(*chosen, logits));
  } catch (const std::exception& error) {
    failure_ = error.what();
  }
}

size_t Choice::Advance() {
  if (failure_) {
    Fail(*failure_);
    return 0;
  }
  if (is_reading()) {
    channel_->Push(Progress{held_.sequence->tokens().size(), times().prompt_tokens});
    return 0;
  }
  if (reads_on_) held_.prompt_tokens = times().prompt_tokens;
  size_t tokens = 0;
  while (const std::optional<runtime::TokenId> token = generation_->Advance()) {
    ++tokens;
    if (top_logprobs_) {
      tokens_.push_back(std::move(chosen_.front()));
      chosen_.pop_front();
    }
    if (!stream_.Push(*token)) generation_->Stop();
    ends_.push_back(stream_.text().size());
  }
  has_news_ = true;
  return tokens;
}

void Choice::Tell() {
  if (!std::exchange(has_news_, false)) return;
  if (generation_->is_over()) {
    Finish();
  } else {
    Send();
  }
}

Piece::Token Choice::Describe(runtime::TokenId token, std::span<const float> logits) const {
  const float most = *std::ranges::max_element(logits);
  const double sum =
      std::transform_reduce(logits.begin(), logits.end(), 0.0, std::plus<>(),
                            [&](float logit) { return std::exp(double{logit} - double{most}); });
  const double total = double{most} + std::log(sum);
  const auto of = [&](runtime::TokenId id) {
    return TokenLogprob{id, static_cast<float>(logits[static_cast<size_t>(id)] - total)};
  };
  Piece::Token described = {.chosen = of(token), .likeliest = {}};
  std::vector<runtime::TokenId> ids(logits.size());
  std::iota(ids.begin(), ids.end(), runtime::TokenId{0});
  const auto end = ids.begin() + static_cast<ptrdiff_t>(std::min(*top_logprobs_, ids.size()));
  std::ranges::partial_sort(ids, end, [&](runtime::TokenId a, runtime::TokenId b) {
    const float left = logits[static_cast<size_t>(a)], right = logits[static_cast<size_t>(b)];
    return left != right ? left > right : a < b;
  });
  for (auto id = ids.begin(); id != end; ++id) described.likeliest.push_back(of(*id));
  return described;
}

void Choice::Send() {
  if (text_.empty() && tokens_.empty()) return;
  channel_->Push(Piece{index_, std::exchange(text_, {}), std::exchange(tokens_, {}),
                       std::exchange(ends_, {})});
}

void Choice::Finish() {
  is_over_ = true;
  stream_.Finish();
  Send();
  const runtime::GenerationResult& result = generation_->result();
  End end{.choice = index_,
          .reason = std::string(runtime::StopReasonName(result.reason)),
          .found_stop = stream_.found_stop(),
          .times = result.times};
  if (end.found_stop) end.reason = "stop";
  channel_->Push(std::move(end));
}

void Choice::Stop() {
  generation_->Stop();
  Finish();
}

void Choice::Fail(const std::string& message) {
  is_over_ = true;
  channel_->Push(Failure{message});
}

}  // namespace hlwq::server
