// What the paper found, beside what this study sees.
#pragma once

#include <string>
#include <vector>

#include "study/report/study_report.h"

namespace hlwq::study {

// Of the validation curve of one run.
struct Turn {
  uint64_t best_step = 0, last_step = 0;
  double best_nll = 0, last_nll = 0;
  double last_error = 0;

  // The loss rises again: it ends higher than its lowest by more than two standard errors, which it had before nine tenths
  // of the way.
  bool HasTurned() const noexcept;
  // It is lowest at the last evaluation, or in the last tenth.
  bool IsFalling() const noexcept;
};
// Nothing of a run without two evaluations.
std::vector<Turn> TurnsOf(const StudyReport& report, std::string_view arm);

ReportTable MakeFindings(const StudyReport& report);

}  // namespace hlwq::study
