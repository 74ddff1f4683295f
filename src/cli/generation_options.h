// How generate and chat make an answer by their flags.
#pragma once

#include "checkpoint/checkpoint.h"
#include "cli/arguments.h"
#include "runtime/generate.h"

namespace hlwq::cli {

// What the flags say, else the model's generation_config.json, else llama.cpp's defaults; eos from
// the model's files; without --seed a random one. Throws Error naming the flag or the file.
runtime::GenerateOptions GenerateOptionsOf(const Arguments& arguments,
                                           const checkpoint::Checkpoint& checkpoint);

}  // namespace hlwq::cli
