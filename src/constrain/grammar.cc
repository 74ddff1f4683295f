#include "constrain/grammar.h"

#include <fmt/format.h>
#include <xgrammar/xgrammar.h>

#include <cstdint>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "constrain/formats.h"

namespace hlwq::constrain {
namespace {

using nlohmann::ordered_json;
using text::TokenId;

// Enough for the tools of an agent; 20,000 alternatives already take seconds.
constexpr size_t kMostFormatBytes = size_t{256} << 10;
constexpr int64_t kCacheBytes = int64_t{256} << 20;

// The states of one answer.
class Filter final : public runtime::TokenFilter {
 public:
  Filter(const xgrammar::CompiledGrammar& grammar, size_t vocabulary)
      : matcher_(grammar),
        mask_(static_cast<size_t>(xgrammar::GetBitmaskSize(static_cast<int>(vocabulary)))) {}

  std::span<const uint32_t> Allowed() override {
    int64_t size = static_cast<int64_t>(mask_.size());
    DLTensor tensor = {.data = mask_.data(),
                       .device = {kDLCPU, 0},
                       .ndim = 1,
                       .dtype = xgrammar::GetBitmaskDLType(),
                       .shape = &size,
                       .strides = nullptr,
                       .byte_offset = 0};
    const bool is_bounded = matcher_.FillNextTokenBitmask(&tensor);
    return is_bounded ? mask_ : std::span<const uint32_t>();
  }

  void Accept(TokenId token) override {
    if (matcher_.AcceptToken(token)) return;
    throw Error(ErrorCode::kInvalidData,
                fmt::format("token {} is none of those that the grammar allows", token));
  }

 private:
  xgrammar::GrammarMatcher matcher_;
  std::vector<uint32_t> mask_;
};

class CompiledGrammar final : public Grammar {
 public:
  CompiledGrammar(xgrammar::CompiledGrammar grammar, size_t vocabulary)
      : grammar_(std::move(grammar)), vocabulary_(vocabulary) {}

  std::unique_ptr<runtime::TokenFilter> NewFilter() const override {
    return std::make_unique<Filter>(grammar_, vocabulary_);
  }

 private:
  xgrammar::CompiledGrammar grammar_;
  size_t vocabulary_;
};

// Special tokens, which are no text, have none; nor do ids beyond the logits, which are left out.
std::vector<std::string> TextsOf(const text::Tokenizer& tokenizer, size_t vocabulary) {
  std::vector<std::string> texts(std::min(tokenizer.size(), vocabulary));
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!tokenizer.IsSpecial(id)) texts[i] = tokenizer.TokenBytes(id);
  }
  return texts;
}

// Whether a blank in front of an answer is not shown, as with SentencePiece's vocabularies, whose models begin
// with one.
bool HidesFirstBlank(const text::Tokenizer& tokenizer, const std::vector<std::string>& texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() < 2 || texts[i][0] != ' ' || texts[i][1] == ' ') continue;
    const auto id = static_cast<TokenId>(i);
    return !tokenizer.Decode(std::span(&id, 1)).starts_with(' ');
  }
  return false;
}

}  // namespace

bool IsAvailable() noexcept { return true; }

// Made when the first grammar is: sorting a vocabulary takes a tenth of a second.
class Compiler::Impl {
 public:
  Impl(const text::Tokenizer& tokenizer, size_t vocabulary, std::span<const TokenId> ends)
      : vocabulary_(vocabulary), texts_(TextsOf(tokenizer, vocabulary)) {
    hides_first_blank_ = HidesFirstBlank(tokenizer, texts_);
    for (const TokenId end : ends) {
      if (end >= 0 && static_cast<size_t>(end) < vocabulary) ends_.push_back(end);
    }
  }

  std::shared_ptr<const Grammar> Compile(const ordered_json& format) {
    if (ends_.empty()) {
      throw Error(ErrorCode::kUnsupported,
                  "the model has no token that ends an answer, which a grammar needs");
    }
    std::call_once(once_, [&] {
      const xgrammar::TokenizerInfo info(std::exchange(texts_, {}), xgrammar::VocabType::RAW,
                                         static_cast<int>(vocabulary_), ends_);
      // All masks are made here, not when an answer comes to them: some take long, and the model would wait.
      compiler_.emplace(info, 1, true, kCacheBytes, false);
    });
    const ordered_json whole = hides_first_blank_ ? InSequence({AsRegex(" ?"), format}) : format;
    const ordered_json tag = {{"type", "structural_tag"}, {"format", whole}};
    const std::string written = tag.dump();
    if (written.size() > kMostFormatBytes) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("the form of an answer may have {} bytes, this one has {}",
                              kMostFormatBytes, written.size()));
    }
    return std::make_shared<CompiledGrammar>(compiler_->CompileStructuralTag(written), vocabulary_);
  }

 private:
  size_t vocabulary_;
  std::vector<std::string> texts_;
  bool hides_first_blank_ = false;
  std::vector<int32_t> ends_;
  std::once_flag once_;
  std::optional<xgrammar::GrammarCompiler> compiler_;
};

Compiler::Compiler(const text::Tokenizer& tokenizer, size_t vocabulary,
                   std::span<const TokenId> ends)
    : impl_(std::make_unique<Impl>(tokenizer, vocabulary, ends)) {}
Compiler::~Compiler() = default;

std::shared_ptr<const Grammar> Compiler::Compile(const ordered_json& format) const {
  try {
    return impl_->Compile(format);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kInvalidArgument, error.what());
  }
}

}  // namespace hlwq::constrain
