package topic

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
)

const (
	minMemories = 8    // below that there are no topics
	maxTopics   = 48   // more than that nobody reads
	sameTopic   = 0.80 // cosine between two centroids of what is still the same topic
	sourcesOf   = 40   // most typical memories of a topic, from which it is named
	spotsShown  = 2000 // memories on the map
)

// kept is what is stored of the topics: ids, numbers and centroids.
type kept struct {
	At     time.Time
	Space  string
	Count  int // memories that the topics were made of
	Groups []group
	Spots  []spot
}

type group struct {
	ID       string
	Centroid []float32
	Size     int
	Sources  []memory.ID // the most typical first
	X, Y     float64
}

type spot struct {
	ID    memory.ID
	Group int
	X, Y  float64
}

// topicsFor is how many topics suit n memories.
func topicsFor(n int) int {
	if n < minMemories {
		return 0
	}
	return min(maxTopics, max(2, int(math.Round(math.Sqrt(float64(n)/2)))))
}

// seeds returns where k-means starts: the centroids of before, as long as their number still suits, and vectors that are
// far from all of them.
func seeds(before *kept, space string, vecs [][]float32) [][]float32 {
	k := topicsFor(len(vecs))
	var out [][]float32
	if before != nil && before.Space == space && k > 0 {
		if was := len(before.Groups); was > 0 && math.Abs(float64(k-was)) <= 0.25*float64(was) {
			k = min(was, len(vecs))
		}
		for _, g := range before.Groups[:min(k, len(before.Groups))] { // the largest first: the smallest give way
			out = append(out, slices.Clone(g.Centroid))
		}
	}
	near := make([]float64, len(vecs)) // cosine with the nearest seed
	for i := range near {
		near[i] = -1
	}
	cover := func(seed []float32) {
		for i, v := range vecs {
			near[i] = max(near[i], dot(v, seed))
		}
	}
	for _, s := range out {
		cover(s)
	}
	for len(out) < k {
		far := 0
		for i := range near {
			if near[i] < near[far] {
				far = i
			}
		}
		out = append(out, slices.Clone(vecs[far]))
		cover(vecs[far])
	}
	return out
}

func dot(a, b []float32) (sum float64) {
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// arrange makes topics of clusters; those that stayed where they were keep their ids.
func arrange(before *kept, c *memory.Clusters, now time.Time) *kept {
	out := &kept{At: now.UTC().Truncate(time.Second), Space: c.Space, Count: len(c.Members)}
	members := make([][]int, len(c.Centroids))
	vecs := make([][]float32, len(c.Members))
	for i, m := range c.Members {
		members[m.Cluster] = append(members[m.Cluster], i)
		vecs[i] = m.Vector
	}
	at := plane(vecs)
	ids := identify(before, c)
	place := make([]int, len(c.Centroids)) // of a cluster among the groups
	order := make([]int, 0, len(c.Centroids))
	for i := range c.Centroids {
		if len(members[i]) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(members[b]) - len(members[a]) })
	for _, i := range order {
		place[i] = len(out.Groups)
		g := group{ID: ids[i], Centroid: c.Centroids[i], Size: len(members[i])}
		typical := slices.Clone(members[i])
		slices.SortFunc(typical, func(a, b int) int {
			return cmp.Or(cmp.Compare(c.Members[b].Cosine, c.Members[a].Cosine), cmp.Compare(c.Members[a].ID, c.Members[b].ID))
		})
		for _, m := range typical {
			g.X, g.Y = g.X+at[m][0]/float64(len(typical)), g.Y+at[m][1]/float64(len(typical))
			if len(g.Sources) < sourcesOf {
				g.Sources = append(g.Sources, c.Members[m].ID)
			}
		}
		out.Groups = append(out.Groups, g)
	}
	step := max(1, (len(c.Members)+spotsShown-1)/spotsShown)
	for i := 0; i < len(c.Members); i += step {
		m := &c.Members[i]
		out.Spots = append(out.Spots, spot{ID: m.ID, Group: place[m.Cluster], X: at[i][0], Y: at[i][1]})
	}
	return out
}

// identify gives each cluster the id of the topic whose centroid is nearest to its own, the nearest pair first, or a new
// one.
func identify(before *kept, c *memory.Clusters) []string {
	ids := make([]string, len(c.Centroids))
	if before != nil && before.Space == c.Space {
		type pair struct {
			cluster, group int
			cosine         float64
		}
		var pairs []pair
		for i, x := range c.Centroids {
			for j := range before.Groups {
				if cos := dot(x, before.Groups[j].Centroid); cos >= sameTopic {
					pairs = append(pairs, pair{i, j, cos})
				}
			}
		}
		slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.cosine, a.cosine) })
		taken := map[int]bool{}
		for _, p := range pairs {
			if ids[p.cluster] == "" && !taken[p.group] {
				ids[p.cluster] = before.Groups[p.group].ID
				taken[p.group] = true
			}
		}
	}
	for i := range ids {
		if ids[i] == "" {
			ids[i] = fmt.Sprintf("t-%s", uuid.NewString()[:8])
		}
	}
	return ids
}
