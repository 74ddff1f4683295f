#include "cli/verbs/evaluation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "cli/model_options.h"
#include "cli/output.h"

namespace hlwq::cli {
namespace {

constexpr uint64_t kMaxTextBytes = uint64_t{1} << 32;

}  // namespace

std::vector<runtime::TokenId> ReadTextTokens(const Arguments& arguments,
                                             const text::Tokenizer& tokenizer) {
  const std::string path = RequiredText(arguments, flag::kFile);
  const std::string content = ReadSmallFile(path, kMaxTextBytes);
  std::vector<runtime::TokenId> tokens = tokenizer.Encode(content);
  if (const auto most = arguments.FindInteger(flag::kMaxTokens)) {
    if (tokens.size() > static_cast<uint64_t>(*most)) tokens.resize(static_cast<size_t>(*most));
  }
  if (tokens.size() < 2) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: want a text of at least 2 tokens, got {}", path, tokens.size()));
  }
  return tokens;
}

eval::TextRunOptions TextRunOptionsOf(const Arguments& arguments, const runtime::Engine& engine,
                                      ProgressPrinter& progress) {
  eval::TextRunOptions options;
  options.windows.window = static_cast<size_t>(arguments.Integer(flag::kWindow));
  options.windows.stride = static_cast<size_t>(arguments.Integer(flag::kStride));
  // A shorter window takes the default stride as far as it goes.
  if (!arguments.Has(flag::kStride)) {
    options.windows.stride = std::min(options.windows.stride, options.windows.window);
  } else if (options.windows.stride > options.windows.window) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("--stride: want at most the window of {} tokens, got {}",
                            options.windows.window, options.windows.stride));
  }
  options.kv_format = KvFormatOf(arguments);
  options.progress = progress.TokenCallback();
  if (options.windows.window > engine.config().max_positions) {
    PrintNote(
        arguments,
        fmt::format("--window {}: {} was made for {} positions", options.windows.window,
                    engine.model().checkpoint().root.string(), engine.config().max_positions));
  }
  return options;
}

}  // namespace hlwq::cli
