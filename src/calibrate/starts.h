// What the sequences of a model's own text begin with.
#pragma once

#include "calibrate/self_text.h"
#include "chat/text_model.h"

namespace hlwq::calibrate {

// For SelfTextOptions::starts: in turn the token for the beginning of a text, a random token (an empty
// sequence), and where there is a chat template what it puts before a user's message, with and without a
// short system prompt. Half of all are random tokens, which no model's habits choose.
TokenSequences StartsFor(const chat::TextModel& model);

}  // namespace hlwq::calibrate
