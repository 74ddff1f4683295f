// quantize --calibrate.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "calibrate/calibration.h"
#include "chat/text_model.h"
#include "cli/arguments.h"
#include "cli/progress.h"

namespace hlwq::cli {

// The model that calibrates itself, and what it says. Lives as long as the conversion.
class CalibrationRun {
 public:
  // Opens the model at `source`, and writes or reads the text. Throws Error{kInvalidArgument} for a text
  // that is shorter than asked for.
  CalibrationRun(const Arguments& arguments, const std::string& source,
                 const std::filesystem::path& destination);

  // Borrows this object.
  const convert::Calibration& calibration() const noexcept { return calibration_; }

 private:
  chat::TextModel model_;
  ProgressPrinter progress_;
  convert::Calibration calibration_;
  std::unique_ptr<calibrate::Calibration> feedback_;

  calibrate::TokenSequences SelfText(const Arguments& arguments);
  calibrate::TokenSequences Recorded(const std::filesystem::path& path);
  calibrate::TokenSequences TextOf(const Arguments& arguments, const std::filesystem::path& path);
};

}  // namespace hlwq::cli
