// The life of an output folder. Work happens in "<DST>.partial", whose shards are called
// "*.partial"; a finished folder appears as DST by one rename.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "checkpoint/checkpoint.h"
#include "convert/output_layout.h"

namespace hlwq::convert {

// Where the work for a destination happens.
std::filesystem::path StagingFolder(const std::filesystem::path& destination);

struct DestinationOptions {
  bool resume = false;     // continue an unfinished folder
  bool overwrite = false;  // replace a finished folder, discard an unfinished one
};

class Staging {
 public:
  // Throws Error{kInvalidArgument} when DST holds the source, Error{kAlreadyExists} when an unfinished
  // folder is in the way and `options` does not say what to do with it, or when something that hlwq
  // did not leave has its name. Creates nothing.
  Staging(std::filesystem::path destination, const checkpoint::Checkpoint& source,
          DestinationOptions options);

  const std::filesystem::path& destination() const noexcept { return destination_; }
  const std::filesystem::path& folder() const noexcept { return folder_; }
  std::filesystem::path journal_path() const { return folder_ / "journal.jsonl"; }
  bool has_unfinished() const noexcept { return has_unfinished_; }

  // Throws Error{kAlreadyExists} when DST exists and is not empty, unless it may be overwritten and
  // hlwq wrote it.
  void RequireFreeDestination();
  // Starts from nothing: an empty folder. Throws Error{kAlreadyExists} when another process is at
  // work in the one that is there.
  void Create();
  // Removes what a killed run left and a resumed one does not take over (half-written small files).
  void RemoveLeftovers(const OutputLayout& layout) const;
  // Opens each shard, creating it with its header and its full length where it is not there yet.
  // Reserves disk space: a full disk shows here.
  std::vector<File> OpenShards(const OutputLayout& layout) const;

  // Publishes: syncs, gives shards and folder their final names. After it returns DST is whole.
  void Publish(const OutputLayout& layout, std::span<const File> shards);
  // The last step of Publish: gives a whole folder its final name.
  void PublishFolder();

  // Removes the staging folder and all in it.
  void Discard() noexcept;
  // The same, unless another process is at work in it: then throws Error{kAlreadyExists}.
  void DiscardUnused();

 private:
  bool IsOwnFolder() const;

  std::filesystem::path destination_;
  std::filesystem::path folder_;
  DestinationOptions options_;
  bool has_unfinished_ = false;
  bool replaces_destination_ = false;
};

}  // namespace hlwq::convert
