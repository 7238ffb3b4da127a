package memory

// Features that can be turned off for some callers; see Options.Feature.
const (
	FeatureMerge  = "recall.merge-duplicates" // of near-duplicates recall returns one that stands for all
	FeatureOppose = "recall.show-opposites"   // what says something else of the same is shown side by side
	FeatureFaint  = "recall.leave-out-faint"  // recall leaves out what has next to nothing to do with the question
	FeaturePart   = "recall.answering-part"   // of a long memory recall returns the part that answers
)
