#include "text/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <new>

#include "base/error.h"
#include "text/tokenizer/quoted.h"
#include "text/tokenizer/regex_syntax.h"

namespace hlwq::text {
namespace {

// Steps of backtracking for one start of a match, and memory for the interpreter, which takes over
// where the stack of the compiled code ends.
constexpr uint32_t kMatchLimit = 2'000'000;
constexpr uint32_t kHeapLimitKib = 64u << 10;
constexpr size_t kMaxPatternBytes = 1u << 20;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const noexcept {
    Free(pointer);
  }
};
using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Freed<pcre2_compile_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;

std::string ReasonOf(int code) {
  std::array<PCRE2_UCHAR, 256> message{};
  pcre2_get_error_message(code, message.data(), message.size());
  return reinterpret_cast<const char*>(message.data());
}

PCRE2_SPTR Units(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data() == nullptr ? "" : text.data());
}

}  // namespace

struct MatchScratch::Impl {
  MatchData data;
};
MatchScratch::MatchScratch() = default;
MatchScratch::MatchScratch(MatchScratch&&) noexcept = default;
MatchScratch& MatchScratch::operator=(MatchScratch&&) noexcept = default;
MatchScratch::~MatchScratch() = default;

struct Regex::Impl {
  std::string pattern;
  Code code;
  MatchContext context;
  bool is_compiled_to_code = false;
};

Regex::Regex(std::string_view pattern) {
  auto impl = std::make_unique<Impl>();
  impl->pattern = pattern;
  const std::string translated = ToPcre2Syntax(pattern);
  const CompileContext compile(pcre2_compile_context_create(nullptr));
  impl->context.reset(pcre2_match_context_create(nullptr));
  if (!compile || !impl->context) throw std::bad_alloc();
  pcre2_set_newline(compile.get(), PCRE2_NEWLINE_LF);
  pcre2_set_max_pattern_length(compile.get(), kMaxPatternBytes);
  pcre2_set_match_limit(impl->context.get(), kMatchLimit);
  pcre2_set_heap_limit(impl->context.get(), kHeapLimitKib);
  int error = 0;
  PCRE2_SIZE offset = 0;
  impl->code.reset(pcre2_compile(Units(translated), translated.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                                 &error, &offset, compile.get()));
  if (!impl->code) {
    throw Error(ErrorCode::kUnsupported,
                "regular expression " + Quoted(impl->pattern) + ": " + ReasonOf(error));
  }
  // Without a compiler for this machine, matches are interpreted.
  impl->is_compiled_to_code = pcre2_jit_compile(impl->code.get(), PCRE2_JIT_COMPLETE) == 0;
  impl_ = std::move(impl);
}

Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

std::optional<Range> Regex::Find(std::string_view text, size_t start, MatchScratch& scratch) const {
  if (!scratch.impl_) {
    scratch.impl_ = std::make_unique<MatchScratch::Impl>();
    scratch.impl_->data.reset(pcre2_match_data_create(1, nullptr));
    if (!scratch.impl_->data) throw std::bad_alloc();
  }
  pcre2_match_data* const data = scratch.impl_->data.get();
  pcre2_match_context* const context = impl_->context.get();
  // The text is known to be valid; checking it anew would make each match cost all of it.
  const auto match = [&](uint32_t options) {
    return pcre2_match(impl_->code.get(), Units(text), text.size(), start,
                       PCRE2_NO_UTF_CHECK | options, data, context);
  };
  int found = impl_->is_compiled_to_code
                  ? pcre2_jit_match(impl_->code.get(), Units(text), text.size(), start,
                                    PCRE2_NO_UTF_CHECK, data, context)
                  : match(0);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = match(PCRE2_NO_JIT);
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0) {
    throw Error(ErrorCode::kInvalidData,
                "regular expression " + Quoted(impl_->pattern) + ": " + ReasonOf(found));
  }
  const PCRE2_SIZE* const bounds = pcre2_get_ovector_pointer(data);
  if (bounds[0] > bounds[1]) {  // \K in a look-ahead
    throw Error(ErrorCode::kUnsupported,
                "regular expression " + Quoted(impl_->pattern) + ": a match ends before it begins");
  }
  return Range{bounds[0], bounds[1]};
}

}  // namespace hlwq::text
