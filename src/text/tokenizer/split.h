// Cuts a text at matches.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/function_ref.h"
#include "text/tokenizer/json_fields.h"
#include "text/tokenizer/regex.h"

namespace hlwq::text {

enum class SplitBehavior : uint8_t {
  kRemoved,             // matches are dropped
  kIsolated,            // each match is a piece
  kMergedWithPrevious,  // a match ends the piece before it
  kMergedWithNext,      // a match begins the piece behind it
  kContiguous,          // matches side by side are one piece
};

// The field "behavior"; `when_absent` where it may be.
SplitBehavior SplitBehaviorFromJson(const JsonFields& fields);
SplitBehavior SplitBehaviorFromJson(const JsonFields& fields, SplitBehavior when_absent);

// Calls its argument for matches in order; none overlaps another.
using MatchSource = FunctionRef<void(FunctionRef<void(Range)>)>;

// Gives the pieces of `text`, in order, to `sink`; never an empty one. `is_inverted`: what lies
// between matches takes their part.
void SplitAtMatches(std::string_view text, MatchSource matches, SplitBehavior behavior,
                    bool is_inverted, FunctionRef<void(Range)> sink);

}  // namespace hlwq::text
