// What the verbs that take models through a text have in common.
#pragma once

#include <vector>

#include "cli/arguments.h"
#include "cli/progress.h"
#include "eval/perplexity.h"
#include "runtime/engine.h"
#include "text/tokenizer.h"

namespace hlwq::cli {

// The tokens of --file, at most --max-tokens. Throws Error{kInvalidArgument} naming the file where
// there are fewer than two.
std::vector<runtime::TokenId> ReadTextTokens(const Arguments& arguments,
                                             const text::Tokenizer& tokenizer);

// --window, --stride and --kv. Notes a window that `engine`'s model was not made for.
// Borrows `progress`.
eval::TextRunOptions TextRunOptionsOf(const Arguments& arguments, const runtime::Engine& engine,
                                      ProgressPrinter& progress);

}  // namespace hlwq::cli
