#include "text/tokenizer.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizer/added_tokens.h"
#include "text/tokenizer/bpe.h"
#include "text/tokenizer/decoder.h"
#include "text/tokenizer/normalizer.h"
#include "text/tokenizer/post_processor.h"
#include "text/tokenizer/pre_tokenizer.h"
#include "text/tokenizer/tokenizer_file.h"

namespace hlwq::text {
namespace {

constexpr size_t kMaxTextBytes = std::numeric_limits<int32_t>::max();
// A cache of words pays for the pages it touches from about here on.
constexpr size_t kCacheFromBytes = 4096;
constexpr size_t kCachePlaces = size_t{1} << 14;

// What one call of Encode works in.
struct EncodeState {
  MatchScratch match;
  BpeScratch bpe;
  std::string normalized;
  std::string other;
  std::vector<TokenId> ids;
};

void CheckSize(size_t bytes) {
  if (bytes > kMaxTextBytes) {
    throw Error(ErrorCode::kInvalidArgument, "a text to encode must be smaller than 2 GiB");
  }
}

}  // namespace

struct Tokenizer::Impl {
  Impl(TokenizerFile&& file, const nlohmann::json& also_added);

  void EncodeRaw(std::string_view text, bool is_text_start, bool finds_special,
                 EncodeState& state) const;
  void EncodeNormalized(std::string_view text, bool is_text_start, EncodeState& state) const;

  NormalizerChain normalizer;
  PreTokenizerChain pre_tokenizer;
  BpeModel model;
  AddedTokens added;
  PostProcessor post_processor;
  Decoder decoder;
};

Tokenizer::Impl::Impl(TokenizerFile&& file, const nlohmann::json& also_added)
    : normalizer(file.normalizer),
      pre_tokenizer(file.pre_tokenizer),
      model(std::move(file.vocabulary), file.merges, std::move(file.options),
            pre_tokenizer.ends_in_bytes()),
      added(file.added_tokens, also_added, model.vocabulary(), normalizer),
      post_processor(file.post_processor),
      decoder(file.decoder) {}

void Tokenizer::Impl::EncodeRaw(std::string_view text, bool is_text_start, bool finds_special,
                                EncodeState& state) const {
  const std::string_view normalized =
      normalizer.Apply(text, state.match, state.normalized, state.other);
  CheckSize(normalized.size());
  added.Split(normalized, AddedTokens::Stage::kNormalized, finds_special,
              [&](AddedTokens::Part part) {
                if (part.token != kNoToken) {
                  state.ids.push_back(part.token);
                  return;
                }
                const Range range = part.range;
                EncodeNormalized(normalized.substr(range.begin, range.end - range.begin),
                                 is_text_start && range.begin == 0, state);
              });
}

void Tokenizer::Impl::EncodeNormalized(std::string_view text, bool is_text_start,
                                       EncodeState& state) const {
  pre_tokenizer.Split({text, is_text_start}, state.match,
                      [&](Piece piece) { model.Encode(piece.text, state.ids, state.bpe); });
}

Tokenizer::Tokenizer(std::string_view json) : Tokenizer(json, nullptr) {}
Tokenizer::Tokenizer(std::string_view json, const nlohmann::json& added_tokens)
    : impl_(std::make_unique<const Impl>(TokenizerFile(json), added_tokens)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<TokenId> Tokenizer::Encode(std::string_view text, EncodeOptions options) const {
  CheckSize(text.size());
  EncodeState state;
  std::string sanitized;
  if (!IsValidUtf8(text)) {
    AppendSanitized(text, sanitized);
    text = sanitized;
  }
  if (text.size() >= kCacheFromBytes) state.bpe.cache.emplace(kCachePlaces);
  const PostProcessor& around = impl_->post_processor;
  if (options.add_special) state.ids = around.prefix();
  impl_->added.Split(text, AddedTokens::Stage::kRaw, options.parse_special,
                     [&](AddedTokens::Part part) {
                       if (part.token != kNoToken) {
                         state.ids.push_back(part.token);
                         return;
                       }
                       const Range range = part.range;
                       impl_->EncodeRaw(text.substr(range.begin, range.end - range.begin),
                                        range.begin == 0, options.parse_special, state);
                     });
  if (options.add_special) {
    state.ids.insert(state.ids.end(), around.suffix().begin(), around.suffix().end());
  }
  return std::move(state.ids);
}

std::string Tokenizer::Decode(std::span<const TokenId> ids, bool skip_special) const {
  StreamDecoder decoder(*this, skip_special);
  std::string text;
  for (const TokenId id : ids) text += decoder.Push(id);
  return text + decoder.Finish();
}

size_t Tokenizer::size() const noexcept {
  return std::max(impl_->model.vocabulary().size(), impl_->added.size());
}

std::optional<TokenId> Tokenizer::IdOf(std::string_view token) const {
  if (const AddedToken* const added = impl_->added.OfText(token)) return added->id;
  const TokenId id = impl_->model.vocabulary().Find(token);
  return id == kNoToken ? std::nullopt : std::optional(id);
}

std::string_view Tokenizer::TokenText(TokenId id) const noexcept {
  const AddedToken* const added = impl_->added.OfId(id);
  return added != nullptr ? std::string_view(added->content) : impl_->model.vocabulary().Text(id);
}

bool Tokenizer::IsSpecial(TokenId id) const noexcept {
  const AddedToken* const added = impl_->added.OfId(id);
  return added != nullptr && added->is_special;
}

std::string Tokenizer::TokenBytes(TokenId id) const {
  if (const AddedToken* const added = impl_->added.OfId(id))
    return impl_->decoder.BytesOf(added->content);
  const Vocabulary& vocabulary = impl_->model.vocabulary();
  return vocabulary.Has(id) ? impl_->decoder.BytesOf(vocabulary.Text(id)) : "";
}

struct StreamDecoder::State {
  const Tokenizer::Impl& tokenizer;
  bool skips_special;
  DecodeStream stream;
};

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special)
    : state_(std::make_unique<State>(
          State{*tokenizer.impl_, skip_special, tokenizer.impl_->decoder.NewStream()})) {}
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder::~StreamDecoder() = default;

std::string StreamDecoder::Push(TokenId id) {
  std::string text;
  if (const AddedToken* const added = state_->tokenizer.added.OfId(id)) {
    if (!added->is_special || !state_->skips_special) state_->stream.Push(added->content, text);
  } else if (const Vocabulary& vocabulary = state_->tokenizer.model.vocabulary();
             vocabulary.Has(id)) {
    state_->stream.Push(vocabulary.Text(id), text);
  }
  return text;
}

std::string StreamDecoder::Finish() {
  std::string text;
  state_->stream.Finish(text);
  return text;
}

}  // namespace hlwq::text
