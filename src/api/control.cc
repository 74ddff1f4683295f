#include "api/control.h"

#include "base/error.h"

namespace hlwq::api {

ProgressCallback ProgressFor(const Control& control) {
  if (!control.on_progress && !control.stop.stop_possible()) return {};
  return [control](const ProgressUpdate& update) {
    if (control.stop.stop_requested()) {
      throw Error(ErrorCode::kCancelled, "cancelled while at '" + std::string(update.item) + "'");
    }
    if (control.on_progress) control.on_progress(update);
  };
}

TokenProgressCallback TokenProgressFor(const Control& control) {
  const ProgressCallback progress = ProgressFor(control);
  if (!progress) return {};
  return [progress](const TokenProgress&) { progress({.item = "calibrating"}); };
}

}  // namespace hlwq::api
