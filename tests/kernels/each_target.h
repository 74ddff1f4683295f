// Runs a test on every instruction set that this CPU has and the kernels are built for.
#pragma once

#include "kernels/cpu/target.h"
// After target.h, so that the generated targets are those of the kernels.
#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <hwy/targets.h>

namespace hlwq::test {

// Calls body(target name) with dispatch held to each target in turn.
template <typename Body>
void ForEachTarget(Body body) {
  const auto targets = hwy::SupportedAndGeneratedTargets();
  ASSERT_GE(targets.size(), 1u);
  for (const int64_t target : targets) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    SCOPED_TRACE(hwy::TargetName(target));
    body(hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace hlwq::test
