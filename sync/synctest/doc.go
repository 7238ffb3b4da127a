// Package synctest simulates many devices that sync over a bad network: Run plays one seed, in which messages are lost,
// doubled and delayed, devices are cut off, crash and have wrong clocks, and checks that in the end all of them hold
// the same and that no text was lost. Its Local and Remote in RAM serve other tests too.
package synctest
