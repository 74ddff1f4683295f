// Decoders as stages of a stream, so that decoding token by token and all at once are one thing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "text/tokenizer/metaspace.h"
#include "text/tokenizer/pattern.h"

namespace hlwq::text {

// Takes pieces of valid UTF-8 and gives pieces to the next stage. One text, one thread at a time.
class DecodeStage {
 public:
  virtual ~DecodeStage() = default;
  virtual void Push(std::string_view piece) = 0;
  // Gives what was held back and goes on to the next stage. The stage is then as new.
  virtual void Finish() { next_->Finish(); }

  void set_next(DecodeStage* next) noexcept { next_ = next; }

 protected:
  DecodeStage& next() const noexcept { return *next_; }

 private:
  DecodeStage* next_ = nullptr;
};

// `whole_text`: the pieces are parts of one text, cut anywhere between characters, because a stage
// before has joined the tokens; else each piece is one token.
std::unique_ptr<DecodeStage> MakeByteLevelStage();     // characters of the alphabet to bytes
std::unique_ptr<DecodeStage> MakeByteFallbackStage();  // "<0x41>" to bytes
// The byte of "<0x41>"; nothing for any other token.
std::optional<char> FallbackByte(std::string_view token);
std::unique_ptr<DecodeStage> MakeReplaceStage(const Pattern& pattern, std::string_view content,
                                              bool whole_text);
// Drops up to `start` of `character` in front and up to `stop` behind.
struct StripCounts {
  size_t start = 0;
  size_t stop = 0;
};
std::unique_ptr<DecodeStage> MakeStripStage(std::string_view character, StripCounts counts,
                                            bool whole_text);
std::unique_ptr<DecodeStage> MakeMetaspaceStage(const MetaspaceOptions& options, bool whole_text);
std::unique_ptr<DecodeStage> MakeSpacesStage();  // a space between tokens
// Holds everything back to give it as one piece.
std::unique_ptr<DecodeStage> MakeGatherStage();

}  // namespace hlwq::text
