package recalleval

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/scope"
)

// Question is a question and the memories that hold its answer.
type Question struct {
	Text     string
	Project  string
	Category string
	Relevant []int // indexes in Set.Memories
}

// Set is memories and questions about them.
type Set struct {
	Name      string
	Memories  []memory.Memory
	Questions []Question
}

// DataFile returns the path of a data file that is not part of the repository, and whether it is there:
// in $ELDERZAN_DATA_DIR, else in ../shared/data beside the checkout.
func DataFile(name string) (string, bool) {
	dir := os.Getenv("ELDERZAN_DATA_DIR")
	if dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			return "", false
		}
		for !exists(filepath.Join(wd, "go.mod")) && wd != filepath.Dir(wd) {
			wd = filepath.Dir(wd)
		}
		dir = filepath.Join(wd, "..", "shared", "data")
	}
	path := filepath.Join(dir, name)
	return path, exists(path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var categories = map[int]string{1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}

type locomoSample struct {
	ID           string                     `json:"sample_id"`
	Conversation map[string]json.RawMessage `json:"conversation"`
	QA           []struct {
		Question string `json:"question"`
		Category int    `json:"category"`
		Evidence []any  `json:"evidence"`
	} `json:"qa"`
}

type locomoTurn struct {
	ID      string `json:"dia_id"`
	Speaker string `json:"speaker"`
	Text    string `json:"text"`
	Caption string `json:"blip_caption"`
}

var (
	sessionKey  = regexp.MustCompile(`^session_(\d+)$`)
	evidenceRef = regexp.MustCompile(`D:?\s*(\d+)\s*:\s*(\d+)`)
)

// LoadLoCoMo reads a file of LoCoMo as its turns reach the server through the benchmark: each with an opaque mark,
// date and speaker in front, a project per conversation, one session for all, a minute between turns.
func LoadLoCoMo(path string) (*Set, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var samples []locomoSample
	if err := json.Unmarshal(raw, &samples); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	set := &Set{Name: "LoCoMo"}
	for _, s := range samples {
		if err := set.addSample(s); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, s.ID, err)
		}
	}
	return set, nil
}

func (set *Set) addSample(s locomoSample) error {
	place := map[string]int{}
	for _, key := range sessionKeys(s.Conversation) {
		var turns []locomoTurn
		var date string
		if err := json.Unmarshal(s.Conversation[key], &turns); err != nil {
			return err
		}
		if d, ok := s.Conversation[key+"_date_time"]; ok {
			if err := json.Unmarshal(d, &date); err != nil {
				return err
			}
		}
		for _, t := range turns {
			place[canonical(t.ID)] = len(set.Memories)
			set.Memories = append(set.Memories, turnMemory(len(set.Memories), s.ID, date, t))
		}
	}
	for _, qa := range s.QA {
		q := Question{Text: qa.Question, Project: s.ID, Category: categories[qa.Category]}
		for _, e := range qa.Evidence {
			for _, m := range evidenceRef.FindAllStringSubmatch(fmt.Sprint(e), -1) {
				if i, ok := place["D"+m[1]+":"+m[2]]; ok && !slices.Contains(q.Relevant, i) {
					q.Relevant = append(q.Relevant, i)
				}
			}
		}
		if len(q.Relevant) > 0 {
			set.Questions = append(set.Questions, q)
		}
	}
	return nil
}

func sessionKeys(c map[string]json.RawMessage) []string {
	number := func(k string) int {
		n, _ := strconv.Atoi(k[len("session_"):])
		return n
	}
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(c)), func(k string) bool { return !sessionKey.MatchString(k) })
	slices.SortFunc(keys, func(a, b string) int { return number(a) - number(b) })
	return keys
}

func canonical(id string) string {
	if m := evidenceRef.FindStringSubmatch(id); m != nil {
		return "D" + m[1] + ":" + m[2]
	}
	return id
}

func turnMemory(n int, project, date string, t locomoTurn) memory.Memory {
	text := fmt.Sprintf("zq%07dx [%s] %s: %s", n, date, t.Speaker, t.Text)
	if t.Caption != "" {
		text += " [shares " + t.Caption + "]"
	}
	m := memory.Memory{
		ID: memory.ID(fmt.Sprintf("00000000-0000-7000-8000-%012x", n)), Content: text, Tags: []string{"chat"},
		Scope: scope.Project, Project: project, Session: "one", Trust: memory.TrustAgent, State: memory.Active,
		Version: 1, CreatedAt: time.UnixMilli(1_750_000_000_000 + int64(n)).UTC(),
	}
	if at, err := time.Parse("3:04 pm on 2 January, 2006", date); err == nil {
		_, turn, _ := strings.Cut(t.ID, ":")
		minutes, _ := strconv.Atoi(turn)
		m.OccurredAt = at.Add(time.Duration(minutes) * time.Minute)
	}
	m.UpdatedAt = m.CreatedAt
	return m
}
