// What codecs reach, as tests/quality.csv records it: a fact of the repository. A drop fails.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "codec/codec.h"
#include "tests/support/shared_data.h"

namespace hlwq::test {

// One line: source, bits, table, scale rule -> SNR in dB and stored bits per weight. Of gaussian weights pooled, of
// real ones that of the median tensor; of correlated inputs that of the outputs.
struct Quality {
  double snr_db = 0;
  double bits_per_weight = 0;
};

inline std::map<std::string, Quality> RecordedQuality() {
  std::ifstream file(Golden("").parent_path().parent_path() / "quality.csv");
  std::map<std::string, Quality> recorded;
  std::string line;
  std::getline(file, line);  // the header
  while (std::getline(file, line)) {
    const size_t second_last = line.rfind(',', line.rfind(',') - 1);
    std::istringstream numbers(line.substr(second_last + 1));
    Quality quality;
    char comma = 0;
    numbers >> quality.snr_db >> comma >> quality.bits_per_weight;
    recorded[line.substr(0, second_last)] = quality;
  }
  return recorded;
}

inline std::string QualityKey(const std::string& source, const codec::CodecSpec& spec) {
  const codec::SpecWords words = codec::DescribeSpec(spec);
  return fmt::format("{},{},{},{}", source, spec.bits, words.table, words.scale_rule);
}

// The recorded figure is a floor, less `slack`, and far above it is a record that nobody renewed.
inline void ExpectAsRecorded(const std::string& key, Quality measured, double slack = 0.0005) {
  const auto recorded = RecordedQuality();
  const auto found = recorded.find(key);
  const std::string line =
      fmt::format("{},{:.4f},{:.5f}", key, measured.snr_db, measured.bits_per_weight);
  ASSERT_NE(found, recorded.end()) << "tests/quality.csv lacks: " << line;
  EXPECT_GE(measured.snr_db, found->second.snr_db - slack) << line;
  EXPECT_LE(measured.snr_db, found->second.snr_db + 0.02) << "renew the record: " << line;
  EXPECT_NEAR(measured.bits_per_weight, found->second.bits_per_weight, 1e-5) << line;
}

}  // namespace hlwq::test
