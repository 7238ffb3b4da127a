package envelope

import "crypto/sha256"

// Resign signs a record anew after a test changed it.
func Resign(record []byte, sign func([]byte) []byte) []byte {
	header, ciphertext, _ := parts(record)
	return append(record[:len(record)-sigSize:len(record)-sigSize], sign(signed(header, sha256.Sum256(ciphertext)))...)
}

// frame frames a body that is encoded already.
func frame(codec byte, body []byte) []byte {
	return finish(append(make([]byte, frameSize), body...), codec)
}
