package contract

import (
	"fmt"
	"net/http"
	"strings"
)

func importFacts() []fact {
	batch := func(subscribers string) request {
		return request{method: http.MethodPost, path: importing, body: `{"Subscribers":[` + subscribers + `],"Resubscribe":false}`}
	}
	const a, b = `{"EmailAddress":"{a}","ConsentToTrack":"Unchanged"}`, `{"EmailAddress":"{b}","ConsentToTrack":"No"}`
	const nobody = `{"EmailAddress":"nobody","ConsentToTrack":"Unchanged"}`
	// What is no address cannot become a subscriber, should the limit be another.
	tooMany := strings.TrimSuffix(strings.Repeat(nobody+",", 1001), ",")
	return []fact{
		{"2.3", "an import counts who is new, and is done when it answers", []step{
			{request: batch(a + "," + b), status: http.StatusCreated, see: counts(2, 0, 0)},
			shows("{a}", all(is("Active"), dated)), shows("{b}", is("Active"))}},
		{"2.3", "an import that fails for some is done for the others", []step{
			join("{a}", ""),
			{request: batch(a + "," + nobody), status: http.StatusBadRequest, code: 210, see: counts(0, 1, 1)}}},
		{"2.3", "an import has some subscribers, and at most 1,000", []step{
			{request: batch(""), status: http.StatusBadRequest, code: 212},
			{request: batch(tooMany), status: http.StatusBadRequest, code: 209}}},
		{"2.3", "property names may be written in any case, and truths as text", []step{
			{request: request{method: http.MethodPost, path: importing, body: `{"subscribers":[{"emailaddress":"{a}",` +
				`"consenttotrack":"unchanged"}],"resubscribe":"false","QueueSubscriptionBasedAutoresponders":"False"}`},
				status: http.StatusCreated, see: counts(1, 0, 0)}}},
		{"2.3", "an import refuses who opted out, and who was deleted", []step{
			join("{a}", ""), unsubscribe("{a}"), refused("{a}", 206), shows("{a}", is("Unsubscribed")),
			join("{b}", ""), remove("{b}"), refused("{b}", 205), shows("{b}", is("Deleted"))}},
		{"2.3", "with Resubscribe an import brings both back", []step{
			join("{a}", ""), unsubscribe("{a}"), again("{a}"), shows("{a}", is("Active")),
			join("{b}", ""), remove("{b}"), again("{b}"), shows("{b}", is("Active"))}},
	}
}

func updateFacts() []fact {
	put := func(to string, code int) step {
		st := update(to, "")
		st.status, st.code, st.see = http.StatusBadRequest, code, nil
		return st
	}
	return []fact{
		{"2.2", "an update makes nobody", []step{
			put("{a}", 203), refusal(http.MethodGet, "/subscribers/{list}.json?email={a}", "", 203)}},
		{"2.2", "an update gives another address, once", []step{
			join("{a}", field("text", "kept")), update("{b}", ""), shows("{b}", all(is("Active"), has("text", "kept"))),
			put("{b}", 203)}},
		{"2.2", "an address that is on the list is no new one", []step{join("{a}", ""), join("{b}", ""), put("{b}", 201)}},
		{"2.2", "what is no address is no new one", []step{join("{a}", ""), put("nobody", 211)}},
		{"2.2", "an update reaches who opted out, and leaves it so", []step{
			join("{a}", ""), unsubscribe("{a}"), update("{a}", field("text", "new")),
			shows("{a}", all(is("Unsubscribed"), has("text", "new")))}},
	}
}

func valueFacts() []fact {
	const clear = `,"Clear":true}`
	return []fact{
		{"2.2", "fields that are not sent stay", []step{
			join("{a}", field("text", "kept")), update("{a}", field("day", "2026/01/02")),
			shows("{a}", all(has("text", "kept"), has("day", "2026-01-02")))}},
		{"2.2", "Clear takes a value away", []step{
			join("{a}", field("text", "gone")+","+field("day", "2026-01-02")),
			update("{a}", strings.TrimSuffix(field("text", ""), "}")+clear+","+field("day", "0000-00-00")),
			shows("{a}", all(has("text"), has("day")))}},
		{"2.2", "several options replace the former ones", []step{
			join("{a}", field("many", "magic")+","+field("many", "tea")),
			update("{a}", field("many", "walks")+","+field("many", "tea")),
			shows("{a}", has("many", "tea", "walks"))}},
		{"2.6", "a key that no field has is dropped without a word", []step{
			join("{a}", `{"Key":"ghostcm_{run}_nowhere","Value":"x"}`), shows("{a}", all(is("Active"), has("nowhere")))}},
		{"2.6", "a date outside the range is dropped without a word", []step{
			join("{a}", field("day", "2099/01/01")), shows("{a}", all(is("Active"), has("day")))}},
		{"3.2", "a key may be written without brackets", []step{
			join("{a}", `{"Key":"Ghostcm{run}text","Value":"bare"}`), shows("{a}", has("text", "bare"))}},
	}
}

// field is a value of one of the fields that were made, by the key the API gave it.
func field(name, value string) string {
	return fmt.Sprintf(`{"Key":"{%s}","Value":"%s"}`, name, value)
}

func removalFacts() []fact {
	return []fact{
		{"2.5", "an unsubscribe opts out", []step{join("{a}", ""), unsubscribe("{a}"), shows("{a}", is("Unsubscribed"))}},
		{"2.5", "a delete leaves a record", []step{join("{a}", ""), remove("{a}"), shows("{a}", is("Deleted"))}},
		{"2.5", "who was never there can be neither unsubscribed nor deleted", []step{
			refusal(http.MethodPost, "/subscribers/{list}/unsubscribe.json", `{"EmailAddress":"{a}"}`, 203),
			refusal(http.MethodDelete, "/subscribers/{list}.json?email={a}", "", 203)}},
	}
}
