// The verbs of hlwq-study, one file each.
#pragma once

#include "study/cli/arguments.h"

namespace hlwq::study {

Verb RunVerb();
Verb PrepareVerb();
Verb TrainVerb();
Verb EvalVerb();
Verb ExportVerb();
Verb SampleVerb();
Verb DiversityVerb();
Verb ReportVerb();
Verb PresetVerb();

}  // namespace hlwq::study
