// Package migrate moves the users of the official server-memory over to elderzan while they go on working, in four phases.
//
// A proxy speaks MCP to the client in the place of the other server, whose tools stay as they are. In the phase Wrap
// everything goes to the other server. In Dual every change goes to both, and each read is answered by the other server
// and compared with what elderzan would have answered. In Read elderzan answers, and the other server where elderzan
// cannot. In Retired the other server is not started any more. Each step can be taken back; Reconcile brings either side
// to the state of the other through the same tools that clients use.
//
// Both sides are a Server: something that answers the tools of a knowledge graph. The other one is a child process, ours
// is Graph over memories. The state of a migration is a small file in the data folder that never holds a text.
package migrate
