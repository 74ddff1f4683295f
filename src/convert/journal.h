// The record of a job in progress: which tasks are done and what they produced. One JSON line each,
// appended after the task's bytes were written, so that a killed job can go on where it stopped
// (docs/format.md, "Unfinished folders").
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "codec/error_stats.h"

namespace hlwq::convert {

struct JournalSource {
  std::string name;
  FileIdentity identity;
  uint64_t header_xxh3 = 0;
};

// First line: what the job is. A resumed job must agree with it.
struct JournalHeader {
  std::string operation;  // "quantize"
  std::string options;    // in words, for the message when they differ
  uint64_t plan_xxh3 = 0;
  std::vector<JournalSource> sources;
};

// A finished task.
struct JournalEntry {
  size_t task = 0;
  uint64_t source_xxh3 = 0;            // of the source bytes it read
  std::vector<uint64_t> outputs_xxh3;  // of its outputs, in order
  codec::ErrorStats stats;
};

struct JournalContent {
  JournalHeader header;
  std::vector<JournalEntry> entries;
  uint64_t valid_bytes = 0;  // up to the last whole line
};

// Reads what a killed job left, up to the first line that is torn or damaged: what comes after is done
// again. Empty when there is no whole header. Throws Error{kUnsupported} for a journal of another version.
std::optional<JournalContent> ParseJournal(std::string_view text);
// The same for a file; empty when it is absent. Errors name the path.
std::optional<JournalContent> ReadJournal(const std::filesystem::path& path);

// Appends lines, each with one write. Holds an exclusive lock on the file while it lives.
class JournalWriter {
 public:
  // Opens or creates the journal and cuts it to `keep_bytes`. Throws Error{kAlreadyExists} when
  // another process is writing it.
  JournalWriter(const std::filesystem::path& path, uint64_t keep_bytes);

  void Write(const JournalHeader& header);
  void Write(const JournalEntry& entry);

 private:
  File file_;
  uint64_t position_ = 0;
};

}  // namespace hlwq::convert
