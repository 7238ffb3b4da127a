package memory

import "slices"

// Commit names what a durable change has made look different, for those who show it: ids and names, never a text. What
// only counts, such as uses, and what nobody is shown, such as vectors, is not in it.
type Commit struct {
	Memories []Place  // memories that are new, different or gone
	Sessions []string // sessions of which more than the time of their last call is new
	Drafts   []string // keys of drafts that are new, different or gone
	Topics   bool     // memories were grouped anew
	Audited  bool     // the audit log has grown
}

// Place is a memory and a list that it is or was in; a memory that moves has two.
type Place struct {
	ID      ID
	Project string // "" for none
	Session string // "" for none
}

// Empty reports whether c names nothing.
func (c *Commit) Empty() bool {
	return len(c.Memories)+len(c.Sessions)+len(c.Drafts) == 0 && !c.Topics && !c.Audited
}

// Changed adds what the change from before to after shows in; nil stands for no memory.
func (c *Commit) Changed(before, after *Memory) {
	for _, m := range []*Memory{before, after} {
		if m == nil {
			continue
		}
		p := Place{ID: m.ID, Project: m.Project, Session: m.Session}
		if n := len(c.Memories); n == 0 || c.Memories[n-1] != p { // mostly it stays where it is
			c.Memories = append(c.Memories, p)
		}
	}
}

// Aside adds memories of which something beside them changed, such as what is like them.
func (c *Commit) Aside(ids ...ID) {
	for _, id := range ids {
		if p := (Place{ID: id}); !slices.Contains(c.Memories, p) {
			c.Memories = append(c.Memories, p)
		}
	}
}
