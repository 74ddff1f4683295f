#include "runtime/state_snapshots.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/engine.h"
#include "tests/support/shared_data.h"

namespace hlwq::runtime {
namespace {

class Snapshots : public ::testing::Test {
 protected:
  model::RecurrentState StateOf(float value) const {
    model::RecurrentState state(engine_.config());
    state.Memory(0)[0] = value;
    return state;
  }
  static float ValueOf(const model::RecurrentState& state) { return state.Copy().Memory(0)[0]; }

  const Engine engine_{test::Golden("good/models/qwen3_5"), {.threads = 1}};
  const uint64_t state_bytes_ = model::RecurrentState::Bytes(engine_.config());
};

TEST_F(Snapshots, KeepWhatTheStateWas) {
  StateSnapshots snapshots(engine_.config(), 3 * state_bytes_);
  model::RecurrentState state = StateOf(1);
  const SnapshotId first = snapshots.Keep(state);
  state.CopyFrom(StateOf(2));
  const SnapshotId second = snapshots.Keep(state);
  EXPECT_EQ(ValueOf(*snapshots.Find(first)), 1);
  EXPECT_EQ(ValueOf(*snapshots.Find(second)), 2);
}

TEST_F(Snapshots, GiveUpTheLeastRecentlyUsedWhereTheBudgetEnds) {
  StateSnapshots snapshots(engine_.config(), 3 * state_bytes_ + 1);
  std::vector<SnapshotId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(snapshots.Keep(StateOf(static_cast<float>(i))));
  EXPECT_NE(snapshots.Find(ids[0]), nullptr);  // a use
  ids.push_back(snapshots.Keep(StateOf(3)));
  EXPECT_EQ(snapshots.Find(ids[1]), nullptr);
  for (const size_t i : {0, 2, 3}) EXPECT_EQ(ValueOf(*snapshots.Find(ids[i])), i);
  EXPECT_EQ(snapshots.count(), 3u);
  snapshots.Drop(ids[1]);  // of what was given up: nothing
  EXPECT_EQ(snapshots.count(), 3u);
}

TEST_F(Snapshots, HaveRoomForOneInAnyCase) {
  StateSnapshots snapshots(engine_.config(), 0);
  const SnapshotId first = snapshots.Keep(StateOf(1));
  const SnapshotId second = snapshots.Keep(StateOf(2));
  EXPECT_EQ(snapshots.Find(first), nullptr);
  EXPECT_EQ(ValueOf(*snapshots.Find(second)), 2);
}

TEST_F(Snapshots, GoWithTheLastReference) {
  StateSnapshots snapshots(engine_.config(), 3 * state_bytes_);
  const SnapshotId id = snapshots.Keep(StateOf(1));
  snapshots.Share(id);
  snapshots.Drop(id);
  EXPECT_NE(snapshots.Find(id), nullptr);
  snapshots.Drop(id);
  EXPECT_EQ(snapshots.Find(id), nullptr);
  EXPECT_EQ(snapshots.count(), 0u);
}

}  // namespace
}  // namespace hlwq::runtime
