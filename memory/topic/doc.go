// Package topic groups memories into topics: what they are called, where they lie on a map, and that they keep their ids.
//
// The groups are found by k-means over the vectors on record, in the background and seldom. What is kept of them is ids
// and centroids, no word: names are made from the texts when somebody asks, so that a memory that was made PRIVATE,
// forgotten or purged meanwhile has no part in them. PRIVATE and sensitive memories never have.
//
// A refresh starts from the centroids of the one before. A group whose centroid stays near where it was keeps its id.
package topic
