// How the threads of libtorch wait for each other.
#pragma once

namespace hlwq::study {

// GNU's OpenMP has its threads spin for some 100 microseconds at every barrier, and a step has thousands: where another program
// wants a core, most of the time goes by waiting for a thread that was put aside (measured: a hundred times as long). It reads its
// settings before main, so where the environment does not say otherwise the program starts itself anew with a short wait. Returns
// where that is done, or cannot be. To be called first in main.
void WaitBriefly(char** argv);

}  // namespace hlwq::study
