// Package trace tells an OpenTelemetry collector how long calls take and what they spend it on.
//
// It is off by default, and then nothing of it is in the way of a call: the wrappers are not put in, and the hooks of
// memory and storage are nil. A span has a name, times, counts, and whether its step went well; never a text, a vector,
// an id of a memory, a path, or what an error says. Spans wait in a bounded queue, and are dropped rather than waited for.
//
// Spans travel as OTLP over HTTP. The exporter of OpenTelemetry makes them into OTLP; the few lines that post them are
// here, since those of OpenTelemetry bring gRPC along, which this never speaks: 7 MB of program and 4 MB of memory for
// everyone who never traces.
package trace
