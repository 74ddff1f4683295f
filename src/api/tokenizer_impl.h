#pragma once

#include <memory>

#include "hlwq/tokenizer.h"
#include "text/tokenizer.h"

namespace hlwq {

struct Tokenizer::Impl {
  std::shared_ptr<const text::Tokenizer> tokenizer;  // may be a part of a shared model
};

}  // namespace hlwq
