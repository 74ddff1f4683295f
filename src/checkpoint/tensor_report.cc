#include "checkpoint/tensor_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "base/error.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

// JSON has no infinities; errors of damaged tensors are infinite.
json NumberToJson(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

// [first nonzero index, counts up to the last nonzero one]; [] when all are zero.
json CountsToJson(std::span<const uint64_t> counts) {
  json out = json::array();
  size_t begin = 0;
  size_t end = counts.size();
  while (begin < end && counts[begin] == 0) ++begin;
  while (end > begin && counts[end - 1] == 0) --end;
  if (begin == end) return out;
  out.push_back(begin);
  for (size_t index = begin; index < end; ++index) out.push_back(counts[index]);
  return out;
}

[[noreturn]] void Fail(std::string_view key, std::string_view want, const json& got) {
  std::string text = got.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  throw Error(ErrorCode::kInvalidData,
              fmt::format("report: key '{}': want {}, got {}", key, want, text));
}

const json& Value(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) {
    throw Error(ErrorCode::kInvalidData, fmt::format("report: key '{}' is missing", key));
  }
  return *found;
}

uint64_t UintFromJson(const json& object, const char* key) {
  const json& value = Value(object, key);
  if (!value.is_number_unsigned()) Fail(key, "an unsigned integer", value);
  return value.get<uint64_t>();
}

int SmallIntFromJson(const json& object, const char* key, int low, int high) {
  const json& value = Value(object, key);
  if (!value.is_number_integer()) Fail(key, "an integer", value);
  const bool is_inside =
      value.is_number_unsigned()
          ? value.get<uint64_t>() <= static_cast<uint64_t>(high)
          : value.get<int64_t>() >= low && value.get<int64_t>() <= static_cast<int64_t>(high);
  if (!is_inside) Fail(key, fmt::format("an integer in {}..{}", low, high), value);
  return value.get<int>();
}

double NumberFromJson(const json& object, const char* key) {
  const json& value = Value(object, key);
  if (value.is_number()) return value.get<double>();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (value == "inf") return kInfinity;
  if (value == "-inf") return -kInfinity;
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  Fail(key, "a number", value);
}

std::string StringFromJson(const json& object, const char* key) {
  const json& value = Value(object, key);
  if (!value.is_string()) Fail(key, "a string", value);
  return value.get<std::string>();
}

void CountsFromJson(const json& object, const char* key, std::span<uint64_t> counts) {
  const json& value = Value(object, key);
  if (!value.is_array()) Fail(key, "an array", value);
  if (value.empty()) return;
  for (const json& item : value) {
    if (!item.is_number_unsigned()) Fail(key, "unsigned integers", item);
  }
  const auto begin = value[0].get<uint64_t>();
  const size_t size = value.size() - 1;
  if (begin > counts.size() || size > counts.size() - begin) {
    Fail(key, fmt::format("at most {} counts", counts.size()), value);
  }
  for (size_t index = 0; index < size; ++index) {
    counts[begin + index] = value[index + 1].get<uint64_t>();
  }
}

}  // namespace

json ErrorsToJson(const codec::ErrorStats& errors) {
  json out = {{"count", errors.count},
              {"signal", NumberToJson(errors.signal)},
              {"noise", NumberToJson(errors.noise)},
              {"dot", NumberToJson(errors.dot)},
              {"decoded", NumberToJson(errors.decoded)},
              {"max_abs_error", NumberToJson(errors.max_abs_error)}};
  if (errors.zero_blocks != 0) out["zero_blocks"] = errors.zero_blocks;
  json code_use = CountsToJson(errors.code_use);
  if (!code_use.empty()) out["code_use"] = std::move(code_use);
  json coordinates = CountsToJson(errors.coordinates);
  if (!coordinates.empty()) out["coordinates"] = std::move(coordinates);
  return out;
}

codec::ErrorStats ErrorsFromJson(const json& object) {
  if (!object.is_object()) Fail("errors", "an object", object);
  codec::ErrorStats errors;
  errors.count = UintFromJson(object, "count");
  errors.signal = NumberFromJson(object, "signal");
  errors.noise = NumberFromJson(object, "noise");
  errors.dot = NumberFromJson(object, "dot");
  errors.decoded = NumberFromJson(object, "decoded");
  errors.max_abs_error = NumberFromJson(object, "max_abs_error");
  if (object.contains("zero_blocks")) errors.zero_blocks = UintFromJson(object, "zero_blocks");
  if (object.contains("code_use")) CountsFromJson(object, "code_use", errors.code_use);
  if (object.contains("coordinates")) CountsFromJson(object, "coordinates", errors.coordinates);
  return errors;
}

json ReportToJson(const TensorReport& report) {
  json out = {{"name", report.name},
              {"shape", report.shape},
              {"source_dtype", DTypeName(report.source_dtype)},
              {"role", RoleName(report.role)},
              {"layer", report.layer},
              {"source_bytes", report.source_bytes},
              {"stored_bytes", report.stored_bytes}};
  if (report.is_quantized) {
    out["codec"] = report.codec;
    out["bits"] = report.bits;
    out["bits_per_weight"] = NumberToJson(report.bits_per_weight);
  }
  if (report.errors) out["errors"] = ErrorsToJson(*report.errors);
  return out;
}

TensorReport ReportFromJson(const json& object) {
  if (!object.is_object()) Fail("reports", "an object", object);
  TensorReport report;
  report.name = StringFromJson(object, "name");
  return WithContext("'" + report.name + "'", [&] {
    const json& shape = Value(object, "shape");
    if (!shape.is_array() ||
        !std::ranges::all_of(shape, [](const json& axis) { return axis.is_number_unsigned(); })) {
      Fail("shape", "unsigned integers", shape);
    }
    report.shape = shape.get<Shape>();
    if (!ElementCount(report.shape)) Fail("shape", "at most 2^64 elements", shape);
    const auto dtype = DTypeFromName(StringFromJson(object, "source_dtype"));
    if (!dtype) Fail("source_dtype", "the name of a dtype", object["source_dtype"]);
    report.source_dtype = *dtype;
    const auto role = RoleFromName(StringFromJson(object, "role"));
    if (!role) Fail("role", "the name of a role", object["role"]);
    report.role = *role;
    report.layer = SmallIntFromJson(object, "layer", -1, std::numeric_limits<int>::max());
    report.source_bytes = UintFromJson(object, "source_bytes");
    report.stored_bytes = UintFromJson(object, "stored_bytes");
    report.is_quantized = object.contains("codec");
    if (report.is_quantized) {
      report.codec = StringFromJson(object, "codec");
      report.bits = SmallIntFromJson(object, "bits", 0, 64);
      report.bits_per_weight = NumberFromJson(object, "bits_per_weight");
    }
    if (object.contains("errors")) report.errors = ErrorsFromJson(object["errors"]);
    return report;
  });
}

}  // namespace hlwq::checkpoint
