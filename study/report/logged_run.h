// What the trainer wrote down of a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hlwq::study {

struct LoggedStep {
  uint64_t step = 0;
  uint64_t tokens = 0;  // so far
  double loss = 0;      // nats a token
  double tokens_per_second = 0;

  bool operator==(const LoggedStep&) const = default;
};

struct LoggedEvaluation {
  uint64_t step = 0;
  std::string split;  // "validation", "train"
  double nll = 0;     // nats a token: exact, or an upper bound
  double error = 0;   // standard error

  bool operator==(const LoggedEvaluation&) const = default;
};

struct LoggedRun {
  std::string arm;
  uint64_t seed = 0;
  std::vector<LoggedStep> steps;
  std::vector<LoggedEvaluation> evaluations;
};

// Reads a log.jsonl. A run that was killed goes on from an earlier step: what an earlier attempt logged from there
// on is left out. A last line that was not finished is too. A missing file is a run that has not begun. Throws
// Error{kInvalidData} naming the file and the line.
LoggedRun ReadLoggedRun(const std::filesystem::path& path, std::string arm, uint64_t seed);

// Of one split, in order.
std::vector<LoggedEvaluation> EvaluationsOf(const LoggedRun& log, std::string_view split);
// Of an even number the upper one of the two in the middle; 0 for none.
double MedianOf(std::vector<double> values);
// The median of what was logged, which other work on the machine for a while does not move; 0 for none.
double TokensPerSecond(const LoggedRun& log);

}  // namespace hlwq::study
