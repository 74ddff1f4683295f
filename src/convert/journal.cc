#include "convert/journal.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "checkpoint/tensor_report.h"

namespace hlwq::convert {
namespace {

using nlohmann::json;

constexpr int kJournalVersion = 1;
constexpr uint64_t kMaxJournalBytes = uint64_t{4} << 30;

json IdentityToJson(const FileIdentity& identity) {
  return {identity.device, identity.inode, identity.size_bytes, identity.modified_ns,
          identity.changed_ns};
}

FileIdentity IdentityFromJson(const json& list) {
  return {UnsignedValue(list.at(0)), UnsignedValue(list.at(1)), UnsignedValue(list.at(2)),
          IntegerValue(list.at(3)), IntegerValue(list.at(4))};
}

uint64_t Hash(const json& value) { return HashFromHex(value.get_ref<const std::string&>()); }

JournalHeader HeaderFromJson(const json& line) {
  if (IntegerValue(line.at("journal_version")) != kJournalVersion) {
    throw Error(ErrorCode::kUnsupported,
                "written by another version of hlwq; --overwrite starts anew");
  }
  JournalHeader header;
  header.operation = line.at("operation").get<std::string>();
  header.options = line.at("options").get<std::string>();
  header.plan_xxh3 = Hash(line.at("plan_xxh3"));
  for (const json& source : line.at("sources")) {
    header.sources.push_back({source.at("name").get<std::string>(),
                              IdentityFromJson(source.at("identity")),
                              Hash(source.at("header_xxh3"))});
  }
  return header;
}

JournalEntry EntryFromJson(const json& line) {
  JournalEntry entry;
  if (!line.at("task").is_number_unsigned()) {
    throw Error(ErrorCode::kInvalidData, "task: want a number");
  }
  entry.task = UnsignedValue(line.at("task"));
  entry.source_xxh3 = Hash(line.at("source_xxh3"));
  for (const json& output : line.at("outputs")) entry.outputs_xxh3.push_back(Hash(output));
  entry.stats = checkpoint::ErrorsFromJson(line.at("stats"));
  return entry;
}

}  // namespace

std::optional<JournalContent> ParseJournal(std::string_view text) {
  JournalContent content;
  bool has_header = false;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    try {
      const json line = ParseJson(text.substr(begin, end - begin));
      if (!has_header) {
        content.header = HeaderFromJson(line);
        has_header = true;
      } else {
        content.entries.push_back(EntryFromJson(line));
      }
    } catch (const json::exception&) {
      break;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kUnsupported) throw;
      break;
    }
    begin = end + 1;
    content.valid_bytes = begin;
  }
  if (!has_header) return std::nullopt;
  return content;
}

std::optional<JournalContent> ReadJournal(const std::filesystem::path& path) {
  std::error_code failure;
  if (!std::filesystem::exists(path, failure)) return std::nullopt;
  const std::string text = ReadSmallFile(path, kMaxJournalBytes);
  return WithContext(path.string(), [&] { return ParseJournal(text); });
}

JournalWriter::JournalWriter(const std::filesystem::path& path, uint64_t keep_bytes)
    : file_(File::OpenForWrite(path)) {
  if (!file_.TryLock()) {
    throw Error(ErrorCode::kAlreadyExists,
                path.string() + ": another process is writing this output");
  }
  file_.Truncate(keep_bytes);
  position_ = keep_bytes;
}

void JournalWriter::Write(const JournalHeader& header) {
  json line = {{"journal_version", kJournalVersion},
               {"operation", header.operation},
               {"options", header.options},
               {"plan_xxh3", HashToHex(header.plan_xxh3)},
               {"sources", json::array()}};
  for (const JournalSource& source : header.sources) {
    line["sources"].push_back({{"name", source.name},
                               {"identity", IdentityToJson(source.identity)},
                               {"header_xxh3", HashToHex(source.header_xxh3)}});
  }
  const std::string text = line.dump() + "\n";
  file_.WriteAt(position_, std::as_bytes(std::span(text)));
  position_ += text.size();
}

void JournalWriter::Write(const JournalEntry& entry) {
  json line = {{"task", entry.task},
               {"source_xxh3", HashToHex(entry.source_xxh3)},
               {"outputs", json::array()},
               {"stats", checkpoint::ErrorsToJson(entry.stats)}};
  for (const uint64_t hash : entry.outputs_xxh3) line["outputs"].push_back(HashToHex(hash));
  const std::string text = line.dump() + "\n";
  file_.WriteAt(position_, std::as_bytes(std::span(text)));
  position_ += text.size();
}

}  // namespace hlwq::convert
