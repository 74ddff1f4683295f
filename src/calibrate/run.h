// A whole calibration: the model, its text, and the feedback that comes of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/progress.h"
#include "calibrate/calibration.h"
#include "chat/text_model.h"
#include "checkpoint/checkpoint.h"
#include "convert/feedback_source.h"

namespace hlwq::calibrate {

inline constexpr std::string_view kSelf = "self";
inline constexpr uint64_t kDefaultTokens = 65536;

struct RunOptions {
  // Written by the model; or a file of text, or a folder of such; or a .json with token ids, as
  // hlwq_calibration.json has them.
  std::string text = std::string(kSelf);
  uint64_t tokens = kDefaultTokens;  // of the first two
  uint64_t seed = 1;                 // of the first
  // The destination of a job that is resumed, if it is: text that the model wrote for it by the same
  // options is taken, finished or not, and not written anew.
  std::filesystem::path resumed;
  int threads = 0;                // 0: the cores of this process
  std::filesystem::path scratch;  // as LayerWalk
  TokenProgressCallback on_text;  // while the model writes
  // While tokens go through the layers, all layers counted.
  TokenProgressCallback on_layers;
};

// Lives as long as the conversion that it calibrates.
class Run {
 public:
  // Opens the model, and writes or reads the text. Throws as TextModel, Error{kInvalidArgument} for a text
  // of fewer tokens than asked for, Error{kInvalidData} for ids that are none.
  Run(checkpoint::Checkpoint model, const RunOptions& options);

  // Borrows this object; its source has gone through no layer yet, or as far as it was asked for.
  const convert::Calibration& calibration() const noexcept { return calibration_; }
  // Back to the first layer, with the same text, for a second use of `calibration()`.
  void Rewind();

 private:
  chat::TextModel model_;
  convert::Calibration calibration_;
  TokenSequences text_;
  CalibrationOptions how_;
  std::unique_ptr<Calibration> feedback_;

  TokenSequences TextFor(const RunOptions& options);
};

}  // namespace hlwq::calibrate
