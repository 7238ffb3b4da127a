package openai

import "strings"

// traits are what is known of a family of models.
type traits struct {
	name       string // part of the model's name, in lower case
	dimensions bool   // the interface takes "dimensions"
	shortens   bool   // trained so that the beginning of a vector, scaled to length one, is a vector (matryoshka)
	query      string // put before a question
	document   string // put before a text to be stored
}

// families lists known models; of those whose name a model's holds, the first counts.
var families = [...]traits{
	{name: "text-embedding-3-", dimensions: true, shortens: true},
	{name: "nomic-embed-text", shortens: true, query: "search_query: ", document: "search_document: "},
	{name: "embeddinggemma", shortens: true, query: "task: search result | query: ", document: "title: none | text: "},
	{name: "qwen3-embedding", shortens: true,
		query: "Instruct: Given a question, retrieve notes that answer it\nQuery: "},
	{name: "gemini-embedding", dimensions: true, shortens: true},
	{name: "jina-embeddings-v3", dimensions: true, shortens: true},
	{name: "mxbai-embed-large", shortens: true, query: "Represent this sentence for searching relevant passages: "},
	{name: "snowflake-arctic-embed", shortens: true, query: "Represent this sentence for searching relevant passages: "},
	{name: "multilingual-e5", query: "query: ", document: "passage: "},
	{name: "e5-base", query: "query: ", document: "passage: "},
	{name: "bge-base-en", query: "Represent this sentence for searching relevant passages: "},
}

// traitsOf returns what is known of a model, under the names that servers give it ("nomic-ai/nomic-embed-text-v1.5",
// "nomic-embed-text:latest"); the zero value for an unknown one.
func traitsOf(model string) traits {
	model = strings.ToLower(model)
	for _, f := range families {
		if strings.Contains(model, f.name) {
			return f
		}
	}
	return traits{}
}
