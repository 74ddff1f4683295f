// Stages that change text.
#include <algorithm>

#include "base/utf8.h"
#include "text/tokenizer/decode_stage.h"

namespace hlwq::text {
namespace {

class ReplaceStage final : public DecodeStage {
 public:
  ReplaceStage(const Pattern& pattern, std::string_view content)
      : pattern_(pattern), content_(content) {}

  void Push(std::string_view piece) override {
    text_.clear();
    pattern_.AppendReplaced(piece, content_, scratch_, text_);
    next().Push(text_);
  }

 private:
  const Pattern& pattern_;
  std::string content_;
  MatchScratch scratch_;
  std::string text_;
};

// Replaces a string that may lie across pieces.
class ReplaceAcrossStage final : public DecodeStage {
 public:
  ReplaceAcrossStage(std::string_view wanted, std::string_view content)
      : wanted_(wanted), content_(content) {}

  void Push(std::string_view piece) override {
    held_ += piece;
    text_.clear();
    size_t done = 0;
    for (size_t at = held_.find(wanted_); at != held_.npos; at = held_.find(wanted_, done)) {
      text_.append(held_, done, at - done);
      text_ += content_;
      done = at + wanted_.size();
    }
    const size_t certain = held_.size() - OpenEnd(std::string_view(held_).substr(done));
    text_.append(held_, done, certain - done);
    held_.erase(0, certain);
    if (!text_.empty()) next().Push(text_);
  }
  void Finish() override {
    if (!held_.empty()) next().Push(held_);
    held_.clear();
    next().Finish();
  }

 private:
  // How many of the last bytes could begin what is wanted.
  size_t OpenEnd(std::string_view rest) const {
    for (size_t size = std::min(wanted_.size() - 1, rest.size()); size > 0; --size) {
      if (rest.ends_with(std::string_view(wanted_).substr(0, size))) return size;
    }
    return 0;
  }

  std::string wanted_;
  std::string content_;
  std::string held_;
  std::string text_;
};

class StripStage final : public DecodeStage {
 public:
  StripStage(std::string_view character, StripCounts counts)
      : character_(character), counts_(counts) {}

  void Push(std::string_view piece) override {
    for (size_t left = counts_.start; left > 0 && piece.starts_with(character_); --left) {
      piece.remove_prefix(character_.size());
    }
    for (size_t left = counts_.stop; left > 0 && piece.ends_with(character_); --left) {
      piece.remove_suffix(character_.size());
    }
    next().Push(piece);
  }

 private:
  std::string character_;
  StripCounts counts_;
};

// The same at the beginning and the end of a whole text.
class StripAcrossStage final : public DecodeStage {
 public:
  StripAcrossStage(std::string_view character, StripCounts counts)
      : character_(character), counts_(counts), start_left_(counts.start) {}

  void Push(std::string_view piece) override {
    if (piece.empty()) return;
    while (start_left_ > 0 && piece.starts_with(character_)) {
      piece.remove_prefix(character_.size());
      --start_left_;
    }
    if (piece.empty()) return;
    start_left_ = 0;
    // The last ones are held back, as many as the end may lose.
    std::string_view body = piece;
    size_t behind = 0;
    while (body.ends_with(character_)) {
      body.remove_suffix(character_.size());
      ++behind;
    }
    text_.clear();
    if (body.empty()) {
      behind += held_;
    } else {
      AppendCharacters(held_);
      text_ += body;
    }
    held_ = std::min(behind, counts_.stop);
    AppendCharacters(behind - held_);
    if (!text_.empty()) next().Push(text_);
  }
  void Finish() override {
    held_ = 0;
    start_left_ = counts_.start;
    next().Finish();
  }

 private:
  void AppendCharacters(size_t count) {
    for (; count > 0; --count) text_ += character_;
  }

  std::string character_;
  StripCounts counts_;
  size_t start_left_;
  size_t held_ = 0;
  std::string text_;
};

class MetaspaceStage final : public DecodeStage {
 public:
  MetaspaceStage(const MetaspaceOptions& options, bool whole_text)
      : options_(options), whole_text_(whole_text) {}

  void Push(std::string_view piece) override {
    // The first token loses all of them, for the one that encoding put there.
    const bool drops = is_first_ && options_.scheme != PrependScheme::kNever;
    text_.clear();
    for (size_t at = 0; at < piece.size();) {
      const std::string_view character = piece.substr(at, CharacterSize(piece[at]));
      at += character.size();
      if (character != options_.replacement) {
        text_ += character;
      } else if (!drops) {
        text_ += ' ';
      }
    }
    is_first_ = is_first_ && whole_text_;
    next().Push(text_);
  }
  void Finish() override {
    is_first_ = true;
    next().Finish();
  }

 private:
  MetaspaceOptions options_;
  bool whole_text_;  // a whole text counts as one token, the first
  bool is_first_ = true;
  std::string text_;
};

class SpacesStage final : public DecodeStage {
 public:
  void Push(std::string_view piece) override {
    text_ = is_first_ ? "" : " ";
    text_ += piece;
    is_first_ = false;
    next().Push(text_);
  }
  void Finish() override {
    is_first_ = true;
    next().Finish();
  }

 private:
  bool is_first_ = true;
  std::string text_;
};

class GatherStage final : public DecodeStage {
 public:
  void Push(std::string_view piece) override { text_ += piece; }
  void Finish() override {
    next().Push(text_);
    text_.clear();
    next().Finish();
  }

 private:
  std::string text_;
};

}  // namespace

std::unique_ptr<DecodeStage> MakeReplaceStage(const Pattern& pattern, std::string_view content,
                                              bool whole_text) {
  const std::string* const wanted = pattern.literal();
  if (whole_text && wanted != nullptr && !wanted->empty()) {
    return std::make_unique<ReplaceAcrossStage>(*wanted, content);
  }
  return std::make_unique<ReplaceStage>(pattern, content);
}

std::unique_ptr<DecodeStage> MakeStripStage(std::string_view character, StripCounts counts,
                                            bool whole_text) {
  if (whole_text) return std::make_unique<StripAcrossStage>(character, counts);
  return std::make_unique<StripStage>(character, counts);
}

std::unique_ptr<DecodeStage> MakeMetaspaceStage(const MetaspaceOptions& options, bool whole_text) {
  return std::make_unique<MetaspaceStage>(options, whole_text);
}

std::unique_ptr<DecodeStage> MakeSpacesStage() { return std::make_unique<SpacesStage>(); }
std::unique_ptr<DecodeStage> MakeGatherStage() { return std::make_unique<GatherStage>(); }

}  // namespace hlwq::text
