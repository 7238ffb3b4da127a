// Package openai embeds texts through a provider with OpenAI's interface: OpenAI itself, Ollama, vLLM, LM Studio and
// others. It asks for vectors of 768 dimensions where the model can give them, shortens longer ones where the model
// was trained for that, and refuses everything else.
//
// Calls are retried with growing, jittered pauses, or the pause that the provider asks for; a breaker keeps the
// process from waiting for a provider that is down. Redirects are not followed, and plain HTTP is used to this machine
// only, unless Options say otherwise: texts and the key go nowhere else. No error holds a text, a vector or the key,
// not even one that the provider repeats.
package openai
