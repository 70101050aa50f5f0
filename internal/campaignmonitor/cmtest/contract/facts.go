package contract

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// facts is the table. The sections are those of the vendor's reference as the
// project keeps it: 1 access, 2 subscribers, 3 lists and fields, 4 errors.
func facts() []fact {
	return slices.Concat(accessFacts(), listFacts(), fieldFacts(), addFacts(), importFacts(), updateFacts(), valueFacts(), removalFacts())
}

const wrongKey = "00000000000000000000000000000000"

func accessFacts() []fact {
	refusedAs := func(as, path string) step {
		return step{request: request{method: http.MethodGet, path: path, as: as}, status: http.StatusUnauthorized, code: 100}
	}
	return []fact{
		{"1", "a wrong key is refused with 401 and code 100", []step{refusedAs(wrongKey, "/systemdate.json")}},
		{"1", "no key is refused as a wrong one is", []step{refusedAs(noKey, "/systemdate.json")}},
		{"1", "the key is looked at before the path", []step{refusedAs(wrongKey, "/nowhere.json")}},
		{"1", "a version that does not exist is not found", []step{
			{request: request{method: http.MethodGet, path: "/systemdate.json", version: "v9.9"}, status: http.StatusNotFound, code: 404}}},
		{"1", "the system date has seconds and no time zone", []step{get("/systemdate.json", func(a answer) string {
			var v struct{ SystemDate string }
			_ = json.Unmarshal(a.body, &v)
			if _, err := time.Parse(time.DateTime, v.SystemDate); err != nil {
				return "it is not of the form 2006-01-02 15:04:05"
			}
			return ""
		})}},
	}
}

func listFacts() []fact {
	page := func(query string, code int) step {
		return refusal(http.MethodGet, "/lists/{list}/active.json?"+query, "", code)
	}
	hook := func(body string, code int) step {
		return refusal(http.MethodPost, "/lists/{list}/webhooks.json", body, code)
	}
	return []fact{
		{"3.1", "a list says whether it asks for confirmation, and how far an unsubscribe reaches", []step{
			get("/lists/{list}.json", names("ListID", "Title", "ConfirmedOptIn", "UnsubscribeSetting"))}},
		{"3.3", "subscribers come in pages that say where they are", []step{
			get("/lists/{list}/active.json?page=1&pagesize=10&orderfield=email&orderdirection=asc&date=",
				names("Results", "PageNumber", "PageSize", "RecordsOnThisPage", "TotalNumberOfRecords", "NumberOfPages"))}},
		{"3.3", "a page, its size and its order are checked", []step{
			page("page=0", 800), page("pagesize=9", 801), page("pagesize=1001", 801), page("orderfield=age", 802),
			page("orderdirection=up", 803), page("date=yesterday", 5)}},
		{"3.5", "webhooks are an array", []step{get("/lists/{list}/webhooks.json", array)}},
		{"3.5", "a webhook's address, form and events are checked", []step{
			hook(`{"Events":["Subscribe"],"Url":"nowhere","PayloadFormat":"json"}`, 601),
			hook(`{"Events":["Subscribe"],"Url":"`+hookURL+`","PayloadFormat":"yaml"}`, 602),
			hook(`{"Events":["Sneeze"],"Url":"`+hookURL+`","PayloadFormat":"json"}`, 603)}},
	}
}

func fieldFacts() []fact {
	field := func(body string, code int) step {
		return refusal(http.MethodPost, "/lists/{list}/customfields.json", body, code)
	}
	return []fact{
		{"3.2", "a field's key is its name without spaces, in brackets", []step{get("/lists/{list}/customfields.json", ownKeys)}},
		{"3.2", "a field is there once", []step{field(`{"FieldName":"Ghostcm {run} text","DataType":"Text"}`, 255)}},
		{"3.2", "options belong to fields with a choice", []step{
			field(`{"FieldName":"ghostcm {run} x","DataType":"Text","Options":["y"]}`, 256),
			field(`{"FieldName":"ghostcm {run} x","DataType":"MultiSelectOne","Options":[]}`, 257)}},
		{"3.2", "a field has one of the known types", []step{field(`{"FieldName":"ghostcm {run} x","DataType":"Sound"}`, 259)}},
	}
}

// ownKeys holds the keys of fields against their names.
func ownKeys(a answer) string {
	var all []struct{ FieldName, Key string }
	if json.Unmarshal(a.body, &all) != nil {
		return "the answer is no JSON array"
	}
	ours := 0
	for _, f := range all {
		if !strings.HasPrefix(f.FieldName, "Ghostcm ") {
			continue
		}
		ours++
		if f.Key != "["+strings.ReplaceAll(f.FieldName, " ", "")+"]" {
			return "a key is not the name without spaces, in brackets"
		}
	}
	if ours < len(furniture) {
		return "a field that was made is not there"
	}
	return ""
}

func addFacts() []fact {
	add := func(body string, code int) step {
		return refusal(http.MethodPost, "/subscribers/{list}.json", body, code)
	}
	return []fact{
		{"2.1", "consent to tracking has to be said", []step{add(`{"EmailAddress":"{a}","Name":"A"}`, 214)}},
		{"2.1", "consent is Yes, No or Unchanged", []step{add(`{"EmailAddress":"{a}","ConsentToTrack":"maybe"}`, 215)}},
		{"2.1", "a truth value is no consent", []step{add(`{"EmailAddress":"{a}","ConsentToTrack":true}`, 400)}},
		{"2.1", "what is no address is refused", []step{add(`{"EmailAddress":"nobody","ConsentToTrack":"Unchanged"}`, 1)}},
		{"2.4", "who was never on the list is code 203", []step{
			refusal(http.MethodGet, "/subscribers/{list}.json?email={a}", "", 203)}},
	}
}
