// How generate and chat make an answer by their flags.
#pragma once

#include "chat/conversation.h"
#include "chat/text_model.h"
#include "cli/arguments.h"
#include "runtime/generate.h"

namespace hlwq::cli {

// What the flags say, else the model's own (TextModel::DefaultOptions); without --seed a random one.
// Throws Error naming the flag or the file.
runtime::GenerateOptions GenerateOptionsOf(const Arguments& arguments,
                                           const chat::TextModel& model);

// --system and --no-thinking.
chat::ConversationOptions ConversationOptionsOf(const Arguments& arguments);

}  // namespace hlwq::cli
