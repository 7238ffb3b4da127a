package postgres

import (
	"bytes"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

func TestBodiesAreEncodedAsByPgx(t *testing.T) {
	plain, own := pgtype.NewMap(), pgtype.NewMap()
	bytea, _ := own.TypeForOID(pgtype.ByteaArrayOID)
	own.RegisterType(&pgtype.Type{Name: bytea.Name, OID: bytea.OID, Codec: bodiesCodec{bytea.Codec}})
	before := []byte("what stands before")
	for name, value := range map[string]any{
		"two records":        [][]byte{[]byte("one"), bytes.Repeat([]byte{7}, 5000)},
		"an empty element":   [][]byte{{}, []byte("x")},
		"NULL as an element": [][]byte{[]byte("x"), nil},
		"no elements":        [][]byte{},
		"NULL":               [][]byte(nil),
		"another type":       pgtype.FlatArray[[]byte]{[]byte("x")},
	} {
		for _, format := range []int16{pgtype.BinaryFormatCode, pgtype.TextFormatCode} {
			want, err := plain.Encode(bytea.OID, format, value, before)
			if err != nil {
				t.Fatal(err)
			}
			got, err := own.Encode(bytea.OID, format, value, before)
			if err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
				t.Errorf("%s, format %d: %x, %v, want %x", name, format, got, err, want)
			}
		}
	}
	if plan := own.PlanEncode(bytea.OID, pgtype.BinaryFormatCode, [][]byte{}); plan != (bodiesPlan{}) {
		t.Errorf("pgx takes %T for records", plan)
	}
}
