// Numbers as people read them: in reports, tables and summaries.
#pragma once

#include <cstdint>
#include <string>

#include "tensor/shape.h"

namespace hlwq::eval {

std::string CountText(uint64_t count);        // "20,730"
std::string BytesText(uint64_t bytes);        // "21.55 GB": decimal units, as file sizes are told
std::string WeightsText(uint64_t weights);    // "33.62 B"
std::string PercentText(double share);        // 0.958 -> "95.8 %"; never rounds up to "100 %"
std::string SecondsText(double seconds);      // "4.2 s", "3 min 05 s", "1 h 02 min"
std::string ShapeText(const Shape& shape);    // "4096 × 1024", "scalar"

// Bits of a weight or of codes: "5.13". "–" when not finite.
std::string BitsText(double bits);
// An SNR in dB without its unit: "27.14", "−3.20", "exact" for no error, "all zero" for an SNR of
// nothing (NaN), "lost" for an error without a signal (−infinity).
std::string SnrText(double snr_db);
// A similarity: enough nines to tell it from 1 ("0.99903", "0.9999994").
std::string CosineText(double cosine);
// An absolute error: three significant digits.
std::string ErrorText(double error);

}  // namespace hlwq::eval
