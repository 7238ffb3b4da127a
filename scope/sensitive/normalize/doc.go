// Package normalize turns a text into the views that the detectors read: one with the disguises taken off (compatibility
// forms, zero-width and direction controls, look-alike letters in Latin words, HTML entities, escaped quotes and line
// breaks), and one for each encoded piece that decodes to text (base64, hexadecimal, percent), to a bounded depth and
// size. Each view maps its offsets back to the original.
package normalize
