package sealed_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/elderzan/elderzan/memory"
	"github.com/elderzan/elderzan/security/envelope"
	"github.com/elderzan/elderzan/security/team"
	memsync "github.com/elderzan/elderzan/sync"
	"github.com/elderzan/elderzan/sync/sealed"
)

// BenchmarkSeal seals memories as they are, each with its vector.
func BenchmarkSeal(b *testing.B) {
	dev, err := team.NewDevice(team.DeviceOptions{})
	if err != nil {
		b.Fatal(err)
	}
	ring, _, err := team.Create(dev, team.CreateOptions{Name: "ada", Team: uuid.New()})
	if err != nil {
		b.Fatal(err)
	}
	s := sealed.NewSealer(envelope.New(ring, ring, envelope.Options{}))
	payloads, id := sample(200), memory.NewID()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, err := s.Seal(id, memsync.State{}, payloads[i%len(payloads)]); err != nil {
			b.Fatal(err)
		}
	}
}
