#include "convert/job.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/backend.h"
#include "convert/quantize.h"
#include "tests/support/codec_name.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Stop : std::exception {};

// Runs until `chunks` chunks are written, then throws as a full disk or a kill would.
void RunUntil(const fs::path& source, const fs::path& destination, QuantizeOptions options,
              int chunks) {
  options.output.threads = 2;
  options.output.progress = [&](const ProgressUpdate&) {
    if (--chunks < 0) throw Stop();
  };
  EXPECT_THROW(
      Quantize(checkpoint::OpenCheckpoint(source), destination, options, codec::ReferenceBackend()),
      Stop);
}

ConversionResult Resume(const fs::path& source, const fs::path& destination,
                        QuantizeOptions options) {
  options.output.destination.resume = true;
  return Quantize(checkpoint::OpenCheckpoint(source), destination, options,
                  codec::ReferenceBackend());
}

std::string ResumeError(const fs::path& source, const fs::path& destination, ErrorCode code,
                        QuantizeOptions options) {
  try {
    Resume(source, destination, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "no error";
}

// With each codec.
class JobTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  JobTest() {
    options_.codec = codec::DefaultSpec(GetParam());
    test::WriteSmallLlama(dir_ / "src");
    Quantize(checkpoint::OpenCheckpoint(dir_ / "src"), dir_ / "want", options_,
             codec::ReferenceBackend());
  }
  test::TempDir dir_;
  QuantizeOptions options_;
};
INSTANTIATE_TEST_SUITE_P(Codecs, JobTest, ::testing::ValuesIn(codec::CodecNames()),
                         test::CodecTestName);

TEST_P(JobTest, ResumeAtEveryPointGivesTheBytesOfAnUndisturbedRun) {
  const auto want = test::FolderContent(dir_ / "want");
  for (int chunks = 0; chunks < 20; ++chunks) {
    const fs::path dst = dir_ / ("dst" + std::to_string(chunks));
    RunUntil(dir_ / "src", dst, options_, chunks);
    EXPECT_FALSE(fs::exists(dst));
    const ConversionResult result = Resume(dir_ / "src", dst, options_);
    if (chunks > 2) {
      EXPECT_GT(result.job.resumed_bytes, 0u);
    }
    EXPECT_EQ(test::FolderContent(dst), want) << chunks;
    EXPECT_FALSE(fs::exists(dst.string() + ".partial"));
  }
}

TEST_P(JobTest, DamagedShardsAreDoneAgain) {
  RunUntil(dir_ / "src", dir_ / "dst", options_, 15);
  for (const auto& item : fs::directory_iterator(dir_ / "dst.partial")) {
    if (item.path().extension() != ".partial") continue;
    const File file = File::OpenForWrite(item.path());
    const std::string zeros(file.SizeBytes() / 2, '\0');
    file.WriteAt(0, std::as_bytes(std::span(zeros)));
  }
  Resume(dir_ / "src", dir_ / "dst", options_);
  EXPECT_EQ(test::FolderContent(dir_ / "dst"), test::FolderContent(dir_ / "want"));
}

TEST_P(JobTest, ResumeOfAFinishedFolderIsANoOp) {
  const ConversionResult result = Resume(dir_ / "src", dir_ / "want", options_);
  EXPECT_TRUE(result.job.was_complete);
  EXPECT_EQ(result.job.source_bytes, 0u);
}

TEST_P(JobTest, ResumeOfAFolderThatOnlyLacksItsNameRenamesIt) {
  fs::copy(dir_ / "want", dir_ / "dst.partial");
  const ConversionResult result = Resume(dir_ / "src", dir_ / "dst", options_);
  EXPECT_TRUE(result.job.was_complete);
  EXPECT_EQ(test::FolderContent(dir_ / "dst"), test::FolderContent(dir_ / "want"));
  EXPECT_FALSE(fs::exists(dir_ / "dst.partial"));
}

TEST_P(JobTest, HalfWrittenSmallFilesDoNotReachTheResult) {
  RunUntil(dir_ / "src", dir_ / "dst", options_, 5);
  WriteFileAtomically(dir_ / "dst.partial" / "config.json.tmp.123", "{");
  Resume(dir_ / "src", dir_ / "dst", options_);
  EXPECT_EQ(test::FolderContent(dir_ / "dst"), test::FolderContent(dir_ / "want"));
}

TEST_P(JobTest, AJournalOfAnotherNumberOfSourcesIsRefused) {
  RunUntil(dir_ / "src", dir_ / "dst", options_, 5);
  const fs::path path = dir_ / "dst.partial" / "journal.jsonl";
  std::string text = ReadSmallFile(path, 1 << 20);
  const size_t begin = text.find("\"sources\":[") + 11;
  text.erase(begin, text.find("}]", begin) + 1 - begin);
  WriteFileAtomically(path, text);
  EXPECT_THAT(ResumeError(dir_ / "src", dir_ / "dst", ErrorCode::kSourceChanged, options_),
              HasSubstr("changed"));
}

TEST_P(JobTest, ResumeWithOtherOptionsIsRefused) {
  RunUntil(dir_ / "src", dir_ / "dst", options_, 5);
  QuantizeOptions other = options_;
  other.recipe.bits = 4;
  EXPECT_THAT(ResumeError(dir_ / "src", dir_ / "dst", ErrorCode::kInvalidArgument, other),
              HasSubstr("begun as"));
}

TEST_P(JobTest, ResumeWithAnotherCodecIsRefusedNamingBoth) {
  RunUntil(dir_ / "src", dir_ / "dst", options_, 5);
  for (const std::string_view name : codec::CodecNames()) {
    QuantizeOptions other;
    other.codec = codec::DefaultSpec(name);
    if (auto* hlwq = std::get_if<codec::HlwqParameters>(&other.codec.parameters)) {
      if (name == GetParam()) hlwq->scale_rule = codec::ScaleRule::kNorm;
    } else if (name == GetParam()) {
      std::get<codec::TrellisParameters>(other.codec.parameters).effort = "best";
    }
    EXPECT_THAT(ResumeError(dir_ / "src", dir_ / "dst", ErrorCode::kInvalidArgument, other),
                testing::AllOf(HasSubstr("begun as 'quantize codec=" + std::string(GetParam())),
                               HasSubstr("not 'quantize codec=" + std::string(name)),
                               HasSubstr("scale=" + codec::DescribeSpec(other.codec).scale_rule)));
  }
}

TEST_P(JobTest, AChangedSourceIsRefusedAndATouchedOneIsNot) {
  RunUntil(dir_ / "src", dir_ / "dst", options_, 15);
  const fs::path shard = dir_ / "src" / "model.safetensors";
  fs::last_write_time(shard, fs::file_time_type::clock::now());
  fs::copy(dir_ / "dst.partial", dir_ / "copy.partial");
  Resume(dir_ / "src", dir_ / "dst", options_);
  EXPECT_EQ(test::FolderContent(dir_ / "dst"), test::FolderContent(dir_ / "want"));

  const auto source = checkpoint::OpenCheckpoint(dir_ / "src");
  const auto& first = std::get<checkpoint::PlainStorage>(source.tensors[0].storage).range;
  const std::byte flipped{0x55};
  File::OpenForWrite(shard).WriteAt(first.offset, std::span(&flipped, 1));
  EXPECT_THAT(ResumeError(dir_ / "src", dir_ / "copy", ErrorCode::kSourceChanged, options_),
              HasSubstr(source.tensors[0].name));
}

TEST_P(JobTest, ASourceOfOtherShapeIsRefused) {
  RunUntil(dir_ / "src", dir_ / "dst", options_, 5);
  fs::remove_all(dir_ / "src");
  test::WriteSmallLlama(dir_ / "src", 3);
  EXPECT_THAT(ResumeError(dir_ / "src", dir_ / "dst", ErrorCode::kSourceChanged, options_),
              HasSubstr("changed"));
}

TEST_P(JobTest, TruncationWhileReadingLeavesNothingThatLooksFinished) {
  const auto source = checkpoint::OpenCheckpoint(dir_ / "src");
  fs::resize_file(dir_ / "src" / "model.safetensors",
                  fs::file_size(dir_ / "src" / "model.safetensors") / 2);
  try {
    Quantize(source, dir_ / "dst", options_, codec::ReferenceBackend());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.what(), HasSubstr("file ends early"));
  }
  EXPECT_FALSE(fs::exists(dir_ / "dst"));
}

TEST_P(JobTest, OverwriteReplacesAFinishedFolderWhole) {
  QuantizeOptions options = options_;
  options.recipe.bits = 3;
  options.output.destination.overwrite = true;
  fs::copy(dir_ / "want", dir_ / "dst");
  Quantize(checkpoint::OpenCheckpoint(dir_ / "src"), dir_ / "dst", options,
           codec::ReferenceBackend());
  options.output.destination.overwrite = false;
  Quantize(checkpoint::OpenCheckpoint(dir_ / "src"), dir_ / "fresh", options,
           codec::ReferenceBackend());
  EXPECT_EQ(test::FolderContent(dir_ / "dst"), test::FolderContent(dir_ / "fresh"));
  EXPECT_FALSE(fs::exists(dir_ / "dst.partial"));
}

}  // namespace
}  // namespace hlwq::convert
