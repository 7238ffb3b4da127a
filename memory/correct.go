package memory

import "github.com/elderzan/elderzan/scope"

// Learner is told when someone settles a scope otherwise than the classifier would have. It keeps no text.
type Learner interface {
	// Correct notes that in, of which the classifier said d, is sensitive or is not.
	Correct(in scope.Input, d scope.Decision, sensitive bool) error
}

// corrected tells the learner. What it cannot keep is lost: the change itself is done, and one correction less is no harm.
func (s *Service) corrected(m *Memory, root string, d scope.Decision, sensitive bool) {
	if s.learner == nil {
		return
	}
	_ = s.learner.Correct(input(m, root), d, sensitive)
}
