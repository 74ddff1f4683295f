#include "convert/job.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/error.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "convert/journal.h"
#include "convert/safetensors_layout.h"
#include "convert/stream.h"
#include "hlwq/version.h"
#include "io/shard_index.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;

// Runs one job; the members are what its steps share.
class JobRun {
 public:
  JobRun(Job& job, const Checkpoint& source, const fs::path& destination,
         const OutputOptions& options)
      : job_(job),
        source_(source),
        options_(options),
        layout_(job.layout ? *std::move(job.layout)
                           : LayOutSafetensors(job.outputs, options.max_shard_bytes)),
        staging_(destination, source, options.destination),
        results_(job.tasks.size()) {
    for (const File& file : source.files) {
      identities_.push_back(file.Identity());
    }
    for (const checkpoint::SideFile& file : job.side_files) {
      side_files_.emplace_back(file.name, checkpoint::ReadSideFile(file));
    }
    RequireWritableNames();
    plan_xxh3_ = PlanHash();
  }

  JobResult Run() {
    const auto start = std::chrono::steady_clock::now();
    if (options_.destination.resume) {
      if (auto finished = FinishedIn(staging_.destination())) {
        if (staging_.has_unfinished()) staging_.DiscardUnused();
        return std::move(*finished);
      }
    }
    staging_.RequireFreeDestination();
    std::optional<JournalContent> journal;
    if (options_.destination.resume && staging_.has_unfinished()) {
      journal = ReadJournal(staging_.journal_path());
      // Killed with all done but the last renaming: the journal goes when the rest is safe on disk.
      if (!journal && !fs::exists(staging_.journal_path())) {
        if (auto finished = FinishedIn(staging_.folder())) {
          staging_.PublishFolder();
          return std::move(*finished);
        }
      }
    }
    const bool is_fresh = !journal;
    if (is_fresh) staging_.Create();
    JournalWriter writer(staging_.journal_path(), is_fresh ? 0 : journal->valid_bytes);
    std::vector<File> shards;
    try {
      if (is_fresh) {
        writer.Write(Header());
      } else {
        CheckSameJob(journal->header);
        staging_.RemoveLeftovers(layout_);
      }
      shards = staging_.OpenShards(layout_);
    } catch (...) {
      if (is_fresh) staging_.Discard();  // nothing in it is worth a resume
      throw;
    }
    for (const auto& [name, content] : side_files_) {
      if (name == job_.first_side_file) WriteFileAtomically(staging_.folder() / name, content);
    }
    if (!is_fresh) TakeOver(*journal, shards);
    try {
      Stream(writer, shards);
    } catch (const Error& error) {
      // Such a source fails again however often it is resumed.
      if (error.code() == ErrorCode::kNonFinite) staging_.Discard();
      throw;
    }
    CheckSourceUntouched();
    CompleteManifest();
    WriteSmallFiles();
    staging_.Publish(layout_, shards);
    result_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(result_);
  }

 private:
  // The manifest is JSON: a name that is not UTF-8 must stop the job before it starts, not at its end.
  void RequireWritableNames() const {
    const auto require = [](const std::string& name) {
      if (IsValidUtf8(name)) return;
      throw Error(ErrorCode::kUnsupported, "'" + name + "': want a file name in UTF-8");
    };
    for (size_t file = 0; file < source_.files.size(); ++file) require(SourceName(file));
    for (const auto& [name, content] : side_files_) require(name);
  }

  // Hash of everything that determines the output: a resumed job must have the same.
  uint64_t PlanHash() const {
    Xxh3Stream hash;
    const auto add = [&](std::string_view text) {
      const uint64_t size = text.size();
      hash.Update(std::as_bytes(std::span(&size, 1)));
      hash.Update(std::as_bytes(std::span(text)));
    };
    add(kVersion);
    add(job_.operation);
    add(job_.options);
    for (const OutputShard& shard : layout_.shards()) {
      add(shard.file_name);
      add(shard.header);
    }
    for (const auto& task : job_.tasks) add(task->name);
    for (const auto& [name, content] : side_files_) {
      add(name);
      add(content);
    }
    hash.Update(std::as_bytes(std::span(source_.header_hashes)));
    return hash.Digest();
  }

  std::string SourceName(size_t file) const {
    return source_.files[file].path().filename().string();
  }

  JournalHeader Header() const {
    JournalHeader header{job_.operation, job_.options, plan_xxh3_, {}};
    for (size_t file = 0; file < source_.files.size(); ++file) {
      header.sources.push_back({SourceName(file), identities_[file], source_.header_hashes[file]});
    }
    return header;
  }

  std::optional<JobResult> FinishedIn(const fs::path& folder) const {
    auto manifest = checkpoint::ReadManifest(folder);
    if (!manifest || manifest->plan_xxh3 != plan_xxh3_) return std::nullopt;
    JobResult result;
    result.was_complete = true;
    result.output_bytes = layout_.data_bytes();
    result.manifest = std::move(*manifest);
    return result;
  }

  void CheckSameJob(const JournalHeader& earlier) const {
    const std::string where = staging_.folder().string();
    if (earlier.operation != job_.operation || earlier.options != job_.options) {
      throw Error(ErrorCode::kInvalidArgument, where + ": begun as '" + earlier.operation + " " +
                                                   earlier.options + "', not '" + job_.operation +
                                                   " " + job_.options + "'");
    }
    if (earlier.sources.size() == source_.files.size()) {
      for (size_t file = 0; file < source_.files.size(); ++file) {
        if (earlier.sources[file].header_xxh3 != source_.header_hashes[file]) {
          throw Error(ErrorCode::kSourceChanged,
                      source_.files[file].path().string() +
                          ": its header changed since the run that is being resumed");
        }
      }
    }
    if (earlier.plan_xxh3 != plan_xxh3_ || earlier.sources.size() != source_.files.size()) {
      throw Error(ErrorCode::kSourceChanged,
                  where +
                      ": the source or the version of hlwq changed since this run began; "
                      "--overwrite starts anew");
    }
  }

  // Accepts what an earlier run finished, after a look at the bytes: a task whose output is not what
  // was recorded (a crash of the machine, say) is done again; a source that changed is an error.
  void TakeOver(const JournalContent& journal, std::span<const File> shards) {
    bool is_source_touched = false;
    for (size_t file = 0; file < source_.files.size(); ++file) {
      is_source_touched |= !(journal.header.sources[file].identity == identities_[file]);
    }
    ProgressUpdate update = NewProgress();
    for (const JournalEntry& entry : journal.entries) {
      if (entry.task >= job_.tasks.size()) continue;
      const Task& task = *job_.tasks[entry.task];
      update.item = task.name;
      if (options_.progress) options_.progress(update);
      if (entry.outputs_xxh3.size() != task.outputs.size() + task.constants.size()) continue;
      if (is_source_touched && HashTaskSource(task) != entry.source_xxh3) {
        throw Error(ErrorCode::kSourceChanged,
                    source_.root.string() + ": '" + task.name +
                        "' changed since the run that is being resumed; --overwrite starts anew");
      }
      if (!HasRecordedOutputs(task, entry, shards)) continue;
      results_[entry.task] = TaskResult{entry.source_xxh3, entry.outputs_xxh3,
                                        std::make_unique<codec::ErrorStats>(entry.stats)};
      result_.resumed_bytes += task.SourceBytes({0, task.rows});
      ++update.tensors_done;
      update.bytes_done = update.bytes_skipped = result_.resumed_bytes;
    }
  }

  ProgressUpdate NewProgress() const {
    ProgressUpdate update{.tensors_total = job_.tasks.size()};
    for (const auto& task : job_.tasks) update.bytes_total += task->SourceBytes({0, task->rows});
    return update;
  }

  bool HasRecordedOutputs(const Task& task, const JournalEntry& entry,
                          std::span<const File> shards) const {
    std::vector<std::byte> buffer(kChunkBytes);
    const auto is_intact = [&](size_t tensor, uint64_t want) {
      const OutputPlace& place = layout_.place(tensor);
      Xxh3Stream hash;
      for (uint64_t done = 0; done < job_.outputs[tensor].bytes;) {
        const auto part = std::span(buffer).first(
            std::min<uint64_t>(buffer.size(), job_.outputs[tensor].bytes - done));
        shards[place.shard].ReadAt(place.offset + done, part);
        hash.Update(part);
        done += part.size();
      }
      return hash.Digest() == want;
    };
    size_t index = 0;
    for (const TaskOutput& output : task.outputs) {
      if (!is_intact(output.tensor, entry.outputs_xxh3[index++])) return false;
    }
    for (const ConstantOutput& constant : task.constants) {
      if (!is_intact(constant.tensor, entry.outputs_xxh3[index++])) return false;
    }
    return true;
  }

  void Stream(JournalWriter& writer, std::span<const File> shards) {
    std::vector<size_t> todo;
    ProgressUpdate update = NewProgress();
    for (size_t task = 0; task < job_.tasks.size(); ++task) {
      if (!results_[task]) todo.push_back(task);
    }
    std::ranges::stable_sort(todo, {}, [&](size_t task) { return job_.tasks[task]->turn; });
    update.tensors_done = job_.tasks.size() - todo.size();
    update.bytes_done = update.bytes_skipped = result_.resumed_bytes;
    StreamCallbacks callbacks;
    callbacks.on_task_done = [&](size_t task, TaskResult done) {
      writer.Write({task, done.source_xxh3, done.outputs_xxh3, *done.stats});
      results_[task] = std::move(done);
      ++update.tensors_done;
    };
    callbacks.on_chunk_done = [&](size_t task, uint64_t bytes) {
      result_.source_bytes += bytes;
      update.bytes_done += bytes;
      update.item = job_.tasks[task]->name;
      if (options_.progress) options_.progress(update);
    };
    RunStream(job_.tasks, todo, layout_, shards, options_.threads, callbacks);
  }

  void CheckSourceUntouched() const {
    for (size_t file = 0; file < source_.files.size(); ++file) {
      if (!(source_.files[file].Identity() == identities_[file])) {
        throw Error(ErrorCode::kSourceChanged,
                    source_.files[file].path().string() + ": changed while it was being read");
      }
    }
  }

  // Fills in what only the finished stream knows.
  void CompleteManifest() {
    checkpoint::Manifest& manifest = result_.manifest;
    manifest.tool_version = kVersion;
    manifest.operation = job_.operation;
    manifest.calibration = job_.calibration;
    manifest.plan_xxh3 = plan_xxh3_;
    manifest.reports = std::move(job_.reports);
    std::vector<Xxh3Stream> source_hashes(source_.files.size());
    const auto add = [](Xxh3Stream& hash, const uint64_t& value) {
      hash.Update(std::as_bytes(std::span(&value, 1)));
    };
    for (size_t file = 0; file < source_.files.size(); ++file) {
      add(source_hashes[file], source_.header_hashes[file]);
    }
    for (size_t index = 0; index < job_.tasks.size(); ++index) {
      const Task& task = *job_.tasks[index];
      TaskResult& done = *results_[index];
      if (!source_hashes.empty()) add(source_hashes[task.source_file], done.source_xxh3);
      size_t output = 0;
      for (const TaskOutput& o : task.outputs) {
        manifest.tensors[job_.outputs[o.tensor].name] = done.outputs_xxh3[output++];
      }
      for (const ConstantOutput& c : task.constants) {
        manifest.tensors[job_.outputs[c.tensor].name] = done.outputs_xxh3[output++];
      }
      auto& errors = manifest.reports[task.report].errors;
      if (errors) errors->Merge(*done.stats);
      done.stats.reset();  // a large model has tens of thousands of them
    }
    for (size_t file = 0; file < source_.files.size(); ++file) {
      manifest.sources.push_back({source_.files[file].path().filename().string(),
                                  identities_[file].size_bytes, source_hashes[file].Digest()});
    }
  }

  void WriteSmallFiles() {
    checkpoint::Manifest& manifest = result_.manifest;
    if (job_.describe) {
      for (checkpoint::SideFile& file : job_.describe(manifest)) {
        side_files_.emplace_back(file.name, std::move(file.content));
      }
    }
    if (layout_.shards().size() > 1) {
      io::ShardIndex index;
      index.total_size_bytes = layout_.data_bytes();
      for (size_t tensor = 0; tensor < job_.outputs.size(); ++tensor) {
        index.file_of_tensor[job_.outputs[tensor].name] =
            layout_.shards()[layout_.place(tensor).shard].file_name;
      }
      side_files_.emplace_back("model.safetensors.index.json", io::SerializeShardIndex(index));
    }
    for (const OutputShard& shard : layout_.shards()) {
      manifest.files[shard.file_name] = {shard.file_bytes, true,
                                         Xxh3(std::as_bytes(std::span(shard.header)))};
      result_.output_bytes += shard.file_bytes;
    }
    for (const auto& [name, content] : side_files_) {
      const fs::path path = staging_.folder() / name;
      if (const fs::path folder = path.parent_path(); folder != staging_.folder()) {
        std::error_code failure;
        fs::create_directory(folder, failure);
        if (failure) throw Error(ErrorCode::kIo, folder.string() + ": " + failure.message());
      }
      WriteFileAtomically(path, content);
      manifest.files[name] = {content.size(), false, Xxh3(std::as_bytes(std::span(content)))};
      result_.output_bytes += content.size();
    }
    WriteFileAtomically(staging_.folder() / checkpoint::kManifestFileName,
                        checkpoint::SerializeManifest(manifest));
  }

  Job& job_;  // its reports move into the manifest at the end
  const Checkpoint& source_;
  const OutputOptions& options_;
  OutputLayout layout_;
  Staging staging_;
  std::vector<FileIdentity> identities_;
  std::vector<std::pair<std::string, std::string>> side_files_;  // name, content
  uint64_t plan_xxh3_ = 0;
  std::vector<std::optional<TaskResult>> results_;
  JobResult result_;
};

}  // namespace

JobResult RunJob(Job job, const Checkpoint& source, const fs::path& destination,
                 const OutputOptions& options) {
  return JobRun(job, source, destination, options).Run();
}

}  // namespace hlwq::convert
