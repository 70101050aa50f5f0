package member

import (
	"encoding/hex"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawWord(t *rapid.T) string {
	return rapid.OneOf(rapid.SampledFrom(append(recordWords(), "")), rapid.String()).Draw(t, "word")
}

func drawMemory(t *rapid.T) (m Memory) {
	text, number, flag := rapid.String(), rapid.Int64(), rapid.Bool()
	m = Memory{
		Email: text.Draw(t, "email"), Status: drawWord(t), PreviousStatus: drawWord(t),
		Layout:    rapid.OneOf(rapid.StringMatching("[0-9A-Za-z_-]{6}[AEIMQUYcgkosw048]"), text).Draw(t, "layout"),
		AppliedAt: number.Draw(t, "applied"), DeletedAt: number.Draw(t, "deleted"), OptInAt: number.Draw(t, "opt-in"),
		Vanished: flag.Draw(t, "vanished"), Inactive: flag.Draw(t, "inactive"), Included: flag.Draw(t, "included"),
		Subscribed: Maybe[bool]{Known: flag.Draw(t, "known"), Value: flag.Draw(t, "subscribed")},
	}
	if flag.Draw(t, "changed") {
		m.StatusChangedAt = time.UnixMilli(rapid.Int64Range(-1e12, 1e13).Draw(t, "at")).UTC()
	}
	for place := range m.Written {
		if flag.Draw(t, "written") {
			m.Written[place] = digest(text.Draw(t, "value"))
		}
	}
	if all := rapid.SliceOf(text).Draw(t, "perhaps"); len(all) > 0 {
		m.Perhaps = all
	}
	if all := rapid.SliceOf(text).Draw(t, "stale"); len(all) > 0 {
		m.Stale = all
	}
	if lag := rapid.MapOf(text, number).Draw(t, "lag"); len(lag) > 0 {
		m.Lag = maps.Clone(lag)
	}
	return m
}

func drawAddress(t *rapid.T) (a Address) {
	text, number, flag := rapid.String(), rapid.Int64(), rapid.Bool()
	ids := rapid.OneOf(rapid.StringMatching("([0-9a-f]{24})?"), rapid.StringMatching("[0-9A-F]{24}"), text)
	a = Address{Owner: ids.Draw(t, "owner"), ClaimedAt: number.Draw(t, "claimed"), CreatedAt: number.Draw(t, "created")}
	if flag.Draw(t, "opted out") {
		a.OptOut = &OptOut{drawWord(t), text.Draw(t, "date"), flag.Draw(t, "in Ghost"), flag.Draw(t, "moved")}
	}
	if flag.Draw(t, "removed") {
		a.Removal = &Removal{flag.Draw(t, "delete"), flag.Draw(t, "done"), drawWord(t), text.Draw(t, "date")}
	}
	return a
}

func TestMemoriesAndAddressesSurviveBeingKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, a := drawMemory(t), drawAddress(t)
		gotM, err := MemoryOf(m.Record())
		if diff := cmp.Diff(m, gotM); diff != "" || err != nil {
			t.Errorf("%v: %s", err, diff)
		}
		gotA, err := AddressOf(a.Record())
		if diff := cmp.Diff(a, gotA); diff != "" || err != nil {
			t.Errorf("%v: %s", err, diff)
		}
	})
}

// What an earlier version kept is read by the next one for ever: a record whose
// bytes change their meaning would let a hash lie, or an opt-out be forgotten.
func TestRecordsAreReadAsTheyAlwaysWere(t *testing.T) {
	t.Parallel()
	m := Memory{
		Email: "jo@example.org", Status: "paid", PreviousStatus: "comped", StatusChangedAt: time.UnixMilli(1_700_000_000_000).UTC(),
		Layout: "Abc123c", AppliedAt: 1_700_000_000_123, Lag: map[string]int64{"labels": 3}, DeletedAt: 5, Vanished: true,
		Perhaps: []string{"p"}, Stale: []string{"o"}, Inactive: true, Included: true, Subscribed: Some(true), OptInAt: 6,
	}
	for place := range m.Written {
		m.Written[place] = Digest{byte(place), 1, 2, 3, 4}
	}
	const memory = "01ffff070e6a6f406578616d706c652e6f72670103ff000102030401010203040201020304030102030404010203040501020304060102" +
		"03040701020304080102030409010203040001b735db77f6a1abfef962f601020a0c01066c6162656c730601017001016f"
	a := Address{
		Owner: "65f0c0ffee65f0c0ffee65f0", ClaimedAt: 7, CreatedAt: 8,
		OptOut:  &OptOut{State: StateUnsubscribed, Date: "d", InGhost: true, Moved: true},
		Removal: &Removal{Delete: true, Done: true, State: StateDeleted, Date: "e"},
	}
	const address = "01ff3f0065f0c0ffee65f0c0ffee65f00e10060164070165"
	if got := hex.EncodeToString(m.Record()); got != memory {
		t.Errorf("a memory is kept as\n%s, was\n%s", got, memory)
	}
	if got := hex.EncodeToString(a.Record()); got != address {
		t.Errorf("an address is kept as\n%s, was\n%s", got, address)
	}
}

func TestWhatIsNoRecordIsRefused(t *testing.T) {
	t.Parallel()
	m, a := Memory{Email: "jo@example.org", Lag: map[string]int64{"l": 1}, Perhaps: []string{"p"}}, Address{Owner: "x", OptOut: &OptOut{State: "206"}}
	m.Written.Set(FactStatus, "paid")
	for _, whole := range [][]byte{m.Record(), a.Record()} {
		for n := 1; n < len(whole); n++ {
			_, err := MemoryOf(whole[:n])
			_, also := AddressOf(whole[:n])
			if !errors.Is(err, ErrRecord) || !errors.Is(also, ErrRecord) {
				t.Errorf("%d bytes of %x: %v, %v", n, whole, err, also)
			}
		}
	}
	for _, raw := range []string{"", `{"e":"jo@example.org"}`, "\x02\x00", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x01\x00x",
		"\x01\x02\x1f", "\x01\x80\x80\x01\xff\xff\xff\xff\x0f"} {
		if _, err := MemoryOf([]byte(raw)); !errors.Is(err, ErrRecord) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func FuzzRecords(f *testing.F) {
	m, a := Memory{Email: "jo@example.org", Status: "paid"}, Address{Owner: "65f0c0ffee65f0c0ffee65f0"}
	f.Add(m.Record())
	f.Add(a.Record())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m, err := MemoryOf(raw); err == nil {
			if again, err := MemoryOf(m.Record()); err != nil || !cmp.Equal(m, again) {
				t.Errorf("%x: %v, %v, %v", raw, m, again, err)
			}
		}
		if a, err := AddressOf(raw); err == nil {
			if again, err := AddressOf(a.Record()); err != nil || !cmp.Equal(a, again) {
				t.Errorf("%x: %v, %v, %v", raw, a, again, err)
			}
		}
	})
}
