package audit_test

import (
	"testing"

	"github.com/elderzan/elderzan/security/audit"
	"github.com/elderzan/elderzan/security/audit/audittest"
)

func TestMemory(t *testing.T) {
	audittest.Run(t, func(testing.TB) audit.Storage { return &audittest.Memory{} })
}
