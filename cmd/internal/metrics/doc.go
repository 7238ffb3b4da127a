// Package metrics counts what the engine does, for Prometheus and for the alerts that status and the dashboard show.
//
// Labels are names of tools, outcomes, scopes and states alone, all known when the program is built: no text, id, path or
// address ever becomes one. What the store knows is read when somebody asks for it, never on the path of a call.
package metrics
