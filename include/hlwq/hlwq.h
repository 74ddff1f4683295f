// All of hlwq: checkpoints in, checkpoints and answers out. Everything throws hlwq::Error; besides that
// only what a callback of yours threw, and std::bad_alloc.
//
//   hlwq::Quantize("model", "model-hlwq", {.bits = 5});
//   if (!hlwq::Verify("model-hlwq").ok()) ...
//
//   hlwq::Conversation conversation(hlwq::Model("model-hlwq"));
//   std::cout << conversation.Ask("What is a Hadamard matrix?").text;
#pragma once

#include "hlwq/checkpoint.h"
#include "hlwq/compare.h"
#include "hlwq/conversation.h"
#include "hlwq/convert.h"
#include "hlwq/error.h"
#include "hlwq/mapping_faults.h"
#include "hlwq/model.h"
#include "hlwq/progress.h"
#include "hlwq/session.h"
#include "hlwq/tensors.h"
#include "hlwq/tokenizer.h"
#include "hlwq/version.h"
