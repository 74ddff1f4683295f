// A made-up study for the tests of its report.
#pragma once

#include "study/report/study_report.h"

namespace hlwq::study {

// Three arms of the preset "laptop" with three seeds: the first turns at step 800 of 2,000, the others do not.
StudyReport MakeSampleStudy();

}  // namespace hlwq::study
