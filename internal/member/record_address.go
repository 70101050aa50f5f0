package member

import "fmt"

// The bits of an address' record.
const (
	bitOwner = iota
	bitClaimedAt
	bitCreatedAt
	bitOptOut
	bitOptOutState
	bitOptOutDate
	bitOptOutInGhost
	bitOptOutMoved
	bitRemoval
	bitRemovalDelete
	bitRemovalDone
	bitRemovalState
	bitRemovalDate
	addressBits
)

// Record is the address as it is kept; empty if nothing is known of it.
func (a *Address) Record() []byte {
	if *a == (Address{}) {
		return nil
	}
	w := recordWriter{body: make([]byte, 0, 64)}
	w.id(bitOwner, a.Owner)
	w.number(bitClaimedAt, a.ClaimedAt)
	w.number(bitCreatedAt, a.CreatedAt)
	if o := a.OptOut; w.flag(bitOptOut, o != nil) {
		w.word(bitOptOutState, o.State)
		w.text(bitOptOutDate, o.Date)
		w.flag(bitOptOutInGhost, o.InGhost)
		w.flag(bitOptOutMoved, o.Moved)
	}
	if r := a.Removal; w.flag(bitRemoval, r != nil) {
		w.flag(bitRemovalDelete, r.Delete)
		w.flag(bitRemovalDone, r.Done)
		w.word(bitRemovalState, r.State)
		w.text(bitRemovalDate, r.Date)
	}
	return w.record()
}

// AddressOf reads what Record wrote; ErrRecord if it was anything else.
func AddressOf(record []byte) (a Address, err error) {
	if len(record) == 0 {
		return a, nil
	}
	r, err := readRecord(record, addressBits)
	if err != nil {
		return a, fmt.Errorf("reading an address: %w", err)
	}
	a.Owner, a.ClaimedAt, a.CreatedAt = r.id(bitOwner), r.number(bitClaimedAt), r.number(bitCreatedAt)
	if r.flag(bitOptOut) {
		a.OptOut = &OptOut{
			State: r.word(bitOptOutState), Date: r.text(bitOptOutDate),
			InGhost: r.flag(bitOptOutInGhost), Moved: r.flag(bitOptOutMoved),
		}
	}
	if r.flag(bitRemoval) {
		a.Removal = &Removal{
			Delete: r.flag(bitRemovalDelete), Done: r.flag(bitRemovalDone),
			State: r.word(bitRemovalState), Date: r.text(bitRemovalDate),
		}
	}
	if err := r.end(); err != nil {
		return Address{}, fmt.Errorf("reading an address: %w", err)
	}
	return a, nil
}
