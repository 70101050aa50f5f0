package ghosttest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"
)

// idMaker makes ObjectIds, whose seconds and counter make them rise, and uuids.
type idMaker struct {
	now     func() time.Time
	random  *rand.Rand
	machine [5]byte
	seconds uint32
	counter uint32
}

func newIDMaker(random *rand.Rand, now func() time.Time) idMaker {
	m := idMaker{now: now, random: random}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], random.Uint64())
	copy(m.machine[:], b[:])
	return m
}

// next is an id greater than all before, even if the clock is set back.
func (m *idMaker) next() string {
	m.seconds = max(m.seconds, uint32(m.now().Unix()))
	m.counter++
	var id [12]byte
	binary.BigEndian.PutUint32(id[:], m.seconds)
	copy(id[4:], m.machine[:])
	id[9], id[10], id[11] = byte(m.counter>>16), byte(m.counter>>8), byte(m.counter)
	return hex.EncodeToString(id[:])
}

func (m *idMaker) uuid() string {
	hi, lo := m.random.Uint64(), m.random.Uint64()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(0b11<<62) | 0b10<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xffff, lo>>48, lo&0xffffffffffff)
}
