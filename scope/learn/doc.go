// Package learn lets the memory learn from what people correct: a text that they made PRIVATE although no detector spoke, or
// let go wider although one did. A correction is kept as features, never as text: what the detectors said, and a hashed
// embedding of the words under a key of this installation. A logistic model, regularised, is trained on them when
// asked, and goes live only if it is right about more than 95 of 100 corrections held out and raises next to nothing
// of the texts that are known to be harmless.
//
// A second model looks again when a text has been embedded, by its vector as well. Of a vector the corrections keep what it is in a few
// directions that the key draws. It has to be as good, on its own, and looks only at vectors of the model it was trained with.
//
// The model can only make a text more sensitive. Classifiers ask it about texts that nothing else called sensitive,
// so no correction, wrong or hostile, can let a secret out.
package learn
