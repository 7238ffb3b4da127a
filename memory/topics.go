package memory

import (
	"context"
	"time"
)

// Topic is a group of memories about the same. Its id stays as long as the group moves little from one refresh to the next.
type Topic struct {
	ID    string
	Name  string   // its terms, joined
	Terms []string // what tells it from the other topics, the most telling first
	Size  int      // memories in it
	Best  []Memory // those that stand for it, the most typical first
	X, Y  float64  // on the map, in [-1, 1]
}

// Spot is a memory on the map of topics.
type Spot struct {
	ID    ID
	Topic string
	X, Y  float64 // in [-1, 1]
}

// TopicMap is all topics with a map of them in two dimensions. PRIVATE and sensitive memories are in none of it.
type TopicMap struct {
	At       time.Time // of the last refresh; zero when there was none yet
	Memories int       // that the topics were made of
	Topics   []Topic   // the largest first
	Spots    []Spot
}

// Clusters is what a ClusterStore found.
type Clusters struct {
	Space     string
	Centroids [][]float32
	Members   []ClusterMember
}

// ClusterMember is a memory in its cluster.
type ClusterMember struct {
	ID      ID
	Cluster int // index of Centroids
	Cosine  float64
	Vector  []float32
}

// ClusterStore groups memories by their vectors and keeps what was made of it; *storage.Store is one.
type ClusterStore interface {
	// Clusters groups the newest most active memories that may be shown to others, as many groups as seeds returns for
	// their space and vectors. PRIVATE and sensitive ones are left out. It may take seconds, at low priority.
	Clusters(ctx context.Context, most int, seeds func(space string, vectors [][]float32) [][]float32) (Clusters, error)
	// SaveTopics keeps a value that LoadTopics returns, nil where there is none or it was dropped by a purge. It holds no
	// text.
	SaveTopics(ctx context.Context, b []byte) error
	LoadTopics(ctx context.Context) ([]byte, error)
}
