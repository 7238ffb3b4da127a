// Package minilm runs the sentence encoder all-MiniLM-L6-v2 in plain Go: six transformer layers over WordPiece
// tokens, mean pooling, unit vectors of 384 dimensions. It agrees with the reference engine to a cosine of 0.999999.
//
// The weights stay in half precision, as they are distributed: the word table in the file, from which rows are read when
// they are needed, and the layers in memory (21 MB), packed for the kernels. Those of a short text are widened in registers
// as they are multiplied, and read once; those of a long one strip by strip, for all its tokens. That loses nothing, since every
// half-precision number is a single-precision one. On amd64 the kernels use AVX-512 or AVX2 with FMA where the processor has
// them; elsewhere, and under Options.Portable, the same sums are made in Go.
//
// A Model loads its files when it is first used and can be unloaded when idle. Both files are checked against the
// SHA-256 of the published ones on every load. Nothing here reaches the network.
package minilm
