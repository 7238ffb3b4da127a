package main

import "testing"

// TestPyramid holds the shape: many unit tests, fewer that join parts, fewest that drive the whole.
func TestPyramid(t *testing.T) {
	c, err := count("../..")
	if err != nil {
		t.Fatal(err)
	}
	if c.tests[unit] < 100 || c.tests[integration] < 50 || c.tests[endToEnd] < 20 {
		t.Errorf("%v; want at least 100 unit, 50 integration and 20 end-to-end tests", c.tests)
	}
	if c.tests[unit] < c.tests[integration] || c.tests[integration] < c.tests[endToEnd] {
		t.Errorf("%v is no pyramid", c.tests)
	}
}
