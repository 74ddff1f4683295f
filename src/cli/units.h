// Sizes and times as people write and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hlwq::cli {

// "4096", "512MiB", "5GB", "1.5 GiB": KB, MB, GB, TB are powers of 1000, KiB.. powers of 1024; case
// does not matter, and the B may be left out ("5G"). Empty for anything else and for overflow.
std::optional<uint64_t> ParseBytes(std::string_view text) noexcept;

// Three significant digits in powers of 1000: "999 B", "21.6 GB".
std::string FormatBytes(uint64_t bytes);

// "0.42 s", "38 s", "1 min 12 s", "2 h 05 min".
std::string FormatDuration(double seconds);

// Thousands separated by commas: "20,730".
std::string FormatCount(uint64_t count);

}  // namespace hlwq::cli
