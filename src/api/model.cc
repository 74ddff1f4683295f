#include "hlwq/model.h"

#include "api/model_impl.h"
#include "api/tokenizer_impl.h"
#include "base/error.h"

namespace hlwq {
namespace {

chat::TextModelOptions OptionsOf(const ModelOptions& options) {
  chat::TextModelOptions chosen = {.engine = {.threads = options.threads,
                                              .kv_bytes = options.kv_bytes,
                                              .interleaves_rows = options.interleave}};
  if (options.experts_per_layer && options.expert_bytes) {
    throw Error(ErrorCode::kInvalidArgument,
                "want experts_per_layer or expert_bytes, got both of them");
  }
  if (options.experts_per_layer) {
    chosen.experts.size = runtime::SlotsPerLayer{*options.experts_per_layer};
  } else if (options.expert_bytes) {
    chosen.experts.size = runtime::PoolBytes{*options.expert_bytes};
  }
  return chosen;
}

}  // namespace

Model::Model(const std::filesystem::path& path, const ModelOptions& options)
    : impl_(std::make_shared<Impl>(path, OptionsOf(options))) {}

const std::filesystem::path& Model::path() const noexcept { return impl_->model.checkpoint().root; }
std::string_view Model::model_type() const noexcept { return impl_->model.config().model_type; }
size_t Model::vocabulary() const noexcept { return impl_->model.config().sizes.vocab; }
size_t Model::max_context_tokens() const noexcept { return impl_->model.config().max_positions; }
uint64_t Model::bytes_per_token() const noexcept {
  return impl_->model.engine().model().bytes_per_token();
}
std::vector<std::string> Model::notes() const { return impl_->model.engine().model().notes(); }

Tokenizer Model::tokenizer() const {
  // Shares the model that it is a part of.
  return Tokenizer(std::make_shared<const Tokenizer::Impl>(
      Tokenizer::Impl{std::shared_ptr<const text::Tokenizer>(impl_, &impl_->model.tokenizer())}));
}

bool Model::HasChatTemplate() const {
  try {
    impl_->model.chat_format();
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return false;
    throw;
  }
}

}  // namespace hlwq
