// Package embed turns texts into vectors: unit vectors of 768 dimensions whose distance says how far apart the texts
// are in meaning. It imports nothing of this project but its own children, and other packages import it as embedding.
//
//   - minilm is the encoder that runs in the process, lexical hashes words, Joint sets the two side by side: the
//     default, which works offline from the first start.
//   - openai speaks to providers with OpenAI's interface.
//   - Cache keeps vectors by the keyed hash of their text; Batcher gathers requests of many callers into batches and
//     lets questions pass documents.
//   - Router joins a local and a remote embedder and decides which may see a text. Nothing else hands texts to the
//     remote one: what is not explicitly marked as harmless stays in the process.
//
// Vectors of different spaces cannot be compared; Space names them.
package embed
