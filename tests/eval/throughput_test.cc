#include "eval/throughput.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "eval/device_read.h"
#include "eval/plain_read.h"
#include "tests/support/shared_data.h"

namespace hlwq::eval {
namespace {

using report::Samples;
using report::ThreadThroughput;
using report::ThroughputResult;
using report::ThroughputToCsv;
using report::ThroughputToJson;
using report::ThroughputToMarkdown;
using report::ThroughputToText;
using testing::HasSubstr;

ThroughputOptions SmallOptions() {
  return {.prompt_tokens = 12,
          .decode_tokens = 5,
          .threads = {2, 1},
          .repetitions = 3,
          .read_bytes = 1 << 20,
          .load_seconds = 0.5};
}

ThroughputResult MeasureSmall(const ThroughputOptions& options) {
  runtime::Engine engine(test::Golden("good/gguf/llama-bpe/model.gguf"), {});
  return MeasureThroughput(engine, options);
}

TEST(PlainReader, ReadsAllWithAnyNumberOfThreads) {
  // Not a multiple of what a thread takes at a time. It throws when a word was missed or read twice.
  PlainReader reader((size_t{9} << 20) + 8);
  for (const int threads : {1, 2, 5}) {
    WorkerPool pool(threads);
    EXPECT_GT(reader.Measure(pool), 0) << threads;
  }
  WorkerPool pool(2);
  EXPECT_GT(PlainReader(1).Measure(pool), 0);
}

TEST(Throughput, MeasuresEachNumberOfThreadsAsOftenAsAsked) {
  ThroughputOptions options = SmallOptions();
  uint64_t done = 0, total = 1;
  options.progress = [&](const TokenProgress& progress) {
    EXPECT_GT(progress.tokens_done, done);
    done = progress.tokens_done;
    total = progress.tokens_total;
  };
  const ThroughputResult result = MeasureSmall(options);
  EXPECT_EQ(done, total);
  ASSERT_EQ(result.threads.size(), 2u);
  EXPECT_EQ(result.threads[0].threads, 2);
  for (const ThreadThroughput& row : result.threads) {
    for (const Samples* samples : {&row.prefill, &row.decode, &row.plain_read, &row.decode_share}) {
      EXPECT_EQ(samples->values.size(), 3u);
      EXPECT_GT(samples->Min(), 0);
    }
    EXPECT_DOUBLE_EQ(row.decode_share.values[1],
                     static_cast<double>(result.weight_bytes_per_token) * row.decode.values[1] /
                         row.plain_read.values[1]);
  }
  // 2 layers, 1 key-value head of 32, half precision, contexts of 1 to 5 tokens.
  EXPECT_DOUBLE_EQ(result.kv_bytes_per_token, 2 * 2 * 32 * 2 * 3.0);
  EXPECT_EQ(result.load_seconds, 0.5);
  EXPECT_GT(result.first_token_seconds, 0);
  EXPECT_GT(result.resident_bytes, 1u << 20);
}

TEST(DeviceReader, ReadsFilesSmallerThanAStretchToo) {
  std::vector<File> files;
  for (const char* name : {"config.json", "golden.st"}) {
    files.push_back(File::OpenForRead(test::Golden("good/models/qwen3_5_moe") / name));
  }
  DeviceReader reader(files, 50'000);
  EXPECT_GT(reader.Measure(1 << 20), 0);
  EXPECT_GT(reader.Measure(1), 0);
}

TEST(Throughput, APartOfTheExpertsIsComparedWithTheDevice) {
  ThroughputOptions options = SmallOptions();
  options.threads = {1};
  runtime::Engine engine(test::Golden("good/models/qwen3_5_moe"), {});
  engine.CacheExperts({.size = runtime::SlotsPerLayer{2}});
  const ThroughputResult result = MeasureThroughput(engine, options);
  const ThreadThroughput& row = result.threads.front();
  EXPECT_TRUE(row.plain_read.empty());
  EXPECT_TRUE(row.decode_share.empty());
  for (const Samples* samples :
       {&row.experts.hit_rate, &row.experts.bytes_per_token, &row.experts.waited,
        &row.experts.device_read, &row.experts.device_share}) {
    EXPECT_EQ(samples->values.size(), 3u);
  }
  EXPECT_GT(row.experts.bytes_per_token.Min(), 0);
  EXPECT_LT(row.experts.hit_rate.Max(), 1);
  EXPECT_THAT(ThroughputToText(result, {.width = 200}), HasSubstr("MB read a token"));
  EXPECT_TRUE(ThroughputToJson(result)["threads"][0].contains("experts"));
}

TEST(Throughput, AllExpertsInMemoryAreComparedWithMemory) {
  ThroughputOptions options = SmallOptions();
  options.threads = {1};
  runtime::Engine engine(test::Golden("good/models/qwen3_5_moe"), {});
  engine.CacheExperts({.size = runtime::SlotsPerLayer{100}});
  const ThroughputResult result = MeasureThroughput(engine, options);
  EXPECT_EQ(result.threads.front().decode_share.values.size(), 3u);
  EXPECT_TRUE(result.threads.front().experts.device_read.empty());
}

TEST(Throughput, LeavesOutWhatIsNotAskedFor) {
  ThroughputOptions options = SmallOptions();
  options.decode_tokens = 0;
  const ThroughputResult prefill = MeasureSmall(options);
  EXPECT_TRUE(prefill.threads[0].decode.empty());
  EXPECT_TRUE(ThroughputToJson(prefill)["threads"][0]["decode_tokens_per_second"].is_null());
  options.prompt_tokens = 0;
  EXPECT_THROW(MeasureSmall(options), Error);
  options.decode_tokens = 4;
  EXPECT_TRUE(MeasureSmall(options).threads[0].prefill.empty());
}

TEST(Throughput, EveryFormTellsTheSame) {
  const ThroughputResult result = MeasureSmall(SmallOptions());
  const nlohmann::json json = ThroughputToJson(result);
  EXPECT_EQ(json["threads"][1]["decode_tokens_per_second"]["median"],
            result.threads[1].decode.Median());
  const std::string csv = ThroughputToCsv(result);
  EXPECT_EQ(std::ranges::count(csv, '\n'), 1 + 2 * 4);
  EXPECT_THAT(csv, HasSubstr("\n1,decode,5,tokens/s,"));
  const std::string markdown = ThroughputToMarkdown(result);
  EXPECT_THAT(markdown, HasSubstr("| 2 | "));
  EXPECT_THAT(markdown, HasSubstr("decode 5 tok/s"));
  EXPECT_THAT(ThroughputToText(result, {}), HasSubstr("plain read GB/s"));
}

}  // namespace
}  // namespace hlwq::eval
