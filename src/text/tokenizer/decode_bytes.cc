// Stages that make text of the bytes that tokens stand for.
#include "base/utf8.h"
#include "text/tokenizer/byte_alphabet.h"
#include "text/tokenizer/decode_stage.h"

namespace hlwq::text {
namespace {

class ByteLevelStage final : public DecodeStage {
 public:
  void Push(std::string_view piece) override {
    bytes_.clear();
    // A token with any other character stands for itself.
    if (!AppendBytesOf(piece, bytes_)) bytes_ = piece;
    text_.clear();
    assembler_.Push(bytes_, text_);
    if (!text_.empty()) next().Push(text_);
  }
  void Finish() override {
    text_.clear();
    assembler_.Finish(text_);
    if (!text_.empty()) next().Push(text_);
    next().Finish();
  }

 private:
  Utf8Assembler assembler_;
  std::string bytes_;
  std::string text_;
};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Each character is given as soon as its last byte is there. (Where a row of bytes is not valid as
// a whole, Hugging Face's library makes every byte of it a U+FFFD, which cannot be known before the
// row ends; here, as everywhere, each maximal invalid part is one.)
class ByteFallbackStage final : public DecodeStage {
 public:
  void Push(std::string_view piece) override {
    text_.clear();
    if (const std::optional<char> byte = FallbackByte(piece)) {
      assembler_.Push({&*byte, 1}, text_);
      if (!text_.empty()) next().Push(text_);
      return;
    }
    EndRow();
    next().Push(piece);
  }
  void Finish() override {
    EndRow();
    next().Finish();
  }

 private:
  void EndRow() {
    text_.clear();
    assembler_.Finish(text_);
    if (!text_.empty()) next().Push(text_);
  }

  Utf8Assembler assembler_;
  std::string text_;
};

}  // namespace

std::optional<char> FallbackByte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  const int high = HexDigit(token[3]);
  const int low = HexDigit(token[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

std::unique_ptr<DecodeStage> MakeByteLevelStage() { return std::make_unique<ByteLevelStage>(); }
std::unique_ptr<DecodeStage> MakeByteFallbackStage() {
  return std::make_unique<ByteFallbackStage>();
}

}  // namespace hlwq::text
