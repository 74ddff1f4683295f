#include "eval/device_read.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/random.h"
#include "eval/window_reader.h"

namespace hlwq::eval {
namespace {

constexpr size_t kStretchesAtATime = 16;

}  // namespace

DeviceReader::DeviceReader(std::span<const File> files, size_t stretch_bytes)
    : files_(files),
      stretch_bytes_(stretch_bytes),
      memory_(kStretchesAtATime * io::FileStretch::RoomFor(0, stretch_bytes)),
      reader_(files) {
  uint64_t end = 0;
  for (const File& file : files) ends_.push_back(end += file.SizeBytes());
}

io::FileStretch DeviceReader::Draw(std::span<std::byte> room) {
  const uint64_t at = MixBits(++drawn_) % ends_.back();
  const auto file = static_cast<size_t>(std::ranges::upper_bound(ends_, at) - ends_.begin());
  const uint64_t size = files_[file].SizeBytes();
  const uint64_t bytes = std::min<uint64_t>(stretch_bytes_, size);
  const uint64_t wanted = at - (ends_[file] - size);
  // Whole blocks, so that the room need not be larger than the stretch.
  const uint64_t offset = std::min(wanted, size - bytes) / kDirectAlignment * kDirectAlignment;
  return {.file = file, .offset = offset, .bytes = bytes, .room = room};
}

double DeviceReader::Measure(uint64_t bytes) {
  const size_t room_bytes = memory_.bytes().size() / kStretchesAtATime;
  const size_t stretches = std::max<uint64_t>(bytes / stretch_bytes_, kStretchesAtATime);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<size_t> free_rooms(kStretchesAtATime);
  for (size_t room = 0; room < kStretchesAtATime; ++room) free_rooms[room] = room;
  std::optional<Error> failure;
  uint64_t total = 0;
  const Stopwatch watch;
  for (size_t stretch = 0; stretch < stretches; ++stretch) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !free_rooms.empty(); });
    const size_t room = free_rooms.back();
    free_rooms.pop_back();
    lock.unlock();
    const std::array wanted = {Draw(memory_.bytes().subspan(room * room_bytes, room_bytes))};
    total += wanted[0].bytes;
    reader_.Submit(wanted, [&, room](std::optional<Error> error) {
      const std::lock_guard guard(mutex);
      if (error && !failure) failure = std::move(error);
      free_rooms.push_back(room);
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return free_rooms.size() == kStretchesAtATime; });
  if (failure) throw *failure;
  return static_cast<double>(total) / watch.Seconds();
}

}  // namespace hlwq::eval
