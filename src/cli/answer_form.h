// The form that flags ask answers to have.
#pragma once

#include <memory>
#include <span>

#include "chat/text_model.h"
#include "cli/arguments.h"
#include "constrain/grammar.h"

namespace hlwq::cli {

// Of --grammar, --grammar-file, --json-schema and --json-schema-file; null where none is given. After what the model
// thinks, where `prompt` is of a conversation. Throws Error naming the flag or the file.
std::shared_ptr<const constrain::Grammar> AnswerFormOf(const Arguments& arguments,
                                                       const chat::TextModel& model,
                                                       std::span<const text::TokenId> prompt);

}  // namespace hlwq::cli
