// The connections of this process.
#pragma once

namespace hlwq::server {

// Shuts down all that came in at `port`, whoever holds them: reading from them then ends. The HTTP library waits
// for clients that keep a connection for their next request. Linux only; elsewhere without effect.
void ShutDownConnections(int port);

}  // namespace hlwq::server
