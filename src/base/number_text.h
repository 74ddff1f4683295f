// Numbers as people write and read them: in reports, tables, summaries and flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hlwq {

// "4096", "512MiB", "5GB", "1.5 GiB": KB, MB, GB, TB are powers of 1000, KiB.. powers of 1024; case
// does not matter, and the B may be left out ("5G"). Empty for anything else and for overflow.
std::optional<uint64_t> ParseBytes(std::string_view text) noexcept;

// Thousands separated by commas: "20,730".
std::string FormatCount(uint64_t count);

// In powers of 1000, as file sizes are told: "999 B", "21.6 GB". `digits` significant ones, 2 to 6:
// three say how large something is, four are for comparing.
std::string FormatBytes(uint64_t bytes, int digits = 3);

// A number of weights: "2,048", from a million on four digits: "33.62 B".
std::string FormatWeights(uint64_t weights);

// 0.958 -> "95.8 %"; never rounds up to "100 %". "–" when not finite.
std::string FormatPercent(double share);

// "0.42 s", "38 s", "1 min 12 s", "2 h 05 min". "–" when negative or not finite.
std::string FormatDuration(double seconds);

// Bits of a weight or of codes: "5.13". "–" when not finite.
std::string FormatBits(double bits);

// An SNR in dB without its unit: "27.14", "−3.20", "exact" for no error, "all zero" for an SNR of
// nothing (NaN), "lost" for an error without a signal (−infinity).
std::string FormatSnr(double snr_db);

// A similarity: enough nines to tell it from 1 ("0.99903", "0.9999994").
std::string FormatCosine(double cosine);

// An absolute error: three significant digits.
std::string FormatError(double error);

}  // namespace hlwq
