#include "text/tokenizer/split.h"

#include <optional>
#include <string>

#include "text/tokenizer/quoted.h"

namespace hlwq::text {
namespace {

// Takes the text as a row of segments, matches and what lies between them, and gives pieces as soon
// as they are complete.
class Splitter {
 public:
  Splitter(SplitBehavior behavior, FunctionRef<void(Range)> sink)
      : behavior_(behavior), sink_(sink) {}

  void Segment(Range range, bool is_match) {
    switch (behavior_) {
      case SplitBehavior::kRemoved:
        if (!is_match) Give(range);
        return;
      case SplitBehavior::kIsolated:
        Give(range);
        return;
      case SplitBehavior::kMergedWithPrevious:
        // Only the first of several matches in a row has a piece to join.
        Join(range, is_match && !was_match_);
        break;
      case SplitBehavior::kMergedWithNext:
        Join(range, was_match_ && !is_match);
        break;
      case SplitBehavior::kContiguous:
        Join(range, is_match == was_match_);
        break;
    }
    was_match_ = is_match;
  }

  void Finish() {
    if (pending_) Give(*pending_);
  }

 private:
  void Give(Range range) {
    if (range.begin < range.end) sink_(range);
  }
  void Join(Range range, bool joins) {
    if (joins && pending_) {
      pending_->end = range.end;
      return;
    }
    if (pending_) Give(*pending_);
    pending_ = range;
  }

  SplitBehavior behavior_;
  FunctionRef<void(Range)> sink_;
  std::optional<Range> pending_;
  bool was_match_ = false;
};

SplitBehavior BehaviorNamed(const JsonFields& fields, std::string_view name) {
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  fields.Fail("behavior", Quoted(name) + " is none");
}

}  // namespace

SplitBehavior SplitBehaviorFromJson(const JsonFields& fields) {
  return BehaviorNamed(fields, fields.String("behavior"));
}

SplitBehavior SplitBehaviorFromJson(const JsonFields& fields, SplitBehavior when_absent) {
  const std::string name = fields.OptionalString("behavior").value_or("");
  return name.empty() ? when_absent : BehaviorNamed(fields, name);
}

void SplitAtMatches(std::string_view text, MatchSource matches, SplitBehavior behavior,
                    bool is_inverted, FunctionRef<void(Range)> sink) {
  Splitter splitter(behavior, sink);
  size_t done = 0;
  matches([&](Range match) {
    if (done != match.begin) splitter.Segment({done, match.begin}, is_inverted);
    splitter.Segment(match, !is_inverted);
    done = match.end;
  });
  if (done != text.size()) splitter.Segment({done, text.size()}, is_inverted);
  splitter.Finish();
}

}  // namespace hlwq::text
