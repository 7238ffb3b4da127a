package tools

import (
	"context"

	"github.com/elderzan/elderzan/memory"
)

type topicsResult struct {
	At       string  `json:"at,omitempty"`
	Memories int     `json:"memories"`
	Topics   []topic `json:"topics"`
	Spots    []spot  `json:"spots,omitempty"`
	Note     string  `json:"note,omitempty"`
}

type topic struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Terms []string  `json:"terms"`
	Size  int       `json:"memories"`
	Best  []preview `json:"examples"`
	X     float64   `json:"x"`
	Y     float64   `json:"y"`
}

type spot struct {
	ID    memory.ID `json:"id"`
	Topic string    `json:"topic"`
	X     float64   `json:"x"`
	Y     float64   `json:"y"`
}

func (s *surface) readTopics(ctx context.Context, c *call, _ string) (any, error) {
	if s.opts.Topics == nil {
		return ShowTopics(memory.TopicMap{}), nil
	}
	m, err := s.opts.Topics(ctx, c.caller)
	if err != nil {
		return nil, err
	}
	return ShowTopics(m), nil
}

// ShowTopics is a map of topics as a client sees it.
func ShowTopics(m memory.TopicMap) any {
	out := topicsResult{At: stamp(m.At), Memories: m.Memories, Topics: []topic{}}
	for _, t := range m.Topics {
		out.Topics = append(out.Topics, topic{
			ID: t.ID, Name: t.Name, Terms: orEmpty(t.Terms), Size: t.Size, Best: previews(t.Best), X: round(t.X), Y: round(t.Y),
		})
	}
	for _, p := range m.Spots {
		out.Spots = append(out.Spots, spot{ID: p.ID, Topic: p.Topic, X: round(p.X), Y: round(p.Y)})
	}
	if len(out.Topics) == 0 {
		out.Note = "there are topics from 8 embedded memories on that are not PRIVATE"
	}
	return out
}
