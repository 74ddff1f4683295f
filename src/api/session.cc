#include "hlwq/session.h"

#include <utility>

#include "api/describe.h"
#include "api/session_impl.h"

namespace hlwq {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

void Choose(const SamplingOptions& options, runtime::SamplerOptions& sampler) {
  sampler.temperature = options.temperature.value_or(sampler.temperature);
  sampler.top_k = options.top_k.value_or(sampler.top_k);
  sampler.top_p = options.top_p.value_or(sampler.top_p);
  sampler.min_p = options.min_p.value_or(sampler.min_p);
  sampler.typical_p = options.typical_p.value_or(sampler.typical_p);
  sampler.penalties.repeat = options.repeat_penalty.value_or(sampler.penalties.repeat);
  sampler.penalties.presence = options.presence_penalty;
  sampler.penalties.frequency = options.frequency_penalty;
  sampler.penalties.window = options.penalty_window;
  for (const LogitBias& bias : options.logit_bias) {
    sampler.biases.push_back({.token = bias.token, .bias = bias.bias});
  }
  sampler.seed = options.seed;
}

runtime::GenerateOptions OptionsOf(const GenerateOptions& options, const chat::TextModel& model) {
  runtime::GenerateOptions chosen = model.DefaultOptions();
  chosen.max_tokens = options.max_tokens;
  if (options.eos) chosen.eos = *options.eos;
  chosen.ignores_eos = options.ignores_eos;
  Choose(options.sampling, chosen.sampler);
  return chosen;
}

FinishReason FinishOf(const chat::Answer& answer) noexcept {
  if (answer.found_stop) return FinishReason::kStopText;
  switch (answer.generation.reason) {
    case runtime::StopReason::kEos:
      return FinishReason::kEos;
    case runtime::StopReason::kLength:
      return FinishReason::kLength;
    case runtime::StopReason::kCallback:
      return FinishReason::kCancelled;
    case runtime::StopReason::kContextFull:
      break;
  }
  return FinishReason::kContextFull;
}

}  // namespace

std::string_view FinishReasonName(FinishReason reason) noexcept {
  switch (reason) {
    case FinishReason::kEos:
      return "eos";
    case FinishReason::kStopText:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kCancelled:
      return "cancelled";
    case FinishReason::kContextFull:
      break;
  }
  return "context_full";
}

namespace {

runtime::KvFormat FormatOf(const SessionOptions& options) {
  runtime::KvFormat format = runtime::KvFormat::Parse(options.kv_format);
  if (!options.kv_layers.empty()) format.SetLayers(options.kv_layers);
  return format;
}

}  // namespace

Session::Impl::Impl(Model shared_model, const SessionOptions& chosen)
    : model(std::move(shared_model)), options(chosen) {
  Model::Impl& shared = *model.impl_;
  context_tokens =
      chosen.context_tokens != 0 ? chosen.context_tokens : shared.model.default_context_tokens();
  const Lock lock(shared.mutex);
  session.emplace(shared.model,
                  runtime::KvCacheOptions{.format = FormatOf(chosen), .capacity = context_tokens});
}

Session::Impl::~Impl() {
  const Lock lock(model.impl_->mutex);
  session.reset();
}

Answer Session::Impl::Generate(std::span<const TokenId> prompt, const GenerateOptions& wanted,
                               bool continues_prompt) {
  const Model::Impl::Turn turn(*model.impl_);
  const chat::AnswerOptions chosen = {.generate = OptionsOf(wanted, model.impl_->model),
                                      .stops = wanted.stop_texts,
                                      .continues_prompt = continues_prompt};
  chat::AnswerCallbacks callbacks = {.should_stop = [&] { return wanted.stop.stop_requested(); }};
  if (wanted.on_text) {
    callbacks.on_text = [&](std::string_view text) {
      wanted.on_text(text);
      return true;
    };
  }
  if (wanted.on_prompt) {
    callbacks.on_prompt = [&](size_t done) { wanted.on_prompt(done, prompt.size()); };
  }
  chat::Answer made = session->Reply(prompt, chosen, callbacks);
  const runtime::GenerateTimes& times = made.generation.times;
  return {.text = std::move(made.text),
          .tokens = std::move(made.generation.tokens),
          .finish = FinishOf(made),
          .stop_text = std::move(made.found_stop),
          .prompt_tokens = times.prompt_tokens,
          .reused_tokens = times.reused_tokens,
          .prompt_seconds = times.prompt_seconds,
          .first_token_seconds = times.first_token_seconds,
          .decode_seconds = times.decode_seconds};
}

Session::Session(Model model, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), options)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

const Model& Session::model() const noexcept { return impl_->model; }
size_t Session::context_tokens() const noexcept { return impl_->context_tokens; }

Answer Session::Generate(std::string_view prompt, const GenerateOptions& options) {
  return impl_->Generate(impl_->model.impl_->model.EncodePrompt(prompt), options, true);
}

Answer Session::Generate(std::span<const TokenId> prompt, const GenerateOptions& options) {
  return impl_->Generate(prompt, options, true);
}

std::vector<float> Session::Logits(std::span<const TokenId> tokens) {
  const Model::Impl::Turn turn(*impl_->model.impl_);
  const std::span<const float> logits = impl_->session->Logits(tokens);
  return {logits.begin(), logits.end()};
}

void Session::Save(const std::filesystem::path& path) const {
  const Model::Impl::Turn turn(*impl_->model.impl_);
  impl_->session->Save(path);
}

size_t Session::Load(const std::filesystem::path& path, std::span<const TokenId> prompt) {
  const Model::Impl::Turn turn(*impl_->model.impl_);
  const runtime::LoadedSequence loaded =
      impl_->session->Load(File::OpenForRead(path), prompt, runtime::LoadRule::kExact);
  return loaded.kept_tokens;
}

Session Session::Fork() const {
  Session fork(impl_->model, impl_->options);
  const Lock lock(impl_->model.impl_->mutex);
  fork.impl_->session->ForkFrom(*impl_->session);
  return fork;
}

}  // namespace hlwq
